"""Operations come over the network: whatever is in one, it is refused with a typed error, and nothing has changed."""

from __future__ import annotations

import pickle
from typing import Any

import msgpack
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shoal.blackboard import operations as ops
from shoal.blackboard.errors import (
    BoardRefused,
    FutureRevision,
    InvalidKey,
    InvalidOperation,
    LeaseLost,
    ValueRefused,
)
from shoal.blackboard.results import Decided
from shoal.blackboard.store import Limits
from shoal.blackboard.version import Value
from tests.blackboard.store.stand import ALICE, Stand, value

V = value()
DEEP: Any = None
for _ in range(3_000):
    DEEP = [DEEP]

ODD: list[Any] = [
    None,
    True,
    False,
    0,
    -1,
    1.5,
    float("nan"),
    float("inf"),
    -float("inf"),
    -0.0,
    2**63,
    2**64,
    10**5_000,
    -(10**5_000),
    "",
    "\x00",
    "\ud800",
    "\x7f",
    "k\n",
    "é" * 600,
    "k" * 2**20,
    b"",
    b"bytes",
    (),
    [],
    ["a"],
    ("a", 1),
    {},
    {"a"},
    DEEP,
    object(),
    Value("str", b""),
    Value("", b"\xa0"),
    Value("str", "text"),  # type: ignore[arg-type]
    Value("int", b"\xc1"),
    Value("\ud800", b"\xa0"),
    V,
    ops.Get("a"),
    ops.Where("a", "==", 1),
]


def whole(kind: Any, **fields: Any) -> Any:
    """An operation in order, but for some fields."""
    usual: dict[str, Any] = {
        "key": "key",
        "value": V,
        "prefix": "key",
        "token": 1,
        "error": "why",
        "lease": "lease",
        "ttl_s": 5.0,
        "revision": 0,
        "before": 0,
        "after": 0,
    }
    names = [name for name in kind._fields if name not in kind._field_defaults]
    return kind(**{name: usual[name] for name in names} | fields)


KINDS: list[Any] = [
    ops.Put, ops.Delete, ops.DeletePrefix, ops.Get, ops.Range, ops.History, ops.Diff, ops.Post, ops.Claim, ops.Renew,
    ops.Complete, ops.Fail, ops.GiveBack, ops.Grant, ops.KeepAlive, ops.Revoke, ops.Transaction, ops.Compact,
]  # fmt: skip
FIELDS: list[tuple[Any, str]] = [(kind, name) for kind in KINDS for name in kind._fields]


def travels(refused: BoardRefused) -> None:
    """Whether a refusal reaches who asked, and is short enough to be read."""
    assert str(pickle.loads(pickle.dumps(refused))) == str(refused)
    assert len(msgpack.packb([refused.text, refused.details])) < 6_000


@pytest.mark.parametrize(("kind", "name"), FIELDS, ids=lambda part: getattr(part, "__name__", part))
def test_a_field_with_anything_in_it_is_done_or_refused_and_the_refusal_travels(kind: Any, name: str) -> None:
    stand = Stand()
    stand.put("entry")
    stand.post("job", {"a": 1})
    for odd in ODD:
        before = stand.store.revision, stand.range()
        try:
            stand.do(whole(kind, **{name: odd}))
        except BoardRefused as refused:
            travels(refused)
            assert (stand.store.revision, stand.range()) == before
        for commit in stand.commits[-1:]:
            msgpack.packb(commit)


@pytest.mark.parametrize("odd", ODD, ids=lambda odd: type(odd).__name__)
def test_what_is_no_operation_is_refused(odd: Any) -> None:
    stand = Stand()
    if type(odd) is not ops.Get:
        with pytest.raises(InvalidOperation):
            stand.do(odd)
    for steps in ((odd,), [odd], (ops.Put("a", V), odd)):
        if type(odd) is not ops.Get:
            with pytest.raises(InvalidOperation):
                stand.do(ops.Transaction((), steps))  # type: ignore[arg-type]
            with pytest.raises(InvalidOperation):
                stand.do(ops.Transaction((), (), steps))  # type: ignore[arg-type]
    with pytest.raises(InvalidOperation):
        stand.do(ops.Transaction((odd,)))
    assert stand.store.revision == 0


@pytest.mark.parametrize(
    "step",
    [ops.Claim(), ops.Grant("a", 1), ops.Compact(0), ops.Transaction(), ops.History("a"), ops.Renew("a", 1)],
)
def test_some_operations_are_no_steps_of_a_transaction(step: Any) -> None:
    with pytest.raises(InvalidOperation):
        Stand().do(ops.Transaction((), (step,)))


@pytest.mark.parametrize("field", ["key", "target", "comparison", "operand"])
def test_a_compare_with_anything_in_it_holds_or_is_refused(field: str) -> None:
    stand = Stand()
    stand.put("entry", {"a": 1})
    stand.put("broken", 1)
    stand.do(ops.Put("broken", Value("int", b"\xc1")))
    for odd in [*ODD, Value("list", msgpack.packb([1]))]:
        for key in ("entry", "broken", "nothing"):
            for target, operand in (("value", V), ("version", 1)):
                for comparison in ("==", "<"):
                    fields = {"key": key, "target": target, "comparison": comparison, "operand": operand}
                    try:
                        stand.do(ops.Transaction((ops.Compare(**(fields | {field: odd})),)))
                    except BoardRefused as refused:
                        travels(refused)


@pytest.mark.parametrize("field", ["field", "comparison", "operand"])
def test_a_predicate_with_anything_in_it_fits_or_is_refused(field: str) -> None:
    stand = Stand()
    for n, of in enumerate(
        [{"a": 1}, {"a": "x"}, {"a": None}, {"a": [[1]]}, [1], 7, {"a": {"a": 1}}, {1: 2}]
    ):
        stand.post(f"job/{n}", of)
    stand.do(ops.Post("broken", Value("dict", b"\xc1\xff")))
    stand.do(ops.Post("key is a list", Value("dict", b"\x81\x91\x01\x01")))
    for odd in ODD:
        for comparison in ("==", "!=", ">="):
            fields = {"field": "a", "comparison": comparison, "operand": 1}
            try:
                stand.do(ops.Claim(where=(ops.Where(**(fields | {field: odd})),)))
            except BoardRefused as refused:
                travels(refused)


def test_values_that_cannot_be_decoded_equal_themselves_only() -> None:
    stand = Stand()
    broken, other = Value("dict", b"\xc1"), Value("dict", b"\xc1\xc1")
    stand.do(ops.Put("broken", broken))
    for comparison, operand, expected in (("==", broken, True), ("==", other, False), ("!=", other, True)):
        decided = stand.do(ops.Transaction((ops.Compare("broken", "value", comparison, operand),)))  # type: ignore[arg-type]
        assert isinstance(decided, Decided)
        assert decided.succeeded is expected


def test_values_nested_too_deep_to_be_compared_are_unequal() -> None:
    stand = Stand()
    packed = b"\x91" * 900 + b"\x01"
    stand.post("job", 1)
    stand.do(ops.Post("deep", Value("dict", b"\x81\xa1a" + packed)))
    stand.do(ops.Claim(where=(ops.Where("a", "==", DEEP),)))
    compare = ops.Compare("deep", "value", "==", Value("dict", b"\x81\xa1a" + b"\x91" * 100_000))
    stand.do(ops.Transaction((compare,)))


@pytest.mark.parametrize(
    "key", ["", "\x00", "a\nb", "\x7f", "\ud800", "x" * 1025, "é" * 513, None, 7, b"a", ("a",)]
)
def test_a_key_that_keys_may_not_be_is_refused(key: Any) -> None:
    stand = Stand()
    for operation in (ops.Put(key, V), ops.Get(key), ops.Delete(key), ops.Post(key, V), ops.History(key)):
        with pytest.raises(InvalidKey):
            stand.do(operation)


@pytest.mark.parametrize(
    "key", ["x" * 1024, "é" * 512, " ", "/", "//", "a b", "key:a", "\x80", "\u200b", "日本"]
)
def test_any_other_text_is_a_key(key: str) -> None:
    stand = Stand()
    stand.put(key, ttl_s=5)
    assert stand.keys(key) == stand.keys() == [key]
    stand.do(ops.Delete(key))
    stand.post(key, tags=("x",))
    assert stand.claimed(prefix=key, tags=("x",))[0] == key


def test_a_key_of_a_megabyte_is_refused_with_a_short_text() -> None:
    with pytest.raises(InvalidKey) as refused:
        Stand().put("k" * 2**20)
    assert len(str(refused.value)) < 300
    assert len(refused.value.details["key"]) < 300


@pytest.mark.parametrize(
    "seconds", [0, -1, 0.0, float("nan"), float("inf"), True, "5", None, 10**400, 366 * 86_400]
)
def test_a_lease_of_no_time_or_of_too_much_is_refused(seconds: Any) -> None:
    stand = Stand()
    stand.post("job")
    for operation in (ops.Grant("mine", seconds), ops.Claim(lease_s=seconds), ops.Put("a", V, ttl_s=seconds)):
        if seconds is None and isinstance(operation, ops.Put):
            continue
        with pytest.raises(InvalidOperation):
            stand.do(operation)
    assert stand.store.revision == 1


@pytest.mark.parametrize("lease_s", [1e-9, 1, 365 * 86_400])
def test_a_lease_can_be_as_short_as_can_be_and_as_long_as_a_year(lease_s: float) -> None:
    stand = Stand()
    stand.post("job")
    stand.claim(lease_s=lease_s)
    stand.advance(lease_s)
    assert stand.item("job").state == "open"


@pytest.mark.parametrize("revision", [-1, True, 1.0, "1", float("nan")])
def test_what_is_no_revision_is_refused(revision: Any) -> None:
    stand = Stand()
    stand.put("a")
    for operation in (
        ops.Get("a", revision),
        ops.Range(revision=revision),
        ops.Put("a", V, revision),
        ops.Delete("a", revision),
        ops.History("a", revision),
        ops.Diff(revision, 0),
        ops.Diff(0, revision),
        ops.Compact(revision),
    ):
        with pytest.raises(InvalidOperation):
            stand.do(operation)


@pytest.mark.parametrize("revision", [2, 10**9, 2**64 - 1])
def test_a_revision_that_does_not_exist_yet_is_refused(revision: int) -> None:
    stand = Stand()
    stand.put("a")
    for operation in (
        ops.Get("a", revision),
        ops.Range(revision=revision),
        ops.Diff(revision, 0),
        ops.Diff(0, revision),
        ops.Compact(revision),
        ops.Transaction((), (ops.Put("a", V), ops.Get("a", revision))),
    ):
        with pytest.raises(FutureRevision):
            stand.do(operation)


def test_values_over_the_limit_or_of_no_shape_are_refused() -> None:
    stand = Stand(limits=Limits(value_bytes=100))
    stand.post("job")
    key, token = stand.claimed()
    stand.do(ops.Put("a", Value("bytes", b"x" * 100)))
    for odd in (Value("bytes", b"x" * 101), ("str", b"x"), None, b"x", Value("", b"x"), Value(3, b"")):  # type: ignore[arg-type]
        for operation in (ops.Put("a", odd), ops.Post("b", odd), ops.Complete(key, token, odd)):  # type: ignore[arg-type]
            if odd is None and isinstance(operation, ops.Complete):
                continue
            with pytest.raises(ValueRefused):
                stand.do(operation)
    assert stand.item(key).state == "claimed"


def test_tags_that_are_no_texts_or_too_many_are_refused() -> None:
    stand = Stand()
    for tags in (
        "red",
        ("",),
        (1,),
        (None,),
        ("\ud800",),
        {"red"},
        ("x" * 2_000,),
        tuple(map(str, range(33))),
    ):
        with pytest.raises(InvalidOperation):
            stand.post("job", tags=tags)
        with pytest.raises(InvalidOperation):
            stand.claim(tags=tags)
    stand.post("job", tags=["red"])
    assert stand.item("job").tags == ("red",)


def test_a_token_of_the_wrong_type_is_no_token() -> None:
    stand = Stand()
    stand.post("job")
    key, token = stand.claimed()
    for odd in (True, float(token), str(token), None):
        with pytest.raises(InvalidOperation):
            stand.do(ops.Complete(key, odd))  # type: ignore[arg-type]
    with pytest.raises(LeaseLost):
        stand.do(ops.Complete(key, token + 1))


@settings(max_examples=200)
@given(st.data())
def test_any_mixture_of_odd_fields_is_done_or_refused(data: st.DataObject) -> None:
    stand = Stand(limits=Limits(entries_per_commit=5, page=3))
    stand.put("key")
    odd = st.sampled_from([*ODD, "key", "job", 1, 2, 3, 0.5, "==", "value"])
    for _ in range(5):
        kind = data.draw(st.sampled_from(KINDS))
        fields = data.draw(st.dictionaries(st.sampled_from(kind._fields), odd))
        try:
            stand.store.execute(whole(kind, **fields), ALICE, stand.now)
        except BoardRefused as refused:
            travels(refused)
        stand.store.advance(stand.now)
        assert (stand.store.due() or stand.now + 1) > stand.now
