"""Topologies: agents wired into teams, one line a pattern."""

from shoal.topologies.accepted import Accepted, accepted
from shoal.topologies.answers.aggregate import Aggregate, Outcome
from shoal.topologies.answers.concatenation import concatenate
from shoal.topologies.answers.fan_out_result import FanOutResult
from shoal.topologies.answers.merging import merge_by_schema
from shoal.topologies.answers.ranking import ranked_vote
from shoal.topologies.answers.synthesis import Synthesis, synthesize
from shoal.topologies.answers.voting import majority_vote, weighted_vote
from shoal.topologies.debate import Debate, debate
from shoal.topologies.errors import GateRejected, NoWorker, TeamError
from shoal.topologies.fan_out import FanOut, fan_out
from shoal.topologies.gated import Gated, gated
from shoal.topologies.graph import Graph, graph
from shoal.topologies.handoff import Handoff, handoff
from shoal.topologies.hierarchy import branch, hierarchy
from shoal.topologies.mesh import Mesh, mesh
from shoal.topologies.peers.messages import MeshResult
from shoal.topologies.peers.peer import Peer
from shoal.topologies.pipeline import Pipeline, pipeline
from shoal.topologies.replicas import Replicas, replicas
from shoal.topologies.review.debate_record import DebateRecord
from shoal.topologies.review.revision import Decision, Dispute, Objection, Proposal, Revision
from shoal.topologies.single import Single, single
from shoal.topologies.stages.gate import Gate, gate
from shoal.topologies.swarm import Swarm, SwarmTeam, swarm
from shoal.topologies.swarming.messages import (
    AgentTally,
    DeadItem,
    Published,
    Resize,
    SwarmAdvice,
    SwarmResult,
    SwarmView,
)
from shoal.topologies.transfers.transfer import Handed, HandoffRecord, Transfer
from shoal.topologies.tree.branches import Branch, Hierarchy
from shoal.topologies.tree.contradictions import Contradiction, Reconsider
from shoal.topologies.tree.summaries import BranchReports, BranchSummary, Gap, HierarchyResult
from shoal.topologies.wiring.edge import Edge, edge
from shoal.topologies.wiring.front import Front
from shoal.topologies.wiring.history import History, Turn
from shoal.topologies.wiring.signature import Signature
from shoal.topologies.wiring.sources import Claim
from shoal.topologies.wiring.team import Team
from shoal.topologies.wiring.topology import Topology
from shoal.topologies.work.bandit import Bandit
from shoal.topologies.work.capable import capable
from shoal.topologies.work.classify import Classified, Classify
from shoal.topologies.work.routers import ByCapability, ByField, LeastLoaded, RoundRobin, Router, WorkerView
from shoal.topologies.work.subtasks import Subtask, Subtasks
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
