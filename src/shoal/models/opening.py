"""From a model as data to a model that can be asked."""

from __future__ import annotations

from shoal.models.chat_model import ChatModel
from shoal.models.spec import Model


def open_model(spec: Model) -> ChatModel:
    """The model of ``spec`` in this process; connections are opened at the first call.

    Raises ``ConfigError`` for an address, a key or a script that cannot be used.
    """
    if spec.provider == "scripted":
        from shoal.models.scripted.loading import load_script  # noqa: PLC0415 - only who uses it loads it

        return load_script(spec)
    from shoal.models.openai.model import OpenAIModel  # noqa: PLC0415 - openai takes 0.5 s to import

    return OpenAIModel(spec)
