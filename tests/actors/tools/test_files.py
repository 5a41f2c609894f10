from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import shoal
from shoal.actors.tools.files import file_tools
from shoal.actors.tools.toolbox import toolbox
from shoal.errors import ConfigError
from shoal.runtime.provenance import Origin
from tests.actors.tools.calls import inside, travelled


@pytest.fixture
def root(tmp_path: Path) -> Path:
    made = tmp_path / "root"
    (made / "docs").mkdir(parents=True)
    (made / "docs" / "a.txt").write_text("hello", encoding="utf-8")
    (tmp_path / "secret.txt").write_text("secret", encoding="utf-8")
    return made


async def use(root: Path, name: str, arguments: dict[str, Any], **options: Any) -> Any:
    found = toolbox(file_tools(root, write=True, **options))[name]
    return await inside(lambda ctx: found.call(found.check(arguments), ctx))


async def refused(root: Path, name: str, arguments: dict[str, Any], **options: Any) -> str:
    found = toolbox(file_tools(root, write=True, **options))[name]

    async def attempt(ctx: shoal.Context) -> str:
        with pytest.raises((OSError, ValueError)) as error:
            await found.call(found.check(arguments), ctx)
        return str(error.value)

    text: str = await inside(attempt)
    assert str(root) not in text
    return text


def test_writing_is_not_there_unless_asked_for_and_then_a_person_approves_it() -> None:
    assert list(toolbox(file_tools("/tmp"))) == ["list_files", "read_file"]
    writing = toolbox(file_tools("/tmp", write=True, gives=Origin.WEB))
    assert writing["write_file"].policy.consequential
    assert not writing["read_file"].policy.consequential
    assert writing["read_file"].policy.gives is Origin.WEB
    with pytest.raises(ConfigError):
        file_tools("/tmp", max_bytes=0)


async def test_files_are_listed_read_and_written(root: Path) -> None:
    assert await use(root, "list_files", {}) == ["docs/"]
    assert await use(root, "list_files", {"folder_path": "./docs/"}) == ["a.txt"]
    assert await use(root, "read_file", {"path": "docs/a.txt"}) == "hello"
    assert await use(root, "write_file", {"path": "new/deep/b.txt", "text": "grün"}) == (
        "wrote 5 bytes to new/deep/b.txt"
    )
    assert (root / "new/deep/b.txt").read_text(encoding="utf-8") == "grün"
    assert await use(root, "list_files", {"folder_path": "new/deep"}) == ["b.txt"]


@pytest.mark.parametrize(
    "path", ["../secret.txt", "/etc/passwd", "docs/../../secret.txt", "docs/..", "a\0b", ""]
)
async def test_a_path_that_leads_out_is_refused(root: Path, path: str) -> None:
    assert await refused(root, "read_file", {"path": path})
    assert await refused(root, "write_file", {"path": path, "text": "x"})


@pytest.mark.parametrize("name", ["file", "folder/secret.txt", "loop", "inside"])
async def test_links_are_not_followed_wherever_they_lead(root: Path, name: str) -> None:
    (root / "file").symlink_to(root.parent / "secret.txt")
    (root / "folder").symlink_to(root.parent)
    (root / "loop").symlink_to("loop")
    (root / "inside").symlink_to("docs/a.txt")
    assert "links are not followed" in await refused(root, "read_file", {"path": name})
    assert await use(root, "list_files", {}) == ["docs/"]


async def test_writing_replaces_a_link_and_does_not_go_through_it(root: Path) -> None:
    secret = root.parent / "secret.txt"
    (root / "link").symlink_to(secret)
    os.link(secret, root / "hard")
    for name in ("link", "hard"):
        await use(root, "write_file", {"path": name, "text": "mine"})
        assert (root / name).read_text(encoding="utf-8") == "mine"
        assert not (root / name).is_symlink()
    assert secret.read_text(encoding="utf-8") == "secret"


async def test_writing_through_a_folder_that_is_a_link_is_refused(root: Path) -> None:
    (root / "out").symlink_to(root.parent)
    assert "links are not followed" in await refused(root, "write_file", {"path": "out/x.txt", "text": "x"})
    assert not (root.parent / "x.txt").exists()


async def test_a_pipe_or_a_folder_is_no_file_and_does_not_hang(root: Path) -> None:
    os.mkfifo(root / "pipe")
    assert "no regular file" in await refused(root, "read_file", {"path": "pipe"})
    assert "no regular file" in await refused(root, "read_file", {"path": "docs"})
    assert await refused(root, "write_file", {"path": "docs", "text": "x"})
    assert not [name for name in os.listdir(root) if name.endswith(".tmp")]


async def test_files_over_the_limit_are_neither_read_nor_written(root: Path) -> None:
    assert "limit of 4 bytes" in await refused(root, "read_file", {"path": "docs/a.txt"}, max_bytes=4)
    assert await use(root, "read_file", {"path": "docs/a.txt"}, max_bytes=5) == "hello"
    assert "the limit is 4" in await refused(root, "write_file", {"path": "b", "text": "grün"}, max_bytes=4)
    assert not (root / "b").exists()


async def test_what_is_no_text_is_refused(root: Path) -> None:
    (root / "binary").write_bytes(b"\xff\xfe\x00")
    assert "no text in UTF-8" in await refused(root, "read_file", {"path": "binary"})


async def test_a_root_that_is_not_there_is_said_without_its_name(root: Path) -> None:
    assert "root folder" in await refused(root / "missing", "list_files", {})


async def test_a_long_list_is_cut_with_the_number_of_the_rest(root: Path) -> None:
    for number in range(1_003):
        (root / "docs" / f"{number:04}").touch()
    found = await use(root, "list_files", {"folder_path": "docs"})
    assert len(found) == 1_001
    assert found[-1] == "... and 4 more"


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    path=st.lists(st.sampled_from(["..", ".", "", "docs", "a.txt", "up", "secret.txt"]), max_size=6).map(
        "/".join
    )
)
def test_no_path_of_any_kind_reads_what_is_outside(root: Path, path: str) -> None:
    if not (root / "up").is_symlink():
        (root / "up").symlink_to("..")
    read = file_tools(root)[1]
    try:
        text = read(path)
    except (OSError, ValueError):
        return
    assert text == "hello"


def test_confined_tools_travel(root: Path) -> None:
    come = [travelled(each) for each in file_tools(root, write=True)]
    assert [each.spec for each in come] == [each.spec for each in file_tools(root, write=True)]
    assert come[1](path="docs/a.txt") == "hello"
