"""What is PostgreSQL's own; the rest is the contract's."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from shoal.blackboard.persistence import PostgresRegionLog
from shoal.runtime.durable.errors import StoreBusy, StoreNewer, StoreUnreachable
from tests.blackboard.persistence.logs import EVERYTHING, REGION, RUN
from tests.blackboard.persistence.past import Past
from tests.runtime.durable.stores import HAS_POSTGRES, database

pytestmark = pytest.mark.skipif(not HAS_POSTGRES, reason="no PostgreSQL: see the durable stores' tests")


@pytest.fixture
def log(tmp_path: Path) -> Iterator[PostgresRegionLog]:
    opened = _log(tmp_path)
    yield opened
    opened.close()


def _log(run: Path, busy_s: float = 10.0) -> PostgresRegionLog:
    return PostgresRegionLog(database(), str(run), REGION, busy_s=busy_s)


def _connect() -> Any:
    return importlib.import_module("psycopg").connect(database(), autocommit=True)


def test_a_server_that_is_not_there_is_unreachable(tmp_path: Path) -> None:
    with pytest.raises(StoreUnreachable):
        PostgresRegionLog(f"host={tmp_path} dbname=none", "run", REGION, busy_s=1)


def test_after_a_lost_connection_the_region_is_opened_again_and_has_what_was_written(
    log: PostgresRegionLog,
) -> None:
    past = Past()
    log.open(RUN, 1.0, 10)
    log.append([past.put("a")], [], 1.0)
    pid = log._database._open.info.backend_pid
    with _connect() as other:
        other.execute("SELECT pg_terminate_backend(%s, 10000)", (pid,))
    commit = past.put("b")
    with pytest.raises(StoreUnreachable):
        log.append([commit], [], 1.0)
    assert log.open(RUN, 1.0, EVERYTHING).commits == past.commits[:1]
    log.append([commit], [], 1.0)
    assert log.open(RUN, 1.0, EVERYTHING).commits == past.commits


def test_a_region_that_another_transaction_holds_is_busy_and_works_afterwards(
    log: PostgresRegionLog, tmp_path: Path
) -> None:
    past, waiting = Past(), _log(tmp_path, busy_s=0.05)
    log.open(RUN, 1.0, 10)
    waiting.open(RUN, 1.0, 10)
    with log._rows() as rows:
        rows.region()  # only now is the lock certain: nothing was waited for before
        with pytest.raises(StoreBusy):
            waiting.append([past.put("a")], [], 1.0)
    waiting.append(past.commits, [], 1.0)
    assert waiting.open(RUN, 1.0, EVERYTHING).commits == past.commits
    waiting.close()


def test_texts_and_bytes_are_kept_whatever_is_in_them(log: PostgresRegionLog) -> None:
    past = Past()
    log.open(RUN, 1.0, 10)
    log.append([past.commit({"\x00lease/\x00": bytes(range(256)), "é\\%'": b""})], [], 1.0)
    assert log.open(RUN, 1.0, EVERYTHING).commits == past.commits


def test_tables_of_a_newer_version_are_refused(tmp_path: Path) -> None:
    _log(tmp_path).close()
    with _connect() as other:
        other.execute("INSERT INTO shoal.board_version VALUES (99)")
        try:
            with pytest.raises(StoreNewer, match="version 99"):
                _log(tmp_path)
        finally:
            other.execute("DELETE FROM shoal.board_version WHERE version = 99")
