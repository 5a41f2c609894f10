from . import actors as actors
from . import blackboard as blackboard
from . import errors, experiments
from . import models as models
from . import runtime as runtime
from . import topologies as topologies
from .actors.agent import Agent
from .actors.approvals import Approvals, approve, ask_person
from .actors.function import function_agent
from .actors.knowledge import KnowledgeTeam, knowledge_sources, on_board
from .actors.limits import LimitsSpec, open_limits
from .actors.llm import (
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
from .actors.supervisor import Supervisor
from .actors.supervisor_ref import SupervisorRef
from .actors.tools import Grant, McpServer, ToolPolicy, agent_tool, file_tools, http_get, mcp_tools
from .actors.tools.function_tool import tool
from .blackboard import Board, Do, Entry, Event, Field, HeldItem, Key
from .blackboard.agenda import Rating
from .blackboard.termination import CountReached, ItemsDone, NoImprovement, Quiescence, TimeLimit
from .experiments.file.spec import Experiment
from .models.permits import Budget
from .models.scripted import ScriptedModel, wants
from .models.spec import Breaker, Model, Price, Rates, Retry, Timeouts
from .runtime.codec import message
from .runtime.config import Config, Overflow
from .runtime.context import Context
from .runtime.deadletters import DeadLetter
from .runtime.envelope import Lane
from .runtime.provenance import Origin
from .runtime.redaction import redact_value
from .runtime.ref import Ref
from .runtime.run import Run
from .runtime.starting import start
from .runtime.supervision import Backoff, ChildSpec, Exit
from .runtime.system import System
from .runtime.tasks import TaskResult
from .topologies.accepted import accepted
from .topologies.answers.concatenation import concatenate
from .topologies.answers.fan_out_result import FanOutResult
from .topologies.answers.merging import merge_by_schema
from .topologies.answers.ranking import ranked_vote
from .topologies.answers.synthesis import Synthesis, synthesize
from .topologies.answers.voting import majority_vote, weighted_vote
from .topologies.debate import debate
from .topologies.fan_out import fan_out
from .topologies.gated import gated
from .topologies.graph import graph
from .topologies.handoff import handoff
from .topologies.hierarchy import branch, hierarchy
from .topologies.mesh import mesh
from .topologies.peers.messages import MeshResult
from .topologies.peers.peer import Peer
from .topologies.pipeline import pipeline
from .topologies.replicas import replicas
from .topologies.review.debate_record import DebateRecord
from .topologies.review.revision import Decision, Dispute, Objection, Proposal, Revision
from .topologies.single import single
from .topologies.stages.gate import gate
from .topologies.swarm import swarm
from .topologies.swarming.messages import Published, Resize, SwarmAdvice, SwarmResult, SwarmView
from .topologies.transfers.transfer import Handed, HandoffRecord, Transfer
from .topologies.tree.branches import Branch
from .topologies.tree.contradictions import Contradiction, Reconsider
from .topologies.tree.summaries import BranchReports, BranchSummary, Gap, HierarchyResult
from .topologies.wiring.edge import edge
from .topologies.wiring.history import History
from .topologies.wiring.sources import Claim
from .topologies.wiring.team import Team
from .topologies.wiring.topology import Topology
from .topologies.work.bandit import Bandit
from .topologies.work.capable import capable
from .topologies.work.classify import Classified, Classify
from .topologies.work.routers import ByCapability, ByField, LeastLoaded, RoundRobin
from .topologies.work.subtasks import Subtask, Subtasks
from .topologies.worker import worker

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
