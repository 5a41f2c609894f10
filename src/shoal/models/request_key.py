"""The key of a request: the same request to the same model has the same key, in every process and on every day.

Caches, effects that happen once (``ctx.once``) and replay find an answer by it.
"""

from __future__ import annotations

import json
from hashlib import blake2b

from shoal.models.chat import ChatRequest


def request_key(model: str, request: ChatRequest) -> str:
    """40 hexadecimal digits: BLAKE2b over the canonical JSON of ``request``, for one ``model``.

    Canonical: keys sorted, no spaces, fields that have their default left out. So a field that a later version adds
    leaves the keys of requests that do not use it as they are.
    """
    fields = request.model_dump(mode="json", exclude_defaults=True)
    text = json.dumps([model, fields], sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return blake2b(text.encode(), digest_size=20).hexdigest()
