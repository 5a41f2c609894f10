"""Models behind OpenAI-compatible endpoints. The only package that imports ``openai``, and slow to import for that."""

from shoal.runtime.lazily import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
