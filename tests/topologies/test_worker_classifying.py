"""Workers chosen by what a message is about: a rule, a model when the rule is not sure, and what neither knows."""

from __future__ import annotations

from typing import Any, Literal

import pytest
from pydantic import BaseModel

import shoal
from shoal.runtime.errors import ConfigError, HandlerError
from shoal.topologies.wiring.edge import edge
from shoal.topologies.work.bandit import Bandit
from shoal.topologies.work.capable import capable
from shoal.topologies.work.classify import Classified, Classify
from shoal.topologies.work.routers import ByCapability
from shoal.topologies.worker import worker
from tests.topologies.crew import Biller, Bundle, Catcher, Failing, Invoice, Reply, Ticket, Worker

Topic = Literal["money", "code"]


class Topics(BaseModel):
    label: Topic
    confidence: float = 1.0


def by_word(ticket: Ticket) -> tuple[str, float]:
    """Sure of what it has a word for."""
    for word, topic in (("invoice", "money"), ("crash", "code"), ("perhaps money", "money")):
        if word in ticket.text:
            return topic, 0.5 if "perhaps" in ticket.text else 0.95
    return "", 0.0


class Asked(shoal.Agent):
    """A model: says what the ticket's skill says, and counts."""

    def __init__(self, calls: list[str]) -> None:
        self.calls = calls

    def __deepcopy__(self, memo: dict[int, Any]) -> Asked:
        return self

    async def on_ticket(self, ticket: Ticket, ctx: shoal.Context) -> Classified:
        self.calls.append(ticket.text)
        label, _, sure = ticket.skill.partition(":")
        return Classified(label=label, confidence=float(sure or 1))


def desks(**more: Any) -> dict[str, Any]:
    return {"money": Worker("money"), "code": Worker("code"), **more}


async def test_the_model_is_asked_only_about_what_the_rule_is_not_sure_of(system: shoal.System) -> None:
    calls: list[str] = []
    team = await system.build(worker(desks(), classify=Classify(by_word, Asked(calls))))
    tickets = [
        Ticket(text="an invoice", skill="code"),
        Ticket(text="a crash", skill="money"),
        Ticket(text="perhaps money", skill="code"),
        Ticket(text="hello", skill="money"),
    ]
    assert [(await team.ask(ticket)).by for ticket in tickets] == ["money", "code", "code", "money"]
    assert calls == ["perhaps money", "hello"]


async def test_the_threshold_says_how_sure_a_rule_has_to_be(system: shoal.System) -> None:
    calls: list[str] = []
    team = await system.build(worker(desks(), classify=Classify(by_word, Asked(calls), threshold=0.5)))
    assert (await team.ask(Ticket(text="perhaps money", skill="code"))).by == "money"
    assert calls == []


async def test_a_label_may_be_a_capability_and_the_router_chooses_among_those_who_have_it(
    system: shoal.System,
) -> None:
    workers = {
        "ann": capable(Worker("ann"), "refunds", "money"),
        "bob": capable(edge(Worker("bob")), "refunds"),
        "eve": Worker("eve"),
    }
    team = await system.build(
        worker(workers, classify=Classify(lambda ticket: ticket.skill), router=shoal.RoundRobin())
    )
    asked = [Ticket(text="", skill=skill) for skill in ("refunds", "refunds", "eve", "money", "refunds")]
    assert [(await team.ask(ticket)).by for ticket in asked] == ["ann", "bob", "eve", "ann", "ann"]


async def test_what_neither_is_sure_of_goes_to_the_fallback(system: shoal.System) -> None:
    team = await system.build(
        worker(desks(rest=Worker("rest")), classify=Classify(by_word, Asked([])), fallback="rest")
    )
    unsure = [
        Ticket(text="x", skill="money:0.4"),
        Ticket(text="x", skill=""),
        Ticket(text="x", skill="cooking"),
    ]
    assert [(await team.ask(ticket)).by for ticket in unsure] == ["rest"] * 3


@pytest.mark.parametrize(
    ("text", "skill", "why"),
    [
        (
            "perhaps money",
            "code:0.2",
            "nobody knows what Ticket is about: the rule says 'money' with confidence 0.50, and 0.85 is needed; the "
            "classifier says 'code' with confidence 0.20, and 0.5 is needed; workers are money, code, and there is no "
            "fallback",
        ),
        ("x", "", "the rule does not know, and 0.85 is needed; the classifier does not know"),
        (
            "x",
            "cooking",
            "no worker that accepts Ticket is called 'cooking' or can do it; workers are money, code",
        ),
    ],
)
async def test_without_a_fallback_the_asker_hears_what_rule_and_model_said(
    system: shoal.System, text: str, skill: str, why: str
) -> None:
    team = await system.build(worker(desks(), classify=Classify(by_word, Asked([]))))
    with pytest.raises(HandlerError) as caught:
        await team.ask(Ticket(text=text, skill=skill))
    assert why in caught.value.text
    assert type(caught.value.cause).__name__ == "NoWorker"


async def test_a_classifier_that_fails_is_one_that_does_not_know(system: shoal.System) -> None:
    async def broken(ticket: Ticket) -> Classified:
        raise ValueError("no model today")

    lost = await system.build(worker(desks(), classify=Classify(by_word, broken)), name="lost")
    with pytest.raises(HandlerError, match=r"the classifier failed: lost/classifier raised ValueError"):
        await lost.ask(Ticket(text="x"))
    assert (await lost.ask(Ticket(text="an invoice"))).by == "money"
    saved = await system.build(worker(desks(), classify=Classify(by_word, broken), fallback="code"))
    assert (await saved.ask(Ticket(text="x"))).by == "code"


async def test_an_llm_agent_classifies_with_what_it_is_told_to_answer(system: shoal.System) -> None:
    model = shoal.ScriptedModel({"charged": Topics(label="money")}, default=Topics(label="code"))
    labeller = shoal.LLMAgent(model, "Label the ticket.", input=Ticket, output=Topics)
    team = await system.build(worker(desks(), classify=Classify(model=labeller)))
    assert (await team.ask(Ticket(text="I was charged twice"))).by == "money"
    assert (await team.ask(Ticket(text="it is slow"))).by == "code"


async def test_each_subtask_is_classified_unless_it_says_what_it_needs(system: shoal.System) -> None:
    calls: list[str] = []

    def cut(bundle: Bundle) -> list[Any]:
        return [Ticket(text=text, skill="code") for text in bundle.texts]

    team = await system.build(
        worker(
            desks(),
            classify=Classify(by_word, Asked(calls)),
            split=cut,
            merge=lambda b, replies: [r.by for r in replies],
        )
    )
    assert await team.ask(Bundle(texts=["a crash", "an invoice", "hello", "you"])) == [
        "code",
        "money",
        "code",
        "code",
    ]
    assert sorted(calls) == ["hello", "you"]


async def test_a_failing_worker_fails_its_own_tasks_only(system: shoal.System) -> None:
    team = await system.build(
        worker({"money": Failing(), "code": Worker("code")}, classify=Classify(by_word)), name="t"
    )
    for _ in range(3):
        with pytest.raises(HandlerError, match="t/money raised ValueError"):
            await team.ask(Ticket(text="an invoice"))
        assert (await team.ask(Ticket(text="a crash"))).by == "code"


async def test_a_bandit_learns_which_worker_fails(system: shoal.System) -> None:
    team = await system.build(worker({"bad": Failing(), "good": Worker("good")}, router=Bandit(seed=3)))
    good = 0
    for _ in range(60):
        try:
            good += (await team.ask(Ticket(text="x"))).by == "good"
        except HandlerError:
            continue
    assert good > 48
    team = await system.build(worker({"bad": Failing(), "good": Worker("good")}))
    ended = [await outcome(team) for _ in range(60)]
    assert ended.count("good") == 30, "by load alone a worker that fails gets its share"


async def test_a_bandit_learns_for_each_label_who_does_it_well(system: shoal.System) -> None:
    def score(ticket: Ticket, reply: Reply) -> float:
        return float(reply.by == ticket.skill)

    workers = {name: capable(Worker(name), "x", "y") for name in ("ann", "bob")}
    labels = {"ann": "x", "bob": "y"}
    team = await system.build(
        worker(
            workers,
            classify=Classify(lambda ticket: labels[ticket.skill]),
            router=Bandit(score=score, seed=5),
        )
    )
    for skill in ["ann", "bob"] * 40:
        await team.ask(Ticket(text="", skill=skill))
    asked = [(await team.ask(Ticket(text="", skill=skill))).by for skill in ["ann", "bob"] * 10]
    assert sum(by == skill for by, skill in zip(asked, ["ann", "bob"] * 10, strict=True)) >= 18


async def outcome(team: shoal.Team) -> str:
    try:
        return str((await team.ask(Ticket(text="x"))).by)
    except HandlerError:
        return "failed"


async def test_a_router_that_cannot_learn_costs_no_task_its_answer(system: shoal.System) -> None:
    def score(message: Any, answer: Any) -> float:
        raise ValueError("no score")

    team = await system.build(worker([Worker("w")], router=Bandit(score=score)))
    assert (await team.ask(Ticket(text="x"))).by == "w"


async def test_the_graph_says_who_classifies_and_what_each_can_do(system: shoal.System) -> None:
    team = worker(
        {"ann": capable(Worker(), "refunds"), "rest": Catcher()},
        classify=Classify(by_word, Asked([])),
        fallback="rest",
    )
    links = {link["to"]: link["label"] for link in team.describe()["links"]}
    assert links == {"classifier": "when the rule is not sure", "ann": "refunds", "rest": "fallback"}


async def only_text(text: str) -> str:
    return text


async def by_topic(ticket: Ticket) -> Topics:
    return Topics(label="money")


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda: worker(desks(), classify=Classify()), "worker: classify has neither a rule nor a model"),
        (
            lambda: worker(desks(), classify=Classify(by_word, threshold=2)),
            "worker: classify: threshold is 2",
        ),
        (
            lambda: worker(desks(), classify=Classify(by_word, only_text)),
            "the classifier accepts str, and Ticket is to be classified, too",
        ),
        (
            lambda: worker(desks(classifier=Worker()), classify=Classify(by_word, by_topic)),
            "is called 'classifier'",
        ),
        (
            lambda: worker({"money": Worker()}, classify=Classify(model=by_topic)),
            r"a label is 'code', and no worker is called that .*shoal.capable\(agent, 'code'\)",
        ),
        (
            lambda: worker({"money": Worker()}, classify=Classify(by_word, by_topic)),
            "a label is 'code', and no worker is called that",
        ),
        (
            lambda: worker(desks(art=Worker()), classify=Classify(model=edge(by_topic))),
            "no label leads to 'art'; labels are money, code",
        ),
        (
            lambda: worker(desks(), classify=Classify(by_word, labels=["money", "cooking"])),
            "a label is 'cooking', and no worker is called that",
        ),
        (
            lambda: worker([Worker()], router=ByCapability({Ticket: "refunds"})),
            "the router sends Ticket to 'refunds', which no worker is called or can do",
        ),
        (
            lambda: worker({"a": capable(only_text, "x")}, router=ByCapability({Invoice: "x"})),
            "the router sends Invoice to 'x', and 'a' accepts str",
        ),
        (lambda: worker([capable(7, "x")]), "worker, member '1': 7 cannot be spawned"),
    ],
)
async def test_a_wiring_that_cannot_work_is_refused_before_anything_is_started(
    system: shoal.System, make: Any, why: str
) -> None:
    with pytest.raises(ConfigError, match=why):
        await system.build(make())
    assert [host["agents"] for host in await system.health()] == [0]


async def test_labels_nobody_has_and_workers_no_label_leads_to_are_the_fallbacks_when_there_is_one(
    system: shoal.System,
) -> None:
    team = await system.build(
        worker(
            {"money": Worker("money"), "rest": Worker("rest")},
            classify=Classify(model=by_code),
            fallback="rest",
        )
    )
    assert (await team.ask(Ticket(text="x"))).by == "rest"


async def by_code(ticket: Ticket) -> Topics:
    return Topics(label="code")


@pytest.mark.parametrize(
    ("capabilities", "why"),
    [((), "names no capability"), (("",), "'' is no capability"), ((7,), "7 is no capability")],
)
def test_what_is_no_capability_is_refused(capabilities: Any, why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        capable(Worker(), *capabilities)


def test_capabilities_that_are_one_text_are_a_mistake() -> None:
    class Wrong(Worker):
        capabilities = "billing"  # type: ignore[assignment]

    with pytest.raises(ConfigError, match=r"worker, member '1': its capabilities are the text 'billing'"):
        worker([Wrong()])


async def test_a_class_and_what_is_said_around_it_declare_capabilities_together(system: shoal.System) -> None:
    team = await system.build(
        worker(
            {"b": capable(Biller, "quotes"), "w": Worker("w")}, classify=Classify(lambda ticket: ticket.skill)
        )
    )
    for skill in ("billing", "refunds", "quotes"):
        assert await team.ask(Ticket(text="", skill=skill)) == Reply(text="", by="biller")


async def test_a_team_can_do_what_all_of_its_members_declare(system: shoal.System) -> None:
    both = worker([Biller(), Biller()])
    mixed = worker([Biller(), Worker()])
    team = worker({"both": both, "mixed": mixed}, classify=Classify(lambda ticket: "billing"))
    labels = {link["to"]: link["label"] for link in team.describe()["links"]}
    assert labels == {"both": "billing, refunds", "mixed": ""}
