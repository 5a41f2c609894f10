"""Random histories against a model that is a dict."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from shoal.runtime.durable import Fenced, Handled, Recorded, Unknown
from shoal.runtime.durable.store import State
from tests.runtime.durable.stores import MAKERS

WINDOW = 7
AGENTS = st.sampled_from(["a", "b", "team/1"])
STATES = st.none() | st.tuples(st.sampled_from(["m:S", "dict", ""]), st.binary(max_size=40))
REPLIES = st.builds(
    Handled,
    st.binary(max_size=4),
    st.integers(0, 9),
    st.sampled_from(["", "m:R"]),
    st.binary(max_size=9),
    st.lists(st.tuples(st.binary(max_size=4), st.text(max_size=4), st.none()), max_size=2).map(tuple),
)
SCOPES = st.sampled_from([b"", b"one", b"two"])
KEYS = st.sampled_from(["", "pay", "ü"])


class _Agent:
    def __init__(self) -> None:
        self.generation = 0
        self.state: State | None = None
        self.handled: list[Handled] = []
        self.effects: dict[tuple[bytes, str], Recorded | Unknown] = {}


class Histories(RuleBasedStateMachine):
    maker = "sqlite"

    @initialize()
    def begin(self) -> None:
        self._directory = tempfile.TemporaryDirectory()
        self._path = Path(self._directory.name)
        self._store = MAKERS[self.maker](self._path, WINDOW)
        self._agents: dict[str, _Agent] = {}

    @rule()
    def reopen(self) -> None:
        self._store.close()
        self._store = MAKERS[self.maker](self._path, WINDOW)

    @rule(agent=AGENTS, step=st.integers(-1, 3))
    def claim(self, agent: str, step: int) -> None:
        model = self._agents.setdefault(agent, _Agent())
        generation = max(1, model.generation + step)
        if generation < model.generation:
            with pytest.raises(Fenced):
                self._store.open(agent, generation)
            return
        saved = self._store.open(agent, generation)
        model.generation = generation
        assert saved == (model.state, model.handled[-WINDOW:])
        assert self._store.generation(agent) == generation

    @rule(agent=AGENTS)
    def claim_next(self, agent: str) -> None:
        model = self._agents.setdefault(agent, _Agent())
        model.generation += 1
        claimed = self._store.claim(agent)
        assert claimed == (model.generation, (model.state, model.handled[-WINDOW:]))

    @precondition(lambda self: any(model.generation > 0 for model in self._agents.values()))
    @rule(data=st.data(), state=STATES, handled=st.lists(REPLIES, max_size=9), late=st.booleans())
    def save(self, data: st.DataObject, state: State | None, handled: list[Handled], late: bool) -> None:
        agent, model = self._pick(data)
        if late:
            with pytest.raises(Fenced):
                self._store.commit(agent, model.generation - 1, state, handled)
            return
        self._store.commit(agent, model.generation, state, handled)
        model.state = state if state is not None else model.state
        model.handled += handled

    @precondition(lambda self: any(model.generation > 0 for model in self._agents.values()))
    @rule(data=st.data(), scope=SCOPES, key=KEYS, then=st.sampled_from(["done", "failed", "cut off"]))
    def once(self, data: st.DataObject, scope: bytes, key: str, then: str) -> None:
        agent, model = self._pick(data)
        assert self._store.once_look(agent, model.generation, scope, key) == model.effects.get((scope, key))
        found = self._store.once_begin(agent, model.generation, scope, key)
        assert found == model.effects.get((scope, key))
        known = model.effects.setdefault((scope, key), Unknown(model.generation))
        if then == "done":
            result = Recorded("m:R", str(model.generation).encode())
            self._store.once_done(agent, model.generation, scope, key, *result)
            if type(known) is Unknown:
                model.effects[scope, key] = result
        elif then == "failed":
            self._store.once_failed(agent, model.generation, scope, key)
            if type(known) is Unknown:
                del model.effects[scope, key]

    def _pick(self, data: st.DataObject) -> tuple[str, _Agent]:
        owned = sorted(name for name, model in self._agents.items() if model.generation > 0)
        agent = data.draw(st.sampled_from(owned))
        return agent, self._agents[agent]

    def teardown(self) -> None:
        if hasattr(self, "_store"):
            self._store.verify()
            self._store.close()
            self._directory.cleanup()


TestSqliteHistories = Histories.TestCase
TestSqliteHistories.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)


if "postgres" in MAKERS:

    class PostgresHistories(Histories):
        maker = "postgres"

    TestPostgresHistories = PostgresHistories.TestCase
    TestPostgresHistories.settings = settings(max_examples=15, stateful_step_count=25, deadline=None)
