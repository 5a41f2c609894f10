from .model import OpenAIModel

__all__ = [
    "OpenAIModel",
]
