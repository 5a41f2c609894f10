"""What becomes of items when one that they depend on will never be done: they are dead too, and those after them."""

from __future__ import annotations

from shoal.blackboard.store.draft import Draft
from shoal.blackboard.store.transitions import dead
from shoal.blackboard.store.work import is_awaited
from shoal.blackboard.version import Version


def bury_dependents(draft: Draft, lost: Version, fate: str) -> None:
    """Let every item that waits for ``lost`` be dead, and so on, in the same commit.

    ``lost`` is the item as it was before, ``fate`` what happened to it. Chains may be long: no recursion.
    """
    queue = [(lost, fate)]
    while queue:
        lost, fate = queue.pop()
        for key in draft.dependents(lost.key):
            waiting = draft.newest(key)
            if waiting is None or waiting.item is None or waiting.item.state != "open":
                continue
            if is_awaited(lost, waiting):
                why = f"it depends on {lost.key!r}, which {fate}"
                draft.write_item(waiting, dead(waiting.item, why))
                queue.append((waiting, "is dead"))
