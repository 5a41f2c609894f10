"""What a handler's signature says: which messages it takes, whether it wants the context, and what cannot be one."""

from __future__ import annotations

import asyncio
import functools
from typing import TYPE_CHECKING, Annotated, Any, Literal, Optional, TypeVar, Union

import pytest
from pydantic import BaseModel, Field, ValidationError

from shoal.runtime.behavior import Handler
from shoal.runtime.errors import ConfigError
from shoal.runtime.signature import handlers_of

if TYPE_CHECKING:
    from decimal import Decimal

T = TypeVar("T")


class Ticket(BaseModel):
    text: str


class Label(BaseModel):
    label: str


def accepts(function: Any) -> list[type]:
    return [handler.accepts for handler in handlers_of(function, "agent.on_message")]


def test_a_handler_takes_the_type_its_first_parameter_is_annotated_with() -> None:
    async def handler(ticket: Ticket, ctx: object) -> Label: ...  # type: ignore[empty-body]

    [found] = handlers_of(handler, "agent.on_ticket")
    assert found == Handler("agent.on_ticket", handler, Ticket, Label)


def test_the_context_is_passed_only_to_a_handler_that_wants_it() -> None:
    async def with_context(text: str, ctx: object) -> tuple[str, object]:
        return text, ctx

    async def without(text: str) -> str:
        return text

    [both], [alone] = handlers_of(with_context, "a"), handlers_of(without, "b")
    assert asyncio.run(_call(both, "hello", "context")) == ("hello", "context")
    assert asyncio.run(_call(alone, "hello", "context")) == "hello"


async def _call(handler: Handler, *arguments: object) -> object:
    return await handler.call(*arguments)


def test_a_union_makes_a_handler_for_each_of_its_types() -> None:
    async def new_style(message: Ticket | Label | None) -> None: ...

    async def old_style(message: Union[Ticket, Optional[int]]) -> None: ...  # noqa: UP007, UP045

    assert accepts(new_style) == [Ticket, Label, type(None)]
    assert accepts(old_style) == [Ticket, int, type(None)]


@pytest.mark.parametrize(
    ("annotation", "expected"),
    [
        (Any, object),
        (object, object),
        (None, type(None)),
        (int, int),
        (bytes, bytes),
        (list[int], list),
        (tuple[int, str], list),
        (dict[str, int], dict),
        (Annotated[Ticket, "said more"], Ticket),
        (Annotated[list[int], Field(max_length=3)], list),
    ],
)
def test_native_types_and_their_generic_forms_are_message_types(annotation: Any, expected: type) -> None:
    async def handler(message: Any) -> None: ...

    handler.__annotations__["message"] = annotation
    assert accepts(handler) == [expected]


@pytest.mark.parametrize(
    ("annotation", "fits", "becomes", "does_not"),
    [
        (list[int], [1, 2], [1, 2], [1, "two"]),
        (list[Ticket], [{"text": "a"}], [Ticket(text="a")], [{"label": "a"}]),
        (dict[str, float], {"a": 1}, {"a": 1.0}, {"a": "much"}),
        (dict[str, Any], {"a": None}, {"a": None}, {1: None}),
        (tuple[int, str], [1, "a"], (1, "a"), [1]),
        (tuple, [1, "a"], (1, "a"), None),
        (Annotated[str, Field(max_length=3)], "abc", "abc", "abcd"),
        (Annotated[list[int], Field(max_length=1), ["not hashable"]], [1], [1], [1, 2]),
        (Annotated[list[int] | None, "said more"], [1], [1], ["one"]),
        (list[int] | Ticket, [1], [1], ["one"]),
    ],
)
def test_what_an_annotation_says_of_the_content_of_a_native_message_is_checked(
    annotation: Any, fits: Any, becomes: Any, does_not: Any
) -> None:
    async def handler(message: Any) -> None: ...

    handler.__annotations__["message"] = annotation
    check = handlers_of(handler, "agent.on_message")[0].check
    assert check is not None
    assert check(fits) == becomes
    if does_not is not None:
        with pytest.raises(ValidationError):
            check(does_not)


@pytest.mark.parametrize("annotation", [list, dict, int, str, bytes, None, Any, Ticket, list | Ticket])
def test_an_annotation_that_says_no_more_than_the_type_costs_no_check(annotation: Any) -> None:
    async def handler(message: Any) -> None: ...

    handler.__annotations__["message"] = annotation
    assert [found.check for found in handlers_of(handler, "a")] == [None] * len(accepts(handler))


def test_the_check_of_an_annotation_is_made_once() -> None:
    async def one(message: list[int]) -> None: ...

    async def other(message: list[int]) -> None: ...

    assert handlers_of(one, "one")[0].check is handlers_of(other, "other")[0].check


def test_a_handler_whose_messages_content_cannot_be_checked_is_refused() -> None:
    class Plain:
        pass

    async def handler(message: Any) -> None: ...

    handler.__annotations__["message"] = list[Plain]
    with pytest.raises(ConfigError, match=r"agent\.on_message handles .*Plain.*cannot be checked"):
        accepts(handler)


@pytest.mark.parametrize(
    "annotation", [set, set[int], complex, type, T, Literal["a"], "Ticket()", Ticket(text="")]
)
def test_what_can_be_no_message_type_is_refused_by_name(annotation: Any) -> None:
    async def handler(message: Any) -> None: ...

    handler.__annotations__["message"] = annotation
    with pytest.raises(ConfigError, match=r"agent\.on_message"):
        accepts(handler)


def test_a_type_of_the_enclosing_function_is_found_when_the_handler_uses_it() -> None:
    class Local(BaseModel):
        text: str

    async def handler(message: Local) -> Local:
        return Local(text=message.text)

    assert accepts(handler) == [Local]


def test_a_type_that_only_the_type_checker_sees_is_refused_with_what_to_do() -> None:
    async def handler(message: Decimal) -> None: ...

    with pytest.raises(ConfigError, match=r"'Decimal'.*module level"):
        accepts(handler)


@pytest.mark.parametrize("annotation", ["pytest.Missing", "1 +", "1 / 0"])
def test_an_annotation_that_cannot_be_evaluated_is_refused(annotation: str) -> None:
    async def handler(message: Any) -> None: ...

    handler.__annotations__["message"] = annotation
    with pytest.raises(ConfigError, match=r"agent\.on_message"):
        accepts(handler)


def test_a_handler_that_is_no_coroutine_function_is_refused() -> None:
    def blocking(message: Ticket) -> None: ...

    async def stream(message: Ticket) -> Any:
        yield message

    for function, said in (
        (blocking, "async def"),
        (stream, "is an async generator, and a handler answers once"),
    ):
        with pytest.raises(ConfigError, match=said):
            accepts(function)


def test_a_handler_that_takes_nothing_or_too_much_is_refused() -> None:
    async def nothing() -> None: ...

    async def several(*messages: Ticket) -> None: ...

    async def three(message: Ticket, ctx: object, more: int = 0) -> None: ...

    for function in (nothing, several, three):
        with pytest.raises(ConfigError, match=r"\(message\) or \(message, ctx\)"):
            accepts(function)


def test_a_parameter_that_nobody_could_fill_is_refused() -> None:
    async def handler(message: Ticket, *, more: int) -> None: ...

    async def fine(message: Ticket, *, more: int = 0, **rest: int) -> None: ...

    with pytest.raises(ConfigError, match="'more'"):
        accepts(handler)
    assert accepts(fine) == [Ticket]


def test_a_handler_without_an_annotation_is_asked_for_one() -> None:
    async def handler(message) -> None: ...  # type: ignore[no-untyped-def]

    with pytest.raises(ConfigError, match="annotate 'message'"):
        accepts(handler)


def test_methods_partials_and_wrapped_functions_are_read_as_what_they_call() -> None:
    class Agent:
        async def on_ticket(self, ticket: Ticket) -> None: ...

    async def with_setting(message: Ticket, *, setting: int) -> None: ...

    @functools.wraps(with_setting)
    async def wrapped(*arguments: Any, **settings: Any) -> None: ...

    assert accepts(Agent().on_ticket) == [Ticket]
    assert accepts(functools.partial(with_setting, setting=1)) == [Ticket]
    with pytest.raises(ConfigError, match="'setting'"):
        accepts(wrapped)


def test_a_second_parameter_that_is_annotated_with_messages_is_refused() -> None:
    async def of_two(one: Ticket, other: Ticket) -> None: ...

    async def of_options(one: Ticket, style: str | None = None) -> None: ...

    for handler in (of_two, of_options):
        with pytest.raises(
            ConfigError, match=r"must take \(message\) or \(message, ctx\), and its second parameter"
        ):
            handlers_of(handler, "agent")

    async def of_any(one: Ticket, ctx: Any) -> None: ...

    async def of_nothing(one: Ticket, ctx: None = None) -> None: ...

    async def unsaid(one: Ticket, ctx) -> None: ...  # type: ignore[no-untyped-def]

    assert all(len(handlers_of(handler, "agent")) == 1 for handler in (of_any, of_nothing, unsaid))
