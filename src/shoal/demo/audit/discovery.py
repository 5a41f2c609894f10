"""Split a source tree into one task a module, in an order that depends on the tree alone.

A file or directory that cannot become a task (unlistable, its name not UTF-8, a broken link) is not lost: it
comes back as a skipped review with its reason. What can only be seen by reading a file is left to the review.
"""

from __future__ import annotations

import os
import sys
import sysconfig
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from shoal.demo.audit.errors import MissingSource, NoPythonFiles
from shoal.demo.audit.models import PATH_CHARS, REASON_CHARS, Limits, ModuleReview, ModuleTask
from shoal.demo.audit.source import clip, printable

TEST_DIRECTORIES = frozenset({"test", "tests", "idle_test"})
IGNORED_DIRECTORIES = frozenset(
    {"__pycache__", ".git", ".hg", ".svn", ".tox", ".venv", "dist-packages", "node_modules", "site-packages"}
)
TOP_LEVEL = "(top level)"
"""The package of a module that lies directly in the root."""


@dataclass(frozen=True, slots=True)
class Discovery:
    """The tasks of an audit, and what could not become one."""

    root: Path
    tasks: tuple[ModuleTask, ...]
    skipped: tuple[ModuleReview, ...] = ()


def discover(
    path: Path | str | None = None,
    *,
    packages: Sequence[str] | None = None,
    include_tests: bool = False,
    limits: Limits | None = None,
) -> Discovery:
    """The modules below ``path`` (a directory or one file); without a path, those of the standard library.

    ``packages`` limits the latter to packages and modules by name (``["asyncio", "json"]``); the default is
    all that the interpreter counts to its standard library (about 730 modules, 330,000 lines; reviewed and
    checked in 20 s of CPU on the reference machine).

    ``include_tests`` also enters directories named like tests. Symbolic links to directories are entered when
    they lead somewhere new, so a loop ends and nothing is reviewed twice.

    Raises :class:`MissingSource` when the path or a package is not there, :class:`NoPythonFiles` when nothing
    is left to audit; both say what to do.
    """
    walk = _Walk(limits or Limits(), include_tests)
    if path is None:
        root = Path(sysconfig.get_path("stdlib")).resolve()
        for package in sorted(sys.stdlib_module_names if packages is None else set(packages)):
            _add_package(walk, root, package, required=packages is not None)
    else:
        start = Path(os.path.abspath(path))
        if not os.path.exists(start):
            raise MissingSource(
                f"{start}: no such file or directory; pass the path of a Python file or source tree"
            )
        root = _import_root(start)
        if printable(str(root)) != str(root):
            raise MissingSource(
                f"{printable(str(root))}: the path is not printable UTF-8; rename the directory"
            )
        walk.add(root, start)
    if not walk.tasks and not walk.skipped:
        hint = "" if include_tests else "; tests are left out unless asked for"
        raise NoPythonFiles(f"{path or root}: no Python files here (*.py{hint}); pass another path")
    return Discovery(
        root, tuple(sorted(walk.tasks, key=_order)), tuple(sorted(walk.skipped, key=_review_order))
    )


def _add_package(walk: _Walk, root: Path, package: str, *, required: bool) -> None:
    directory, module = root / package, root / f"{package}.py"
    if package.isidentifier() and directory.is_dir():
        walk.add(root, directory)
    elif package.isidentifier() and module.is_file():
        walk.add(root, module)
    elif required:
        raise MissingSource(
            f"{package!r} is not a package of the standard library in {root}; "
            "name others (asyncio, json, ...) or pass the path of a source tree"
        )


def _import_root(start: Path) -> Path:
    """The directory that the modules' import names are relative to: the first one up that is no package."""
    root = start.parent if start.is_file() else start
    while (root / "__init__.py").is_file() and root.parent != root:
        root = root.parent
    return root


def _order(task: ModuleTask) -> tuple[str, ...]:
    return tuple(task.path.split("/"))


def _review_order(review: ModuleReview) -> tuple[str, ...]:
    return _order(review.module)


@dataclass
class _Walk:
    """One discovery under way: what was found, and the real directories and files already seen."""

    limits: Limits
    include_tests: bool
    tasks: list[ModuleTask] = field(default_factory=list)
    skipped: list[ModuleReview] = field(default_factory=list)
    directories: set[tuple[int, int]] = field(default_factory=set)
    files: set[str] = field(default_factory=set)

    def add(self, root: Path, start: Path) -> None:
        """Add the file ``start``, or every Python file below it; what was named is always taken."""
        if not start.is_dir():
            self._file(root, str(start))
            return
        if not os.access(start, os.R_OK | os.X_OK):
            raise MissingSource(f"{start}: cannot be listed; check its permissions or pass another path")
        # Links wait until all real directories are seen: a module keeps its real path, whatever links to it.
        waiting, links = [str(start)], list[str]()
        while waiting or links:
            path = waiting.pop() if waiting else links.pop(0)
            if not os.path.isdir(path):
                self._file(root, path)
            elif self._first_visit(path):
                for entry in self._entries(root, path):
                    if self._wanted(entry):
                        (links if entry.is_symlink() else waiting).append(entry.path)

    def _entries(self, root: Path, directory: str) -> Iterator[os.DirEntry[str]]:
        try:
            with os.scandir(directory) as found:
                entries = sorted(found, key=lambda entry: entry.name)
        except OSError as exc:
            self._skip(root, directory, f"directory cannot be listed: {exc.strerror or type(exc).__name__}")
            return
        yield from entries

    def _wanted(self, entry: os.DirEntry[str]) -> bool:
        try:
            is_directory = entry.is_dir()
        except OSError:
            is_directory = False
        if not is_directory:
            return entry.name.endswith(".py")
        return entry.name not in IGNORED_DIRECTORIES and (
            self.include_tests or entry.name not in TEST_DIRECTORIES
        )

    def _first_visit(self, directory: str) -> bool:
        try:
            status = os.stat(directory)
        except OSError:
            return True
        identity = (status.st_dev, status.st_ino)
        new = identity not in self.directories
        self.directories.add(identity)
        return new

    def _file(self, root: Path, path: str) -> None:
        relative = os.path.relpath(path, root).replace(os.sep, "/")
        shown = printable(relative)
        if shown != relative:
            self._skip(root, path, "file name is not printable UTF-8")
        elif len(relative) > PATH_CHARS:
            self._skip(root, path, f"path longer than {PATH_CHARS} characters")
        elif os.path.islink(path) and not os.path.exists(path):
            self._skip(root, path, "symbolic link that leads nowhere")
        elif (real := os.path.realpath(path)) not in self.files:
            # Not by inode: stores that link equal files together would lose all but one of them.
            self.files.add(real)
            self.tasks.append(self._task(root, relative))

    def _skip(self, root: Path, path: str, reason: str) -> None:
        shown = clip(printable(os.path.relpath(path, root).replace(os.sep, "/")), PATH_CHARS)
        self.skipped.append(ModuleReview(module=self._task(root, shown), skipped=clip(reason, REASON_CHARS)))

    def _task(self, root: Path, relative: str) -> ModuleTask:
        return ModuleTask(
            root=str(root),
            path=relative,
            package=relative.rpartition("/")[0].replace("/", ".") or TOP_LEVEL,
            limits=self.limits,
        )
