"""shoal: an actor-model runtime for multi-agent systems on Ray."""

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
from shoal.topologies.edge import edge
from shoal.topologies.gate import gate
from shoal.topologies.gated import gated
from shoal.topologies.history import History
from shoal.topologies.pipeline import pipeline
from shoal.topologies.replicas import replicas
from shoal.topologies.revision import Revision
from shoal.topologies.routers import ByField, LeastLoaded, RoundRobin
from shoal.topologies.single import single
from shoal.topologies.sources import Claim
from shoal.topologies.team import Team
from shoal.topologies.wiring import Topology
from shoal.topologies.worker import worker

__all__ = [
    "Agent",
    "Approvals",
    "Backoff",
    "Board",
    "Breaker",
    "Budget",
    "ByField",
    "ChildSpec",
    "Claim",
    "Config",
    "Context",
    "CountReached",
    "DeadLetter",
    "Do",
    "Entry",
    "Event",
    "Exit",
    "Field",
    "Grant",
    "HeldItem",
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
    "Model",
    "NoImprovement",
    "Origin",
    "Overflow",
    "Price",
    "Quiescence",
    "Rates",
    "Rating",
    "Ref",
    "Retry",
    "Revision",
    "RoundRobin",
    "Run",
    "ScriptedModel",
    "Summary",
    "Supervisor",
    "SupervisorRef",
    "System",
    "TaskResult",
    "Team",
    "TimeLimit",
    "Timeouts",
    "ToolPolicy",
    "Topology",
    "TypedContext",
    "Verdict",
    "Votes",
    "Whole",
    "agent_tool",
    "approve",
    "ask_person",
    "edge",
    "errors",
    "file_tools",
    "function_agent",
    "gate",
    "gated",
    "http_get",
    "knowledge_sources",
    "mcp_tools",
    "message",
    "on_board",
    "open_limits",
    "pipeline",
    "quoted",
    "redact_value",
    "replay_model",
    "replicas",
    "single",
    "start",
    "tool",
    "wants",
    "worker",
]
