"""A few bytes beside a region's file that say how far it has come: the newest revision, and the owner's epoch.

SQLite cannot tell a write-ahead log that was removed or cut off from one that ends there: the file opens, and what was
acknowledged last is gone. A mark that is ahead of its file shows it. It is written behind each transaction, without
waiting for the disk, so that a loss of power may leave it ahead as well; it therefore names the boot of the machine
that it was written in, and is believed in that boot only (or in all, where each transaction waits for the disk).
"""

from __future__ import annotations

import contextlib
import logging
import os
import struct
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

from shoal.blackboard.persistence.rows import RegionRow
from shoal.runtime.durable.sqlite_errors import describe_os_error

_log = logging.getLogger("shoal.board")
_LAYOUT = struct.Struct(">8s16s16sQQ8s")
_MAGIC = b"shoalhed"
_BOOT = Path("/proc/sys/kernel/random/boot_id")


class Mark(NamedTuple):
    """What a mark says."""

    boot: bytes
    """The machine's boot; empty: not known here."""
    region_id: bytes
    head: int
    epoch: int


def mark_path(path: Path) -> Path:
    """Where the mark of a region's file is."""
    return path.with_name(f"{path.name}-head")


def this_boot() -> bytes:
    """Sixteen bytes that are the same until the machine starts again; empty where nothing tells."""
    try:
        return blake2b(_BOOT.read_bytes(), digest_size=16).digest()
    except OSError:
        return b""


def read_mark(path: Path) -> Mark | None:
    """The mark of a region's file; ``None`` when there is none, or a damaged one, which says nothing."""
    try:
        data = mark_path(path).read_bytes()
    except OSError:
        return None
    if len(data) != _LAYOUT.size:
        return None
    magic, boot, region_id, head, epoch, found = _LAYOUT.unpack(data)
    if magic != _MAGIC or found != _sum(data):
        return None
    return Mark(boot.rstrip(b"\0"), region_id.rstrip(b"\0"), head, epoch)


def what_is_missing(mark: Mark | None, region: RegionRow | None, boot: bytes, sure: bool) -> str:
    """Why a file cannot be what was written last; empty when nothing speaks against it.

    ``sure``: each transaction waited for the disk, so that no loss of power excuses anything.
    """
    if mark is None or (region is not None and region.region_id.encode() != mark.region_id):
        return ""
    head, epoch = (region.head, region.epoch) if region is not None else (0, 0)
    if mark.head <= head and mark.epoch <= epoch:
        return ""
    what = f"its newest revision is {head}, but {mark.head} was written"
    if mark.head <= head:
        what = "a later opening of it is gone"
    if sure or (boot and mark.boot == boot):
        return f"{what}: was its -wal file removed or cut off?"
    _log.error("a region's log: %s; the machine stopped before that reached the disk", what)
    return ""


class HeadMark:
    """The mark of a region that this process owns."""

    __slots__ = ("_boot", "_descriptor", "_path")

    def __init__(self, path: Path, boot: bytes) -> None:
        """Open or make the mark of the file at ``path``. Raises ``StoreError``."""
        self._path = mark_path(path)
        self._boot = boot
        try:
            self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as exc:
            raise describe_os_error(exc, self._path, "write") from exc

    def write(self, region: RegionRow) -> None:
        """Say how far the region has come. What is not written now is not watched over, and nothing else."""
        fields = (_MAGIC, self._boot, region.region_id.encode(), region.head, region.epoch)
        data = _LAYOUT.pack(*fields, b"")
        with contextlib.suppress(OSError):
            os.pwrite(self._descriptor, data[:-8] + _sum(data), 0)

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._descriptor)


def _sum(data: bytes) -> bytes:
    return blake2b(data[:-8], digest_size=8).digest()
