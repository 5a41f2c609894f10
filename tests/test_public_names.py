"""What can be imported from the packages, and what importing them costs."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

import shoal
from shoal.runtime.errors import error_classes

NAMES = {
    "shoal": """Agent Approvals Backoff Bandit Board Branch BranchReports BranchSummary Breaker
        Budget ByCapability ByField ChildSpec Claim Classified Classify Config Context Contradiction
        CountReached DeadLetter DebateRecord Decision Dispute Do Entry Event Exit Experiment FanOutResult Field
        Gap Grant Handed HandoffRecord HeldItem HierarchyResult History ItemsDone Judgement Judges
        Key KnowledgeTeam KnownFacts LLMAgent Lane LeastLoaded LimitsSpec McpServer MeshResult Model
        NoImprovement Objection Origin Overflow Peer Price Proposal Published Quiescence Rates
        Rating Reconsider Ref Resize Retry Revision RoundRobin Run ScriptedModel Subtask Subtasks
        Summary Supervisor SupervisorRef SwarmAdvice SwarmResult SwarmView Synthesis System
        TaskResult Team TimeLimit Timeouts ToolPolicy Topology Transfer TypedContext Verdict Votes
        Whole accepted agent_tool approve ask_person branch capable concatenate debate edge errors
        experiments fan_out file_tools function_agent gate gated graph handoff hierarchy http_get
        knowledge_sources majority_vote mcp_tools merge_by_schema mesh message on_board open_limits
        pipeline quoted ranked_vote redact_value replay_model replicas single start swarm synthesize
        tool wants weighted_vote worker""",
    "shoal.experiments": "Experiment ExperimentRun Outcome compare open_experiment resume run",
    "shoal.actors": "Agent ChildCounts ChildState Supervisor SupervisorRef function_agent",
    "shoal.topologies": """Accepted AgentTally Aggregate Bandit Branch BranchReports BranchSummary
        ByCapability ByField Claim Classified Classify Contradiction DeadItem Debate DebateRecord
        Decision Dispute Edge FanOut FanOutResult Front Gap Gate GateRejected Gated Graph Handed
        Handoff HandoffRecord Hierarchy HierarchyResult History LeastLoaded Mesh MeshResult NoWorker
        Objection Outcome Peer Pipeline Proposal Published Reconsider Replicas Resize Revision
        RoundRobin Router Signature Single Subtask Subtasks Swarm SwarmAdvice SwarmResult SwarmTeam
        SwarmView Synthesis Team TeamError Topology Transfer Turn Worker WorkerView accepted branch
        capable concatenate debate edge fan_out gate gated graph handoff hierarchy majority_vote
        merge_by_schema mesh pipeline ranked_vote replicas single swarm synthesize weighted_vote
        worker""",
}


def printed_by(script: str) -> str:
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.mark.parametrize("package", NAMES)
def test_a_package_exports_these_names_and_no_others(package: str) -> None:
    module = importlib.import_module(package)
    assert module.__all__ == NAMES[package].split()
    for name in module.__all__:
        assert getattr(module, name) is not None


def test_every_error_but_those_of_commands_is_in_one_module() -> None:
    for package in ("cli", "models.openai", "models.local", "actors.tools.mcp"):
        importlib.import_module(f"shoal.{package}")
    elsewhere = ("shoal.demo.", "shoal.bench.", "shoal.experiments.")
    ours = {
        name
        for name, kind in error_classes().items()
        if kind.__module__.startswith("shoal.") and not kind.__module__.startswith(elsewhere)
    }
    assert ours <= set(shoal.errors.__all__)


def test_all_public_names_together_load_neither_ray_nor_a_model_client_nor_the_command_line() -> None:
    heavy = (
        "ray",
        "openai",
        "mcp",
        "jinja2",
        "prometheus_client",
        "typer",
        "radon",
        "shoal.bench",
        "shoal.demo",
    )
    script = f"""
import sys
from shoal.runtime.above import load_public_names
load_public_names()
print([name for name in {heavy!r} if name in sys.modules])
"""
    assert printed_by(script) == "[]"


def test_the_command_line_and_a_local_system_do_without_ray() -> None:
    script = """
import asyncio, sys, shoal, shoal.cli

async def main():
    async with shoal.start("local") as system:
        async def double(n: int) -> int:
            return 2 * n
        team = await system.build(shoal.pipeline(double, double))
        assert await team.ask(1) == 4

asyncio.run(main())
assert "ray" not in sys.modules
"""
    printed_by(script)


def test_importing_shoal_and_listing_commands_loads_nothing_that_is_not_used() -> None:
    ours = "[name for name in sys.modules if name.startswith('shoal.') or name == 'pydantic']"
    assert printed_by(f"import sys, shoal; print({ours})") == "[]"
    script = f"""
import contextlib, io, sys
from shoal.cli import app
with contextlib.redirect_stdout(io.StringIO()) as page:
    app(["--help"], standalone_mode=False)
assert "demo" in page.getvalue()
print({ours})
"""
    streams = ["shoal.runtime", "shoal.runtime.terminal", "shoal.runtime.terminal.streams"]
    assert printed_by(script) == str([*streams, "shoal.cli"])


def test_what_only_another_process_has_loaded_is_known_here_too() -> None:
    script = """
from shoal.runtime.codec import loaded_model
from shoal.runtime.errors import error_class
import sys
assert "shoal.topologies.swarming.messages" not in sys.modules
print(loaded_model("shoal.SwarmResult").__name__, error_class("QuorumMissed").__name__)
"""
    assert printed_by(script) == "SwarmResult QuorumMissed"


def test_no_package_loads_its_own_modules() -> None:
    """Of two threads, one in the package and one in a module of it, one would get a module that is half loaded."""
    root = Path(shoal.__file__).parent
    for path in root.rglob("__init__.py"):
        package = ".".join(("shoal", *path.parent.relative_to(root).parts))
        if package != "shoal.bench.plain_ray":  # of the benchmark alone
            assert f"from {package}." not in path.read_text(encoding="utf-8"), path


def test_many_threads_may_be_the_first_to_use_a_name() -> None:
    script = """
from concurrent.futures import ThreadPoolExecutor
import shoal
names = ["swarm", "debate", "hierarchy", "mesh", "graph", "LLMAgent", "Board", "worker"]
with ThreadPoolExecutor(len(names)) as threads:
    print([each.__name__ for each in threads.map(lambda name: getattr(shoal, name), names)] == names)
"""
    assert printed_by(script) == "True"


def test_an_agent_that_names_a_package_can_be_shipped() -> None:
    script = """
import pickle
from ray import cloudpickle
from shoal import topologies
class Planner:
    def plan(self):
        return topologies.swarm, topologies.debate
print([each.__name__ for each in pickle.loads(cloudpickle.dumps(Planner)).plan(None)])
"""
    assert printed_by(script) == "['swarm', 'debate']"


def test_an_error_of_a_users_own_is_not_taken_for_one_of_shoals_that_is_not_loaded() -> None:
    script = """
from shoal.runtime.errors import ShoalError, error_class
class Conflict(ShoalError):
    pass
print(error_class("Conflict").__module__, error_class("Unheard").__name__)
"""
    assert printed_by(script) == "shoal.blackboard.errors ShoalError"
