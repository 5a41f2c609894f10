"""What stands beside shoal's blackboard does the same work: plain SQLite, and Redis where a server is present."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from shoal.bench import board_redis_server
from shoal.bench.board_redis import RedisBoard
from shoal.bench.board_redis_server import RedisServer
from shoal.bench.board_sqlite import SqliteBoard
from shoal.bench.errors import CannotTakePart, Miscounted
from shoal.bench.workload import parcel

Store = SqliteBoard | RedisBoard


def changes(store: Store, since: int) -> list[tuple[int, str]]:
    """What happened from a revision on."""
    rows = store.changes(since, "") if isinstance(store, SqliteBoard) else store.changes(since)
    return [(row.revision, row.key) for row in rows]


@pytest.fixture(params=["sqlite", "redis"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    if request.param == "sqlite":
        board = SqliteBoard(tmp_path / "main.db")
        yield board
        board.close()
        return
    try:
        server = RedisServer()
        server.start()
    except CannotTakePart as reason:
        pytest.skip(str(reason))
    connection = server.board()
    yield connection
    connection.close()
    server.stop()


def test_what_is_put_is_there_at_its_revision(store: Store) -> None:
    assert store.get("a") is None
    first, second = store.put("a", parcel(1), "me"), store.put("a", parcel(2), "me")
    assert (first.revision, second.revision) == (1, 2)
    assert store.get("a") == second
    assert store.revision() == 2


def test_many_are_put_at_once(store: Store) -> None:
    store.put_all(["a", "b"], parcel(1))
    row = store.get("b")
    assert row is not None
    assert row.value == parcel(1)


def test_a_compare_and_set_is_refused_once_somebody_else_was_there(store: Store) -> None:
    first = store.compare_and_set("a", parcel(1), None, "me")
    second = store.compare_and_set("a", parcel(2), first, "me")
    for expected in (None, first):
        with pytest.raises(Miscounted, match="changed by somebody else"):
            store.compare_and_set("a", parcel(3), expected, "me")
    assert store.get("a") == second
    assert store.revision() == 2


def test_changes_are_told_in_order_from_a_revision_on(store: Store) -> None:
    for key in ("a", "b", "a"):
        store.put(key, parcel(1), "me")
    assert changes(store, 2) == [(2, "b"), (3, "a")]


def test_items_are_claimed_oldest_first_and_each_once(store: Store) -> None:
    store.post_all(["x", "y"], parcel(1), "work")
    store.post_all(["z"], parcel(1), "other")
    first, second = store.claim("work", "me", 60), store.claim("work", "me", 60)
    assert first is not None
    assert second is not None
    assert (first.key, second.key, store.claim("work", "me", 60)) == ("x", "y", None)
    assert second.revision > first.revision
    before = store.revision()
    store.complete(first, parcel(2), "me")
    assert (store.done(before) if isinstance(store, SqliteBoard) else store.done()) == 1
    with pytest.raises(Miscounted, match="is over"):
        store.complete(first, parcel(2), "me")


def test_an_item_whose_lease_ran_out_goes_to_another_and_the_first_is_refused(store: Store) -> None:
    store.post_all(["x"], parcel(1), "work")
    late = store.claim("work", "me", -1)
    again = store.claim("work", "you", 60)
    assert late is not None
    assert again is not None
    assert (again.key, again.revision > late.revision) == ("x", True)
    with pytest.raises(Miscounted, match="is over"):
        store.complete(late, parcel(2), "me")
    store.complete(again, parcel(2), "you")


def test_what_sqlite_answered_is_there_for_the_next_connection(tmp_path: Path) -> None:
    board = SqliteBoard(tmp_path / "main.db")
    put = board.put("a", parcel(1), "me")
    other = SqliteBoard(tmp_path / "main.db")
    assert other.get("a") == put
    other.close()
    board.close()


# -- without a server --------------------------------------------------------------------------------------


def test_without_a_server_redis_cannot_take_part_and_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(board_redis_server, "redis_package", lambda: None)
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("REDIS_URL", raising=False)
    with pytest.raises(CannotTakePart, match="no redis-server is on the path, and REDIS_URL is not set"):
        RedisServer()


def test_without_its_package_redis_cannot_take_part_and_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> Any:
        raise ImportError("No module named 'redis'")

    monkeypatch.setattr(board_redis_server, "redis_package", missing)
    with pytest.raises(CannotTakePart, match="the Python package redis is not installed"):
        RedisServer()


def test_a_named_server_is_not_ours_and_needs_no_program(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(board_redis_server, "redis_package", lambda: None)
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("REDIS_URL", "redis://somewhere:6379")
    server = RedisServer()
    assert (server.ours, server.url) == (False, "redis://somewhere:6379")
    assert server.name != RedisServer().name
