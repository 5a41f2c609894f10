"""Whether a model fits into memory."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoal.models.local.errors import NotEnoughMemory
from shoal.models.local.gguf import GgufHead
from shoal.models.local.memory import available_bytes, check_memory, needed_bytes

HEAD = GgufHead(size_bytes=100_000_000, trained_context=8192, layers=30, kv_width=192)


def test_a_model_that_does_not_fit_is_refused_with_what_it_needs_and_what_is_free() -> None:
    with pytest.raises(
        NotEnoughMemory, match=r"tiny needs 375 MiB with 8,192 tokens.* 9 MiB are free: give it fewer"
    ):
        check_memory("tiny", HEAD, 8192, 10_000_000)


@given(tokens=st.integers(0, 1_000_000), more=st.integers(0, 1_000_000))
def test_more_context_never_needs_less(tokens: int, more: int) -> None:
    assert needed_bytes(HEAD, tokens + more) >= needed_bytes(HEAD, tokens) >= HEAD.size_bytes


@given(tokens=st.integers(0, 1_000_000))
def test_what_just_fits_is_let_through(tokens: int) -> None:
    check_memory("tiny", HEAD, tokens, needed_bytes(HEAD, tokens))


def test_something_is_free_on_this_machine() -> None:
    assert available_bytes() > 0
