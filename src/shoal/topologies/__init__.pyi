from .accepted import Accepted, accepted
from .answers.aggregate import Aggregate, Outcome
from .answers.concatenation import concatenate
from .answers.fan_out_result import FanOutResult
from .answers.merging import merge_by_schema
from .answers.ranking import ranked_vote
from .answers.synthesis import Synthesis, synthesize
from .answers.voting import majority_vote, weighted_vote
from .debate import Debate, debate
from .errors import GateRejected, NoWorker, TeamError
from .fan_out import FanOut, fan_out
from .gated import Gated, gated
from .graph import Graph, graph
from .handoff import Handoff, handoff
from .hierarchy import branch, hierarchy
from .mesh import Mesh, mesh
from .peers.messages import MeshResult
from .peers.peer import Peer
from .pipeline import Pipeline, pipeline
from .replicas import Replicas, replicas
from .review.debate_record import DebateRecord
from .review.revision import Decision, Dispute, Objection, Proposal, Revision
from .single import Single, single
from .stages.gate import Gate, gate
from .swarm import Swarm, SwarmTeam, swarm
from .swarming.messages import AgentTally, DeadItem, Published, Resize, SwarmAdvice, SwarmResult, SwarmView
from .transfers.transfer import Handed, HandoffRecord, Transfer
from .tree.branches import Branch, Hierarchy
from .tree.contradictions import Contradiction, Reconsider
from .tree.summaries import BranchReports, BranchSummary, Gap, HierarchyResult
from .wiring.edge import Edge, edge
from .wiring.front import Front
from .wiring.history import History, Turn
from .wiring.signature import Signature
from .wiring.sources import Claim
from .wiring.team import Team
from .wiring.topology import Topology
from .work.bandit import Bandit
from .work.capable import capable
from .work.classify import Classified, Classify
from .work.routers import ByCapability, ByField, LeastLoaded, RoundRobin, Router, WorkerView
from .work.subtasks import Subtask, Subtasks
from .worker import Worker, worker

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
