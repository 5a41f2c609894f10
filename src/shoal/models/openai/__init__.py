"""Models behind OpenAI-compatible endpoints. The only package that imports ``openai``, and slow to import for that."""

from shoal.models.openai.model import OpenAIModel

__all__ = ["OpenAIModel"]
