"""Supervisors under supervisors: one's end is another's child's exit."""

from __future__ import annotations

from shoal.runtime.supervision import (
    AutoShutdown,
    Begin,
    ChildKind,
    ChildSpec,
    Ended,
    EndReason,
    Exit,
    Exited,
    ExitKind,
    Restart,
    Start,
    Started,
    StartFailed,
    Status,
    Stop,
    Stopped,
    Strategy,
    SupervisorSpec,
)
from tests.runtime.supervision.rig import ABNORMAL, KILLED, NORMAL, Rig, child, supervisor


class Tree:
    """Rigs by path; a child whose agent is a SupervisorSpec is a rig of its own."""

    def __init__(self, spec: SupervisorSpec) -> None:
        self.top = _Node(self, spec)
        self.top.begin()

    def __getitem__(self, *path: str) -> Rig:
        node = self.top
        for id in path:
            node = node.below[id]
        return node


class _Node(Rig):
    def __init__(
        self, tree: Tree, spec: SupervisorSpec, parent: tuple[_Node, str, int] | None = None
    ) -> None:
        super().__init__(spec)
        self.tree = tree
        self.parent = parent
        self.below: dict[str, _Node] = {}

    def _start(self, effect: Start) -> None:
        if not isinstance(effect.spec.agent, SupervisorSpec):
            super()._start(effect)
            return
        node = self.below[effect.id] = _Node(self.tree, effect.spec.agent, (self, effect.id, effect.token))
        node.send(Begin())
        if node.begun:
            self.living[effect.id] = effect.token
            self._answers.append(Started(effect.id, effect.token, f"{effect.id}@{effect.token}"))
        else:
            assert node.ended is not None
            self._answers.append(StartFailed(effect.id, effect.token, node.ended.exit))

    def _stop(self, effect: Stop) -> None:
        if effect.id not in self.below:
            super()._stop(effect)
            return
        node = self.below[effect.id]
        node.parent = None
        node.shut_down()
        assert node.ended is not None
        self.living.pop(effect.id, None)
        self._answers.append(Stopped(effect.id, effect.token, node.ended.exit))

    def send(self, event: object) -> list[object]:  # type: ignore[override]
        effects = super().send(event)  # type: ignore[arg-type]
        for effect in effects:
            if isinstance(effect, Ended) and self.parent is not None and self.begun:
                above, id, token = self.parent
                above.living.pop(id)
                above.send(Exited(id, token, effect.exit))
        return effects  # type: ignore[return-value]


def below(id: str, spec: SupervisorSpec, **fields: object) -> ChildSpec:
    """A supervisor as a child."""
    return ChildSpec(id=id, agent=spec, kind=ChildKind.SUPERVISOR, **fields)  # type: ignore[arg-type]


def _tree() -> _Node:
    one = supervisor(child("w1"), child("w2"), intensity=4, name="one")
    two = supervisor(intensity=4, name="two")
    return Tree(
        supervisor(below("s1", one), below("s2", two), name="top", intensity=4, strategy=Strategy.ONE_FOR_ALL)
    ).top


def test_only_the_child_that_died_is_restarted() -> None:
    """tree"""
    top = _tree()
    assert top.counts() == (2, 2, 2, 0)
    top.below["s2"].start_child(child("w3"))
    top.below["s2"].start_child(child("w4"))
    top.below["s2"].exits("w4")
    assert top.below["s1"].living == {"w1": 1, "w2": 2}
    assert top.below["s2"].living == {"w3": 1, "w4": 3}


def test_a_supervisor_that_gave_up_comes_back_with_its_own_children_but_not_with_added_ones() -> None:
    """tree"""
    top = _tree()
    old = dict(top.below)
    top.below["s2"].start_child(child("w3"))
    top.below["s2"].always["w3"] = ABNORMAL
    top.below["s2"].exits("w3")
    assert top.ended is None
    assert top.which() == {"s1": Status.RUNNING, "s2": Status.RUNNING}
    assert top.below["s1"] is not old["s1"], "one_for_all"
    assert old["s1"].living == old["s2"].living == {}
    assert top.below["s1"].which() == {"w1": Status.RUNNING, "w2": Status.RUNNING}
    assert top.below["s2"].which() == {}


def test_a_root_that_gives_up_tells_the_chain_of_causes() -> None:
    inner = supervisor(child("w"), name="inner", intensity=0, period_s=5)
    top = Tree(supervisor(below("team", inner), name="root", intensity=1, period_s=60)).top
    top.below["team"].exits("w", exit=KILLED)
    assert top.machine.ended is None
    top.below["team"].exits("w", exit=KILLED)
    assert top.ended is not None
    assert top.ended.reason is EndReason.GAVE_UP
    assert [link.who for link in top.ended.exit.chain()] == ["root", "inner", "w"]
    assert top.ended.exit.describe() == (
        "root: shutdown: gave up: 2 restarts within 60 s, 1 allowed\n"
        "  because inner: shutdown: gave up: 1 restart within 5 s, 0 allowed\n"
        "    because w: killed: SIGKILL"
    )


def test_a_transient_supervisor_that_gave_up_is_not_restarted() -> None:
    inner = supervisor(child("w"), intensity=0)
    top = Tree(supervisor(below("team", inner, restart=Restart.TRANSIENT))).top
    top.below["team"].exits("w")
    assert top.which() == {"team": Status.DOWN}


def test_a_supervisor_that_cannot_begin_is_a_failed_start_of_its_parent() -> None:
    """faulty_application_shutdown"""

    class Faulty(_Node):
        def _start(self, effect: Start) -> None:
            self.always["w"] = Exit(kind=ExitKind.START_FAILED, text="undefined")
            super()._start(effect)

    node = Faulty(None, supervisor(child("w"), name="inner"))  # type: ignore[arg-type]
    node.send(Begin())
    assert node.ended is not None
    outer = Rig(supervisor(child("team"), name="outer"))
    outer.starts["team"].append(node.ended.exit)
    outer.begin()
    assert outer.ended is not None
    assert [link.text for link in outer.ended.exit.chain()] == [
        "child 'team' did not start",
        "child 'w' did not start",
        "undefined",
    ]


def test_a_killed_supervisor_comes_back_with_its_children() -> None:
    """simple_global_supervisor"""
    inner = supervisor(child("server"), strategy=Strategy.ONE_FOR_ALL, intensity=3)
    top = Tree(supervisor(below("middle", inner, shutdown=2), strategy=Strategy.ONE_FOR_ALL, intensity=3)).top
    old = top.below["middle"]
    old.parent = None
    top.exits("middle", exit=KILLED)
    assert top.below["middle"] is not old
    assert top.below["middle"].which() == {"server": Status.RUNNING}
    middle = top.below["middle"]
    for exit in (KILLED, NORMAL):
        before = middle.living["server"]
        middle.exits("server", exit=exit)
        assert middle.living["server"] != before
    assert middle.terminate_child("server") is None
    assert middle.restart_child("server").ref is not None


def test_a_supervisor_that_shut_itself_down_can_end_the_one_above() -> None:
    """significant_escalation"""
    worker = child("w", restart=Restart.TRANSIENT, significant=True)
    inner = supervisor(worker, auto_shutdown=AutoShutdown.ANY_SIGNIFICANT, name="inner")
    for significant in (True, False):
        top = Tree(
            supervisor(
                below("team", inner, restart=Restart.TRANSIENT, significant=significant),
                auto_shutdown=AutoShutdown.ANY_SIGNIFICANT,
            )
        ).top
        top.below["team"].exits("w", exit=NORMAL)
        assert top.below["team"].ended is not None
        assert (top.ended is not None) is significant
        if not significant:
            assert top.which() == {"team": Status.DOWN}
