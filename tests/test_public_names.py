"""What can be imported from the packages, and what importing them costs."""

from __future__ import annotations

import importlib
import subprocess
import sys

import pytest

import shoal
from shoal.runtime.errors import error_classes

NAMES = {
    "shoal": """Agent Approvals Backoff Board Breaker Budget ByField ChildSpec Config Context CountReached
        DeadLetter Do Entry Event Exit Field Grant HeldItem ItemsDone Judgement Judges Key
        KnowledgeTeam KnownFacts LLMAgent Lane LeastLoaded LimitsSpec McpServer Model
        NoImprovement Origin Overflow Price Quiescence Rates Rating Ref Retry RoundRobin Run
        ScriptedModel Summary Supervisor SupervisorRef System TaskResult Team TimeLimit
        Timeouts ToolPolicy Topology TypedContext Verdict Votes Whole agent_tool approve
        ask_person errors file_tools function_agent gated http_get knowledge_sources mcp_tools
        message on_board open_limits pipeline quoted redact_value single start tool wants
        worker""",
    "shoal.actors": "Agent ChildCounts ChildState Supervisor SupervisorRef function_agent",
    "shoal.topologies": """ByField Front GateRejected Gated LeastLoaded NoWorker Pipeline RoundRobin Router
        Signature Single Team TeamError Topology Worker WorkerView gated pipeline single worker""",
}


@pytest.mark.parametrize("package", NAMES)
def test_a_package_exports_these_names_and_no_others(package: str) -> None:
    module = importlib.import_module(package)
    assert module.__all__ == NAMES[package].split()
    for name in module.__all__:
        assert getattr(module, name) is not None


def test_every_error_but_those_of_commands_and_patterns_is_in_one_module() -> None:
    for package in ("cli", "models.openai", "models.local", "actors.tools.mcp"):
        importlib.import_module(f"shoal.{package}")
    elsewhere = ("shoal.demo.", "shoal.bench.", "shoal.topologies.")
    ours = {
        name
        for name, kind in error_classes().items()
        if kind.__module__.startswith("shoal.") and not kind.__module__.startswith(elsewhere)
    }
    assert ours <= set(shoal.errors.__all__)


def test_importing_shoal_loads_neither_ray_nor_a_model_client_nor_the_command_line() -> None:
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
    script = f"import sys, shoal; print([name for name in {heavy!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


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
    subprocess.run([sys.executable, "-c", script], check=True)
