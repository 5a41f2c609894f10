"""What belongs to a task and has no handling of its own: dead letters, and what happened to agents meanwhile. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from hashlib import blake2b

from shoal.experiments.explaining.node import Kind, Node, Note
from shoal.runtime.journal.happenings import DEAD_LETTER
from shoal.runtime.journal.reader import EventEntry
from shoal.runtime.journal.trace_ids import SPAN_BYTES

UPSETS = ("exited", "restarting", "start_failed", "gave_up", "stop_unclean")
"""Kinds of events that tell of an agent which did not just start or stop."""


def dead_letters(events: Sequence[EventEntry], handled: Sequence[Node]) -> Iterator[Node]:
    """Messages that no handler took, as nodes. What is known of a handled one is noted at that.

    A dead letter does not say which handling sent it: it is put under the last one of its sender before, if there is
    one, and marked as inferred. ``handled``: by time.
    """
    known = {(node.message_id, node.agent): node for node in handled}
    by_agent = _by_agent(handled)
    for event in events:
        if event.kind != DEAD_LETTER:
            continue
        data = event.data
        message_id, recipient = str(data.get("id", "")), event.agent or ""
        node = known.get((message_id, recipient))
        if node is not None:
            node.data.setdefault("detail", str(data.get("detail", "")))
            continue
        sender = str(data.get("sender", ""))
        before = _before(by_agent.get(sender, ()), event.at)
        digest = blake2b(f"{event.seq}\0{message_id}".encode(errors="surrogatepass"), digest_size=SPAN_BYTES)
        yield Node(
            digest.hexdigest(), Kind.DEAD_LETTER, str(data.get("tag", "")), recipient, event.at, 0.0,
            str(data.get("reason", "")) or DEAD_LETTER, sender=sender, message_id=message_id,
            cause=before.message_id if before is not None else "", data={"detail": str(data.get("detail", ""))},
            inferred=before is not None,
        )  # fmt: skip


def place_notes(events: Sequence[EventEntry], handled: Sequence[Node], root: Node) -> None:
    """Note what happened to the agents of a task at the message that each had or waited for, else at the task."""
    by_agent = _by_agent(handled)
    for event in events:
        if event.kind not in UPSETS or event.agent is None:
            continue
        note = Note(event.at, event.kind, event.agent, str(event.data.get("reason", "")))
        node = _before(by_agent.get(event.agent, ()), event.at)
        if node is not None and (node.ended_at is None or event.at <= node.ended_at):
            node.notes.append(note)
        elif event.agent in by_agent and _within(root, event.at):
            root.notes.append(note)


def _by_agent(handled: Sequence[Node]) -> dict[str, list[Node]]:
    found: dict[str, list[Node]] = defaultdict(list)
    for node in handled:
        found[node.agent].append(node)
    for nodes in found.values():
        nodes.sort(key=lambda node: node.arrived_at or 0.0)
    return found


def _before(nodes: Sequence[Node], at: float) -> Node | None:
    """The last of these that had arrived by then."""
    place = bisect_right(nodes, at, key=lambda node: node.arrived_at or 0.0)
    return nodes[place - 1] if place else None


def _within(root: Node, at: float) -> bool:
    return (root.at or 0.0) <= at and (root.ended_at is None or at <= root.ended_at)
