"""What a killed system left on disk is swept when the next one starts; what lives is left alone."""

from __future__ import annotations

import os
import socket
import tempfile
from pathlib import Path

import pytest

from shoal.runtime.socket_server import sweep_stale_directories


def _directory(base: Path, name: str, *, old: bool) -> Path:
    directory = base / f"shoal-{os.getuid()}" / name
    directory.mkdir(parents=True)
    (directory / "dead.sock").touch()
    if old:
        os.utime(directory, (0, 0))
    return directory


def test_only_old_directories_where_nobody_listens_are_swept(monkeypatch: pytest.MonkeyPatch) -> None:
    with tempfile.TemporaryDirectory() as base, socket.socket(socket.AF_UNIX) as alive:
        monkeypatch.setattr(tempfile, "gettempdir", lambda: base)
        dead = _directory(Path(base), "shoal-dead", old=True)
        young = _directory(Path(base), "shoal-young", old=False)
        living = _directory(Path(base), "shoal-living", old=False)
        alive.bind(str(living / "alive.sock"))
        alive.listen()
        os.utime(living, (0, 0))
        sweep_stale_directories()
        assert not dead.exists()
        assert young.exists()
        assert living.exists()
