"""Any course of writes, openings, compactions and tendings against the plain model of a past."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from shoal.blackboard.errors import Compacted, FutureRevision
from shoal.blackboard.persistence import Answer, RegionLog
from tests.blackboard.persistence.logs import EVERYTHING, RUN, STORAGES, Storage, bring_up
from tests.blackboard.persistence.past import Past

keys = st.sampled_from(["a", "b", "b/1", "c", "\x00lease/l", "item/1", "é"])
changes = st.dictionaries(keys, st.none() | st.binary(max_size=3), min_size=1, max_size=4)


class LogMachine(RuleBasedStateMachine):
    """A region that is written, closed, opened and compacted in any order."""

    make: Callable[[Path], Storage]

    @initialize()
    def begin(self) -> None:
        self.directory = tempfile.TemporaryDirectory()
        self.storage = type(self).make(Path(self.directory.name))
        self.past = Past()
        self.compacted = 0
        self.answers: dict[bytes, bytes] = {}
        self.log: RegionLog = self.storage.log()
        self.log.open(RUN, 1.0, 5)

    @rule(some=st.lists(changes, min_size=1, max_size=5))
    def append(self, some: list[dict[str, bytes | None]]) -> None:
        commits = [commit for each in some if (commit := self.past.commit(each))]
        if commits:
            answer = Answer(b"m%d" % self.past.head, self.past.head, b"r%d" % self.past.head)
            self.answers[answer.message_id] = answer.reply
            self.log.append(commits, [answer], 1.0)

    @rule(window=st.integers(0, 10) | st.just(EVERYTHING))
    def open_again(self, window: int) -> None:
        saved = self.log.open(RUN, 1.0, window)
        assert saved.oldest == max(self.compacted, self.past.head - window)
        assert sorted(saved.base) == sorted(self.past.states[saved.oldest].values())
        assert saved.commits == self.past.commits[saved.oldest :]
        assert saved.answers == self.answers

    @rule()
    def another_takes_it(self) -> None:
        self.log.close()
        self.log = self.storage.log()
        self.log.open(RUN._replace(session="another"), 1.0, 5)
        self.log.open(RUN, 100.0, 5)

    @rule(data=st.data())
    def compact(self, data: st.DataObject) -> None:
        revision = data.draw(st.integers(0, self.past.head))
        self.log.compact(revision)
        self.compacted = max(self.compacted, revision)

    @rule(limit=st.integers(1, 5) | st.just(1000))
    def tend(self, limit: int) -> None:
        bring_up(self.log, limit)

    @rule(key=keys, since=st.integers(0, 20), data=st.data())
    def look(self, key: str, since: int, data: st.DataObject) -> None:
        reader, past = self.storage.reader(), self.past
        revision = data.draw(st.integers(self.compacted, past.head))
        assert list(reader.entries_at(revision)) == past.entries_at(revision)
        assert list(reader.entries_at(revision, "b")) == past.entries_at(revision, "b")
        assert reader.get_at(key, revision) == past.states[revision].get(key)
        assert list(reader.commits(hidden=True)) == past.commits[self.compacted :]
        kept = [v for v in past.history(key, since) if v.mod_revision > self.compacted]
        assert [v for v in reader.history(key, since) if v.mod_revision > self.compacted] == kept
        with pytest.raises(FutureRevision):
            reader.get_at(key, past.head + 1)
        if self.compacted:
            with pytest.raises(Compacted):
                reader.entries_at(self.compacted - 1)
        reader.close()

    @invariant()
    def all_of_it_is_sound(self) -> None:
        if hasattr(self, "storage"):
            with self.storage.reader() as reader:
                reader.verify()
                assert (reader.head, reader.compacted) == (self.past.head, self.compacted)

    def teardown(self) -> None:
        if hasattr(self, "storage"):
            self.storage.close()
            self.directory.cleanup()


@pytest.mark.parametrize("name", list(STORAGES))
def test_any_course_of_events_leaves_what_the_model_says(name: str) -> None:
    machine = type("Machine", (LogMachine,), {"make": staticmethod(STORAGES[name])})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=25 if name == "sqlite" else 8,
            stateful_step_count=20,
            suppress_health_check=list(HealthCheck),
            deadline=None,
        ),
    )
