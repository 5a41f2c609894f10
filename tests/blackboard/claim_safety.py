"""Whether a recorded history of work items is safe: one holder at a time, each item completed once, nothing lost.

A worker is sure of an item from the return of its claim on: until it calls for the end of it (complete, fail, give
back), and at most for the time of the lease, which begins at the board and so not before the claim or the renewal was
called. Any request that is accepted under its token shows that it had the item all the time until then: the board has
to refuse a claim that was lost, for ever (a *fencing token*: Kleppmann, "Designing Data-Intensive Applications", 2017,
chapter 8; a *sequencer* in Burrows, "The Chubby lock service for loosely-coupled distributed systems", OSDI 2006).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from tests.blackboard.claim_history import ENDING, Event, Final
from tests.blackboard.real_time import Span, highest_before

_SHOWN = 10
"""Faults that one error shows."""


class UnsafeClaims(AssertionError):
    """What happened to the items was not safe; the text shows why."""


def check(
    history: Iterable[Event], finals: Mapping[str, Final] | None = None, *, slack_s: float = 0.0
) -> None:
    """Check a history, and with ``finals`` that what the region holds at last agrees with it.

    ``slack_s``: how much sooner than by the workers' clock a lease may run out by the board's. Raises
    :class:`UnsafeClaims`, and ``ValueError`` for an event that is recorded wrongly.
    """
    events = list(history)
    for event in events:
        if event.returned is not None and event.returned < event.called:
            raise ValueError(f"returned before it was called: {event.describe()}")
    faults = list(_token_faults(events))
    items: dict[str, list[Event]] = defaultdict(list)
    for event in events:
        if event.item:
            items[event.item].append(event)
    for item, of_item in sorted(items.items()):
        faults.extend(_ItemHistory(item, of_item, slack_s).faults())
    if finals is not None:
        lost_claims = any(event.action == "claim" and event.returned is None for event in events)
        for item in sorted(items.keys() | finals.keys()):
            history_of_it = _ItemHistory(item, items.get(item, []), slack_s)
            faults.extend(history_of_it.faults_at_last(finals.get(item), lost_claims))
    if faults:
        more = [f"... and {len(faults) - _SHOWN} more"] if len(faults) > _SHOWN else []
        raise UnsafeClaims("\n".join([*faults[:_SHOWN], *more]))


def _token_faults(events: Iterable[Event]) -> Iterator[str]:
    """A token is the revision of its claim: no two claims have the same, and they grow with real time."""
    given: dict[int, Event] = {}
    claims = [event for event in events if event.action == "claim" and event.returned is not None]
    spans = [(Span(claim.called, claim.returned or 0.0, claim.token), claim) for claim in claims]
    for claim, earlier, highest in highest_before(spans):
        if claim.token in given:
            yield _fault("two claims have one token", given[claim.token], claim)
        elif earlier is not None and claim.token < highest:
            yield _fault("tokens went back in real time", earlier, claim)
        given.setdefault(claim.token, claim)


class _ItemHistory:
    """What happened to one item."""

    def __init__(self, item: str, events: list[Event], slack_s: float) -> None:
        self._item = item
        self._slack_s = slack_s
        self._posts = [event for event in events if event.action == "post" and event.possible]
        self._withdrawals = [event for event in events if event.action == "withdraw" and event.possible]
        self._claims = sorted(
            (event for event in events if event.action == "claim" and event.returned is not None),
            key=lambda claim: claim.token,
        )
        self._uses: dict[int, list[Event]] = defaultdict(list)
        for event in sorted(events, key=lambda event: event.called):
            if event.action == "renew" or event.action in ENDING:
                self._uses[event.token].append(event)
        self._completions = [
            use for uses in self._uses.values() for use in uses if use.action == "complete" and use.possible
        ]

    def faults(self) -> Iterator[str]:
        """What is wrong in itself."""
        yield from self._posting_faults()
        yield from self._holding_faults()
        yield from self._completing_faults()

    def _posting_faults(self) -> Iterator[str]:
        if len([post for post in self._posts if post.certain]) > 1:
            yield _fault("posted twice", *self._posts)
        begun = min((post.called for post in self._posts), default=float("inf"))
        for claim in self._claims:
            if claim.returned is not None and claim.returned < begun:
                yield _fault("claimed before anybody posted it", claim)
        given = {claim.token for claim in self._claims}
        for token, uses in self._uses.items():
            accepted = [use for use in uses if use.certain]
            if token not in given and accepted:
                yield _fault("accepted with a token that nobody was given", *accepted)

    def _holding_faults(self) -> Iterator[str]:
        longest: tuple[float, Event] | None = None
        for claim in self._claims:
            assert claim.returned is not None
            if longest is not None and claim.returned < longest[0]:
                earlier = longest[1]
                what = f"two holders: {earlier.worker} surely had it until {longest[0]:.6f}"
                yield _fault(what, earlier, *self._uses[earlier.token], claim)
            until = self._held_until(claim)
            if longest is None or until > longest[0]:
                longest = until, claim
            for use in self._uses[claim.token]:
                if not use.possible and use.returned is not None and use.returned < until:
                    yield _fault(f"refused to its holder, who had it until {until:.6f}", claim, use)

    def _held_until(self, claim: Event) -> float:
        """Until when whoever claimed it surely had it."""
        uses = self._uses[claim.token]
        proofs = [use.called for use in uses if use.certain and use.action != "complete"]
        completions = [use for use in uses if use.action == "complete" and use.possible]
        if any(use.certain for use in completions):
            # Asked once more it is answered as before, though nobody holds the item then: only the first shows it.
            proofs.append(min(use.called for use in completions))
        proof = max(proofs, default=claim.called)
        leases = [claim, *(use for use in uses if use.certain and use.action == "renew")]
        lease_end = max(use.called + use.lease_s for use in leases) - self._slack_s
        ends = [use.called for use in uses if use.possible and use.action in ENDING]
        ends += [withdrawal.called for withdrawal in self._withdrawals]
        return max(proof, min([lease_end, *(end for end in ends if end >= proof)]))

    def _completing_faults(self) -> Iterator[str]:
        done = [use for use in self._completions if use.certain]
        if len({use.token for use in done}) > 1:
            yield _fault("completed twice", *done)
        for completion in done:
            late = [claim for claim in self._claims if claim.token > completion.token]
            if late:
                yield _fault(
                    "claimed although it was completed, or completed with a token of old", completion, *late
                )
            ended = completion.returned
            assert ended is not None
            after = [use for use in self._uses[completion.token] if use.certain and use.called > ended]
            if any(use.action != "complete" for use in after):
                yield _fault("in use although it was completed", completion, *after)

    def faults_at_last(self, final: Final | None, lost_claims: bool) -> Iterator[str]:
        """What does not agree with the item as it was when all was over (``None``: there is none)."""
        if final is None:
            if any(post.certain for post in self._posts) and not self._withdrawals:
                yield _fault("lost: it was posted, and is not there", *self._posts)
            return
        if not self._posts:
            yield f"{self._item!r} is there, and nobody posted it"
        if any(withdrawal.certain for withdrawal in self._withdrawals):
            yield _fault("withdrawn, and still there", *self._withdrawals)
        newest = max((claim.token for claim in self._claims), default=0)
        if final.token < newest or (final.token > newest and not lost_claims):
            yield _fault(f"its last token is {final.token}, not that of its last claim", *self._claims[-1:])
        done = [use for use in self._completions if use.certain]
        if final.state != "done":
            if done:
                yield _fault(f"completed, and {final.state} at last", *done)
            return
        by = [use for use in self._completions if use.token == final.token]
        if not by:
            yield f"{self._item!r} is done with token {final.token}, and nobody completed it so"
        elif all(use.result != final.result for use in by):
            yield _fault(
                f"done with the result {final.result!r}, which is not what it was completed with", *by
            )
        yield from (
            _fault(f"completed, and done with token {final.token} at last", use)
            for use in done
            if use.token != final.token
        )


def _fault(what: str, *events: Event) -> str:
    return "\n".join([f"{what}:", *(f"  {event.describe()}" for event in events)])
