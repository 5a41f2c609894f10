"""What an endpoint does not understand of a chat completion, learnt from its refusals. Pure.

A refused parameter that changes nothing in the answer is left out from then on, and one that goes by another name is
sent under that: the request is made once more at once, since a refusal costs nothing. Nothing else is ever left out
silently.
"""

from __future__ import annotations

from typing import Any, NamedTuple, Self

from shoal.models.openai.complaint import Complaint


class Dialect(NamedTuple):
    """How an endpoint is spoken to."""

    limit: str = "max_tokens"
    """Its name for the limit of the output. OpenAI's newer models take ``max_completion_tokens`` only, most servers
    elsewhere know ``max_tokens`` best."""
    usage_option: bool = True
    """Whether a stream is asked for its usage; without it, usage has to be estimated."""
    parallel_option: bool = True
    """Whether it may be said that several tools can be called at once, which is what servers that do not know the
    option decide by themselves."""

    renamed: bool = False
    """Whether the limit's other name was tried already."""

    def spoken(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """The arguments of a request, as this endpoint understands them."""
        said = dict(arguments)
        said[self.limit] = said.pop("max_tokens")
        if not self.usage_option:
            said.pop("stream_options", None)
        if not self.parallel_option and said.get("parallel_tool_calls"):
            del said["parallel_tool_calls"]
        return said

    def learnt(self, complaint: Complaint, said: dict[str, Any]) -> Self | None:
        """The dialect after a refusal of what was ``said``; ``None`` when there is nothing to learn from it."""
        if complaint.too_long:
            return None
        if "stream_options" in said and complaint.names("stream_options"):
            return self._replace(usage_option=False)
        if said.get("parallel_tool_calls") and complaint.names("parallel_tool_calls"):
            return self._replace(parallel_option=False)
        if not self.renamed and complaint.names("max_completion_tokens"):
            other = "max_completion_tokens" if self.limit == "max_tokens" else "max_tokens"
            return self._replace(limit=other, renamed=True)
        return None
