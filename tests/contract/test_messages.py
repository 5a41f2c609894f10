"""What may be sent, how it is dispatched, and what is refused (DESIGN 4.1), on every host."""

from __future__ import annotations

import asyncio
import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import shoal
from shoal.runtime.errors import InvalidMessage, MessageTooDeep, MessageTooLarge, NotAMessage, UnknownMessage
from tests.contract.agents import (
    Answer,
    Counter,
    Echo,
    Loose,
    Note,
    Notes,
    Number,
    Order,
    OtherOrder,
    Player,
    Seen,
    Sized,
    Text,
    Unheard,
    add,
    shout,
)
from tests.contract.waiting import letters_to

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.ray]
Fresh = Callable[[str], str]


class Evil:
    """Pickle would make a directory when it reads this."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.path),)


async def test_an_ask_is_dispatched_by_message_type_and_the_answer_keeps_its_type(
    system: shoal.System, crowd: str, fresh: Fresh
) -> None:
    echo = await system.spawn(Echo(), name=fresh("echo"), host=crowd)
    assert await echo.ask(Text(text="hello")) == Text(text="hello")


async def test_a_handler_of_a_union_takes_each_of_its_types(
    system: shoal.System, crowd: str, fresh: Fresh
) -> None:
    echo = await system.spawn(Echo(), name=fresh("echo"), host=crowd)
    assert await echo.ask(Number(n=1)) == ["union", "Number"]
    assert await echo.ask(Loose(value=None)) == ["union", "Loose"]


@pytest.mark.parametrize("value", [7, "seven", b"\x07", [1, [2, None]], {"seven": 7.5}], ids=repr)
async def test_native_values_are_messages(system: shoal.System, crowd: str, fresh: Fresh, value: Any) -> None:
    echo = await system.spawn(Echo(), name=fresh("echo"), host=crowd)
    assert await echo.ask(value) == ["native", value]


async def test_a_function_is_an_agent(system: shoal.System, crowd: str, fresh: Fresh) -> None:
    ref = await system.spawn(shout, name=fresh("shout"), host=crowd)
    assert await ref.ask("quiet") == "QUIET"


async def test_state_is_a_model_made_at_the_start(system: shoal.System, crowd: str, fresh: Fresh) -> None:
    counter = await system.spawn(Counter(), name=fresh("counter"), host=crowd)
    assert [await counter.ask(Number(n=2)) for _ in range(3)] == [2, 4, 6]


async def test_a_ref_travels_in_a_message_and_works_where_it_arrives(
    system: shoal.System, crowd: str, fresh: Fresh, stage: shoal.Ref
) -> None:
    player = await system.spawn(Player(stage), name=fresh("player"), host=crowd)
    await player.tell(Answer(to=stage, text="got it"))
    assert await stage.ask(Notes(count=1)) == ["got it"]


async def test_a_pickled_ref_is_equal_and_its_address_reaches_the_agent(
    system: shoal.System, crowd: str, fresh: Fresh
) -> None:
    echo = await system.spawn(Echo(), name=fresh("echo"), host=crowd)
    copy = pickle.loads(pickle.dumps(echo))
    assert copy == echo
    assert await system.ref(copy.address).ask(Text(text="again")) == Text(text="again")


async def test_messages_of_one_sender_are_handled_in_their_order(
    system: shoal.System, crowd: str, fresh: Fresh, stage: shoal.Ref
) -> None:
    player = await system.spawn(Player(stage), name=fresh("player"), host=crowd)
    for number in range(2000):
        await player.tell(Note(text=str(number)))
    assert await player.ask(Seen()) == [str(number) for number in range(2000)]


async def test_a_message_without_handler_is_refused_with_what_the_agent_accepts(
    system: shoal.System, crowd: str, fresh: Fresh
) -> None:
    echo = await system.spawn(Echo(), name=fresh("echo"), host=crowd)
    with pytest.raises(UnknownMessage, match=r"Unheard.*accepts.*Text"):
        await echo.ask(Unheard())
    assert await echo.ask(Text(text="alive")) == Text(text="alive")


async def test_a_told_message_without_handler_becomes_a_dead_letter(
    system: shoal.System, crowd: str, fresh: Fresh
) -> None:
    echo = await system.spawn(Echo(), name=fresh("echo"), host=crowd)
    await echo.tell(Unheard(text="hm"))
    (letter,) = await letters_to(system, echo)
    assert letter.reason == "unknown_message"
    assert letter.tag.endswith("Unheard")


async def test_a_field_of_the_wrong_type_is_named_to_the_asker(
    system: shoal.System, crowd: str, fresh: Fresh
) -> None:
    echo = await system.spawn(Echo(), name=fresh("echo"), host=crowd)
    with pytest.raises(InvalidMessage, match=r"quantity: .*integer.*found 'many'"):
        await echo.ask(OtherOrder(item="nut", quantity="many"))
    assert await echo.ask(Order(item="nut", quantity=3)) == 3


async def test_a_told_message_with_a_wrong_field_becomes_a_dead_letter_that_names_it(
    system: shoal.System, crowd: str, fresh: Fresh
) -> None:
    echo = await system.spawn(Echo(), name=fresh("echo"), host=crowd)
    await echo.tell(OtherOrder(item="nut", quantity="many"))
    (letter,) = await letters_to(system, echo)
    assert letter.reason == "invalid_message"
    assert "quantity" in letter.detail


async def test_an_element_of_the_wrong_type_is_named_to_the_asker_and_in_a_dead_letter(
    system: shoal.System, crowd: str, fresh: Fresh
) -> None:
    adder = await system.spawn(add, name=fresh("adder"), host=crowd)
    assert await adder.ask([1, 2, 3]) == 6
    with pytest.raises(InvalidMessage, match=r"message list: 1: .*integer.*found 'two'"):
        await adder.ask([1, "two"])
    await adder.tell([None])
    asked, told = await letters_to(system, adder, 2)
    assert asked.reason == told.reason == "invalid_message"
    assert "found None" in told.detail
    assert await adder.ask([4]) == 4


@pytest.mark.parametrize("wrap", [lambda evil: evil, lambda evil: [evil], lambda evil: {"deep": [evil]}])
async def test_an_object_that_is_no_message_is_refused_and_never_pickled(
    system: shoal.System, crowd: str, fresh: Fresh, tmp_path: Path, wrap: Callable[[Evil], Any]
) -> None:
    echo = await system.spawn(Echo(), name=fresh("echo"), host=crowd)
    marker = tmp_path / "executed"
    for send in (echo.tell, echo.ask):
        with pytest.raises(NotAMessage):
            await send(wrap(Evil(marker)))
    assert not marker.exists()
    assert await echo.ask(Text(text="alive")) == Text(text="alive")


async def test_an_object_hidden_in_a_model_is_refused_where_the_message_leaves_the_process(
    coded: shoal.System, crowd: str, fresh: Fresh, tmp_path: Path
) -> None:
    echo = await coded.spawn(Echo(), name=fresh("echo"), host=crowd)
    with pytest.raises(NotAMessage):
        await echo.ask(Loose(value=Evil(tmp_path / "executed")))
    assert not (tmp_path / "executed").exists()


async def test_a_payload_of_100_mb_is_refused_at_the_sender(
    coded: shoal.System, crowd: str, fresh: Fresh
) -> None:
    sized = await coded.spawn(Sized(), name=fresh("sized"), host=crowd)
    with pytest.raises(MessageTooLarge, match="max_message_bytes"):
        await sized.ask(bytes(100_000_000))
    assert await sized.ask(b"small") == 5


async def test_nesting_10000_deep_is_refused_at_the_sender(
    system: shoal.System, crowd: str, fresh: Fresh
) -> None:
    echo = await system.spawn(Echo(), name=fresh("echo"), host=crowd)
    nested: list[Any] = []
    for _ in range(10_000):
        nested = [nested]
    with pytest.raises(MessageTooDeep):
        await echo.ask(nested)
    with pytest.raises(MessageTooDeep):
        await echo.tell(nested)
    assert await echo.ask([1]) == ["native", [1]]


async def test_large_messages_and_large_answers_arrive_whole(
    system: shoal.System, crowd: str, fresh: Fresh
) -> None:
    sized = await system.spawn(Sized(), name=fresh("sized"), host=crowd)
    assert await sized.ask(bytes(5_000_000)) == 5_000_000
    assert await sized.ask(Number(n=5_000_000)) == bytes(5_000_000)
    answers = await asyncio.gather(*(sized.ask(Number(n=600_000 + n)) for n in range(8)))
    assert [len(answer) for answer in answers] == [600_000 + n for n in range(8)]


async def test_spawn_many_starts_a_thousand_agents_that_all_answer(
    system: shoal.System, fresh: Fresh
) -> None:
    refs = await system.spawn_many(Echo(), 1000, name=fresh("many"))
    answers = await asyncio.gather(*(ref.ask(number) for number, ref in enumerate(refs)))
    assert answers == [["native", number] for number in range(1000)]
