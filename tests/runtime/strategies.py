"""Builders and hypothesis strategies that the runtime's tests share."""

from __future__ import annotations

from itertools import count
from typing import Any

from hypothesis import strategies as st

from shoal.runtime.envelope import Envelope, Kind, Lane, Scope
from shoal.runtime.flow import FlowReport
from shoal.runtime.provenance import Origin
from shoal.runtime.wire import Data, Group, Reply, Report, Status, ending

_numbers = count(1)


def envelope(
    sender: str = "sender",
    *,
    recipient: str = "agent",
    kind: Kind = Kind.TELL,
    lane: Lane = Lane.NORMAL,
    tag: str = "bytes",
    payload: bytes = b"",
    scope: Scope | None = None,
) -> Envelope:
    """An envelope with an id of its own."""
    return Envelope(next(_numbers).to_bytes(12, "big"), kind, sender, recipient, tag, payload, lane, 1, scope)


def natives(*, nan: bool = True) -> st.SearchStrategy[Any]:
    """Everything msgpack can carry by itself, as the receiver gets it (lists, not tuples)."""
    leaves = (
        st.none()
        | st.booleans()
        | st.integers(-(2**63), 2**64 - 1)
        | st.floats(allow_nan=nan)
        | st.text(st.characters(exclude_categories=["Cs"]))
        | st.binary()
    )
    keys = st.text(st.characters(exclude_categories=["Cs"])) | st.integers(-(2**63), 2**64 - 1)
    return st.recursive(leaves, lambda inner: st.lists(inner) | st.dictionaries(keys, inner), max_leaves=12)


def names() -> st.SearchStrategy[str]:
    """Names and addresses."""
    return st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


def ids() -> st.SearchStrategy[bytes]:
    """Message ids."""
    return st.binary(min_size=12, max_size=12)


def scopes() -> st.SearchStrategy[Scope]:
    """What a message inherits."""
    name = st.none() | names()
    second = st.none() | st.floats(allow_nan=False)
    path = st.lists(names(), max_size=8).map(tuple)
    message = st.none() | ids()
    return st.builds(
        Scope, name, name, message, message, second, second, st.integers(0, 2000), path, path, name,
        st.sampled_from(Origin).map(int),
    )  # fmt: skip


def envelopes() -> st.SearchStrategy[Envelope]:
    """Whole messages."""
    return st.builds(
        Envelope,
        ids(),
        st.sampled_from(Kind).map(int),
        names(),
        names(),
        names(),
        st.binary(max_size=40),
        st.sampled_from(Lane).map(int),
        st.integers(1, 100),
        st.none() | scopes(),
    )


counts = st.integers(0, 2**63)


def data_frames() -> st.SearchStrategy[Data]:
    """DATA frames."""
    groups = st.builds(Group, names(), counts, st.lists(envelopes(), max_size=3))
    return st.builds(Data, counts, counts, counts, st.lists(groups, max_size=3))


def flow_reports() -> st.SearchStrategy[FlowReport]:
    """Reports of one flow, as the wire gives them (``early`` is a tuple there)."""
    early = st.lists(counts, max_size=4).map(tuple)
    return st.builds(FlowReport, names(), counts, counts, early, counts, st.booleans())


def report_frames() -> st.SearchStrategy[Report]:
    """REPORT frames."""
    endings = st.builds(ending, st.sampled_from(Status).map(int), st.sampled_from(Origin).map(int))
    reply = st.builds(Reply, ids(), endings, names(), st.binary(max_size=40))
    return st.builds(
        Report, counts, counts, counts, st.lists(flow_reports(), max_size=3), st.lists(reply, max_size=3)
    )


@st.composite
def damaged(draw: st.DrawFn, valid: st.SearchStrategy[bytes]) -> bytes:
    """Bytes that were valid once: some changed, cut out, doubled or put in."""
    frame = bytearray(draw(valid))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(frame)))
        match draw(st.sampled_from(["change", "cut", "insert", "double", "end"])):
            case "change" if at < len(frame):
                frame[at] = draw(st.integers(0, 255))
            case "cut":
                del frame[at : at + draw(st.integers(1, 8))]
            case "insert":
                frame[at:at] = draw(st.binary(min_size=1, max_size=8))
            case "double":
                frame[at:at] = frame[at : at + draw(st.integers(1, 8))]
            case _:
                del frame[at:]
    return bytes(frame)
