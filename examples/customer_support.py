"""Customer support from end to end, out of five patterns, one within the other:

triage (worker) → research (fan-out) → draft (pipeline with a gate) → escalation (hierarchy) → approval (gated)

It prints::

    charged twice and want to upgrade   billing, sales   We give back 19 EUR. The plan Large costs 49 EUR a month.
    where is my parcel                  other            We are looking into it and will write by tomorrow.
    charged 900 EUR for nothing         billing          (approved by Ann) We give back 900 EUR.
    how much is the large plan          sales            The plan Large costs 49 EUR a month.

Each agent sees what it needs and no more: billing never sees the catalogue, sales never the payments. What the desks
say carries its sources, and without them it goes no further. A draft that promises nothing is sent back once. Large
sums go up to two seniors, who must agree, and then wait for a person. Here the agents are rules, so that no key is
needed: each of them could as well be a ``shoal.LLMAgent`` with the same types.

Run it: ``python examples/customer_support.py``, with ``--ray`` in a process for each agent.
"""

import asyncio
import re
import sys
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

import shoal

TICKETS = (
    "charged twice and want to upgrade",
    "where is my parcel",
    "charged 900 EUR for nothing",
    "how much is the large plan",
)
PAYMENTS = {"charged twice and want to upgrade": 19, "charged 900 EUR for nothing": 900}
CATALOGUE = {"small": 9, "large": 49}
LARGE_SUM = 100


class Ticket(BaseModel):
    text: str


class Case(BaseModel):
    """What the agents know of a ticket: the typed object that goes from one to the next."""

    text: str
    intents: list[str] = []
    facts: list[shoal.Claim] = []
    refund: int = 0
    answer: str = ""
    senior: str = ""


class ForBilling(BaseModel):
    """All that billing gets to see."""

    text: str


class ForSales(BaseModel):
    """All that sales gets to see."""

    text: str


class Facts(BaseModel):
    """What a desk found out, and where."""

    claims: list[shoal.Claim] = []
    refund: int = 0
    desk: str = ""


class Opinion(BaseModel):
    """A senior's."""

    approve: bool
    why: str


async def find_intents(ticket: Ticket) -> Case:
    """Triage, for tickets that are about money."""
    wanted = {"billing": "charged", "sales": "upgrade|plan"}
    return Case(
        text=ticket.text, intents=[name for name, word in wanted.items() if re.search(word, ticket.text)]
    )


async def no_intent(ticket: Ticket) -> Case:
    """Triage, for all others."""
    return Case(text=ticket.text)


def about_money(ticket: Ticket) -> str:
    """The rule of the classifier."""
    return "money" if re.search("charged|upgrade|plan", ticket.text) else "other"


async def billing(seen: ForBilling) -> Facts:
    """Looks up payments."""
    sum_eur = PAYMENTS.get(seen.text, 0)
    if not sum_eur:
        return Facts(desk="billing", claims=[shoal.Claim(text="no payment is wrong", sources=("payments",))])
    claim = shoal.Claim(text=f"{sum_eur} EUR were charged wrongly", sources=("payments",))
    return Facts(desk="billing", claims=[claim], refund=sum_eur)


async def sales(seen: ForSales) -> Facts:
    """Looks up prices."""
    price = CATALOGUE["large"]
    return Facts(
        desk="sales",
        claims=[shoal.Claim(text=f"the plan Large costs {price} EUR a month", sources=("catalogue",))],
    )


def one_dossier(case: Case, found: Mapping[str, Facts]) -> Case:
    """What both desks found, as far as the ticket is about it."""
    asked = [found[name] for name in case.intents if name in found]
    claims = [claim for facts in asked for claim in facts.claims]
    return case.model_copy(update={"facts": claims, "refund": sum(facts.refund for facts in asked)})


class Writer(shoal.Agent):
    """Writes the answer; forgets the sum at first."""

    concurrency = 16

    async def on_case(self, case: Case) -> Case:
        said = [claim.text for claim in case.facts if "wrongly" not in claim.text]
        sentences = [f"{text[0].upper()}{text[1:]}." for text in said]
        if not case.facts:
            sentences.append("We are looking into it and will write by tomorrow.")
        return case.model_copy(update={"answer": " ".join(sentences)})

    async def on_revision(self, again: shoal.Revision) -> Case:
        case = Case.model_validate(again.draft)
        return case.model_copy(update={"answer": f"We give back {case.refund} EUR. {case.answer}".strip()})


def says_the_sum(case: Case) -> str | None:
    """The gate after the draft."""
    return "it does not say what we give back" if case.refund and "give back" not in case.answer else None


class Senior(shoal.Agent):
    """Has an opinion on large sums, each from another side."""

    def __init__(self, side: str, most: int) -> None:
        self.side = side
        self.most = most

    async def on_case(self, case: Case) -> Opinion:
        return Opinion(approve=case.refund <= self.most, why=f"{self.side}: up to {self.most} EUR")


class Seniors(shoal.BranchReports):
    """Their opinions, typed."""

    answers: dict[str, Opinion]


async def both_agree(reports: Seniors) -> Case:
    """What goes on from the escalation."""
    case = Case.model_validate(reports.task)
    agreed = all(opinion.approve for opinion in reports.answers.values())
    return case.model_copy(update={"senior": "agreed" if agreed else "refused"})


async def send(case: Case) -> Case:
    """The last step: it would write to the customer."""
    return case


def small_sum(case: Case) -> bool:
    """No escalation."""
    return case.refund <= LARGE_SUM


def large_sum(case: Case) -> bool:
    """A person has to approve."""
    return case.refund > LARGE_SUM


def support() -> shoal.Topology:
    """The team; ``shoal topology show examples/customer_support.py:support`` draws it."""
    triage = shoal.worker(
        {"money": find_intents, "other": no_intent},
        classify=shoal.Classify(rule=about_money),
        fallback="other",
    )
    research = shoal.fan_out(
        billing=shoal.edge(billing, context=ForBilling, require_sources=True),
        sales=shoal.edge(sales, context=ForSales, require_sources=True),
        by=one_dossier,
    )
    draft = shoal.pipeline(
        write=Writer(), gates={"write": shoal.gate(says_the_sum, back_to="write")}, replicas={"write": 2}
    )
    escalation = shoal.hierarchy(
        {"law": Senior("law", 2000), "money": Senior("money", 1000)}, summarize=both_agree, summary=Case
    )
    last = shoal.pipeline(
        escalation=escalation, send=shoal.gated(send, when=large_sum), skip={"escalation": small_sum}
    )
    return shoal.pipeline(triage=triage, research=research, draft=draft, last=last)


async def ann(system: shoal.System, names: dict[str, str]) -> None:
    """The person: approves what waits, as ``shoal approvals approve`` would."""
    approvals = await shoal.Approvals.open(system)
    async for request in approvals.pending():
        names[request.data["text"]] = "Ann"
        await approvals.approve(request.id, by="Ann")


async def main() -> None:
    target = None if "--ray" in sys.argv else "local"
    names: dict[str, str] = {}
    async with shoal.start(target) as system:
        team: Any = await system.build(support(), name="support")
        person = asyncio.create_task(ann(system, names))
        cases = await asyncio.gather(*(team.ask(Ticket(text=text)) for text in TICKETS))
        person.cancel()
    for text, case in zip(TICKETS, cases, strict=True):
        by = f"(approved by {names[text]}) " if text in names else ""
        print(f"{text:<36}{', '.join(case.intents) or 'other':<17}{by}{case.answer}")


if __name__ == "__main__":
    asyncio.run(main())
