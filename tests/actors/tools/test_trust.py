"""Tools that ask for trusted arguments: judged by where each value comes from, and what crosses agents on its way."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

import shoal
from shoal.actors.tools.errors import OriginRefused
from shoal.actors.tools.tool import ToolPolicy
from shoal.actors.tools.trust import Seen, judge_in, judged
from shoal.models.chat import ToolSpec
from shoal.runtime.errors import HandlerError
from shoal.runtime.provenance import Origin

SENT: list[dict[str, Any]] = []


class SendMail:
    """A tool that must not be talked into anything."""

    def __init__(self, accepts: Origin = Origin.TRUSTED) -> None:
        properties = {"to": {"type": "string"}, "headers": {"type": "object", "properties": {"cc": {}}}}
        self.spec = ToolSpec(name="send_mail", parameters={"type": "object", "properties": properties})
        self.policy = ToolPolicy(accepts=accepts, consequential=True)

    def check(self, arguments: dict[str, Any]) -> dict[str, Any]:
        return arguments

    async def call(self, arguments: dict[str, Any], ctx: shoal.Context) -> str:
        SENT.append(arguments)
        return "sent"


class Order(BaseModel):
    """What a person asks for."""

    to: str = "boss@example.com"
    copies: list[str] = ["a@example.com", "b@example.com"]
    amount: int = 5
    ratio: float = 0.5
    urgent: bool = True
    note: str | None = None


def refusal(
    arguments: dict[str, Any], accepts: Origin, origin: Origin, trusted: tuple[Any, ...] = (Order(),)
) -> OriginRefused | None:
    return judged(SendMail(accepts), arguments, Seen(origin, ("board key 'k'",), trusted))


@pytest.mark.parametrize(
    "arguments",
    [
        {"to": "boss@example.com"},
        {"to": "a@example.com", "headers": {"cc": "b@example.com"}},
        {"to": ["b@example.com", {"cc": 5}]},
        {"n": 0.5, "urgent": False, "none": None, "empty": "", "list": []},
        {},
    ],
)
@pytest.mark.parametrize("accepts", [Origin.TRUSTED, Origin.MODEL, Origin.TOOL])
def test_whole_values_of_the_trusted_input_are_accepted_whatever_else_was_seen(
    arguments: dict[str, Any], accepts: Origin
) -> None:
    assert refusal(arguments, accepts, Origin.WEB) is None


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"to": "evil@example.com"}, "argument to is 'evil@example.com'"),
        ({"to": "boss@example.com", "body": "boss"}, "argument body is 'boss'"),
        ({"to": ["boss@example.com", "evil@example.com"]}, r"argument to\[1\] is"),
        ({"headers": {"cc": "x@example.com"}}, r"argument headers\.cc is 'x@example\.com'"),
        ({"headers": {"X-To: evil": 5}}, r"argument headers\.X-To: evil is 'X-To: evil'"),
        ({"n": 6}, "argument n is 6"),
        ({"n": "5"}, "argument n is '5'"),
        ({"to": "x" * 500}, r"argument to is 'x{59}\.\.\.,"),
    ],
)
def test_any_other_value_is_refused_and_the_error_names_argument_origin_and_source(
    arguments: dict[str, Any], named: str
) -> None:
    error = refusal(arguments, Origin.TRUSTED, Origin.WEB)
    assert error is not None
    assert error.details["sources"] == ["board key 'k'"]
    with pytest.raises(
        OriginRefused, match=rf"send_mail was not called: {named}.*of origin web \(from board key 'k'\)"
    ):
        raise error


def test_what_a_model_composes_is_of_origin_model_even_when_it_saw_trusted_values_only() -> None:
    error = refusal({"to": "else@example.com"}, Origin.TRUSTED, Origin.TRUSTED)
    assert error is not None
    assert error.details["origin"] == "model"
    assert refusal({"to": "else@example.com"}, Origin.MODEL, Origin.TRUSTED) is None


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)
arguments_of = st.dictionaries(st.text(min_size=1, max_size=3), values, max_size=4)
origins = st.sampled_from(Origin)


@given(arguments=arguments_of, accepts=origins, seen=origins, trusted=arguments_of)
def test_a_tool_that_accepts_more_refuses_no_more_and_one_that_saw_worse_is_refused_no_less(
    arguments: dict[str, Any], accepts: Origin, seen: Origin, trusted: dict[str, Any]
) -> None:
    refused = refusal(arguments, accepts, seen, (trusted,)) is not None
    for more in range(accepts, Origin.WEB + 1):
        assert refused or refusal(arguments, Origin(more), seen, (trusted,)) is None
    for worse in range(seen, Origin.WEB + 1):
        assert not refused or refusal(arguments, accepts, Origin(worse), (trusted,)) is not None
    assert refusal(arguments, Origin.WEB, seen, ()) is None
    assert refusal(trusted, Origin.TRUSTED, Origin.WEB, (trusted,)) is None


# -- across agents: hostile page -> A -> board -> B -> send_mail ----------------------------------------------


class Read(BaseModel):
    """Read a page and write down what it says; ``page``: what a server gives."""

    page: str
    outside: bool = True


class Mail(BaseModel):
    """Mail the finding to somebody, as the notes say."""

    to: str


class Reader(shoal.Agent):
    """A: reads pages, as an agent whose model has a tool for it."""

    async def on_read(self, read: Read, ctx: shoal.Context) -> None:
        if read.outside:
            ctx.joined(Origin.WEB, "tool fetch_page of http://evil.example")
        await ctx.board.put("notes/1", read.page)


class Mailer(shoal.Agent):
    """B: its "model" does what the notes tell it to."""

    async def on_mail(self, mail: Mail, ctx: shoal.Context) -> str:
        notes = await ctx.board.get("notes/1", str)
        to = notes.value if notes is not None and "@" in notes.value else mail.to
        tool = SendMail()
        if refused := judge_in(ctx, mail)(tool, {"to": to}):
            raise refused
        return await tool.call({"to": to}, ctx)


@pytest_asyncio.fixture
async def system() -> AsyncIterator[shoal.System]:
    async with shoal.start("local") as running:
        await running.board().open()
        SENT.clear()
        yield running


async def test_a_hostile_page_cannot_address_a_mail_through_another_agent_and_the_error_names_its_way(
    system: shoal.System,
) -> None:
    reader, mailer = await system.spawn(Reader(), name="a"), await system.spawn(Mailer(), name="b")
    await reader.ask(Read(page="evil@example.com"))
    with pytest.raises(HandlerError) as refused:
        await mailer.ask(Mail(to="boss@example.com"))
    assert refused.value.details["type"].endswith("OriginRefused")
    assert "argument to is 'evil@example.com', of origin web" in refused.value.text
    assert "(from board key 'notes/1' of region 'main', written by a)" in refused.value.text
    assert SENT == []


async def test_the_same_mail_is_sent_when_the_person_who_asks_names_the_receiver(
    system: shoal.System,
) -> None:
    reader, mailer = await system.spawn(Reader(), name="a"), await system.spawn(Mailer(), name="b")
    await reader.ask(Read(page="evil@example.com"))
    assert await mailer.ask(Mail(to="evil@example.com")) == "sent"
    await reader.ask(Read(page="nothing to see"))
    assert await mailer.ask(Mail(to="boss@example.com")) == "sent"
    assert SENT == [{"to": "evil@example.com"}, {"to": "boss@example.com"}]


async def test_a_message_that_is_not_trusted_gives_no_trusted_values(system: shoal.System) -> None:
    mailer = await system.spawn(Mailer(), name="b")
    with pytest.raises(HandlerError, match=r"of origin web \(from a message from local"):
        await mailer.ask(Mail(to="boss@example.com"), origin=Origin.WEB)
    assert SENT == []
