"""Topologies: agents wired into teams, one line a pattern."""

from shoal.topologies.pipeline import Pipeline, pipeline
from shoal.topologies.routers import ByField, LeastLoaded, RoundRobin, Router, WorkerView
from shoal.topologies.single import Single, single
from shoal.topologies.team import Team
from shoal.topologies.wiring import Front, Topology
from shoal.topologies.worker import Worker, worker

__all__ = [
    "ByField",
    "Front",
    "LeastLoaded",
    "Pipeline",
    "RoundRobin",
    "Router",
    "Single",
    "Team",
    "Topology",
    "Worker",
    "WorkerView",
    "pipeline",
    "single",
    "worker",
]
