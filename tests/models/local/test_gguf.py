"""What the head of a GGUF file says."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoal.models.local.errors import ModelFileError, ModelFileMissing, NotGguf
from shoal.models.local.gguf import read_head
from tests.models.local.conftest import LLAMA, gguf_bytes


def written(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "some.gguf"
    path.write_bytes(content)
    return path


def test_the_head_says_how_much_memory_a_token_of_context_takes(gguf: Path) -> None:
    head = read_head(gguf)
    assert head.size_bytes == gguf.stat().st_size
    assert head.trained_context == 8192
    assert head.kv_bytes_per_token == 2 * 30 * (576 // 9 * 3) * 2


def test_what_the_head_does_not_say_is_0(tmp_path: Path) -> None:
    head = read_head(written(tmp_path, gguf_bytes({"general.name": "x"})))
    assert head.trained_context == 0
    assert head.kv_bytes_per_token == 0


def test_nothing_behind_the_vocabulary_is_read(tmp_path: Path) -> None:
    whole = gguf_bytes(LLAMA)
    assert read_head(written(tmp_path, whole[:-100])).layers == 30


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelFileMissing, match=r"none\.gguf cannot be read: No such file.*Give the path"):
        read_head(tmp_path / "none.gguf")


def test_a_directory_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(ModelFileMissing, match="directory"):
        read_head(tmp_path)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty"),
        (b"PK\x03\x04 a zip file", "is no GGUF file, it begins with b'PK"),
        (b"version https://git-lfs.github.com/spec/v1\noid", "git lfs pull"),
        (b"GGUF", "goes on as none"),
        (gguf_bytes({}, version=9), "version 9 of the format"),
        (gguf_bytes({"general.name": "x" * 100})[:-1], "ends in its head"),
        (b"GGUF" + b"\xff" * 64, "goes on as none"),
    ],
)
def test_what_is_no_gguf_file_is_refused_with_the_reason(tmp_path: Path, content: bytes, says: str) -> None:
    with pytest.raises(NotGguf, match=says):
        read_head(written(tmp_path, content))


@given(cut=st.integers(0, 400), flipped=st.integers(0, 399), by=st.integers(1, 255))
def test_a_damaged_head_is_read_or_refused_and_never_anything_else(
    tmp_path_factory: pytest.TempPathFactory, cut: int, flipped: int, by: int
) -> None:
    content = bytearray(gguf_bytes(LLAMA))
    content[flipped] ^= by
    path = tmp_path_factory.getbasetemp() / "damaged.gguf"
    path.write_bytes(bytes(content[: len(content) - cut]))
    with contextlib.suppress(ModelFileError):
        read_head(path)
