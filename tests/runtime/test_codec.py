"""Messages to bytes and back: what travels comes out the same, and what must not travel is refused at the sender."""

from __future__ import annotations

import datetime
import math
import os
import sys
import uuid
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from shoal.runtime.codec import (
    NATIVE_TAGS,
    decode,
    decode_as,
    encode,
    entry_of,
    loaded_model,
    message,
    tag_of,
)
from shoal.runtime.config import MIB
from shoal.runtime.errors import (
    ConfigError,
    InvalidMessage,
    MessageError,
    MessageTooDeep,
    MessageTooLarge,
    NotAMessage,
    UnknownMessage,
)
from tests.runtime.strategies import damaged, natives


class Note(BaseModel):
    text: str
    marks: list[int] = Field(default_factory=list)
    weight: float | None = None
    raw: bytes = b""


class Thread(BaseModel):
    first: Note
    rest: dict[str, Note] = Field(default_factory=dict)


class Anything(BaseModel):
    value: Any = None


@message("test.renamed")
class Renamed(BaseModel):
    number: int


notes = st.builds(
    Note,
    text=st.text(st.characters(exclude_categories=["Cs"])),
    marks=st.lists(st.integers(-(2**63), 2**64 - 1)),
    weight=st.none() | st.floats(allow_nan=False),
    raw=st.binary(),
)
models = notes | st.builds(Thread, first=notes, rest=st.dictionaries(st.text("abc"), notes, max_size=3))
encodings = (models | natives()).map(encode)


# -- what travels ---------------------------------------------------------------------------------------------


@given(value=models)
def test_a_model_comes_back_as_it_was(value: BaseModel) -> None:
    assert decode(*encode(value)) == value


@given(value=natives(nan=False))
def test_a_native_value_comes_back_as_it_was(value: Any) -> None:
    back = decode(*encode(value))
    assert back == value
    assert type(back) is type(value)


class Colour(Enum):
    RED = "red"


class Rich(BaseModel):
    at: datetime.datetime | None = None
    day: datetime.date | None = None
    lasting: datetime.timedelta | None = None
    key: uuid.UUID | None = None
    price: Decimal | None = None
    path: Path | None = None
    colour: Colour | None = None
    numbers: set[int] | None = None
    days: dict[uuid.UUID, datetime.date] | None = None
    raw: bytes = b"\xff not text"


@given(
    value=st.builds(
        Rich,
        at=st.none() | st.datetimes(timezones=st.none() | st.just(datetime.UTC)),
        day=st.none() | st.dates(),
        lasting=st.none() | st.timedeltas(),
        key=st.none() | st.uuids(),
        price=st.none() | st.decimals(allow_nan=False, allow_infinity=False),
        path=st.none() | st.sampled_from([Path("/tmp/x"), Path("a/b.txt")]),
        colour=st.none() | st.just(Colour.RED),
        numbers=st.none() | st.sets(st.integers(-5, 5)),
        days=st.none() | st.dictionaries(st.uuids(), st.dates(), max_size=3),
    )
)
def test_fields_that_msgpack_has_no_type_for_come_back_as_they_were(value: Rich) -> None:
    assert decode(*encode(value)) == value


def test_a_value_that_would_come_back_as_another_type_is_refused() -> None:
    for value in ({1, 2}, datetime.date(2020, 1, 1), Colour.RED):
        with pytest.raises(NotAMessage):
            encode(Anything(value=[value]))


def test_a_tuple_comes_back_as_a_list() -> None:
    assert decode(*encode((1, (2, 3)))) == [1, [2, 3]]


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, -0.0, sys.float_info.min])
def test_every_float_there_is_comes_back_as_it_was(value: float) -> None:
    assert repr(decode(*encode(value))) == repr(value)
    assert repr(decode(*encode(Note(text="", weight=value))).weight) == repr(value)


def test_a_tag_given_to_a_model_stands_for_it_instead_of_its_module_and_name() -> None:
    tag, payload = encode(Renamed(number=3))
    assert tag == "test.renamed"
    assert decode(tag, payload) == Renamed(number=3)
    assert tag_of(Note) == f"{__name__}:Note"


def test_a_subclass_does_not_inherit_the_tag_of_its_parent() -> None:
    class Child(Renamed):
        more: int = 0

    assert tag_of(Child) != tag_of(Renamed)


@pytest.mark.parametrize("tag", ["", *sorted(NATIVE_TAGS)])
def test_a_tag_that_is_empty_or_stands_for_a_native_type_is_refused(tag: str) -> None:
    with pytest.raises(ConfigError, match="cannot be a message tag"):
        message(tag)


def test_only_a_model_can_be_given_a_tag() -> None:
    with pytest.raises(ConfigError, match="Pydantic models"):
        message("test.number")(int)  # type: ignore[arg-type]


def test_an_unknown_tag_is_an_error_that_names_it_and_imports_nothing() -> None:
    assert "this" not in sys.modules
    with pytest.raises(UnknownMessage, match="this:Zen"):
        decode("this:Zen", b"\xc0")
    assert "this" not in sys.modules


def test_a_model_is_found_by_its_tag_once_its_module_is_loaded() -> None:
    assert loaded_model(tag_of(Thread)) is Thread


# -- what is refused at the sender ----------------------------------------------------------------------------


class Bomb:
    """An object whose unpickling leaves a file behind."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (f"touch {self.marker}",)


def test_an_object_that_would_run_code_when_unpickled_is_refused_and_its_code_never_runs(
    tmp_path: Path,
) -> None:
    marker = tmp_path / "marker"
    bomb = Bomb(marker)
    for value in (bomb, {"content": bomb}, [[bomb]], Anything(value=bomb), Anything(value={"deep": [bomb]})):
        with pytest.raises(NotAMessage):
            encode(value)
    assert not marker.exists()


@pytest.mark.parametrize(
    "value",
    [
        object(),
        {1, 2},
        3 + 4j,
        range(3),
        bytearray(b"x"),
        lambda: 0,
        Note,
        datetime.date(2020, 1, 1),
        "\udcff",
    ],
    ids=lambda value: (
        type(value).__name__
    ),  # repr has addresses, which differ between the workers of pytest-xdist
)
def test_what_is_neither_a_model_nor_native_is_refused_wherever_it_stands(value: object) -> None:
    for holder in ([value], {"key": value}, Anything(value=[value])):
        if isinstance(value, bytearray):
            continue  # travels inside others as the bytes it holds
        with pytest.raises(NotAMessage):
            encode(holder)
    with pytest.raises(NotAMessage):
        encode(value)


@pytest.mark.parametrize("number", [2**64, -(2**63) - 1, 10**400])
def test_an_integer_of_more_than_64_bits_is_refused(number: int) -> None:
    for value in (number, [number], Anything(value=number)):
        with pytest.raises(NotAMessage, match="out of range"):
            encode(value)


def nested(depth: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize("depth", [2000, 10_000])
def test_nesting_deeper_than_the_limit_is_refused(depth: int) -> None:
    for value in (nested(depth), Anything(value=nested(depth)), Anything(value={"a": nested(depth)})):
        with pytest.raises(MessageTooDeep, match="deep"):
            encode(value)


def test_a_value_that_contains_itself_is_refused() -> None:
    loop: list[Any] = []
    loop.append(loop)
    with pytest.raises(MessageTooDeep):
        encode(loop)
    with pytest.raises(MessageError):
        encode(Anything(value=loop))


def test_a_hundred_megabytes_are_refused_with_an_error_that_names_the_limit() -> None:
    with pytest.raises(MessageTooLarge, match=r"67,108,864 \(max_message_bytes\)"):
        encode(bytes(100_000_000))


def test_the_limit_counts_encoded_bytes_and_is_met_to_the_byte() -> None:
    _, payload = encode(Note(text="x" * 100))
    encode(Note(text="x" * 100), limit=len(payload))
    with pytest.raises(MessageTooLarge):
        encode(Note(text="x" * 100), limit=len(payload) - 1)


def test_a_message_that_was_refused_half_way_leaves_nothing_in_the_next_one() -> None:
    for bad in (
        [b"left over", object()],
        ["left over", 2**70],
        Anything(value=["left over", object()]),
        nested(2000),
    ):
        with pytest.raises(MessageError):
            encode(bad)
        assert encode(1) == ("int", b"\x01")


def test_the_memory_of_a_large_message_is_given_back() -> None:
    encode(b"")
    before = _resident_bytes()
    for size in (60 * MIB, 100_000_000):
        with pytest.raises(MessageTooLarge):
            encode(bytes(size), limit=MIB)
    assert _resident_bytes() - before < 20 * MIB


def _resident_bytes() -> int:
    import psutil

    return int(psutil.Process().memory_info().rss)


# -- what a receiver makes of bytes ---------------------------------------------------------------------------

_TAGS = st.sampled_from(
    [*sorted(NATIVE_TAGS), tag_of(Note), tag_of(Thread), tag_of(Renamed), tag_of(Anything)]
)


@given(tag=_TAGS, payload=st.binary(max_size=200))
def test_arbitrary_bytes_are_a_message_or_an_error_of_the_message(tag: str, payload: bytes) -> None:
    _decode_or_refuse(tag, payload)


@given(tag=_TAGS, payload=damaged(encodings.map(lambda encoded: encoded[1])))
def test_damaged_messages_are_a_message_or_an_error_of_the_message(tag: str, payload: bytes) -> None:
    _decode_or_refuse(tag, payload)


@given(tag=_TAGS, value=natives())
def test_values_that_do_not_fit_their_tag_are_a_message_or_an_error_of_the_message(
    tag: str, value: Any
) -> None:
    _decode_or_refuse(tag, msgpack.packb(value))


def _decode_or_refuse(tag: str, payload: bytes) -> None:
    try:
        value = decode(tag, payload)
    except InvalidMessage:
        return
    else:
        assert tag_of(type(value)) == tag or (tag == "float" and type(value) is int)


_HURTFUL = {
    "nested": b"\x91" * 10_000 + b"\xc0",
    "extension": b"\xc9" + b"\xff" * 50,
    "long array": b"\xdd\xff\xff\xff\xff",
    "long map": b"\xdf\xff\xff\xff\xff",
    "long bytes": b"\xc6\xff\xff\xff\xff",
    "arrays in arrays": b"\xdd\x00\x01\x00\x00" * 500,
    "empty": b"",
    "reserved": b"\xc1",
    "list as key": b"\x81\x90\xc0",
    "not utf-8": b"\xa1\xff",
    "trailing": b"\x01more",
}


@pytest.mark.parametrize("payload", _HURTFUL.values(), ids=_HURTFUL.keys())
def test_bytes_made_to_hurt_are_refused(payload: bytes) -> None:
    for tag in ("list", "dict", tag_of(Anything)):
        with pytest.raises(InvalidMessage):
            decode(tag, payload)


def test_a_field_of_the_wrong_type_is_named_in_the_error() -> None:
    payload = msgpack.packb({"first": {"text": "a", "marks": [1, "two"]}})
    with pytest.raises(InvalidMessage, match=r"first\.marks\.1.*two"):
        decode_as(entry_of(Thread), payload)


def test_an_error_shows_no_more_than_the_beginning_of_a_long_value() -> None:
    with pytest.raises(InvalidMessage) as caught:
        decode(tag_of(Renamed), msgpack.packb({"number": "x" * 100_000}))
    assert len(str(caught.value)) < 500
