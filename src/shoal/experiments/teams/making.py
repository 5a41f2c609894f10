"""Makes the team that an experiment file describes. Nothing is started; all that is wrong with it is said at once."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from shoal.experiments.errors import bad_experiment
from shoal.experiments.importing import Importer
from shoal.experiments.teams.builders.fan_out import make_fan_out
from shoal.experiments.teams.builders.graph import make_graph
from shoal.experiments.teams.builders.handoff import make_handoff
from shoal.experiments.teams.builders.hierarchy import make_branch, make_hierarchy
from shoal.experiments.teams.builders.mesh import make_mesh
from shoal.experiments.teams.builders.pipeline import make_pipeline
from shoal.experiments.teams.builders.reviewed import make_debate
from shoal.experiments.teams.builders.single import make_single
from shoal.experiments.teams.builders.swarm import make_swarm
from shoal.experiments.teams.builders.worker import make_worker
from shoal.experiments.teams.llm import LLMMember
from shoal.experiments.teams.llm_member import make_llm
from shoal.experiments.teams.place import Place
from shoal.experiments.teams.python_member import is_agent, make_path, make_python
from shoal.experiments.teams.spec import PATTERNS
from shoal.experiments.teams.use import UseSpec
from shoal.experiments.teams.workbench import UNMADE, Workbench
from shoal.experiments.teams.wrapped import wrap
from shoal.runtime.errors import ConfigError
from shoal.topologies.review.revision import Revision
from shoal.topologies.single import single
from shoal.topologies.wiring.edge import Edge
from shoal.topologies.wiring.topology import Topology
from shoal.topologies.work.capable import Capable

_BUILDERS: dict[str, Callable[[Any, str, Workbench, Place], Any]] = {
    "single": make_single,
    "worker": make_worker,
    "pipeline": make_pipeline,
    "fan_out": make_fan_out,
    "debate": make_debate,
    "handoff": make_handoff,
    "hierarchy": make_hierarchy,
    "branch": make_branch,
    "swarm": make_swarm,
    "mesh": make_mesh,
    "graph": make_graph,
}


def make_team(spec_or_object: Any, imports: Importer, models: Collection[str] | None = None) -> Topology:
    """The team of a description (see :mod:`.spec`), or of an agent, a class, an async function or a topology.

    ``models``: the names of the models there are (a mapping will do); ``None``: they are not looked at. A lone agent
    becomes a team of one. Raises :class:`BadExperiment` with all problems, whose fields begin at the description.
    """
    bench = Workbench(imports, models, make_member)
    if isinstance(spec_or_object, (str, UseSpec, LLMMember, *PATTERNS.values())):
        made = make_member(spec_or_object, "", bench, Place())
    elif is_agent(spec_or_object):
        made = spec_or_object
    else:
        made = bench.problem(
            "", f"the team is of type {type(spec_or_object).__name__}: give an agent or a topology"
        )
    team = made if made is UNMADE else _checked(made, bench)
    if bench.problems:
        raise bad_experiment(bench.problems)
    assert isinstance(team, Topology)
    return team


def make_member(spec: Any, field: str, bench: Workbench, place: Place) -> Any:
    """An agent or a topology, with all that its description has around it."""
    if isinstance(spec, str):
        return make_path(spec, field, bench)
    if spec.accepted is not None and spec.accepted.attempts > 0 and place.takes not in (None, str):
        place = place._replace(takes=place.takes | Revision)  # it hears what is wrong with its answer
    if isinstance(spec, UseSpec):
        made = make_python(spec, field, bench)
    elif isinstance(spec, LLMMember):
        made = make_llm(spec.llm, field, bench, place)
    else:
        made = _BUILDERS[spec.topology](spec, field, bench, place)
    return wrap(made, spec, field, bench)


def _checked(made: Any, bench: Workbench) -> Any:
    """The whole, as it is checked before it is started."""
    if isinstance(made, Edge):
        return bench.problem("edge", "an edge belongs between agents, and this is the whole team")
    if isinstance(made, Capable):
        made = made.agent
    try:
        team = made if isinstance(made, Topology) else single(made)
        team.check()
    except ConfigError as exc:
        return bench.problem("", f"the team cannot be wired: {exc.text}")
    return team
