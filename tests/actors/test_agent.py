"""Agents as classes: which handlers they have, their options and state, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel

import shoal
from shoal.actors.agent import handler_names
from shoal.runtime.errors import ConfigError, HandlerError


class Add(BaseModel):
    n: int


class Reset(BaseModel):
    pass


class Tally(BaseModel):
    total: int = 0


class Counter(shoal.Agent):
    state: Tally

    async def on_add(self, add: Add, ctx: shoal.Context) -> int:
        self.state.total += add.n
        return self.state.total

    async def on_reset_or_number(self, message: Reset | int) -> Tally:
        self.state = Tally(total=message if isinstance(message, int) else 0)
        return self.state


class Louder(Counter):
    async def on_add(self, add: Add, ctx: shoal.Context) -> int:
        return 100 + await super().on_add(add, ctx)

    async def on_text(self, text: str, ctx: shoal.Context) -> str:
        return text.upper()


class NeedsMore(BaseModel):
    must: int


class Unfinished(shoal.Agent):
    state: NeedsMore

    async def on_add(self, add: Add, ctx: shoal.Context) -> None: ...


def test_hooks_are_no_handlers_and_inherited_handlers_come_first() -> None:
    assert handler_names(Counter) == ["on_add", "on_reset_or_number"]
    assert handler_names(Louder) == ["on_add", "on_reset_or_number", "on_text"]


def test_a_class_declares_the_same_handlers_as_its_instances() -> None:
    declared = [(handler.name, handler.accepts) for handler in Louder.declared_handlers()]
    assert declared == [(handler.name, handler.accepts) for handler in Louder().handler_table()]
    assert [kind for _, kind in declared] == [Add, Reset, int, str]


async def test_handlers_are_dispatched_by_type_and_a_subclass_may_replace_them() -> None:
    async with shoal.start("local") as system:
        ref = await system.spawn(Louder)
        assert await ref.ask(Add(n=2)) == 102
        assert await ref.ask("loud") == "LOUD"
        assert await ref.ask(7) == Tally(total=7)
        assert await ref.ask(Reset()) == Tally(total=0)


async def test_each_incarnation_of_an_instance_has_a_state_of_its_own() -> None:
    agent = Counter()
    async with shoal.start("local") as system:
        first, second = await system.spawn(agent), await system.spawn(agent)
        assert await first.ask(Add(n=5)) == 5
        assert await second.ask(Add(n=1)) == 1


async def test_a_handler_that_raises_ends_its_message_only() -> None:
    class Fragile(shoal.Agent):
        async def on_number(self, number: int, ctx: shoal.Context) -> float:
            return 1 / number

    async with shoal.start("local") as system:
        ref = await system.spawn(Fragile(), name="fragile")
        with pytest.raises(HandlerError, match="fragile raised ZeroDivisionError on int") as caught:
            await ref.ask(0)
        assert "return 1 / number" in caught.value.details["traceback"]
        assert await ref.ask(2) == 0.5


def with_options(**options: Any) -> type[shoal.Agent]:
    return type("Odd", (Counter,), options)


async def _unannotated(self: Any, message, ctx: shoal.Context) -> None: ...  # type: ignore[no-untyped-def]


async def _odd_type(self: Any, message: range, ctx: shoal.Context) -> None: ...


async def _three(self: Any, message: Add, ctx: shoal.Context, more: int) -> None: ...


async def _add_too(self: Any, message: Add, ctx: shoal.Context) -> None: ...


def _plain(self: Any, message: Add, ctx: shoal.Context) -> None: ...


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (type("Mute", (shoal.Agent,), {}), "Mute handles nothing: add an `async def on_"),
        (with_options(concurrency=0), "Odd.concurrency is 0"),
        (with_options(concurrency="2"), "Odd.concurrency is '2'"),
        (with_options(mailbox=0), "Odd.mailbox is 0"),
        (with_options(handler_timeout_s=-1), "Odd.handler_timeout_s is -1"),
        (with_options(on_it=_unannotated), "Odd.on_it: annotate 'message' with the message type"),
        (with_options(on_it=_odd_type), "Odd.on_it handles <class 'range'>, which is no message type"),
        (
            with_options(on_it=_three),
            r"Odd.on_it must take \(message\) or \(message, ctx\), not 3 parameters",
        ),
        (with_options(on_it=_add_too), "Odd.on_it and Odd.on_add both accept .*Add"),
        (with_options(on_it=_plain), "Odd.on_it must be an `async def`"),
        (Unfinished, "Unfinished.state needs defaults or must be set in __init__"),
    ],
)
async def test_an_agent_that_cannot_work_is_refused_when_it_is_spawned(
    make: type[shoal.Agent], why: str
) -> None:
    async with shoal.start("local") as system:
        with pytest.raises(ConfigError, match=why):
            await system.spawn(make())
        with pytest.raises(ConfigError, match=why):
            await system.spawn(make)
        assert [host["agents"] for host in await system.health()] == [0]
