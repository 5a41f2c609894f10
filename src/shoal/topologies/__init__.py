"""Topologies: agents wired into teams, one line a pattern."""

from shoal.topologies.accepted import Accepted, accepted
from shoal.topologies.aggregate import Aggregate, Outcome
from shoal.topologies.bandit import Bandit
from shoal.topologies.capable import capable
from shoal.topologies.classify import Classified, Classify
from shoal.topologies.concatenation import concatenate
from shoal.topologies.contradictions import Contradiction, Reconsider
from shoal.topologies.debate import Debate, debate
from shoal.topologies.debate_record import DebateRecord
from shoal.topologies.edge import Edge, edge
from shoal.topologies.errors import GateRejected, NoWorker, TeamError
from shoal.topologies.fan_out import FanOut, fan_out
from shoal.topologies.fan_out_result import FanOutResult
from shoal.topologies.front import Front
from shoal.topologies.gate import Gate, gate
from shoal.topologies.gated import Gated, gated
from shoal.topologies.graph import Graph, graph
from shoal.topologies.handoff import Handoff, handoff
from shoal.topologies.hierarchy import Branch, Hierarchy
from shoal.topologies.hierarchy_build import branch, hierarchy
from shoal.topologies.history import History, Turn
from shoal.topologies.merging import merge_by_schema
from shoal.topologies.mesh import Mesh, mesh
from shoal.topologies.mesh_messages import MeshResult
from shoal.topologies.peer import Peer
from shoal.topologies.pipeline import Pipeline, pipeline
from shoal.topologies.ranking import ranked_vote
from shoal.topologies.replicas import Replicas, replicas
from shoal.topologies.revision import Decision, Dispute, Objection, Proposal, Revision
from shoal.topologies.routers import ByCapability, ByField, LeastLoaded, RoundRobin, Router, WorkerView
from shoal.topologies.signature import Signature
from shoal.topologies.single import Single, single
from shoal.topologies.sources import Claim
from shoal.topologies.subtasks import Subtask, Subtasks
from shoal.topologies.summaries import BranchReports, BranchSummary, Gap, HierarchyResult
from shoal.topologies.swarm import Swarm, SwarmTeam, swarm
from shoal.topologies.swarm_messages import (
    AgentTally,
    DeadItem,
    Published,
    Resize,
    SwarmAdvice,
    SwarmResult,
    SwarmView,
)
from shoal.topologies.synthesis import Synthesis, synthesize
from shoal.topologies.team import Team
from shoal.topologies.transfer import Handed, HandoffRecord, Transfer
from shoal.topologies.voting import majority_vote, weighted_vote
from shoal.topologies.wiring import Topology
from shoal.topologies.worker import Worker, worker

__all__ = [
    "Accepted",
    "AgentTally",
    "Aggregate",
    "Bandit",
    "Branch",
    "BranchReports",
    "BranchSummary",
    "ByCapability",
    "ByField",
    "Claim",
    "Classified",
    "Classify",
    "Contradiction",
    "DeadItem",
    "Debate",
    "DebateRecord",
    "Decision",
    "Dispute",
    "Edge",
    "FanOut",
    "FanOutResult",
    "Front",
    "Gap",
    "Gate",
    "GateRejected",
    "Gated",
    "Graph",
    "Handed",
    "Handoff",
    "HandoffRecord",
    "Hierarchy",
    "HierarchyResult",
    "History",
    "LeastLoaded",
    "Mesh",
    "MeshResult",
    "NoWorker",
    "Objection",
    "Outcome",
    "Peer",
    "Pipeline",
    "Proposal",
    "Published",
    "Reconsider",
    "Replicas",
    "Resize",
    "Revision",
    "RoundRobin",
    "Router",
    "Signature",
    "Single",
    "Subtask",
    "Subtasks",
    "Swarm",
    "SwarmAdvice",
    "SwarmResult",
    "SwarmTeam",
    "SwarmView",
    "Synthesis",
    "Team",
    "TeamError",
    "Topology",
    "Transfer",
    "Turn",
    "Worker",
    "WorkerView",
    "accepted",
    "branch",
    "capable",
    "concatenate",
    "debate",
    "edge",
    "fan_out",
    "gate",
    "gated",
    "graph",
    "handoff",
    "hierarchy",
    "majority_vote",
    "merge_by_schema",
    "mesh",
    "pipeline",
    "ranked_vote",
    "replicas",
    "single",
    "swarm",
    "synthesize",
    "weighted_vote",
    "worker",
]
