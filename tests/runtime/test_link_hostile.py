"""The link and a peer that says anything at all: nothing but a protocol error may come of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoal.runtime.errors import ProtocolError
from shoal.runtime.wire import Data, Group, Report, pack_data
from tests.runtime.link_rig import Rig, messages
from tests.runtime.network import Pipe
from tests.runtime.strategies import data_frames, report_frames


@given(reports=st.lists(report_frames(), max_size=4), sent=st.integers(0, 70), data=st.data())
def test_no_report_a_peer_may_send_breaks_the_sending_end(
    reports: list[Report], sent: int, data: st.DataObject
) -> None:
    rig = Rig()

    class Blind(Pipe):
        def carry(self, frame: bytes, *, large: bool) -> None:
            """What is claimed to have arrived never did."""

    try:
        rig.turns.run(rig.line.attach, Blind)
        rig.put_all(messages(sent))
        for number, report in enumerate(reports, start=1):
            flows = [flow._replace(recipient="0") for flow in report.flows]
            small = data.draw(st.sampled_from([1, 2**60]))
            flows = [
                flow._replace(**{f: getattr(flow, f) % (99 * small) for f in _NUMBERS}) for flow in flows
            ]
            frame = report._replace(session=2, number=number, flows=flows)
            rig.turns.run(rig.out.on_report, frame)
        rig.put(*messages(1))
        rig.turns.run(rig.line.attach, Blind)
    finally:
        rig.close()


_NUMBERS = ("received", "handled", "credit")


@given(frames=st.lists(data_frames(), max_size=4))
def test_no_batch_a_peer_may_send_breaks_the_receiving_end(frames: list[Data]) -> None:
    rig = Rig(capacity=2, host=True)
    try:
        for number, frame in enumerate(frames, start=1):
            groups = [group._replace(recipient="0", first=group.first % 5) for group in frame.groups]
            packed = pack_data(frame._replace(session=1, number=number, groups=groups))
            rig.turns.run(rig.receiver.on_frame, b"peer", packed, Pipe(rig.line))
        assert rig.receiver.waiting(0) <= 2
    finally:
        rig.close()


def test_frames_without_the_ones_before_them_are_kept_in_bounds() -> None:
    rig = Rig()

    def flood() -> None:
        for number in range(2, 1000):
            frame = Data(1, number, 0, [Group("0", number, messages(1))])
            rig.receiver.on_frame(b"peer", pack_data(frame), None)

    try:
        with pytest.raises(ProtocolError, match="missing before it"):
            rig.turns.run(flood)
    finally:
        rig.close()
