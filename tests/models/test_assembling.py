"""One answer out of its pieces."""

from __future__ import annotations

import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoal.models.assembling import Assembler
from shoal.models.chat import ChatChunk, ChatResponse, Finish, ToolCall, ToolCallPart, Usage
from shoal.models.errors import ModelMalformed, ModelRefused

USAGE = Usage(input_tokens=10, output_tokens=5)


def assembled(*chunks: ChatChunk) -> ChatResponse:
    return fed(*chunks).result()


def fed(*chunks: ChatChunk) -> Assembler:
    assembler = Assembler("a-model", "somewhere")
    for chunk in chunks:
        assembler.feed(chunk)
    return assembler


def calls(*parts: ToolCallPart, finish: str = "tool_calls") -> tuple[ToolCall, ...]:
    return assembled(*(ChatChunk(tool_calls=(part,)) for part in parts), ChatChunk(finish=finish)).tool_calls


# -- whole answers -----------------------------------------------------------------------------------------


def test_text_usage_and_names_are_collected() -> None:
    answer = assembled(
        ChatChunk("Hel", model="m-1", id="x"),
        ChatChunk("lo"),
        ChatChunk(finish="stop"),
        ChatChunk(usage=USAGE),
    )
    assert answer == ChatResponse(text="Hello", usage=USAGE, model="m-1", id="x")


def test_an_answer_may_be_empty_as_long_as_the_model_says_that_it_is_done() -> None:
    assert assembled(ChatChunk(finish="stop")).text == ""


def test_an_answer_at_its_limit_says_so() -> None:
    assert assembled(ChatChunk("a"), ChatChunk(finish="length")).finish is Finish.LENGTH


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("end_turn", Finish.STOP),
        ("eos_token", Finish.STOP),
        ("STOP", Finish.STOP),
        ("max_tokens", Finish.LENGTH),
        ("MAX_TOKENS", Finish.LENGTH),
    ],
)
def test_other_words_for_known_finish_reasons_are_understood(said: str, meant: Finish) -> None:
    assert assembled(ChatChunk("a", finish=said)).finish is meant


def test_usage_that_grows_from_piece_to_piece_counts_as_it_was_said_last() -> None:
    first = Usage(input_tokens=10, output_tokens=1)
    assert assembled(ChatChunk("a", usage=first), ChatChunk("b", finish="stop", usage=USAGE)).usage == USAGE


def test_missing_usage_is_estimated_by_the_caller_from_all_that_was_written() -> None:
    assembler = fed(
        ChatChunk("ab"), ChatChunk(tool_calls=(ToolCallPart(0, "1", "f", "{}"),)), ChatChunk(finish="stop")
    )
    answer = assembler.result(lambda written: Usage(input_tokens=3, output_tokens=len(written)))
    assert answer.usage == Usage(input_tokens=3, output_tokens=len("abf{}"), estimated=True)
    assert assembler.usage is None


def test_missing_usage_that_nobody_estimates_is_marked_all_the_same() -> None:
    assert assembled(ChatChunk("a", finish="stop")).usage == Usage(estimated=True)


def test_usage_that_the_server_says_is_never_estimated() -> None:
    answer = fed(ChatChunk("a", finish="stop", usage=USAGE)).result(lambda written: Usage(output_tokens=99))
    assert answer.usage == USAGE


# -- tool calls --------------------------------------------------------------------------------------------


def test_pieces_of_calls_are_put_together_by_their_index() -> None:
    assert calls(
        ToolCallPart(1, "b", "second"),
        ToolCallPart(0, "a", "first"),
        ToolCallPart(0, arguments='{"x"'),
        ToolCallPart(1, arguments="{}"),
        ToolCallPart(0, arguments=": 1}"),
    ) == (
        ToolCall(id="a", name="first", arguments='{"x": 1}'),
        ToolCall(id="b", name="second", arguments="{}"),
    )


def test_a_name_that_comes_in_pieces_is_joined_and_one_that_is_repeated_is_not() -> None:
    (split,) = calls(
        ToolCallPart(0, "a", "get_"), ToolCallPart(0, name="weather"), ToolCallPart(0, arguments="{}")
    )
    assert split.name == "get_weather"
    (repeated,) = calls(ToolCallPart(0, "a", "look", '{"x"'), ToolCallPart(0, "a", "look", ": 1}"))
    assert (repeated.name, repeated.arguments) == ("look", '{"x": 1}')


def test_calls_that_all_have_the_same_index_are_told_apart_by_their_ids() -> None:
    made = calls(ToolCallPart(0, "a", "f", "{}"), ToolCallPart(0, "b", "f", '{"x": 1}'))
    assert [(call.id, call.arguments) for call in made] == [("a", "{}"), ("b", '{"x": 1}')]


def test_an_id_that_is_made_up_anew_for_each_piece_begins_no_other_call() -> None:
    (call,) = calls(ToolCallPart(0, "a1", "f", '{"x"'), ToolCallPart(0, "a2", "", ": 1}"))
    assert call == ToolCall(id="a1", name="f", arguments='{"x": 1}')


def test_missing_and_doubled_ids_become_ids_of_their_own() -> None:
    made = calls(
        ToolCallPart(0, "", "f"),
        ToolCallPart(1, "x", "f"),
        ToolCallPart(2, "x", "f"),
        ToolCallPart(3, "", "f"),
    )
    assert [call.id for call in made] == ["call_0", "x", "x_2", "call_3"]


def test_broken_arguments_and_unknown_names_are_given_as_they_are() -> None:
    (call,) = calls(ToolCallPart(0, "a", "no_such_tool", '{"x": '))
    assert call == ToolCall(id="a", name="no_such_tool", arguments='{"x": ')


def test_calls_count_although_the_server_says_stop() -> None:
    answer = assembled(ChatChunk(tool_calls=(ToolCallPart(0, "a", "f"),)), ChatChunk(finish="stop"))
    assert answer.finish is Finish.TOOL_CALLS


def test_text_counts_although_the_server_says_that_there_are_calls() -> None:
    assert assembled(ChatChunk("a", finish="tool_calls")).finish is Finish.STOP


def test_a_call_that_is_cut_in_its_name_by_the_limit_is_left_out() -> None:
    made = calls(ToolCallPart(0, "a", "f", "{}"), ToolCallPart(1, "b"), finish="length")
    assert [call.id for call in made] == ["a"]


# -- what is no answer -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("chunks", "says"),
    [
        ((), "no choices"),
        ((ChatChunk(usage=USAGE, model="m"),), "no choices"),
        ((ChatChunk("half of"),), "in the middle"),
        ((ChatChunk("a", finish="because"),), "'because', which is unknown"),
        ((ChatChunk(finish="tool_calls"),), "no call in it"),
        ((ChatChunk(tool_calls=(ToolCallPart(0, "a", "", "{}"),), finish="stop"),), "without the name"),
    ],
)
def test_what_is_no_whole_answer_is_malformed_and_carries_what_came(
    chunks: tuple[ChatChunk, ...], says: str
) -> None:
    with pytest.raises(ModelMalformed, match=says) as caught:
        assembled(*chunks)
    details = caught.value.details
    assert (details["model"], details["endpoint"]) == ("a-model", "somewhere")
    assert details["answer"] == "".join(chunk.text for chunk in chunks)
    assert caught.value.usage == next((chunk.usage for chunk in chunks), None)
    assert caught.value.retryable


@pytest.mark.parametrize("reason", ["content_filter", "refusal", "SAFETY"])
def test_a_filter_that_stops_an_answer_is_a_refusal_with_the_usage(reason: str) -> None:
    with pytest.raises(ModelRefused) as caught:
        assembled(ChatChunk("Well"), ChatChunk(finish=reason), ChatChunk(usage=USAGE))
    assert (caught.value.usage, caught.value.details["answer"]) == (USAGE, "Well")


def test_a_model_that_declines_is_a_refusal_in_its_own_words() -> None:
    with pytest.raises(ModelRefused, match="I will not") as caught:
        assembled(
            ChatChunk(refusal="I will"), ChatChunk(refusal=" not"), ChatChunk(finish="stop", usage=USAGE)
        )
    assert caught.value.details["refusal"] == "I will not"


def test_the_usage_of_a_failure_can_be_estimated_too() -> None:
    with pytest.raises(ModelMalformed) as caught:
        fed(ChatChunk("half")).result(lambda written: Usage(output_tokens=len(written)))
    assert caught.value.usage == Usage(output_tokens=4, estimated=True)


# -- partial answers ---------------------------------------------------------------------------------------


def test_a_partial_answer_has_what_came_and_says_that_it_is_one() -> None:
    answer = fed(ChatChunk("half of")).partial(lambda written: Usage(output_tokens=len(written)))
    assert (answer.text, answer.partial, answer.finish) == ("half of", True, Finish.LENGTH)
    assert answer.usage == Usage(output_tokens=7, estimated=True)


def test_a_partial_answer_has_only_calls_whose_arguments_are_whole() -> None:
    parts = (
        ToolCallPart(0, "a", "f", '{"x": 1}'),
        ToolCallPart(1, "b", "g", '{"amount": 1'),
        ToolCallPart(2, "c", "h"),
    )
    assert [call.id for call in fed(ChatChunk(tool_calls=parts)).partial().tool_calls] == ["a"]


# -- whatever comes ----------------------------------------------------------------------------------------

words = st.text(max_size=8)
parts = st.builds(ToolCallPart, st.integers(0, 3), words, words, words)
finishes = st.sampled_from(["", "stop", "length", "tool_calls", "content_filter", "odd"])
anything = st.builds(
    ChatChunk,
    text=words,
    tool_calls=st.lists(parts, max_size=2).map(tuple),
    refusal=st.sampled_from(["", "", "no"]),
    finish=finishes,
    usage=st.none() | st.just(USAGE),
)


@given(st.lists(anything, max_size=8))
def test_whatever_comes_is_an_answer_or_one_of_our_errors_and_nothing_is_lost(
    chunks: list[ChatChunk],
) -> None:
    text = "".join(chunk.text for chunk in chunks)
    partial = fed(*chunks).partial()
    assert partial.text == text
    try:
        answer = assembled(*chunks)
    except (ModelMalformed, ModelRefused) as error:
        carried = error.details["answer"]
    else:
        carried = answer.text
        ids = [call.id for call in answer.tool_calls]
        assert all(ids)
        assert len(set(ids)) == len(ids)
        assert (answer.finish is Finish.TOOL_CALLS) <= bool(answer.tool_calls)
    assert carried == text


whole_calls = st.lists(
    st.builds(
        ToolCall,
        id=st.text("abc", min_size=1, max_size=4),
        name=st.text("fgh_", min_size=1, max_size=6),
        arguments=st.dictionaries(words, st.integers(), max_size=3).map(json.dumps),
    ),
    min_size=1,
    max_size=3,
    unique_by=lambda call: call.id,
)


@given(whole_calls, st.data())
def test_however_calls_are_cut_into_pieces_they_come_out_whole(
    made: list[ToolCall], data: st.DataObject
) -> None:
    queues = []
    for index, call in enumerate(made):
        cuts = sorted(data.draw(st.lists(st.integers(0, len(call.arguments)), max_size=4)))
        edges = [0, *cuts, len(call.arguments)]
        pieces = [call.arguments[low:high] for low, high in itertools.pairwise(edges)]
        queues.append(
            [ToolCallPart(index, call.id, call.name), *(ToolCallPart(index, arguments=p) for p in pieces)]
        )
    stream = []
    while any(queues):
        stream.append(data.draw(st.sampled_from([queue for queue in queues if queue])).pop(0))
    assert calls(*stream) == tuple(made)


@given(words.filter(bool), st.data())
def test_however_a_text_is_cut_it_comes_out_whole(text: str, data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(text)))
    assert assembled(ChatChunk(text[:cut]), ChatChunk(text[cut:]), ChatChunk(finish="stop")).text == text
