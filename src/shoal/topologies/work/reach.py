"""Which workers of a team can be reached, as far as it can be known before a message is there. Pure.

Each check returns what is wrong, or an empty text.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from shoal.topologies.wiring.signature import Kinds, Signature, type_names
from shoal.topologies.work.routers import WorkerView


def unknown_labels(labels: Iterable[str], views: Sequence[WorkerView]) -> list[str]:
    """Labels that no worker is called by, or declares."""
    return [label for label in labels if not any(view.has(label) for view in views)]


def unlabelled(labels: Sequence[str], views: Sequence[WorkerView], fallback: str | None) -> list[str]:
    """Workers that no label leads to, the fallback aside."""
    return [
        view.name for view in views if view.name != fallback and not any(view.has(label) for label in labels)
    ]


def untyped(kinds: Kinds, signatures: Mapping[str, Signature], fallback: str | None) -> list[str]:
    """Workers that accept none of the only types that there will be, the fallback aside."""
    if kinds is None:
        return []
    return [
        name
        for name, signature in signatures.items()
        if name != fallback and not any(signature.takes(kind) for kind in kinds)
    ]


def unsuited(
    needs: Mapping[type, str], views: Sequence[WorkerView], signatures: Mapping[str, Signature]
) -> str:
    """A type of message that is to go to a capability nobody has, or nobody who accepts the type."""
    for kind, capability in needs.items():
        able = [view.name for view in views if view.has(capability)]
        if not able:
            return f"the router sends {kind.__name__} to {capability!r}, which no worker is called or can do"
        if not any(signatures[name].takes(kind) for name in able):
            accepted = "; ".join(f"{name!r} accepts {type_names(signatures[name].accepts)}" for name in able)
            return f"the router sends {kind.__name__} to {capability!r}, and {accepted}"
    return ""
