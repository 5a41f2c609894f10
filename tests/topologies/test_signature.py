"""What an agent or a team accepts and returns, before anything runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from shoal.runtime.context import Context
from shoal.topologies.pipeline import pipeline
from shoal.topologies.single import single
from shoal.topologies.wiring.signature import OPEN, Signature, either, kinds_of, type_names
from shoal.topologies.wiring.topology import signature_of
from shoal.topologies.worker import worker
from tests.topologies.crew import (
    Biller,
    Bundle,
    Catcher,
    Draft,
    Editor,
    Invoice,
    Reply,
    Step,
    Ticket,
    Worker,
    Writer,
    polish,
)


class Both(Worker):
    async def on_draft(self, draft: Draft, ctx: Context) -> Draft | None:
        return None


def test_an_agent_and_its_class_have_the_same_signature() -> None:
    assert signature_of(Biller()) == signature_of(Biller) == Signature({Ticket: (Reply,), Invoice: (Reply,)})


def test_a_function_has_the_signature_of_its_annotations() -> None:
    assert signature_of(polish) == Signature({Draft: (Draft,)})


def make() -> Worker:
    return Worker()


def test_a_factory_is_open_until_it_runs() -> None:
    assert signature_of(make) is OPEN
    assert OPEN.accepts is None
    assert OPEN.returns is None
    assert OPEN.takes(Ticket)


def test_answers_depend_on_the_type_that_is_sent() -> None:
    both = signature_of(Both)
    assert both.answers_to((Ticket,)) == (Reply,)
    assert both.answers_to((Draft,)) == (Draft, type(None))
    assert both.returns == (Reply, Draft, type(None))


def test_an_agent_that_takes_anything_takes_it() -> None:
    catcher = signature_of(Catcher())
    assert catcher.takes(Bundle)
    assert catcher.accepts is None
    assert catcher.answers_to((Bundle,)) == (Reply,)


def test_an_annotation_names_its_message_types_or_nothing() -> None:
    assert kinds_of(Ticket | Draft) == (Ticket, Draft)
    assert kinds_of(list[Ticket]) == (list,)
    assert kinds_of(tuple[int, ...]) == (list,)
    assert kinds_of(type(None)) == (type(None),)
    assert kinds_of(None) is None
    assert kinds_of(Any) is None
    assert kinds_of(Ticket | Any) is None
    assert either([(Ticket,), (Ticket, Draft)]) == (Ticket, Draft)
    assert either([(Ticket,), None]) is None


def test_types_are_named_as_people_write_them() -> None:
    assert type_names((Ticket, type(None))) == "Ticket, None"
    assert type_names(None) == "anything"
    assert type_names(()) == "nothing"


def test_a_pipeline_takes_what_its_first_stage_takes_and_answers_what_its_last_makes_of_it() -> None:
    signature = signature_of(pipeline(Writer(), polish, Editor()))
    assert signature == Signature({Ticket: (Reply,)})


def test_workers_take_together_what_any_of_them_takes() -> None:
    signature = signature_of(worker({"a": Writer(), "b": Biller()}))
    assert signature.answers_to((Ticket,)) == (Draft, Reply)
    assert signature.answers_to((Invoice,)) == (Reply,)


async def length(ticket: Ticket) -> int:
    return len(ticket.text)


def test_a_split_is_known_by_its_annotations() -> None:
    def split(bundle: Bundle) -> list[Ticket]:
        return [Ticket(text=text) for text in bundle.texts]

    def merge(bundle: Bundle, replies: Sequence[Reply]) -> Draft:
        return Draft(text="")

    assert signature_of(worker([length], split=split)) == Signature({Bundle: (list,)})
    assert signature_of(worker([Worker()], split=split, merge=merge)) == Signature({Bundle: (Draft,)})


def test_a_split_without_annotations_takes_what_it_is_told_or_anything() -> None:
    team = worker([length], split=lambda bundle: [], accepts=Bundle)
    assert signature_of(team) == Signature({Bundle: (list,)})
    assert signature_of(worker([length], split=lambda bundle: [])).takes(Invoice)


def test_signatures_pass_through_nested_teams() -> None:
    inner = pipeline(Step("a"), worker([Step("b"), Writer()]))
    assert signature_of(single(inner)).answers_to((Ticket,)) == (Ticket, Draft)
