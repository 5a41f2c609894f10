"""What a run recorded, wherever it is kept."""

from __future__ import annotations

import secrets
from pathlib import Path

import pytest

from shoal.runtime.durable import PostgresStateStore, Recorded, SqliteStateStore, StateStore, StoreUnreachable
from shoal.runtime.durable.run_effects import VARIABLE, run_effects, without_password
from shoal.runtime.journal import RunDirectory
from shoal.runtime.provenance import Origin, marked_tag
from tests.runtime.durable.stores import HAS_POSTGRES, database

AGENT, SCOPE = "team/clerk", b"m" * 12
NEEDS_POSTGRES = pytest.mark.skipif(not HAS_POSTGRES, reason="no PostgreSQL here")


def recorded_by(store: StateStore) -> None:
    """One that is done, one of another message, one that was begun."""
    store.open(AGENT, 1)
    for scope, key, tag in (
        (SCOPE, "ask/1", "app:Call"),
        (b"other", "ask/2", marked_tag("app:Call", Origin.MODEL)),
        (SCOPE, "n", "int"),
    ):
        store.once_begin(AGENT, 1, scope, key)
        store.once_done(AGENT, 1, scope, key, tag, key.encode())
    store.once_begin(AGENT, 1, SCOPE, "begun")
    store.close()


def check(run_dir: Path, state_store: str = "") -> None:
    with run_effects(run_dir, state_store) as effects:
        assert dict(effects.tagged("app:Call")) == {"ask/1": b"ask/1", "ask/2": b"ask/2"}
        assert effects.find(AGENT, SCOPE, "ask/1") == Recorded("app:Call", b"ask/1")
        assert effects.find(AGENT, SCOPE, "begun") is None
        assert effects.find("nobody", SCOPE, "ask/1") is None
        found = effects.of_handling(AGENT, SCOPE)
        assert found == {"ask/1": Recorded("app:Call", b"ask/1"), "n": Recorded("int", b"n")}


def test_effects_are_read_from_the_files_of_all_hosts(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    recorded_by(SqliteStateStore(tmp_path / "state" / "one.db"))
    SqliteStateStore(tmp_path / "state" / "two.db").close()
    check(tmp_path)


def test_a_run_that_recorded_nothing_has_no_effects(tmp_path: Path) -> None:
    with run_effects(tmp_path) as effects:
        assert list(effects.tagged("app:Call")) == []
        assert effects.of_handling(AGENT, SCOPE) == {}


@NEEDS_POSTGRES
def test_effects_are_read_from_postgresql_where_the_run_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"run-{secrets.token_hex(4)}"
    recorded_by(PostgresStateStore(database(), name))
    check(tmp_path / name, database())  # who knows it says it
    with RunDirectory.create(
        name, root=tmp_path, settings={"state_store": "host=127.0.0.1 port=1 user=nobody"}, now=1.0
    ) as made:
        with pytest.raises(StoreUnreachable, match=f"keeps its state there: .* {VARIABLE}"):
            check(made.path)
        monkeypatch.setenv(VARIABLE, database())
        check(made.path)


@NEEDS_POSTGRES
@pytest.mark.parametrize(
    "conninfo",
    [
        "postgresql://ann:secret@db.example:5433/shoal?sslpassword=secret",
        "host=db.example port=5433 dbname=shoal user=ann password='secret'",
    ],
)
def test_a_run_says_where_its_state_is_and_not_how_to_get_at_it(conninfo: str) -> None:
    said = without_password(conninfo)
    assert "secret" not in said
    for part in ("db.example", "5433", "shoal", "ann"):
        assert part in said


def test_of_what_is_no_connection_string_nothing_is_said() -> None:
    assert without_password("postgresql://a:secret@[") == "postgresql://"
