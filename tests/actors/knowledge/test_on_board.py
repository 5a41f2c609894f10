"""The declaration: what it takes, what it leaves behind, and that agents with it stay agents."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest

import shoal
from shoal.actors.knowledge.on_board import Declared, declarations_of, on_board
from shoal.actors.knowledge.source import Wake, shape_of
from shoal.actors.knowledge.trigger import check_source
from shoal.blackboard import Field, Key
from shoal.blackboard.version import Version
from shoal.blackboard.version_packing import pack_version
from shoal.errors import ConfigError, InvalidMessage
from shoal.runtime.recipe import check_recipe
from tests.actors.knowledge import sources
from tests.actors.knowledge.sources import (
    Critic,
    Hypothesis,
    Mute,
    Plain,
    Remark,
    Strict,
    deletion_of,
    listener,
    version_of,
)


def names(agent: Any) -> list[str]:
    return [one.name for one in check_source("source", agent)]


def test_a_declared_method_is_a_method_and_its_agent_has_a_handler_for_what_its_controller_sends() -> None:
    assert Critic.judge.__doc__ == "Says what it thinks."
    assert Wake in Critic().handler_table().by_type
    check_recipe(Critic)
    check_recipe(Strict())


def test_declarations_are_read_off_instances_and_classes_base_classes_first() -> None:
    assert names(Critic()) == names(Critic) == ["judge"]
    assert names(Strict) == ["judge", "publish", "publish-2", "forget"]


def test_an_overriding_method_declares_for_itself() -> None:
    with pytest.raises(ConfigError, match=r"nothing wakes Mute: decorate"):
        names(Mute)


def test_several_declarations_on_one_method_are_read_from_above() -> None:
    assert [one.prefix for one in declarations_of(Strict.publish)] == ["draft/", "paper/"]


def test_a_function_can_be_a_source_and_called_as_it_is() -> None:
    assert names(listener) == ["listener"]
    assert isinstance(listener, Declared)
    assert listener.__doc__ == "Hears remarks."


async def test_a_declared_function_can_be_called_directly() -> None:
    heard: list[Any] = []

    @on_board("a/")
    async def hear(event: shoal.Event[Any]) -> None:
        heard.append(event)

    await hear("an event")  # type: ignore[arg-type]
    assert heard == ["an event"]


def test_what_the_annotation_says_is_what_wakes_it() -> None:
    assert shape_of(Critic.judge, is_method=True) == ((Hypothesis,), True)
    assert shape_of(Strict.forget, is_method=True) == (None, False)
    assert shape_of(sources.listener.function, is_method=False).kinds == (Remark, str)  # type: ignore[attr-defined]


async def test_a_wake_calls_the_method_with_the_typed_event() -> None:
    strict = Strict()
    await _wake(strict, "publish", version_of("draft/1", Hypothesis(text="x", score=0.5)))
    (event,) = strict.seen
    assert (event.kind, event.key, event.value) == ("put", "draft/1", Hypothesis(text="x", score=0.5))
    await _wake(strict, "forget", deletion_of("hypothesis/1"))
    assert strict.seen[1].kind == "delete"


async def test_a_wake_for_what_was_not_declared_or_with_another_value_is_refused() -> None:
    for method in ("on_start", "handler_table", "nothing", "__init__"):
        with pytest.raises(ConfigError, match="declares no on_board method"):
            await _wake(Critic(), method, version_of("a", 1))
    with pytest.raises(InvalidMessage, match=r"'hypothesis/1' holds a .*Remark, not a Hypothesis"):
        await _wake(Critic(), "judge", version_of("hypothesis/1", Remark(text="x")))
    with pytest.raises(InvalidMessage, match="score"):
        await _wake(Critic(), "judge", version_of("hypothesis/1", {"score": "high"}))


async def _wake(agent: Any, method: str, version: Version) -> None:
    ctx: Any = None
    await agent.on_board_wake(Wake(trigger=method, version=pack_version(version)), ctx)


def test_sources_travel_by_name_or_as_code_with_their_declarations_and_types() -> None:
    from ray import cloudpickle  # as an agent travels to its process

    class Local(shoal.Agent):
        @on_board("a/", when=lambda event: event.key == "a/1")
        async def look(self, event: shoal.Event[Hypothesis]) -> None: ...

    @on_board("a/")
    async def local(event: shoal.Event[Hypothesis]) -> None: ...

    for agent, names_ in (
        (Local(), ["look"]),
        (Strict, names(Strict)),
        (listener, ["listener"]),
        (local, ["local"]),
    ):
        kinds = [one.kinds for one in check_source("here", agent)]
        arrived = cloudpickle.loads(cloudpickle.dumps(agent))  # type: ignore[no-untyped-call]
        found = check_source("there", arrived)
        assert [one.name for one in found] == names_
        assert [one.kinds for one in found] == kinds
    assert pickle.loads(pickle.dumps(listener)) is listener
    assert names(copy.deepcopy(Local())) == ["look"]


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"prefix": 5}, "a prefix is a text"),
        ({"prefix": "a\n"}, "control characters"),
        ({"prefix": "a" * 2000}, "2,000 characters"),
        ({"when": 7}, "give a function of the event, or conditions"),
        ({"when": [7]}, "give a function of the event, or conditions"),
        ({"when": Key("a").value == 1}, "give a function of the event, or conditions"),
        ({"on": "change"}, "on is 'put', 'delete' or 'any', not 'change'"),
        ({"priority": 1.5}, "priority is a whole number or a plain function, not 1.5"),
        ({"priority": True}, "priority"),
        ({"cost": -1}, "cost is a number from 0, not -1"),
        ({"cost": float("inf")}, "cost"),
        ({"backoff_s": float("nan")}, "backoff_s"),
        ({"attempts": 0}, "attempts is a whole number from 1 to 100, not 0"),
        ({"max_activations": 0}, "max_activations"),
        ({"region": "no spaces"}, "cannot name"),
    ],
)
def test_what_cannot_be_is_refused_where_it_is_written(options: dict[str, Any], why: str) -> None:
    given = {"prefix": "a/", **options}
    with pytest.raises(ConfigError, match=why):
        on_board(given.pop("prefix"), **given)


def test_predicates_and_sources_of_the_wrong_kind_are_refused() -> None:
    async def later(event: Any) -> bool:
        return True

    with pytest.raises(ConfigError, match="plain function, it runs in the controller"):
        on_board("a/", when=later)
    with pytest.raises(ConfigError, match="priority"):
        on_board("a/", priority=later)  # type: ignore[arg-type]

    def at_once(event: Any) -> None:
        pass

    with pytest.raises(ConfigError, match="must be an `async def`"):
        on_board("a/")(at_once)  # type: ignore[type-var]
    on_board("a/", when=Field("score") > 1)


def test_a_signature_that_no_event_could_be_given_to_is_refused() -> None:
    class Wrong(shoal.Agent):
        @on_board("a/")
        async def none(self) -> None: ...

        @on_board("a/")
        async def text(self, text: str) -> None: ...

        @on_board("a/")
        async def inside(self, event: shoal.Event[object | list[set[int]] | set[int]]) -> None: ...

        @on_board("a/")
        async def unknown(self, event: shoal.Event[Nowhere]) -> None: ...  # type: ignore[name-defined]  # noqa: F821

    for method, why in {
        "none": "must take .event. or .event, ctx., not 0 parameters",
        "text": "is woken with a shoal.Event.Type., not with .*str",
        "inside": "is no type of a value on a board",
        "unknown": "names 'Nowhere', which cannot be seen",
    }.items():
        with pytest.raises(ConfigError, match=why):
            shape_of(getattr(Wrong, method), is_method=True)


def test_an_agent_without_declarations_is_no_source() -> None:
    with pytest.raises(ConfigError, match="knowledge source 'source': nothing wakes Plain"):
        names(Plain)
