from __future__ import annotations

import glob
from pathlib import Path

import pytest

from shoal.experiments.workload.matching import matching

FILES = [
    "a.txt",
    "b.md",
    ".c.txt",
    "x/a.txt",
    "x/y/a.txt",
    "x/y/.d",
    "x/.h/a.txt",
    ".g/a.txt",
    ".g/.e",
    "x/[z]/a",
]


@pytest.mark.parametrize(
    "pattern",
    [
        "*",
        "*.txt",
        "**",
        "**/*",
        "**/**/*.txt",
        "**/.*",
        ".*",
        ".*/*",
        ".g/**",
        "*/*",
        "x/**/a.txt",
        "x/**",
        "**/y/*",
        "x/../a.txt",
        "./a.txt",
        "x/[[]z]/a",
        "[ab].*",
        "a.txt",
        "a.txt/*",
        "no/*",
        "?.md",
    ],
)
def test_files_match_as_pythons_glob_says(tmp_path: Path, pattern: str) -> None:
    for name in FILES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    found = glob.glob(pattern, root_dir=tmp_path, recursive=True)
    assert matching(tmp_path, pattern) == sorted({name for name in found if (tmp_path / name).is_file()})
    absolute = glob.glob(str(tmp_path / pattern), recursive=True)
    assert matching(Path("elsewhere"), str(tmp_path / pattern)) == sorted(set(filter(is_file, absolute)))


def is_file(name: str) -> bool:
    return Path(name).is_file()


def test_a_thousand_ways_through_links_are_not_gone(tmp_path: Path) -> None:
    for number in range(30):
        (tmp_path / f"link{number}").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "a.txt").write_text("a")
    assert matching(tmp_path, "**/*.txt") == ["a.txt"]
