"""The replay model: answers as they were recorded, and nothing else."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence

from shoal.models.chat import ChatChunk, ChatRequest, ChatResponse
from shoal.models.errors import NotRecorded
from shoal.models.request_key import request_key
from shoal.models.scripted.pieces import pieces_of

_PIECE = 200


class ReplayModel:
    """Answers each request with the response that ``records`` has under its key (:func:`request_key` of ``name`` and
    the request), as often as it is asked; where there are several, one after the other, and then the last one. Others
    raise :class:`~shoal.models.errors.NotRecorded`."""

    def __init__(
        self,
        records: Mapping[str, ChatResponse | Sequence[ChatResponse]],
        *,
        name: str,
        endpoint: str = "replay",
    ) -> None:
        self._records = {
            key: (one,) if isinstance(one, ChatResponse) else tuple(one) for key, one in records.items()
        }
        self._given: dict[str, int] = {}
        self._name = name
        self._endpoint = endpoint

    @property
    def name(self) -> str:
        """The model that was recorded."""
        return self._name

    @property
    def endpoint(self) -> str:
        """Where breakers and rate limits count it."""
        return self._endpoint

    async def stream(self, request: ChatRequest) -> AsyncGenerator[ChatChunk, None]:
        """See :class:`~shoal.models.chat_model.ChatModel`."""
        key = request_key(self._name, request)
        answers = self._records.get(key)
        if not answers:
            raise NotRecorded(
                f"no answer of {self._name} is recorded to this request (key {key}): the code or the conversation is "
                f"not the one that was recorded; there are {len(self._records)} answers",
                model=self._name, endpoint=self._endpoint, key=key,
            )  # fmt: skip
        given = self._given.get(key, 0)
        self._given[key] = given + 1
        answer = answers[min(given, len(answers) - 1)]
        for chunk in pieces_of(answer.text, answer.tool_calls, _PIECE):
            yield chunk
        yield ChatChunk(finish=answer.finish.value, usage=answer.usage, model=answer.model, id=answer.id)

    async def close(self) -> None:
        """There is nothing to let go."""
