"""LLM agents: a language model decides what they answer and which tools they use."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
