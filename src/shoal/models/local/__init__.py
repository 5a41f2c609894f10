"""Local models: a GGUF file behind an OpenAI-compatible endpoint on this machine, without a key.

:func:`~shoal.models.local.serving.serving` serves one while a block of a program runs,
:func:`~shoal.models.local.sharing.local_model` shares one among the agents of a node; on the command line there are
``shoal model fetch`` and ``shoal model serve``. The engine is the extra ``local-llm``.
"""

from shoal.runtime.lazily import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
