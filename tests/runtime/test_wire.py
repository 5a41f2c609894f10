"""Frames: what one end packs the other reads, and whatever else comes is a protocol error, never another one."""

from __future__ import annotations

from typing import Any

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoal.runtime.errors import ProtocolError
from shoal.runtime.wire import Data, Report, pack_data, pack_report, unpack
from tests.runtime.strategies import damaged, data_frames, natives, report_frames

frames = data_frames().map(pack_data) | report_frames().map(pack_report)


@given(frame=data_frames())
def test_a_data_frame_is_read_as_it_was_packed(frame: Data) -> None:
    assert unpack(pack_data(frame)) == frame


@given(frame=report_frames())
def test_a_report_frame_is_read_as_it_was_packed(frame: Report) -> None:
    assert unpack(memoryview(pack_report(frame))) == frame


@given(frame=st.binary(max_size=300))
def test_arbitrary_bytes_are_a_frame_or_a_protocol_error(frame: bytes) -> None:
    _read_or_refuse(frame)


@given(frame=damaged(frames))
def test_damaged_frames_are_a_frame_or_a_protocol_error(frame: bytes) -> None:
    _read_or_refuse(frame)


@given(fields=natives(), kind=st.sampled_from([1, 2, 3, True, 1.0, "1", None]))
def test_values_that_are_no_frame_are_a_protocol_error(fields: Any, kind: Any) -> None:
    _read_or_refuse(msgpack.packb(fields))
    _read_or_refuse(msgpack.packb([kind, fields, fields, fields, [fields], [fields]]))
    _read_or_refuse(msgpack.packb([kind, 1, 1, 1, fields, fields]))
    _read_or_refuse(msgpack.packb([kind, 1, 1, 1, fields]))


@given(frame=frames, at=st.data())
def test_a_frame_with_any_one_value_replaced_is_a_frame_or_a_protocol_error(
    frame: bytes, at: st.DataObject
) -> None:
    _read_or_refuse(msgpack.packb(_replace_one(msgpack.unpackb(frame), at)))


def _replace_one(value: Any, at: st.DataObject) -> Any:
    """The value with something deep inside it exchanged for anything at all."""
    if isinstance(value, list) and value and at.draw(st.integers(0, 5)):
        index = at.draw(st.integers(0, len(value) - 1))
        return [*value[:index], _replace_one(value[index], at), *value[index + 1 :]]
    return at.draw(natives())


def _read_or_refuse(frame: bytes) -> None:
    try:
        read = unpack(frame)
    except ProtocolError:
        return
    if isinstance(read, Data):
        pack_data(read)
        counts = [read.session, read.number, read.heard, *(group.first for group in read.groups)]
        assert all(type(group.recipient) is str for group in read.groups)
    else:
        pack_report(read)
        counts = [read.session, read.number, read.taken]
        for flow in read.flows:
            assert type(flow.recipient) is str
            counts += [flow.received, flow.handled, flow.credit, *flow.early]
        for reply in read.replies:
            assert [type(field) for field in reply] == [bytes, int, str, bytes]
    assert all(type(count) is int and count >= 0 for count in counts)


@pytest.mark.parametrize(
    "frame",
    [
        b"\x91" * 10_000 + b"\xc0",
        b"\xdd\xff\xff\xff\xff",
        b"\xdd\x00\x00\xff\xff" * 400,
        b"\x95\x01\x01\x01\x00\xdd\xff\xff\xff\xff",
        msgpack.packb([1, 1, 1, 0, []]) + b"\x00",
        msgpack.packb([1, 1, 1, 0, [["agent", 1, [[2**63] * 9]]]]),
        msgpack.packb([2, 1, 1, 0, [[{"un": "hashable"}, 1, 1, [], 1, False]], []]),
        msgpack.packb([2, 1, 1, 0, [], [[b"id", 0, ["tag"], b""]]]),
        msgpack.packb([2, 1, 1, 0, [], [[b"id", "0", "tag", b""]]]),
        msgpack.packb([1, -1, 1, 0, []]),
        msgpack.packb([1, 1.0, 1, 0, []]),
        msgpack.packb([3]),
    ],
)
def test_frames_made_to_hurt_are_protocol_errors(frame: bytes) -> None:
    with pytest.raises(ProtocolError):
        unpack(frame)


def test_a_protocol_error_says_how_long_the_frame_was_and_what_was_wrong() -> None:
    with pytest.raises(ProtocolError, match="1,000 bytes"):
        unpack(b"\x00" * 1000)
