"""Local models: a GGUF file behind an OpenAI-compatible endpoint on this machine, without a key.

:func:`~shoal.models.local.serving.serving` serves one while a block of a program runs,
:func:`~shoal.models.local.sharing.local_model` shares one among the agents of a node; on the command line there are
``shoal model fetch`` and ``shoal model serve``. The engine is the extra ``local-llm``.
"""

from shoal.models.local.options import ServeOptions
from shoal.models.local.server_agent import ModelServer, ServedAt, WhereIs
from shoal.models.local.serving import serving
from shoal.models.local.sharing import local_model

__all__ = ["ModelServer", "ServeOptions", "ServedAt", "WhereIs", "local_model", "serving"]
