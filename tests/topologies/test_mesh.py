"""Mesh: peers that speak to one another, and what keeps their talk from going wrong."""

from __future__ import annotations

import asyncio
import logging
import time
from itertools import pairwise
from typing import Any

import pytest

import shoal
from shoal.blackboard.errors import Conflict
from shoal.runtime.errors import ConfigError, HandlerError
from shoal.topologies.errors import ChannelBroken, MessageLoop, NoChannel, PeerFailed, TurnsSpent
from shoal.topologies.mesh import mesh
from shoal.topologies.peers.messages import MeshResult
from shoal.topologies.peers.peer import Peer, Talk
from tests.topologies.crew import Draft, Gate, Held, Mute, Reply, Ticket, Worker


class Passing(Peer):
    """Passes a ticket on to everybody it may speak to, one by one, and signs."""

    async def on_ticket(self, ticket: Ticket, ctx: shoal.Context) -> Ticket:
        for other in self.neighbours:
            if other not in (*self.talk.path, self.talk.me):
                ticket = await self.send(ctx, other, ticket)
        return ticket.model_copy(update={"steps": [*ticket.steps, self.talk.me]})


class PingPong(Peer):
    """Sends back whatever it gets, for ever."""

    async def on_ticket(self, ticket: Ticket, ctx: shoal.Context) -> Ticket:
        answer: Ticket = await self.send(ctx, self.neighbours[0], ticket)
        return answer


class Nagging(Peer):
    """Asks again and again, for ever."""

    async def on_ticket(self, ticket: Ticket, ctx: shoal.Context) -> Ticket:
        while True:
            ticket = await self.send(ctx, self.neighbours[0], ticket)


class Speaking(Peer):
    """Says to somebody what it is given, and answers what came back, or the error's name."""

    def __init__(self, to: str, times: int = 1) -> None:
        self.to = to
        self.times = times
        self.now = 0.0

    def clock(self) -> float:
        return self.now

    async def on_ticket(self, ticket: Ticket, ctx: shoal.Context) -> list[str]:
        said = []
        for _ in range(self.times):
            try:
                answer = await self.send(ctx, self.to, ticket)
                said.append(answer.text)
            except (ChannelBroken, MessageLoop, NoChannel, PeerFailed, TurnsSpent) as error:
                said.append(type(error).__name__)
                self.now += 1.0
        return said


class Answering(Peer):
    def __init__(self, text: str = "yes") -> None:
        self.text = text

    async def on_ticket(self, ticket: Ticket, ctx: shoal.Context) -> Reply:
        return Reply(text=self.text, by=self.talk.by)


class Ill(Peer):
    """Fails when it is told to."""

    async def on_ticket(self, ticket: Ticket, ctx: shoal.Context) -> Reply:
        if ticket.text == "fail":
            raise ValueError("I am ill")
        return Reply(text="well", by=self.talk.me)


async def team_of(system: shoal.System, peers: Any, **options: Any) -> shoal.Team:
    return await system.build(mesh(peers, **options), name="m")


# -- normal work -------------------------------------------------------------------------------------------


async def test_peers_speak_to_one_another_and_the_result_says_who_said_what(system: shoal.System) -> None:
    team = await team_of(system, {"a": Passing(), "b": Passing, "c": Passing()}, channels="ring")
    result = await team.ask(Ticket(text="x"))
    assert isinstance(result, MeshResult)
    assert (result.reason, result.why, result.rounds) == ("answered", "answered by a", 1)
    assert result.complete
    assert result.answers["a"]["steps"] == ["c", "b", "b", "c", "a"]
    assert result.turns == {"a": 1, "b": 2, "c": 2}
    assert set(result.last) == {"a", "b", "c"}


async def test_agents_functions_and_teams_answer_peers(system: shoal.System) -> None:
    async def answer(ticket: Ticket) -> Reply:
        return Reply(text="function", by="f")

    peers = {"a": Speaking("b"), "b": Worker("agent"), "f": answer, "t": shoal.pipeline(Worker("team"))}
    for to, text in (("b", "x"), ("f", "function"), ("t", "x")):
        team = await system.build(mesh(peers | {"a": Speaking(to)}))
        result = await team.ask(Ticket(text="x"))
        assert result.answers == {"a": [text]}
        assert result.turns == {"a": 1, to: 1}


async def test_a_peer_knows_about_the_message_it_handles(system: shoal.System) -> None:
    seen: list[Talk] = []

    class Seeing(Passing):
        async def on_draft(self, draft: Draft, ctx: shoal.Context) -> None:
            seen.append(self.talk)

    class First(Peer):
        async def on_ticket(self, ticket: Ticket, ctx: shoal.Context) -> None:
            seen.append(self.talk)
            await self.send(ctx, "b", Draft(text="x"))

    team = await team_of(system, {"a": First(), "b": Seeing()}, turns=9)
    await team.ask(Ticket(text="x"))
    assert seen == [Talk("a", "", (), 1, 8), Talk("b", "a", ("a",), 1, 7)]


async def test_several_are_spoken_to_at_once(system: shoal.System) -> None:
    gate = Gate()

    class All(Peer):
        async def on_ticket(self, ticket: Ticket, ctx: shoal.Context) -> list[str]:
            return sorted(await self.send_all(ctx, dict.fromkeys(self.neighbours, ticket)))

    team = await team_of(system, {"a": All(), "b": Held(gate), "c": Held(gate)})
    asked = asyncio.ensure_future(team.ask(Ticket(text="x")))
    await gate.until_running(2)
    gate.open.set()
    assert (await asked).answers == {"a": ["b", "c"]}


async def test_two_that_ask_each_other_at_the_same_time_do_not_wait_for_ever(system: shoal.System) -> None:
    class Both(Peer):
        async def on_ticket(self, ticket: Ticket, ctx: shoal.Context) -> str:
            other: str = await self.send(ctx, self.neighbours[0], "hello")
            return other

        async def on_text(self, text: str, ctx: shoal.Context) -> str:
            return f"{self.talk.me} heard {text}"

    team = await team_of(system, {"a": Both(), "b": Both()}, first="all")
    result = await team.ask(Ticket(text="x"), timeout_s=30)
    assert result.answers == {"a": "b heard hello", "b": "a heard hello"}


async def test_a_peer_works_on_as_many_messages_at_once_as_it_says(system: shoal.System) -> None:
    class Busy(Peer):
        def __init__(self, gate: Gate) -> None:
            self.gate = gate

        async def on_ticket(self, ticket: Ticket, ctx: shoal.Context) -> Ticket:
            await self.gate.pass_through()
            return ticket

    class Busier(Busy):
        at_once = 3

    for kind, most in ((Busy, 1), (Busier, 3)):
        gate = Gate()
        team = await system.build(mesh([kind(gate)]))
        asked = [asyncio.ensure_future(team.ask(Ticket(text="x"))) for _ in range(5)]
        await gate.until_running(most)
        gate.open.set()
        await asyncio.gather(*asked)
        assert gate.most == most


async def test_the_result_can_be_made_of_the_objects_that_were_answered(system: shoal.System) -> None:
    def text_of(result: MeshResult) -> str:
        answer = result.answers["a"]
        assert isinstance(answer, Ticket)
        return answer.text

    team = await team_of(system, {"a": Passing()}, result=text_of)
    assert await team.ask(Ticket(text="x")) == "x"
    assert team.describe()["returns"] == "str"


# -- mitigations, switched on and off: turns, hops, circles ------------------------------------------------


@pytest.mark.parametrize("most", [10, 20])
async def test_endless_ping_pong_ends_at_the_turns_with_that_reason(system: shoal.System, most: int) -> None:
    """MAST FM-1.5: unaware of termination conditions."""
    team = await team_of(
        system, {"a": PingPong(), "b": PingPong()}, turns=most, turns_each=99, most_visits=99, most_hops=99
    )
    result = await team.ask(Ticket(text="x"), timeout_s=60)
    assert (result.reason, result.complete) == ("turns", False)
    assert "no turn is left for" in result.why
    assert sum(result.turns.values()) == most, "it ends at this limit and at no other"
    assert result.answers == {}


async def test_endless_asking_ends_at_the_turns_and_the_last_statements_are_there(
    system: shoal.System,
) -> None:
    team = await team_of(system, {"a": Nagging(), "b": Passing()}, turns=12)
    result = await team.ask(Ticket(text="x"), timeout_s=60)
    assert (result.reason, result.turns) == ("turns", {"a": 1, "b": 11})
    assert "b" in result.last


async def test_the_turns_of_one_peer_end_the_task_too(system: shoal.System) -> None:
    for each, expected in ((5, {"a": 1, "b": 5}), (99, {"a": 1, "b": 39})):
        team = await system.build(mesh({"a": Nagging(), "b": Passing()}, turns=40, turns_each=each))
        result = await team.ask(Ticket(text="x"))
        assert (result.reason, result.turns) == ("turns", expected)


async def test_a_peer_that_is_told_that_no_turn_is_left_may_still_answer(system: shoal.System) -> None:
    team = await team_of(system, {"a": Speaking("b", times=9), "b": Answering()}, turns=4)
    result = await team.ask(Ticket(text="x"))
    assert result.answers == {"a": ["yes"] * 3 + ["TurnsSpent"] * 6}
    assert result.reason == "answered"


async def test_a_message_does_not_go_back_to_where_it_was_unless_that_is_allowed(
    system: shoal.System,
) -> None:
    peers = {"a": Speaking("b"), "b": PingPong()}
    with pytest.raises(
        HandlerError, match="'b' failed: MessageLoop: a -> b -> a: it was at 'a' 1 times"
    ) as caught:
        await (await system.build(mesh({"a": PingPong(), "b": PingPong()}))).ask(Ticket(text="x"))
    assert caught.value.details["type"] == "shoal.topologies.errors.PeerFailed"
    assert (await (await system.build(mesh(peers))).ask(Ticket(text="x"))).answers == {"a": ["PeerFailed"]}
    team = await system.build(mesh({"a": PingPong(), "b": PingPong()}, most_visits=4))
    with pytest.raises(HandlerError, match="a -> b -> a -> b -> a -> b -> a -> b -> a: "):
        await team.ask(Ticket(text="x"))


async def test_a_message_goes_through_so_many_peers_and_no_more(system: shoal.System) -> None:
    names = "abcdef"
    line = [(one, other) for one, other in pairwise(names)]
    for most, fails in ((3, True), (8, False)):
        team = await system.build(mesh({name: Passing() for name in names}, channels=line, most_hops=most))
        if fails:
            with pytest.raises(HandlerError, match="MessageLoop: a -> b -> c -> d: 3 hops are the most"):
                await team.ask(Ticket(text="x"))
        else:
            result = await team.ask(Ticket(text="x"))
            assert result.answers["a"]["steps"] == list("fedcba")


async def test_who_has_no_channel_is_refused_before_anything_is_said(system: shoal.System) -> None:
    """MAST FM-1.2: roles are enforced where something is sent."""
    peers = {"a": Speaking("c"), "b": Passing(), "c": Answering()}
    cases: list[tuple[Any, str]] = [("full", "yes"), ([("a", "b"), ("b", "c")], "NoChannel")]
    for channels, answer in cases:
        team = await system.build(mesh(peers, channels=channels))
        result = await team.ask(Ticket(text="x"))
        assert result.answers == {"a": [answer]}
        assert result.turns == ({"a": 1, "c": 1} if answer == "yes" else {"a": 1})


async def test_somebody_who_is_no_peer_of_it_is_refused_by_name(system: shoal.System) -> None:
    class Strange(Peer):
        async def on_ticket(self, ticket: Ticket, ctx: shoal.Context) -> None:
            await self.send(ctx, "x", ticket)

    team = await team_of(system, {"a": Strange(), "b": Passing()})
    with pytest.raises(HandlerError, match="'a' may speak to b; 'x' is no peer"):
        await team.ask(Ticket(text="x"))


# -- breaker -----------------------------------------------------------------------------------------------


async def test_a_channel_that_fails_again_and_again_is_left_alone_and_tried_after_a_while(
    system: shoal.System,
) -> None:
    rule = shoal.Breaker(failures=2, within_s=100, open_s=3)
    fail = Ticket(text="fail")
    on = await system.build(mesh({"a": Speaking("b", times=7), "b": Ill()}, breaker=rule))
    result = await on.ask(fail)
    broken = ["PeerFailed", "PeerFailed", "ChannelBroken", "ChannelBroken", "PeerFailed", "ChannelBroken"]
    assert result.answers["a"][:6] == broken
    off = await system.build(mesh({"a": Speaking("b", times=7), "b": Ill()}, breaker=None))
    assert (await off.ask(fail)).answers == {"a": ["PeerFailed"] * 7}


async def test_turns_taken_by_a_peer_that_failed_count_and_its_error_reaches_the_asker(
    system: shoal.System,
) -> None:
    class Failing(Peer):
        async def on_ticket(self, ticket: Ticket, ctx: shoal.Context) -> None:
            await self.send(ctx, "c", ticket)
            raise ValueError("after it spoke")

    peers = {"a": Speaking("b", times=2), "b": Failing(), "c": Answering()}
    result = await (await system.build(mesh(peers))).ask(Ticket(text="x"))
    assert result.answers == {"a": ["PeerFailed", "PeerFailed"]}
    assert result.turns == {"a": 1, "b": 2, "c": 2}
    with pytest.raises(HandlerError, match="'b' failed: ValueError: after it spoke"):
        await (await system.build(mesh(peers, first=["b", "a"]))).ask(Ticket(text="x"))


async def test_the_first_of_several_to_fail_cancels_what_was_said_to_the_others(system: shoal.System) -> None:
    gate = Gate()

    class All(Peer):
        async def on_ticket(self, ticket: Ticket, ctx: shoal.Context) -> None:
            await self.send_all(ctx, {"b": ticket, "c": Ticket(text="fail")})

    team = await team_of(system, {"a": All(), "b": Held(gate), "c": Ill()})
    with pytest.raises(HandlerError, match="'c' failed: ValueError: I am ill"):
        await team.ask(Ticket(text="x"))


async def test_several_sends_of_one_handler_take_place_one_after_the_other(system: shoal.System) -> None:
    class AtOnce(Peer):
        async def on_ticket(self, ticket: Ticket, ctx: shoal.Context) -> int:
            sends = (self.send(ctx, "b", ticket) for _ in range(6))
            said = await asyncio.gather(*sends, return_exceptions=True)
            return sum(isinstance(one, Reply) for one in said)

    result = await (await team_of(system, {"a": AtOnce(), "b": Answering()}, turns=4)).ask(Ticket(text="x"))
    assert (result.answers, result.turns) == ({"a": 3}, {"a": 1, "b": 3})


async def test_what_a_peer_does_not_handle_is_an_error_for_who_says_it(system: shoal.System) -> None:
    team = await team_of(system, {"a": Speaking("b"), "b": Odd()})
    assert (await team.ask(Ticket(text="x"))).answers == {"a": ["PeerFailed"]}


async def test_one_channel_that_is_left_alone_leaves_the_others_open(system: shoal.System) -> None:
    class Trying(Speaking):
        async def on_text(self, text: str, ctx: shoal.Context) -> str:
            reply: Reply = await self.send(ctx, "c", Ticket(text="x"))
            return reply.text

    rule = shoal.Breaker(failures=1, open_s=1000)
    team = await team_of(system, {"a": Trying("b", times=2), "b": Ill(), "c": Answering()}, breaker=rule)
    assert (await team.ask(Ticket(text="fail"))).answers == {"a": ["PeerFailed", "ChannelBroken"]}
    assert (await team.ask("c?")).answers == {"a": "yes"}


async def test_a_peer_that_is_gone_is_an_error_for_who_speaks_to_it(system: shoal.System) -> None:
    team = await team_of(system, {"a": Speaking("b"), "b": Answering()})
    await system.stop("m/b")
    with pytest.raises(HandlerError, match="AgentStopped"):
        await team.ask(Ticket(text="x"))


# -- rounds, convergence, the board ------------------------------------------------------------------------


class Smallest(Peer):
    """Takes the smaller of its own number and its neighbours'; says that it is done when told how many rounds."""

    def __init__(self, number: int, rounds: int = 99) -> None:
        self.number = number
        self.rounds = rounds

    async def on_ticket(self, ticket: Ticket, ctx: shoal.Context) -> int:
        others = await self.send_all(ctx, dict.fromkeys(self.neighbours, "your number?"))
        self.number = min(self.number, *others.values())
        if self.talk.round >= self.rounds:
            self.done()
        return self.number

    async def on_text(self, text: str, ctx: shoal.Context) -> int:
        return self.number


def ring_of(count: int, **options: Any) -> Any:
    peers = {f"p{n}": Smallest(n) for n in range(count)}
    return mesh(peers, channels="ring", first="all", turns=900, turns_each=200, **options)


async def test_rounds_go_on_until_nothing_changes_any_more(system: shoal.System) -> None:
    result = await (await system.build(ring_of(6))).ask(Ticket(text="x"))
    assert result.rounds == 1, "one round is what there is without rounds="
    result = await (await system.build(ring_of(6, rounds=20))).ask(Ticket(text="x"))
    assert (result.reason, set(result.answers.values())) == ("converged", {0})
    assert result.rounds < 8
    result = await (await system.build(ring_of(6, rounds=12, unchanged=None))).ask(Ticket(text="x"))
    assert (result.reason, result.rounds, result.complete) == ("rounds", 12, False)


async def test_it_is_done_when_all_that_were_given_the_task_say_so(system: shoal.System) -> None:
    """One that says so is a proposal (MAST FM-3.1)."""
    for slow, rounds in ((2, 2), (4, 4)):
        peers = {"a": Smallest(1, 2), "b": Smallest(2, slow), "c": Smallest(3, 2)}
        team = await system.build(
            mesh(peers, first="all", rounds=9, unchanged=None, turns=200, turns_each=90)
        )
        result = await team.ask(Ticket(text="x"))
        assert (result.reason, result.rounds) == ("done", rounds)


async def test_it_ends_when_the_answers_are_what_was_waited_for(system: shoal.System) -> None:
    def next_task(task: Ticket, answers: dict[str, Any]) -> Ticket:
        return Ticket(text=f"{task.text}{len(answers['a'].steps)}", steps=answers["a"].steps)

    team = await team_of(
        system,
        {"a": Passing()},
        rounds=9,
        again=next_task,
        until=lambda answers: len(answers["a"].steps) == 3,
    )
    result = await team.ask(Ticket(text="x"))
    assert (result.reason, result.rounds) == ("until", 3)
    assert result.answers["a"] == {"text": "x2", "skill": "", "steps": ["a", "a", "a"]}


async def test_the_artefact_is_on_the_board_and_nobody_overwrites_what_it_has_not_read(
    system: shoal.System,
) -> None:
    class Writing(Peer):
        async def on_ticket(self, ticket: Ticket, ctx: shoal.Context) -> str:
            before = await self.artefact(ctx, str)
            mine = "" if before is None else before.value
            if self.talk.by == "":
                await self.send(ctx, self.neighbours[0], ticket)
            try:
                await self.revise(ctx, f"{mine}{self.talk.me}", expected=before)
            except Conflict:
                now = await self.artefact(ctx, str)
                assert now is not None
                await self.revise(ctx, f"{now.value}{self.talk.me}!", expected=now)
            return "written"

    team = await team_of(system, {"a": Writing(), "b": Writing()}, board="shared")
    one, other = await asyncio.gather(team.ask(Ticket(text="x")), team.ask(Ticket(text="y")))
    assert one.artefact == other.artefact == "ba!", "each task has its own"
    bare = await system.build(mesh({"a": Writing(), "b": Writing()}))
    with pytest.raises(HandlerError, match="has no board: give it board='main'"):
        await bare.ask(Ticket(text="x"))


async def test_an_artefact_that_still_changes_keeps_the_rounds_going(system: shoal.System) -> None:
    class Counting(Peer):
        async def on_ticket(self, ticket: Ticket, ctx: shoal.Context) -> str:
            before = await self.artefact(ctx, int)
            count = 0 if before is None else before.value
            if count < 4:
                await self.revise(ctx, count + 1, expected=before)
            return "the same each time"

    for region, rounds in (("main", 6), (None, 0)):
        team = await system.build(mesh({"a": Counting()}, board=region, rounds=20))
        if region is None:
            continue
        result = await team.ask(Ticket(text="x"))
        assert (result.reason, result.rounds, result.artefact) == ("converged", rounds, 4)


# -- time, many at once, failures --------------------------------------------------------------------------


async def test_deadlines_and_cancelling_go_from_peer_to_peer(system: shoal.System) -> None:
    gate = Gate()
    line = [("a", "b"), ("b", "c")]
    team = await team_of(system, {"a": Passing(), "b": Passing(), "c": Held(gate)}, channels=line)
    asked = asyncio.ensure_future(team.ask(Ticket(text="x"), timeout_s=60))
    await gate.until_running(1)
    assert gate.deadlines[0] is not None
    assert gate.deadlines[0] <= time.time() + 60
    asked.cancel()
    await gate.until_cancelled()
    assert gate.cancelled == ["m/c"]
    assert (await team.ask(Ticket(text="fast"))).answers["a"]["steps"] == ["b", "a"], "no slot was lost"


async def test_a_thousand_tasks_at_once_and_a_blocked_one_holds_up_none(system: shoal.System) -> None:
    gate = Gate()
    line = [("a", "b"), ("b", "c")]
    team = await team_of(system, {"a": Passing(), "b": Passing(), "c": Held(gate)}, channels=line)
    blocked = asyncio.ensure_future(team.ask(Ticket(text="slow"), timeout_s=60))
    await gate.until_running(1)
    done = await asyncio.gather(*(team.ask(Ticket(text="fast"), timeout_s=60) for _ in range(1000)))
    assert all(one.answers["a"]["steps"] == ["b", "a"] for one in done)
    assert not blocked.done()
    gate.open.set()
    assert (await blocked).reason == "answered"


async def test_more_than_eight_that_are_all_connected_are_warned_of(
    system: shoal.System, caplog: pytest.LogCaptureFixture
) -> None:
    cases: list[tuple[int, Any, bool]] = [
        (8, "full", False),
        (9, "ring", False),
        (9, "small_world", False),
        (9, "full", True),
    ]
    for count, channels, warned in cases:
        caplog.clear()
        with caplog.at_level(logging.WARNING, logger="shoal.topologies"):
            team = await system.build(mesh([Answering()] * count, channels=channels))
        assert ("9 peers, all connected to one another, are 72 channels" in caplog.text) == warned
        await team.stop()


def test_it_shows_its_channels() -> None:
    links = mesh({"a": Passing(), "b": Passing(), "f": Worker()}, channels="ring").describe()["links"]
    found = {(link["from"], link["to"]) for link in links}
    assert found == {("", "a"), ("a", "b"), ("b", "a"), ("a", "f"), ("b", "f")}


# -- what is refused ---------------------------------------------------------------------------------------


class Silent(Peer):
    """Handles nothing: a mistake."""


class Lasting(Passing):
    durable = True


class OneByOne(Passing):
    concurrency = 1


class NeverAtOnce(Passing):
    at_once = 0


class Deaf(Peer):
    async def on_peer_said(self, message: Draft, ctx: shoal.Context) -> None:  # type: ignore[override]
        return None


class Odd(Peer):
    async def on_draft(self, draft: Draft, ctx: shoal.Context) -> None:
        return None


async def wait(answers: Any) -> bool:
    return True


A, B = Passing(), Passing()
REFUSED: list[tuple[Any, str]] = [
    (lambda: mesh([]), "mesh has no members"),
    (lambda: mesh({"a": Worker()}), "none of its members is a shoal.Peer"),
    (lambda: mesh({"a": Silent()}), "member 'a': Silent handles nothing"),
    (lambda: mesh({"a": Silent}), "member 'a': Silent handles nothing"),
    (lambda: mesh({"a": Deaf()}), "Deaf replaces on_peer_said"),
    (lambda: mesh({"a": A, "b": Mute()}), "member 'b': Mute handles nothing"),
    (lambda: mesh({"a": Lasting}), "member 'a': a peer is not durable"),
    (lambda: mesh({"a": OneByOne()}), "sets no concurrency"),
    (lambda: mesh({"a": NeverAtOnce()}), "at_once is 0"),
    (lambda: mesh({"a": A, "b": shoal.edge(Worker(), require_sources=True)}), "requires sources"),
    (lambda: mesh({"a": A, "b": shoal.edge(Worker())}), "'b' is behind an edge"),
    (lambda: mesh({"a": A}, turns=0), "turns is 0"),
    (lambda: mesh({"a": A}, turns_each=0), "turns_each is 0"),
    (lambda: mesh({"a": A}, most_hops=0), "most_hops is 0"),
    (lambda: mesh({"a": A}, most_visits=0), "most_visits is 0"),
    (lambda: mesh({"a": A}, rounds=0), "rounds is 0"),
    (lambda: mesh({"a": A}, unchanged=0), "unchanged is 0"),
    (lambda: mesh({"a": A}, again=lambda task, answers: task), "there is only one round"),
    (lambda: mesh({"a": A}, rounds=2, until=wait), "until is <function wait"),  # type: ignore[arg-type]
    (lambda: mesh({"a": A}, result=5), "result is 5; give a plain function"),  # type: ignore[arg-type]
    (lambda: mesh({"a": A}, breaker=5), "breaker is 5"),  # type: ignore[arg-type]
    (lambda: mesh({"a": A}, first="x"), "first names 'x'; peers are a"),
    (lambda: mesh({"a": A}, first=[]), "first names nobody"),
    (lambda: mesh({"a": A, "b": B}, channels="star"), "channels is 'star'"),  # type: ignore[arg-type]
    (lambda: mesh({"a": A, "b": B}, channels=5), "channels is 5"),  # type: ignore[arg-type]
    (lambda: mesh({"a": A, "b": B}, channels=[("a", "x")]), "names 'x'"),
    (lambda: mesh({"a": A, "b": B}, channels=[("b", "a")]), "nothing that is said reaches 'b'"),
    (lambda: mesh({"a": A, "w": Worker()}, channels=[("a", "w"), ("w", "a")]), "it is no shoal.Peer: it only answers"),
    (lambda: mesh({"a": A, "o": Odd()}, first="all"), "a, o accept nothing that all of them accept"),
]  # fmt: skip


@pytest.mark.parametrize(("make", "why"), REFUSED, ids=[why for _, why in REFUSED])
async def test_a_mesh_that_cannot_work_is_refused_before_anything_is_started(
    system: shoal.System, make: Any, why: str
) -> None:
    with pytest.raises(ConfigError, match=why):
        await system.build(make())
    assert [host["agents"] for host in await system.health()] == [0]


async def test_a_peer_outside_of_its_mesh_says_what_is_wrong(system: shoal.System) -> None:
    alone = await system.spawn(Passing())
    with pytest.raises(HandlerError, match="is in no mesh"):
        await alone.ask(Ticket(text="x"))
    await team_of(system, {"a": Passing(), "b": Passing()})
    with pytest.raises(HandlerError, match="was asked directly, not by a task of its mesh"):
        await system.ref("m/a").ask(Ticket(text="x"))
