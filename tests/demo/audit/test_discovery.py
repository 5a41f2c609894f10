"""Splitting a tree into tasks: deterministic, complete, and with a typed error for what cannot be audited."""

from __future__ import annotations

import os
import sys
import sysconfig
from pathlib import Path

import pytest

from shoal.demo.audit.discovery import TOP_LEVEL, discover
from shoal.demo.audit.errors import AuditError, MissingSource, NoPythonFiles
from shoal.demo.audit.models import Limits
from tests.demo.audit.trees import write

needs_permissions = pytest.mark.skipif(
    sys.platform == "win32" or os.geteuid() == 0, reason="root may read everything"
)


def paths(root: Path, *, include_tests: bool = False) -> list[str]:
    return [task.path for task in discover(root, include_tests=include_tests).tasks]


def test_a_directory_gives_its_python_files_in_an_order_of_its_own(tmp_path: Path) -> None:
    for path in ("b.py", "a/z.py", "a/b/c.py", "a.py", "a/notes.txt", "C.py"):
        write(tmp_path, path, "")
    assert paths(tmp_path) == ["C.py", "a/b/c.py", "a/z.py", "a.py", "b.py"]
    assert discover(tmp_path) == discover(str(tmp_path))


def test_packages_are_named_by_the_directory_of_the_module(tmp_path: Path) -> None:
    for path in ("x.py", "src/pkg/__init__.py", "src/pkg/sub/m.py"):
        write(tmp_path, path, "")
    assert {task.path: task.package for task in discover(tmp_path).tasks} == {
        "x.py": TOP_LEVEL,
        "src/pkg/__init__.py": "src.pkg",
        "src/pkg/sub/m.py": "src.pkg.sub",
    }


def test_paths_inside_a_package_are_relative_to_where_it_is_imported_from(tmp_path: Path) -> None:
    for path in ("pkg/__init__.py", "pkg/sub/__init__.py", "pkg/sub/m.py", "pkg/other.py"):
        write(tmp_path, path, "")
    found = discover(tmp_path / "pkg" / "sub")
    assert found.root == tmp_path
    assert [task.path for task in found.tasks] == ["pkg/sub/__init__.py", "pkg/sub/m.py"]


def test_a_single_file_is_a_tree_whatever_its_name(tmp_path: Path) -> None:
    script = write(tmp_path, "tool", "x = 1\n")
    write(tmp_path, "other.py", "")
    assert paths(script) == ["tool"]


def test_caches_and_tests_are_left_out_unless_tests_are_asked_for(tmp_path: Path) -> None:
    for path in (
        "m.py",
        "tests/test_m.py",
        "sub/test/t.py",
        "__pycache__/c.py",
        ".git/h.py",
        "site-packages/x.py",
    ):
        write(tmp_path, path, "")
    assert paths(tmp_path) == ["m.py"]
    assert paths(tmp_path, include_tests=True) == ["m.py", "sub/test/t.py", "tests/test_m.py"]
    assert paths(tmp_path / "tests") == ["test_m.py"], "a directory that was named is never left out"


def test_a_loop_of_links_ends_and_a_linked_module_is_taken_once_under_its_real_path(tmp_path: Path) -> None:
    write(tmp_path, "src/pkg/m.py", "")
    (tmp_path / "a_link").symlink_to(tmp_path / "src" / "pkg")
    (tmp_path / "src" / "pkg" / "loop").symlink_to(tmp_path)
    (tmp_path / "alias.py").symlink_to(tmp_path / "src" / "pkg" / "m.py")
    assert paths(tmp_path) == ["src/pkg/m.py"]


def test_a_link_to_a_directory_elsewhere_is_followed(tmp_path: Path) -> None:
    write(tmp_path, "elsewhere/m.py", "")
    write(tmp_path, "tree/x.py", "")
    (tmp_path / "tree" / "there").symlink_to(tmp_path / "elsewhere")
    assert paths(tmp_path / "tree") == ["there/m.py", "x.py"]


def test_files_that_are_one_on_disk_under_two_names_are_both_taken(tmp_path: Path) -> None:
    file = write(tmp_path, "a/__init__.py", "")
    (tmp_path / "b").mkdir()
    os.link(file, tmp_path / "b" / "__init__.py")
    assert paths(tmp_path) == ["a/__init__.py", "b/__init__.py"]


def test_links_that_lead_nowhere_or_to_themselves_are_skipped_with_a_reason(tmp_path: Path) -> None:
    (tmp_path / "gone.py").symlink_to(tmp_path / "missing.py")
    (tmp_path / "self.py").symlink_to(tmp_path / "self.py")
    found = discover(tmp_path)
    assert found.tasks == ()
    assert {review.module.path: review.skipped for review in found.skipped} == {
        "gone.py": "symbolic link that leads nowhere",
        "self.py": "symbolic link that leads nowhere",
    }


def test_a_file_name_that_is_not_utf8_is_skipped_with_a_readable_name(tmp_path: Path) -> None:
    with open(os.path.join(os.fsencode(tmp_path), b"bad\xff.py"), "wb"):
        pass
    write(tmp_path, "line\nbreak.py", "")
    found = discover(tmp_path)
    assert found.tasks == ()
    assert [review.module.path for review in found.skipped] == ["bad\\udcff.py", "line\\nbreak.py"]
    assert {review.skipped for review in found.skipped} == {"file name is not printable UTF-8"}


def test_a_path_longer_than_a_message_may_carry_is_skipped(tmp_path: Path) -> None:
    long = "/".join(["d" * 100] * 5) + "/m.py"
    write(tmp_path, long, "")
    found = discover(tmp_path)
    assert found.tasks == ()
    assert [review.skipped for review in found.skipped] == ["path longer than 400 characters"]


@needs_permissions
def test_a_directory_that_cannot_be_listed_is_skipped_with_a_reason(tmp_path: Path) -> None:
    write(tmp_path, "m.py", "")
    closed = tmp_path / "closed"
    closed.mkdir(mode=0)
    found = discover(tmp_path)
    closed.chmod(0o700)
    assert [(review.module.path, review.skipped) for review in found.skipped] == [
        ("closed", "directory cannot be listed: Permission denied")
    ]


def test_a_directory_that_vanishes_while_it_is_listed_is_skipped_with_a_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, "m.py", "")
    write(tmp_path, "gone/m.py", "")
    scandir = os.scandir

    def vanishing(path: str) -> object:
        if str(path).endswith("gone"):
            raise FileNotFoundError(2, "No such file or directory", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", vanishing)
    found = discover(tmp_path)
    assert [task.path for task in found.tasks] == ["m.py"]
    assert [(review.module.path, review.skipped) for review in found.skipped] == [
        ("gone", "directory cannot be listed: No such file or directory")
    ]


@pytest.mark.parametrize("path", ["missing", "missing/deeper.py", "nul\0byte"])
def test_a_missing_path_is_an_error_that_names_it_and_says_what_to_do(tmp_path: Path, path: str) -> None:
    with pytest.raises(MissingSource, match=r"no such file or directory; pass the path of"):
        discover(tmp_path / path)


def test_a_tree_without_python_files_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    write(tmp_path, "tests/test_m.py", "")
    write(tmp_path, "README.md", "")
    with pytest.raises(
        NoPythonFiles, match=r"no Python files here .*tests are left out unless asked for.*another path"
    ):
        discover(tmp_path)
    assert issubclass(NoPythonFiles, AuditError)


def test_packages_of_the_standard_library_are_found_where_the_interpreter_has_them() -> None:
    found = discover(packages=["json", "argparse", "json"])
    assert found.root == Path(sysconfig.get_path("stdlib")).resolve()
    assert {task.path for task in found.tasks} >= {"argparse.py", "json/__init__.py", "json/decoder.py"}
    assert {task.package for task in found.tasks} == {TOP_LEVEL, "json"}


@pytest.mark.parametrize("name", ["no_such_package", "../etc", "json/decoder", "site-packages", ""])
def test_an_unknown_package_is_an_error_that_names_it(name: str) -> None:
    with pytest.raises(MissingSource, match=r"is not a package of the standard library"):
        discover(packages=[name])


def test_by_default_the_whole_standard_library_is_audited_without_its_tests() -> None:
    found = [task.path for task in discover().tasks]
    assert len(found) > 400
    assert {"asyncio/events.py", "argparse.py", "xml/etree/ElementTree.py"} <= set(found)
    assert not [
        path for path in found if "/test/" in path or path.startswith("test/") or "site-packages" in path
    ]
    assert found == sorted(found, key=lambda path: path.split("/"))


def test_limits_travel_with_every_task(tmp_path: Path) -> None:
    write(tmp_path, "m.py", "")
    limits = Limits(complexity=3)
    assert [task.limits for task in discover(tmp_path, limits=limits).tasks] == [limits]
