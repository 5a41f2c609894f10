"""Topologies: agents wired into teams, one line a pattern."""

from shoal.topologies.accepted import Accepted, accepted
from shoal.topologies.bandit import Bandit
from shoal.topologies.capable import capable
from shoal.topologies.classify import Classified, Classify
from shoal.topologies.debate import Debate, debate
from shoal.topologies.debate_record import DebateRecord
from shoal.topologies.edge import Edge, edge
from shoal.topologies.errors import GateRejected, NoWorker, TeamError
from shoal.topologies.front import Front
from shoal.topologies.gate import Gate, gate
from shoal.topologies.gated import Gated, gated
from shoal.topologies.graph import Graph, graph
from shoal.topologies.handoff import Handoff, handoff
from shoal.topologies.history import History, Turn
from shoal.topologies.mesh import Mesh, mesh
from shoal.topologies.mesh_messages import MeshResult
from shoal.topologies.peer import Peer
from shoal.topologies.pipeline import Pipeline, pipeline
from shoal.topologies.replicas import Replicas, replicas
from shoal.topologies.revision import Decision, Dispute, Objection, Proposal, Revision
from shoal.topologies.routers import ByCapability, ByField, LeastLoaded, RoundRobin, Router, WorkerView
from shoal.topologies.signature import Signature
from shoal.topologies.single import Single, single
from shoal.topologies.sources import Claim
from shoal.topologies.subtasks import Subtask, Subtasks
from shoal.topologies.team import Team
from shoal.topologies.transfer import Handed, HandoffRecord, Transfer
from shoal.topologies.wiring import Topology
from shoal.topologies.worker import Worker, worker

__all__ = [
    "Accepted",
    "Bandit",
    "ByCapability",
    "ByField",
    "Claim",
    "Classified",
    "Classify",
    "Debate",
    "DebateRecord",
    "Decision",
    "Dispute",
    "Edge",
    "Front",
    "Gate",
    "GateRejected",
    "Gated",
    "Graph",
    "Handed",
    "Handoff",
    "HandoffRecord",
    "History",
    "LeastLoaded",
    "Mesh",
    "MeshResult",
    "NoWorker",
    "Objection",
    "Peer",
    "Pipeline",
    "Proposal",
    "Replicas",
    "Revision",
    "RoundRobin",
    "Router",
    "Signature",
    "Single",
    "Subtask",
    "Subtasks",
    "Team",
    "TeamError",
    "Topology",
    "Transfer",
    "Turn",
    "Worker",
    "WorkerView",
    "accepted",
    "capable",
    "debate",
    "edge",
    "gate",
    "gated",
    "graph",
    "handoff",
    "mesh",
    "pipeline",
    "replicas",
    "single",
    "worker",
]
