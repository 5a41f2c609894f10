"""The steps of an LLM agent, without a model."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoal.actors.llm.dialogue import Candidate, Dialogue, Rules, UseTools
from shoal.actors.llm.errors import Repetition, StepLimit
from shoal.actors.llm.repetition import RepetitionDetector
from shoal.errors import OutputInvalid
from shoal.models.chat import ChatMessage, ChatResponse, Finish, OutputSchema, Role, ToolCall, ToolSpec

SEARCH = ToolSpec(name="search")
SCHEMA = OutputSchema(name="Label", json_schema={"type": "object"})


def call(arguments: str = "{}", call_id: str = "1") -> ToolCall:
    return ToolCall(id=call_id, name="search", arguments=arguments)


def result(text: str = "none") -> ChatMessage:
    return ChatMessage(role=Role.TOOL, text=text, tool_call_id="1")


def dialogue(**rules: object) -> Dialogue:
    return Dialogue(Rules(**rules), "Be brief.", (), "hello")  # type: ignore[arg-type]


def test_the_first_request_holds_instructions_history_and_message() -> None:
    before = [ChatMessage(role=Role.USER, text="a"), ChatMessage(role=Role.ASSISTANT, text="b")]
    request = Dialogue(Rules(), "Be brief.", before, "hello").request()
    assert [(m.role.value, m.text) for m in request.messages] == [
        ("system", "Be brief."), ("user", "a"), ("assistant", "b"), ("user", "hello"),
    ]  # fmt: skip


def test_without_instructions_there_is_no_system_message() -> None:
    assert [m.role for m in Dialogue(Rules(), "", (), "hi").request().messages] == [Role.USER]


def test_text_is_a_candidate_and_tool_calls_are_to_be_used() -> None:
    talk = dialogue(tools=(SEARCH,))
    talk.request()
    assert talk.receive(ChatResponse(tool_calls=(call(),))) == UseTools((call(),))
    talk.tools_used((call(),), [result("found")])
    request = talk.request()
    assert [m.role for m in request.messages[-2:]] == [Role.ASSISTANT, Role.TOOL]
    assert talk.receive(ChatResponse(text="done")) == Candidate("done")


def test_an_objection_is_shown_to_the_model_until_no_repair_is_left() -> None:
    talk = dialogue(repairs=1, output=SCHEMA)
    talk.request()
    talk.receive(ChatResponse(text="nonsense"))
    talk.object_to("label: Field required")
    asked = talk.request()
    assert asked.messages[-2].text == "nonsense"
    assert "label: Field required" in asked.messages[-1].text
    talk.receive(ChatResponse(text="nonsense again"))
    with pytest.raises(OutputInvalid, match=r"after 2 attempts.*label") as caught:
        talk.object_to("label: Field required")
    assert caught.value.details["answer"] == "nonsense again"


def test_a_cut_answer_is_told_to_be_shorter() -> None:
    talk = dialogue()
    talk.request()
    talk.receive(ChatResponse(text="long", finish=Finish.LENGTH))
    talk.object_to("not JSON", Finish.LENGTH)
    assert "be shorter" in talk.request().messages[-1].text


def test_a_schema_is_sent_only_where_no_tool_can_be_called() -> None:
    talk = dialogue(tools=(SEARCH,), output=SCHEMA)
    first = talk.request()
    assert (first.tools, first.output) == ((SEARCH,), None)
    talk.receive(ChatResponse(text="bad"))
    talk.object_to("no JSON")
    repair = talk.request()
    assert (repair.tools, repair.output) == ((), SCHEMA)


def test_the_last_step_can_only_be_an_answer_and_the_model_is_told() -> None:
    talk = dialogue(tools=(SEARCH,), max_steps=2, repetition=0)
    talk.request()
    talk.receive(ChatResponse(tool_calls=(call(),)))
    talk.tools_used((call(),), [result()])
    last = talk.request()
    assert last.tools == ()
    assert "last step" in last.messages[-1].text
    talk.receive(ChatResponse(tool_calls=(call(),)))
    with pytest.raises(StepLimit, match="2 steps"):
        talk.request()


def test_the_same_call_with_the_same_result_is_a_circle() -> None:
    talk = dialogue(tools=(SEARCH,), repetition=3, max_steps=20)
    for arguments in ('{"a": 1, "b": 2}', '{"b":2,"a":1}'):
        talk.request()
        talk.receive(ChatResponse(tool_calls=(call(arguments),)))
        talk.tools_used((call(arguments),), [result()])
    talk.request()
    talk.receive(ChatResponse(tool_calls=(call('{"a":1,"b":2}'),)))
    with pytest.raises(Repetition, match="search 3 times"):
        talk.tools_used((call('{"a":1,"b":2}'),), [result()])


def test_a_call_whose_result_changes_is_no_circle() -> None:
    detector = RepetitionDetector(2)
    assert not detector.seen(call(), "building")
    assert not detector.seen(call(), "built")
    assert detector.seen(call(), "built")


@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("xy")), max_size=40), st.integers(1, 5))
def test_a_circle_is_told_exactly_when_the_same_was_seen_so_often_in_a_row(
    history: list[tuple[str, str]], limit: int
) -> None:
    detector = RepetitionDetector(limit)
    runs: dict[str, tuple[str, int]] = {}
    for arguments, outcome in history:
        last, times = runs.get(arguments, ("", 0))
        runs[arguments] = (outcome, times + 1 if last == outcome else 1)
        assert detector.seen(call(arguments), outcome) == (runs[arguments][1] >= limit)


def test_the_same_answers_lead_to_the_same_requests() -> None:
    def run() -> list[object]:
        talk = dialogue(tools=(SEARCH,), output=SCHEMA)
        requests: list[object] = [talk.request()]
        talk.receive(ChatResponse(tool_calls=(call(),)))
        talk.tools_used((call(),), [result()])
        requests.append(talk.request())
        talk.receive(ChatResponse(text="x"))
        talk.object_to("no")
        return [*requests, talk.request()]

    assert run() == run()
