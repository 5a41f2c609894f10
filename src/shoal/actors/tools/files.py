"""Tools that read, list and write text files within one directory, and nowhere else.

A path is walked one folder at a time, each opened relative to the one before and never through a symbolic link, so that
nothing that changes meanwhile leads out. Only regular files are read. What is written replaces a file as a whole.
"""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Annotated

from pydantic import Field

from shoal.actors.tools.function_tool import FunctionTool, tool
from shoal.runtime.errors import ConfigError
from shoal.runtime.provenance import Origin

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# Without O_NONBLOCK opening a pipe would wait for somebody to write into it.
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_WRITE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_MOST_LISTED = 1_000

_Path = Annotated[str, Field(description="Relative to the root folder, with / between names; no .. in it")]
_Folder = Annotated[
    str, Field(description="A folder, relative to the root folder; empty: the root folder itself")
]


def file_tools(
    root: str | Path,
    *,
    write: bool = False,
    approve_writes: bool = True,
    max_bytes: int = 1_000_000,
    gives: Origin = Origin.TOOL,
) -> list[FunctionTool]:
    """``list_files`` and ``read_file`` within ``root``, with ``write`` also ``write_file``.

    ``root`` is looked up where the agent runs. ``max_bytes`` bounds what is read or written at once. A person has to
    approve each write unless ``approve_writes`` is false. ``gives`` is the origin of what is read: ``Origin.WEB``
    where others put the files there. Raises ``ConfigError``.
    """
    if max_bytes < 1:
        raise ConfigError(f"file_tools: max_bytes is {max_bytes}; it must be at least 1")
    folder = _Confined(Path(root).absolute(), max_bytes)

    def list_files(folder_path: _Folder = "") -> list[str]:
        """List a folder. Names of folders end with a slash; what is neither file nor folder is left out."""
        return folder.names(folder_path)

    def read_file(path: _Path) -> str:
        """Read a text file (UTF-8)."""
        return folder.read(path)

    def write_file(path: _Path, text: str) -> str:
        """Write a text file, in place of one that is there. Folders on the way are made."""
        return folder.write(path, text)

    tools = [tool(list_files, gives=gives, timeout_s=30), tool(read_file, gives=gives, timeout_s=30)]
    if write:
        tools.append(tool(write_file, consequential=approve_writes, timeout_s=30))
    return tools


class _Confined:
    """Files below one directory. All of it blocks. Raises ``ValueError`` and ``OSError`` with the path as it was given:
    where the root is, is nobody's business."""

    def __init__(self, root: Path, max_bytes: int) -> None:
        self._root = root
        self._max_bytes = max_bytes

    def names(self, path: str) -> list[str]:
        with self._folder(_parts(path), path) as folder, os.scandir(folder) as found:
            names = []
            for entry in found:
                if entry.is_dir(follow_symlinks=False):
                    names.append(entry.name + "/")
                elif entry.is_file(follow_symlinks=False):
                    names.append(entry.name)
        if len(names) > _MOST_LISTED:
            return [*sorted(names)[:_MOST_LISTED], f"... and {len(names) - _MOST_LISTED} more"]
        return sorted(names)

    def read(self, path: str) -> str:
        *folders, name = self._file(path)
        with self._folder(folders, path) as folder:
            with _said_of(path):
                file = os.open(name, _READ, dir_fd=folder)
            try:
                if not stat.S_ISREG(os.fstat(file).st_mode):
                    raise ValueError(f"{path!r} is no regular file")
                with os.fdopen(file, "rb", closefd=False) as opened:
                    # One more than allowed: the size that is told may change while it is read.
                    content = opened.read(self._max_bytes + 1)
            finally:
                os.close(file)
        if len(content) > self._max_bytes:
            raise ValueError(f"{path!r} is larger than the limit of {self._max_bytes:,} bytes")
        try:
            return content.decode()
        except UnicodeDecodeError:
            raise ValueError(f"{path!r} is no text in UTF-8") from None

    def write(self, path: str, text: str) -> str:
        content = text.encode()
        if len(content) > self._max_bytes:
            raise ValueError(f"{len(content):,} bytes for {path!r}; the limit is {self._max_bytes:,}")
        *folders, name = self._file(path)
        with self._folder(folders, path, make=True) as folder:
            # Under another name first, then moved: neither half a file, nor a way through a link that is there.
            fresh = f".{secrets.token_hex(8)}.tmp"
            with _said_of(path):
                file = os.open(fresh, _WRITE, 0o644, dir_fd=folder)
                try:
                    with os.fdopen(file, "wb") as opened:
                        opened.write(content)
                    os.replace(fresh, name, src_dir_fd=folder, dst_dir_fd=folder)
                except BaseException:
                    with suppress(OSError):
                        os.unlink(fresh, dir_fd=folder)
                    raise
        return f"wrote {len(content):,} bytes to {path}"

    def _file(self, path: str) -> list[str]:
        parts = _parts(path)
        if not parts:
            raise ValueError("the path of a file is missing")
        return parts

    @contextmanager
    def _folder(self, parts: list[str], path: str, *, make: bool = False) -> Iterator[int]:
        """An open folder; ``parts`` lead to it from the root."""
        try:
            # The root itself may be a link: whoever gave it chose that.
            folder = os.open(self._root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            raise OSError(error.errno, "the root folder of these tools cannot be opened") from None
        try:
            for part in parts:
                with _said_of(path):
                    if make:
                        with suppress(FileExistsError):
                            os.mkdir(part, 0o755, dir_fd=folder)
                    inner = os.open(part, _FOLDER, dir_fd=folder)
                os.close(folder)
                folder = inner
            yield folder
        finally:
            os.close(folder)


def _parts(path: str) -> list[str]:
    """The names on a path. Raises ``ValueError`` for one that could lead elsewhere."""
    if "\0" in path or path.startswith("/") or ".." in path.split("/"):
        raise ValueError(f"{path!r} leads out of the root folder; give a path within it, without ..")
    return [part for part in path.split("/") if part not in ("", ".")]


@contextmanager
def _said_of(path: str) -> Iterator[None]:
    """What the system says, of the path as it was given."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, f"{error.strerror} (links are not followed)", path) from None
