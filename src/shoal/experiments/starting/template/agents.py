"""Agents that label tickets by rules: no model is asked, and the same ticket always gets the same label.

Each has a strength of its own. Replace them with yours: an agent is any class with typed handlers, or an async
function.
"""

import re
from typing import Literal

from pydantic import BaseModel

import shoal

LABELS = ("billing", "card", "transfer", "login", "account")


class Ticket(BaseModel):
    """What the agents are asked."""

    text: str


class Label(BaseModel):
    """What they answer."""

    label: Literal["billing", "card", "transfer", "login", "account"]


WORDS = {
    "billing": ("fee", "charged", "invoice", "refund", "bill"),
    "card": ("card", "pin", "cash"),
    "transfer": ("transfer", "send", "sent", "payment"),
    "login": ("password", "code", "app"),
    "account": ("account", "address", "statement", "letter"),
}


class Keywords(shoal.Agent):
    """Counts words; where it finds none, it says account."""

    async def on_ticket(self, ticket: Ticket) -> Label:
        """The label most of whose words are in the text."""
        return Label(label=most_words(ticket.text, LABELS) or "account")


PHRASES = (
    (r"\blog in\b|sign (in|out)|reset (link|mail)|the code|\bsession\b|locked", "login"),
    (r"\b(my|new|old|the) card\b|contactless|cash machine", "card"),
    (r"\btransfer|standing order|recipient|sen[dt] (\d+|money|rent)", "transfer"),
    (r"\bcharged? (me )?(twice|for)|\bfees?\b|invoice|money back|my bill|the bill", "billing"),
)


class Phrases(shoal.Agent):
    """Looks for phrases, the surest first."""

    async def on_ticket(self, ticket: Ticket) -> Label:
        """The label of the first phrase that is in the text."""
        for pattern, label in PHRASES:
            if re.search(pattern, ticket.text, re.IGNORECASE):
                return Label.model_validate({"label": label})
        return Label(label="account")


VERBS = {
    "card": ("block", "blocked", "declined", "stolen", "lost", "expired", "cut", "kept", "found"),
    "login": ("forgot", "activated", "enter", "tried", "open", "opens", "working", "valid", "set"),
    "transfer": ("sent", "send", "pending", "rejected", "typed", "stop", "came", "come"),
    "billing": ("charged", "charge", "paid", "pay", "took", "cancelled", "advertise", "deduct", "promised"),
    "account": ("moved", "close", "change", "changed", "delete", "need", "switch", "died", "prove", "like"),
}


async def by_verbs(ticket: Ticket) -> Label:
    """Looks at what happened rather than to what: an agent can be a function, too."""
    found = words_of(ticket.text)
    counts = {label: len(found.intersection(verbs)) for label, verbs in VERBS.items()}
    return Label.model_validate({"label": max(counts, key=lambda label: counts[label])})


class MoneyDesk(shoal.Agent):
    """Knows three labels: it only gets tickets about money."""

    async def on_ticket(self, ticket: Ticket) -> Label:
        """One of its three."""
        return Label(label=most_words(ticket.text, ("card", "transfer", "billing")) or "billing")


class AccessDesk(shoal.Agent):
    """Knows two labels: it only gets tickets about how people come to their account."""

    async def on_ticket(self, ticket: Ticket) -> Label:
        """One of its two."""
        return Label(label=most_words(ticket.text, ("login", "account")) or "account")


MONEY = re.compile(
    r"\bcard|\bPIN\b|cash|money|pay|paid|bill|charge|fee|invoice|price|refund|transfer|sen[dt]\b|salary|\d{2,}",
    re.I,
)


def area(ticket: Ticket) -> tuple[str, float]:
    """Whose tickets these are, and how sure that is: what the orchestrator goes by."""
    return ("money" if MONEY.search(ticket.text) else "access"), 1.0


def words_of(text: str) -> set[str]:
    """The words of a text, in small letters."""
    return set(re.findall(r"[a-z]+", text.lower()))


def most_words(
    text: str, labels: tuple[str, ...]
) -> Literal["billing", "card", "transfer", "login", "account"] | None:
    """The label most of whose words are in the text; of equal ones the first; ``None`` where none is."""
    found = words_of(text)
    counts = {label: len(found.intersection(WORDS[label])) for label in labels}
    best = max(counts, key=lambda label: counts[label])
    return Label.model_validate({"label": best}).label if counts[best] else None
