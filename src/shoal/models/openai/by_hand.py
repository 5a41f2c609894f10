"""A model call as the openai package's own documentation makes it: what the benchmark compares agents with."""

from __future__ import annotations

import httpx2
import openai


def client_by_hand(url: str) -> openai.AsyncOpenAI:
    """A client for an endpoint on loopback."""
    limits = httpx2.Limits(max_connections=None, max_keepalive_connections=512)
    return openai.AsyncOpenAI(
        base_url=url,
        api_key="none",
        max_retries=0,
        http_client=httpx2.AsyncClient(limits=limits, trust_env=False),
    )


async def ask_by_hand(client: openai.AsyncOpenAI, question: str) -> str:
    """One streamed chat completion; its text."""
    stream = await client.chat.completions.create(
        model="m",
        messages=[{"role": "user", "content": question}],
        stream=True,
        stream_options={"include_usage": True},
    )
    text = ""
    async for chunk in stream:
        if chunk.choices:
            text += chunk.choices[0].delta.content or ""
    return text
