"""A model behind an OpenAI-compatible endpoint, through the official client.

The client's own retries and time limits are off: both are made where the call is counted. One thing is asked twice
here: a request whose refusal shows that the endpoint does not know an option (see ``dialect.py``).
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncGenerator, Callable
from typing import Any
from weakref import WeakKeyDictionary

import httpx2
import openai

from shoal.models.chat import ChatChunk, ChatRequest, Usage
from shoal.models.errors import ModelError, ModelMalformed, ModelRejected
from shoal.models.openai import chat_completions, responses
from shoal.models.openai.address import OPENAI, PLACEHOLDER, base_url_of, key_of
from shoal.models.openai.clients import CLIENTS, Place
from shoal.models.openai.complaint import complaint_of, is_page
from shoal.models.openai.dialect import Dialect
from shoal.models.openai.failures import Call, failure_of, told_in_answer
from shoal.models.spec import Model
from shoal.runtime.errors import ConfigError
from shoal.runtime.redaction import redact_value


class OpenAIModel:
    """:class:`~shoal.models.chat_model.ChatModel` for any endpoint that speaks OpenAI's chat completions or responses.

    Raises :class:`~shoal.runtime.errors.ConfigError` when the specification cannot work. The key is read from the
    environment at each call, so a model can be made where there is none.
    """

    def __init__(self, spec: Model) -> None:
        if spec.provider != "openai":
            raise ConfigError(f"model {spec.model!r} is of provider {spec.provider!r}, not openai")
        if spec.api == "responses" and spec.seed is not None:
            raise ConfigError(
                f'model {spec.model!r}: the Responses API has no seed; leave it out or say api="chat"'
            )
        self.spec = spec
        self._base_url = base_url_of(spec)
        self._place = Place(self._base_url, spec.api_key_env)
        self._key_before = hash(PLACEHOLDER)  # the key itself is kept nowhere: objects get printed
        self._clients: WeakKeyDictionary[asyncio.AbstractEventLoop, openai.AsyncOpenAI] = WeakKeyDictionary()
        self._dialect = Dialect("max_completion_tokens" if self._base_url == OPENAI else "max_tokens")

    def __repr__(self) -> str:
        return f"OpenAIModel({self.spec.model!r} at {self._base_url})"

    @property
    def name(self) -> str:
        """The model as its endpoint calls it."""
        return self.spec.model

    @property
    def endpoint(self) -> str:
        """Address, model and the name of the key's variable."""
        return self.spec.endpoint

    async def stream(self, request: ChatRequest) -> AsyncGenerator[ChatChunk, None]:
        """Ask, and give the answer piece by piece. Closing the generator closes the connection, so that the server
        stops; with ``stream=False`` most servers go on, and there is one piece. A piece may be empty: the model thinks.

        Raises :class:`~shoal.models.errors.ModelError` and nothing else.
        """
        call = self._call()
        usage: Usage | None = None
        answer: Any = None
        try:
            answer = await self._asked(request, call)
            read = self._reader(answer, call)
            if not isinstance(answer, openai.AsyncStream):
                yield read(answer)
                return
            await _must_be_events(answer.response, call)
            async for event in answer:
                piece = read(event)
                usage = piece.usage or usage
                yield piece
        except Exception as error:
            headers = getattr(getattr(answer, "response", None), "headers", None)
            mapped = failure_of(error, call, time.time(), headers=headers, usage=usage)
            if mapped is error:
                raise
            raise mapped from (None if call.key in str(error) else error)
        finally:
            if isinstance(answer, openai.AsyncStream):
                with contextlib.suppress(httpx2.HTTPError, OSError):
                    await answer.close()

    async def close(self) -> None:
        """Let the connections of this event loop go, if no other model uses them. A later call opens them again."""
        if self._clients.pop(asyncio.get_running_loop(), None) is not None:
            await CLIENTS.give_back(self._place)

    # -- parts -------------------------------------------------------------------------------------------------

    def _call(self) -> Call:
        key = key_of(self.spec, self._base_url)
        if hash(key) != self._key_before:
            redact_value(key)  # the variable's name may not tell that it holds a secret
            self._key_before = hash(key)
        return Call(self.spec.model, self.endpoint, self._base_url, self.spec.api_key_env, key)

    def _client(self) -> openai.AsyncOpenAI:
        loop = asyncio.get_running_loop()
        client = self._clients.get(loop)
        if client is None:
            client = self._clients[loop] = CLIENTS.take(self._place, self._key)
        return client

    async def _key(self) -> str:
        return key_of(self.spec, self._base_url)

    async def _asked(self, request: ChatRequest, call: Call) -> Any:
        if self.spec.api == "chat":
            return await self._asked_in_dialect(chat_completions.arguments_of(request, self.spec))
        if unknown := responses.not_known(request, self.spec):
            raise call.fail(
                ModelRejected, f"was not called: the Responses API has no {' and no '.join(unknown)}"
            )
        create: Any = self._client().responses.create
        return await create(**responses.arguments_of(request, self.spec))

    async def _asked_in_dialect(self, arguments: dict[str, Any]) -> Any:
        create: Any = self._client().chat.completions.create
        while True:
            dialect = self._dialect
            said = dialect.spoken(arguments)
            try:
                return await create(**said)
            except (openai.BadRequestError, openai.UnprocessableEntityError) as error:
                learnt = dialect.learnt(complaint_of(error.body), said)
                if learnt is None:
                    raise
                if self._dialect == dialect:  # else another call learnt meanwhile
                    self._dialect = learnt

    def _reader(self, answer: Any, call: Call) -> Callable[[Any], ChatChunk]:
        """What makes pieces of this answer's events, or of the answer itself."""
        chat = self.spec.api == "chat"
        if not isinstance(answer, openai.AsyncStream):
            return lambda whole: _read_whole(whole, call, chat=chat)
        if chat:
            return lambda chunk: _read(chat_completions.pieces_of, chunk, call)
        events = responses.Events()

        def read(event: Any) -> ChatChunk:
            piece = _read(events.piece, event, call)
            if events.complaint is not None:
                raise told_in_answer(events.complaint, call, {})
            return piece

        return read


def _read(convert: Callable[[Any], ChatChunk], what: Any, call: Call) -> ChatChunk:
    """The client does not check what it gets: anything may be missing, or of another type."""
    try:
        return convert(what)
    except (AttributeError, TypeError, ValueError, LookupError) as error:
        reason = str(error).split("\n")[0][:200]
        raise call.fail(ModelMalformed, f"sent an answer of another shape: {reason}") from error


def _read_whole(answer: Any, call: Call, *, chat: bool) -> ChatChunk:
    if isinstance(answer, str):
        raise _no_answer(answer, call)
    error = getattr(answer, "error", None)  # a few gateways answer 200 all the same
    if error:
        raise told_in_answer(
            complaint_of(error if isinstance(error, dict | str) else error.model_dump()), call, {}
        )
    return _read(chat_completions.pieces_of if chat else responses.whole, answer, call)


async def _must_be_events(response: httpx2.Response, call: Call) -> None:
    """The client reads a page, or JSON, as a stream without a single event."""
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in ("text/html", "application/json"):
        return
    body = (await response.aread()).decode("utf-8", "replace")
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        raise _no_answer(body, call) from None
    if isinstance(said, dict) and said.get("error"):
        raise told_in_answer(complaint_of(said), call, {})
    raise call.fail(ModelMalformed, "was asked to stream and did not - say stream=False for it", status=200)


def _no_answer(body: str, call: Call) -> ModelError:
    what = "an HTML page" if is_page(body) else "no JSON"
    return call.fail(
        ModelMalformed, f"answered 200 with {what} - is base_url right (it mostly ends in /v1)?", status=200
    )
