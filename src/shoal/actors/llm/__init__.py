"""LLM agents: a language model decides what they answer and which tools they use."""

from shoal.runtime.lazily import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
