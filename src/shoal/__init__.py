"""shoal: an actor-model runtime for multi-agent systems on Ray."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from shoal import errors
from shoal.actors.agent import Agent
from shoal.actors.approvals import Approvals, approve, ask_person
from shoal.actors.function import function_agent
from shoal.actors.knowledge import KnowledgeTeam, knowledge_sources, on_board
from shoal.actors.limits import LimitsSpec, open_limits
from shoal.actors.llm import (
    Judgement,
    Judges,
    KnownFacts,
    LLMAgent,
    Summary,
    TypedContext,
    Verdict,
    Votes,
    Whole,
    quoted,
    replay_model,
)
from shoal.actors.supervisor import Supervisor
from shoal.actors.supervisor_ref import SupervisorRef
from shoal.actors.tools import Grant, McpServer, ToolPolicy, agent_tool, file_tools, http_get, mcp_tools
from shoal.actors.tools.function_tool import tool
from shoal.blackboard import Board, Do, Entry, Event, Field, HeldItem, Key
from shoal.blackboard.agenda import Rating
from shoal.blackboard.termination import CountReached, ItemsDone, NoImprovement, Quiescence, TimeLimit
from shoal.models.permits import Budget
from shoal.models.scripted import ScriptedModel, wants
from shoal.models.spec import Breaker, Model, Price, Rates, Retry, Timeouts
from shoal.runtime.codec import message
from shoal.runtime.config import Config, Overflow
from shoal.runtime.context import Context
from shoal.runtime.deadletters import DeadLetter
from shoal.runtime.envelope import Lane
from shoal.runtime.provenance import Origin
from shoal.runtime.redaction import redact_value
from shoal.runtime.ref import Ref
from shoal.runtime.run import Run
from shoal.runtime.starting import start
from shoal.runtime.supervision import Backoff, ChildSpec, Exit
from shoal.runtime.system import System
from shoal.runtime.tasks import TaskResult
from shoal.topologies.accepted import accepted
from shoal.topologies.answers.concatenation import concatenate
from shoal.topologies.answers.fan_out_result import FanOutResult
from shoal.topologies.answers.merging import merge_by_schema
from shoal.topologies.answers.ranking import ranked_vote
from shoal.topologies.answers.synthesis import Synthesis, synthesize
from shoal.topologies.answers.voting import majority_vote, weighted_vote
from shoal.topologies.debate import debate
from shoal.topologies.fan_out import fan_out
from shoal.topologies.gated import gated
from shoal.topologies.graph import graph
from shoal.topologies.handoff import handoff
from shoal.topologies.hierarchy import branch, hierarchy
from shoal.topologies.mesh import mesh
from shoal.topologies.peers.messages import MeshResult
from shoal.topologies.peers.peer import Peer
from shoal.topologies.pipeline import pipeline
from shoal.topologies.replicas import replicas
from shoal.topologies.review.debate_record import DebateRecord
from shoal.topologies.review.revision import Decision, Dispute, Objection, Proposal, Revision
from shoal.topologies.single import single
from shoal.topologies.stages.gate import gate
from shoal.topologies.swarm import swarm
from shoal.topologies.swarming.messages import Published, Resize, SwarmAdvice, SwarmResult, SwarmView
from shoal.topologies.transfers.transfer import Handed, HandoffRecord, Transfer
from shoal.topologies.tree.branches import Branch
from shoal.topologies.tree.contradictions import Contradiction, Reconsider
from shoal.topologies.tree.summaries import BranchReports, BranchSummary, Gap, HierarchyResult
from shoal.topologies.wiring.edge import edge
from shoal.topologies.wiring.history import History
from shoal.topologies.wiring.sources import Claim
from shoal.topologies.wiring.team import Team
from shoal.topologies.wiring.topology import Topology
from shoal.topologies.work.bandit import Bandit
from shoal.topologies.work.capable import capable
from shoal.topologies.work.classify import Classified, Classify
from shoal.topologies.work.routers import ByCapability, ByField, LeastLoaded, RoundRobin
from shoal.topologies.work.subtasks import Subtask, Subtasks
from shoal.topologies.worker import worker

if TYPE_CHECKING:
    from shoal import experiments
    from shoal.experiments.file.spec import Experiment

__all__ = [
    "Agent",
    "Approvals",
    "Backoff",
    "Bandit",
    "Board",
    "Branch",
    "BranchReports",
    "BranchSummary",
    "Breaker",
    "Budget",
    "ByCapability",
    "ByField",
    "ChildSpec",
    "Claim",
    "Classified",
    "Classify",
    "Config",
    "Context",
    "Contradiction",
    "CountReached",
    "DeadLetter",
    "DebateRecord",
    "Decision",
    "Dispute",
    "Do",
    "Entry",
    "Event",
    "Exit",
    "Experiment",
    "FanOutResult",
    "Field",
    "Gap",
    "Grant",
    "Handed",
    "HandoffRecord",
    "HeldItem",
    "HierarchyResult",
    "History",
    "ItemsDone",
    "Judgement",
    "Judges",
    "Key",
    "KnowledgeTeam",
    "KnownFacts",
    "LLMAgent",
    "Lane",
    "LeastLoaded",
    "LimitsSpec",
    "McpServer",
    "MeshResult",
    "Model",
    "NoImprovement",
    "Objection",
    "Origin",
    "Overflow",
    "Peer",
    "Price",
    "Proposal",
    "Published",
    "Quiescence",
    "Rates",
    "Rating",
    "Reconsider",
    "Ref",
    "Resize",
    "Retry",
    "Revision",
    "RoundRobin",
    "Run",
    "ScriptedModel",
    "Subtask",
    "Subtasks",
    "Summary",
    "Supervisor",
    "SupervisorRef",
    "SwarmAdvice",
    "SwarmResult",
    "SwarmView",
    "Synthesis",
    "System",
    "TaskResult",
    "Team",
    "TimeLimit",
    "Timeouts",
    "ToolPolicy",
    "Topology",
    "Transfer",
    "TypedContext",
    "Verdict",
    "Votes",
    "Whole",
    "accepted",
    "agent_tool",
    "approve",
    "ask_person",
    "branch",
    "capable",
    "concatenate",
    "debate",
    "edge",
    "errors",
    "experiments",
    "fan_out",
    "file_tools",
    "function_agent",
    "gate",
    "gated",
    "graph",
    "handoff",
    "hierarchy",
    "http_get",
    "knowledge_sources",
    "majority_vote",
    "mcp_tools",
    "merge_by_schema",
    "mesh",
    "message",
    "on_board",
    "open_limits",
    "pipeline",
    "quoted",
    "ranked_vote",
    "redact_value",
    "replay_model",
    "replicas",
    "single",
    "start",
    "swarm",
    "synthesize",
    "tool",
    "wants",
    "weighted_vote",
    "worker",
]


def __getattr__(name: str) -> Any:
    # Loaded at its first use: it takes 0.4 s, and agents' processes have no use for it.
    if name == "Experiment":
        return import_module("shoal.experiments.file.spec").Experiment
    if name == "experiments":
        return import_module("shoal.experiments")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
