"""The real model behind the real engine, asked by the openai client. Fetches 93 MiB at its first run."""

from __future__ import annotations

import importlib
import os
from pathlib import Path

import pytest

from shoal.models.local import serving
from shoal.models.local.catalogue import SMOLLM2
from shoal.models.local.errors import FetchFailed
from shoal.models.local.fetching import fetch


@pytest.fixture
def fetched() -> Path:
    """The model's file, in the user's cache; the test is skipped where it cannot be had."""
    pytest.importorskip("xllamacpp", reason="the extra local-llm is not installed")
    try:
        return fetch(SMOLLM2)
    except FetchFailed as error:
        pytest.skip(f"the model cannot be fetched: {error}")


@pytest.mark.slow
@pytest.mark.usefixtures("fetched")
async def test_smollm2_answers_the_openai_client_and_says_what_it_took() -> None:
    openai = importlib.import_module("openai")
    async with (
        serving("smollm2", slots=1) as model,
        openai.AsyncOpenAI(
            base_url=model.base_url,
            api_key=os.environ.get(model.api_key_env, "none"),
            max_retries=0,
            timeout=60,
        ) as client,
    ):
        answer = await client.chat.completions.create(
            model=model.model,
            messages=[{"role": "user", "content": "What is the capital of France? Answer in one word."}],
            max_tokens=20,
            temperature=0,
        )
    assert "Paris" in answer.choices[0].message.content
    assert answer.usage.prompt_tokens > 10
    assert 0 < answer.usage.completion_tokens <= 20
