from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from shoal.runtime.journal.trace_ids import message_span_id, span_id, trace_id


def test_ids_stay_the_same_from_version_to_version() -> None:
    assert trace_id("run", "task") == "83c83a4bab16751e4a605f0ba6a894f3"
    assert message_span_id(b"m" * 12) == "58ba17e296813c65"
    assert span_id(b"m" * 12, "model", "k").hex() == "5b46f7d5161d11a0"


@given(st.text(), st.text(), st.text(), st.text())
def test_tasks_of_one_name_in_two_runs_are_two_traces(run: str, task: str, other: str, another: str) -> None:
    assert len(trace_id(run, task)) == 32
    if "\0" not in run + other and (run, task) != (other, another):
        assert trace_id(run, task) != trace_id(other, another)


@given(st.binary(max_size=20))
def test_a_message_has_one_span_by_its_id_in_bytes_and_in_digits(message_id: bytes) -> None:
    assert message_span_id(message_id) == message_span_id(message_id.hex())
    assert len(message_span_id(message_id)) == 16


def test_what_happens_in_a_handling_is_told_apart_by_kind_and_key() -> None:
    ids = {span_id(b"m" * 12, kind, key) for kind in ("model", "tool") for key in ("", "1", "2")}
    assert len(ids) == 6
    assert {len(each) for each in ids} == {8}
