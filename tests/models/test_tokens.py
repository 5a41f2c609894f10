from __future__ import annotations

import json
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoal.models.chat import (
    ChatMessage,
    ChatRequest,
    ChatResponse,
    OutputSchema,
    Role,
    ToolCall,
    ToolSpec,
)
from shoal.models.tokens import bound_input, bound_text, estimate_input, estimate_text, estimate_usage

PROSE = (
    "The customer complains that the card was charged twice for the same purchase and wants the money back. "
    "Please look at the account, find both bookings, and say which of them is the duplicate. "
) * 10

GERMAN = "Die Kündigung des Vertrages muß schriftlich erfolgen, spätestens drei Wochen vor Ablauf. "
RUSSIAN = "Клиент жалуется на двойное списание средств с его карты и просит вернуть деньги. "  # noqa: RUF001
CHINESE = "客户投诉他的卡被重复扣款，并要求退款。请尽快处理这个问题。"  # noqa: RUF001
JAPANESE = "お客様はカードが二重に請求されたと苦情を述べ、返金を求めています。"
SCHEMA = json.dumps({"type": "object", "properties": {"label": {"type": "string"}}})

# Counted once with the tokenizers that mistral-common 1.13 brings along: Tekken (131,072 tokens) and a SentencePiece
# model (32,768).
COUNTED = {
    "english": (PROSE, 401, 401),
    "german": (GERMAN * 10, 221, 301),
    "russian": (RUSSIAN * 20, 482, 621),
    "chinese": (CHINESE * 20, 520, 581),
    "japanese": (JAPANESE * 20, 540, 701),
    "json": (SCHEMA * 20, 380, 399),
}


@pytest.mark.parametrize("what", COUNTED)
def test_the_estimate_is_near_what_tokenizers_count_and_the_bound_is_above(what: str) -> None:
    text, *counted = COUNTED[what]
    for tokens in counted:
        assert 0.6 <= estimate_text(text) / tokens <= 1.8
        assert bound_text(text) >= 1.3 * tokens


@given(st.text())
def test_the_bound_is_never_below_the_estimate_by_more_than_rounding_nor_above_the_bytes(text: str) -> None:
    bound = bound_text(text)
    assert bound >= estimate_text(text) - 1
    assert bound <= len(text.encode("utf-8", "surrogatepass")) + 1 + text.count("  ")
    assert (estimate_text(text) == 0) == (text == "")


@given(st.text(alphabet=string.digits + string.ascii_uppercase + string.punctuation + "é漢😀"))
def test_what_is_not_made_of_small_letters_is_bounded_by_its_bytes(text: str) -> None:
    assert bound_text(text) == len(text.encode())


@given(st.text(), st.text())
def test_more_text_is_never_fewer_tokens(one: str, two: str) -> None:
    assert bound_text(one + two) >= bound_text(one)
    assert bound_text(one) + bound_text(two) + 1 >= bound_text(one + two)


def test_messages_tools_calls_and_schema_are_all_counted() -> None:
    def user(text: str) -> ChatMessage:
        return ChatMessage(role=Role.USER, text=text)

    call = ToolCall(id="call-1", name="find_account", arguments='{"number": 12345}')
    tool = ToolSpec(name="find_account", description="Finds an account by its number.")
    schema = OutputSchema(
        name="Label", json_schema={"type": "object", "properties": {"label": {"type": "string"}}}
    )
    requests = [
        ChatRequest(messages=(user("hello"),)),
        ChatRequest(messages=(user("hello"), user("hello"))),
        ChatRequest(messages=(user("hello"), ChatMessage(role=Role.ASSISTANT, tool_calls=(call,)))),
        ChatRequest(messages=(user("hello"), user("hello")), tools=(tool,)),
        ChatRequest(messages=(user("hello"), user("hello")), tools=(tool,), output=schema),
    ]
    for count in (estimate_input, bound_input):
        figures = [count(request) for request in requests]
        assert figures == sorted(set(figures)) or count is estimate_input
        assert figures[0] < figures[1] < figures[3] < figures[4]
        assert figures[2] > figures[0]
    assert all(bound_input(request) > 2 * estimate_input(request) for request in requests)


def test_usage_that_is_counted_here_is_marked() -> None:
    request = ChatRequest(messages=(ChatMessage(role=Role.USER, text=PROSE),))
    usage = estimate_usage(request, ChatResponse(text=PROSE))
    assert usage.estimated
    assert usage.input_tokens == estimate_input(request)
    assert usage.output_tokens == estimate_text(PROSE)
