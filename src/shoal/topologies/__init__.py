"""Topologies: agents wired into teams, one line a pattern."""

from shoal.topologies.errors import GateRejected, NoWorker, TeamError
from shoal.topologies.front import Front
from shoal.topologies.gated import Gated, gated
from shoal.topologies.pipeline import Pipeline, pipeline
from shoal.topologies.routers import ByField, LeastLoaded, RoundRobin, Router, WorkerView
from shoal.topologies.signature import Signature
from shoal.topologies.single import Single, single
from shoal.topologies.team import Team
from shoal.topologies.wiring import Topology
from shoal.topologies.worker import Worker, worker

__all__ = [
    "ByField",
    "Front",
    "GateRejected",
    "Gated",
    "LeastLoaded",
    "NoWorker",
    "Pipeline",
    "RoundRobin",
    "Router",
    "Signature",
    "Single",
    "Team",
    "TeamError",
    "Topology",
    "Worker",
    "WorkerView",
    "gated",
    "pipeline",
    "single",
    "worker",
]
