"""What is packed is read as it was; whatever else comes is a protocol error, never another one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, get_args

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoal.blackboard.errors import InvalidOperation
from shoal.blackboard.operations import (
    Claim,
    Compare,
    Get,
    Grant,
    Operation,
    Put,
    Range,
    Renew,
    Step,
    Transaction,
    Where,
)
from shoal.blackboard.packing import (
    pack_request,
    pack_result,
    pack_version,
    pack_versions,
    unpack_request,
    unpack_result,
    unpack_version,
    unpack_versions,
)
from shoal.blackboard.results import Result, Written
from shoal.blackboard.version import Item, Value, Version
from shoal.runtime.errors import ProtocolError
from shoal.runtime.packing import LARGE_BYTES
from tests.blackboard.operations_strategy import natives, operations, results, versions
from tests.runtime.strategies import damaged

VALUE = Value("dict", b"\x80")
VERSION = Version("a", VALUE, 3, 7, 2, "agent/x", b"m" * 12, "task", 1.5, "lease", Item(tags=("a", "b")))
DELETION = Version("a", None, 0, 8, 0, "", b"", None, 2.0)
READERS: list[Callable[[bytes], Any]] = [unpack_request, unpack_result, unpack_version, unpack_versions]
packed = st.one_of(
    operations.map(pack_request),
    results.map(pack_result),
    versions().map(pack_version),
    st.lists(versions(), max_size=3).map(pack_versions),
)


@given(operation=operations)
def test_an_operation_is_read_as_it_was_packed(operation: Operation) -> None:
    assert unpack_request(memoryview(pack_request(operation))) == operation
    assert type(unpack_request(pack_request(operation))) is type(operation)


@given(result=results)
def test_a_result_is_read_as_it_was_packed(result: Result) -> None:
    assert unpack_result(memoryview(pack_result(result))) == result
    assert type(unpack_result(pack_result(result))) is type(result)


@given(some=st.lists(versions(), max_size=4))
def test_versions_are_read_as_they_were_packed(some: list[Version]) -> None:
    assert unpack_versions(pack_versions(some)) == tuple(some)
    for version in some:
        again = unpack_version(pack_version(version))
        assert again == version
        assert type(again.value) is type(version.value)
        assert type(again.item) is type(version.item)


@given(data=st.binary(max_size=200) | damaged(packed))
def test_arbitrary_and_damaged_bytes_are_read_or_a_protocol_error(data: bytes) -> None:
    _read_or_refuse(data)


@given(data=packed, at=st.data())
def test_bytes_with_any_one_value_replaced_are_read_or_a_protocol_error(
    data: bytes, at: st.DataObject
) -> None:
    _read_or_refuse(msgpack.packb(_replace_one(msgpack.unpackb(data), at)))


@given(fields=natives, code=st.sampled_from([*range(20), True, 1.0, "1", None, -1, 2**64 - 1]))
def test_values_that_are_no_request_and_no_result_are_a_protocol_error(fields: Any, code: Any) -> None:
    for value in (fields, [code], [code, fields], [code, [fields] * 5], [code, [], 1]):
        _read_or_refuse(msgpack.packb(value))


def _replace_one(value: Any, at: st.DataObject) -> Any:
    if isinstance(value, list) and value and at.draw(st.integers(0, 5)):
        index = at.draw(st.integers(0, len(value) - 1))
        return [*value[:index], _replace_one(value[index], at), *value[index + 1 :]]
    return at.draw(natives)


def _read_or_refuse(data: bytes) -> None:
    """What is read can be packed again and means the same."""
    packers: list[Callable[[Any], bytes]] = [pack_request, pack_result, pack_version, pack_versions]
    for read, pack in zip(READERS, packers, strict=True):
        try:
            found = read(data)
        except ProtocolError:
            continue
        again = pack(found)
        assert pack(read(again)) == again


@pytest.mark.parametrize(
    "fields",
    [
        [True, ["a", None]],
        [1.0, ["a", None]],
        [0, []],
        [19, []],
        [4, ["a"]],
        [4, ["a", None, None]],
        [4, "a"],
        [3, "a"],
        [3, {"prefix": "a"}],
        [4, [b"a", None]],
        [4, ["a", True]],
        [4, ["a", 1.0]],
        [1, ["a", ["dict", "text"], None, None, None]],
        [1, ["a", ["dict"], None, None, None]],
        [1, ["a", {"tag": 1, "payload": 2}, None, None, None]],
        [1, ["a", None, None, None, None]],
        [1, ["a", ["dict", b""], None, None, True]],
        [5, ["", "", None, 0, "value", False]],
        [5, ["", "", None, 0, "key", 0]],
        [9, [30.0, "", ["a", 1], []]],
        [9, [30.0, "", [], [["a", "~", b"\x01"]]]],
        [9, [30.0, "", [], [["a", "==", b""]]]],
        [9, [30.0, "", [], [["a", "==", 1]]]],
        [17, [[["a", "color", "==", 1]], [], []]],
        [17, [[["a", "value", "==", True]], [], []]],
        [17, [[], [[9, [30.0, "", [], []]]], []]],
        [17, [[], [[17, [[], [], []]]], []]],
    ],
)
def test_a_request_with_a_field_of_another_type_or_meaning_is_refused(fields: Any) -> None:
    with pytest.raises(ProtocolError, match="no request"):
        unpack_request(msgpack.packb(fields))


@pytest.mark.parametrize(
    "changes",
    [
        {"create_revision": 0},
        {"create_revision": 8},
        {"create_revision": -1},
        {"version": 0},
        {"mod_revision": 0},
        {"mod_revision": True},
        {"value": None},
        {"key": None},
        {"at": "1"},
        {"message_id": "text"},
        {"item": ["open"]},
        {"item": Item(state="lost")},  # type: ignore[arg-type]
        {"item": Item(tags=("a", 1))},  # type: ignore[arg-type]
        {"item": Item(result=("dict", b"", 1))},  # type: ignore[arg-type]
    ],
)
def test_a_version_whose_fields_do_not_fit_each_other_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ProtocolError, match="no version"):
        unpack_version(msgpack.packb(VERSION._replace(**changes)))
    with pytest.raises(ProtocolError):
        unpack_result(msgpack.packb([1, [7, VERSION._replace(**changes), 0]]))
    assert unpack_version(pack_version(VERSION)) == VERSION


def test_a_deletion_has_no_value_and_no_revision_of_creation() -> None:
    assert unpack_version(pack_version(DELETION)) == DELETION
    assert DELETION.deleted
    for changes in ({"create_revision": 1}, {"version": 1}, {"value": VALUE}):
        with pytest.raises(ProtocolError):
            unpack_version(msgpack.packb(DELETION._replace(**changes)))


def test_each_operation_has_a_code_and_only_steps_may_stand_in_a_transaction() -> None:
    """The codes are the protocol: they are counted here so that none is taken away or given twice."""
    for kind in get_args(Operation):
        examples: dict[str, Any] = {
            "key": "a",
            "value": VALUE,
            "token": 1,
            "error": "",
            "lease": "l",
            "ttl_s": 1,
        }
        examples |= {"prefix": "p", "before": 1, "after": 2, "revision": 1}
        wanted = [name for name in kind._fields if name not in kind._field_defaults]
        operation = kind(**{name: examples[name] for name in wanted})
        assert unpack_request(pack_request(operation)) == operation
        inside = pack_request(Transaction(then=(operation,)))
        if kind in get_args(Step):
            assert unpack_request(inside) == Transaction(then=(operation,))
        else:
            with pytest.raises(ProtocolError, match="no step of a transaction"):
                unpack_request(inside)


def test_whole_numbers_may_stand_for_seconds_and_lists_in_predicates_stay_lists() -> None:
    assert unpack_request(pack_request(Grant("l", 5))) == Grant("l", 5.0)
    claim = Claim(where=(Where("size", "==", [1, {"a": [2]}]),))
    found = unpack_request(pack_request(claim))
    assert isinstance(found, Claim)
    assert found.where[0].operand == [1, {"a": [2]}]


@pytest.mark.parametrize(
    "operation",
    [
        Get("\ud800"),
        Renew("a", 2**64),
        Put("a", Value("dict", object())),  # type: ignore[arg-type]
        Claim(where=(Where("a", "==", object()),)),
        Claim(where=(1,)),  # type: ignore[arg-type]
        Transaction(then=(Claim, 1)),  # type: ignore[arg-type]
        Transaction(then=5),  # type: ignore[arg-type]
        Value("dict", b""),
        None,
    ],
)
def test_an_operation_that_cannot_be_sent_is_refused_before_it_is_sent(operation: Any) -> None:
    with pytest.raises(InvalidOperation, match="cannot be sent"):
        pack_request(operation)
    assert unpack_request(pack_request(Get("a"))) == Get("a")


def test_a_wrong_type_that_can_be_packed_is_refused_where_it_arrives() -> None:
    for operation in (
        Put("a", Value("dict", b""), ttl_s="1"),  # type: ignore[arg-type]
        Range(limit=None),  # type: ignore[arg-type]
        Transaction((Compare("a", "value", "==", "text"),)),  # type: ignore[arg-type]
        Transaction(("a",)),  # type: ignore[arg-type]
    ):
        with pytest.raises(ProtocolError):
            unpack_request(pack_request(operation))


def test_a_large_result_does_not_keep_its_buffer() -> None:
    large = Written(7, VERSION._replace(value=Value("bytes", bytes(LARGE_BYTES + 1))))
    assert unpack_result(pack_result(large)) == large
    assert unpack_result(pack_result(Written(7))) == Written(7)
