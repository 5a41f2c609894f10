"""What is PostgreSQL's own; the rest is the contract's."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import pytest

from shoal.runtime.durable import (
    Handled,
    PostgresStateStore,
    StoreBroken,
    StoreBusy,
    StoreNewer,
    StoreUnreachable,
)
from shoal.runtime.errors import ConfigError
from tests.runtime.durable.stores import HAS_POSTGRES, database

needs_postgres = pytest.mark.skipif(not HAS_POSTGRES, reason="no PostgreSQL: see stores.py")


def _store(run: Path, **options: Any) -> PostgresStateStore:
    return PostgresStateStore(database(), str(run), **options)


def _connect() -> Any:
    return importlib.import_module("psycopg").connect(database(), autocommit=True)


def test_without_psycopg_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> Any:
        raise ModuleNotFoundError(name)

    monkeypatch.setattr("importlib.import_module", missing)
    with pytest.raises(ConfigError, match=r"shoal\[postgres\]"):
        PostgresStateStore("host=nowhere", "run")


@needs_postgres
def test_a_server_that_is_not_there_is_unreachable(tmp_path: Path) -> None:
    with pytest.raises(StoreUnreachable):
        PostgresStateStore(f"host={tmp_path} dbname=none", "run", busy_s=1)


@needs_postgres
def test_a_lost_connection_is_said_so_and_the_next_call_connects_again(tmp_path: Path) -> None:
    store = _store(tmp_path)
    store.open("desk", 1)
    pid = store._database._open.info.backend_pid
    with _connect() as other:
        other.execute("SELECT pg_terminate_backend(%s, 10000)", (pid,))
    with pytest.raises(StoreUnreachable):
        store.commit("desk", 1, ("m:S", b"one"), [Handled(b"a")])
    store.commit("desk", 1, ("m:S", b"one"), [Handled(b"a")])
    assert store.open("desk", 2) == (("m:S", b"one"), [Handled(b"a")])
    store.close()


@needs_postgres
def test_runs_do_not_see_one_another(tmp_path: Path) -> None:
    one, two = _store(tmp_path / "one"), _store(tmp_path / "two")
    one.open("desk", 5)
    one.commit("desk", 5, ("m:S", b"one"))
    assert two.open("desk", 1).state is None
    for store in (one, two):
        store.close()


@needs_postgres
def test_an_agent_that_another_transaction_holds_is_busy_and_others_are_not(tmp_path: Path) -> None:
    holder, store = _store(tmp_path), _store(tmp_path, busy_s=0.05)
    holder.open("desk", 1)
    with holder._database.transaction() as cursor:
        holder._owned(cursor, "desk", 1)
        with pytest.raises(StoreBusy):
            store.open("desk", 2)
        store.open("other", 1)
    store.open("desk", 2)
    for each in (holder, store):
        each.close()


@needs_postgres
def test_rows_that_are_gone_are_noticed(tmp_path: Path) -> None:
    store = _store(tmp_path)
    store.open("desk", 1)
    for number in range(3):
        store.commit("desk", 1, None, [Handled(bytes([number]))])
    with _connect() as other:
        other.execute("DELETE FROM shoal.handled WHERE run = %s AND position = 2", (str(tmp_path),))
    with pytest.raises(StoreBroken, match="desk"):
        store.open("desk", 2)
    with pytest.raises(StoreBroken):
        store.verify()
    assert store.generation("desk") == 1
    store.close()


@needs_postgres
def test_tables_of_a_newer_version_are_refused(tmp_path: Path) -> None:
    _store(tmp_path).close()
    with _connect() as other:
        other.execute("INSERT INTO shoal.version VALUES (99)")
        try:
            with pytest.raises(StoreNewer, match="version 99"):
                _store(tmp_path)
        finally:
            other.execute("DELETE FROM shoal.version WHERE version = 99")
