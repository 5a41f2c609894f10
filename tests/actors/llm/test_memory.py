"""What is remembered between messages."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from shoal.actors.llm.memory import Conversation, Conversations, summary_request, too_old
from shoal.models.chat import ChatMessage, Role


def turns(count: int) -> list[ChatMessage]:
    return [ChatMessage(role=role, text=str(n)) for n in range(count) for role in (Role.USER, Role.ASSISTANT)]


def test_turns_are_shown_oldest_first_after_the_summary() -> None:
    talk = Conversation(summary="they met")
    talk.add("hi", "hello")
    texts = [message.text for message in talk.history()]
    assert "they met" in texts[0]
    assert texts[-2:] == ["hi", "hello"]


def test_a_typed_context_is_all_that_is_shown() -> None:
    talk = Conversation(context={"city": "Bern"})
    talk.turns = turns(3)
    assert '"city": "Bern"' in talk.history()[0].text
    assert len(talk.history()) == 2


def test_the_conversation_not_used_for_longest_is_forgotten() -> None:
    kept = Conversations()
    for key in ("a", "b", "c", "a"):
        kept.of(key)
    assert kept.forget_oldest(2) == ["b"]
    assert list(kept.by_key) == ["c", "a"]
    assert kept.forget_oldest(2) == []


@given(st.lists(st.integers(1, 50), min_size=1, max_size=20), st.integers(1, 400))
def test_what_is_kept_fits_the_budget_but_for_the_newest_pair(pairs: list[int], budget: int) -> None:
    sizes = [size for pair in pairs for size in (pair, pair)]
    old = too_old(turns(len(pairs)), sizes, budget)
    assert old % 2 == 0
    kept = sizes[old:]
    assert len(kept) >= 2
    assert len(kept) == 2 or sum(kept) <= budget
    if old:
        assert sum(sizes[old - 2 :]) > budget


def test_condensing_is_asked_with_the_summary_before_and_the_old_turns() -> None:
    request = summary_request(Conversation(summary="earlier", turns=turns(2)), 2)
    assert "earlier" in request[1].text
    assert "user: 0" in request[1].text
    assert "user: 1" not in request[1].text
