"""shoal: an actor-model runtime for multi-agent systems on Ray."""

from shoal import errors
from shoal.actors.agent import Agent
from shoal.actors.function import function_agent
from shoal.actors.knowledge import KnowledgeTeam, knowledge_sources, on_board
from shoal.actors.supervisor import Supervisor
from shoal.actors.supervisor_ref import SupervisorRef
from shoal.blackboard import Board, Do, Entry, Event, Field, HeldItem, Key
from shoal.blackboard.agenda import Rating
from shoal.blackboard.termination import CountReached, ItemsDone, NoImprovement, Quiescence, TimeLimit
from shoal.runtime.codec import message
from shoal.runtime.config import Config, Overflow
from shoal.runtime.context import Context
from shoal.runtime.deadletters import DeadLetter
from shoal.runtime.envelope import Lane
from shoal.runtime.ref import Ref
from shoal.runtime.run import Run
from shoal.runtime.starting import start
from shoal.runtime.supervision import Backoff, ChildSpec, Exit
from shoal.runtime.system import System
from shoal.runtime.tasks import TaskResult
from shoal.topologies.pipeline import pipeline
from shoal.topologies.routers import ByField, LeastLoaded, RoundRobin
from shoal.topologies.single import single
from shoal.topologies.team import Team
from shoal.topologies.wiring import Topology
from shoal.topologies.worker import worker

__all__ = [
    "Agent",
    "Backoff",
    "Board",
    "ByField",
    "ChildSpec",
    "Config",
    "Context",
    "CountReached",
    "DeadLetter",
    "Do",
    "Entry",
    "Event",
    "Exit",
    "Field",
    "HeldItem",
    "ItemsDone",
    "Key",
    "KnowledgeTeam",
    "Lane",
    "LeastLoaded",
    "NoImprovement",
    "Overflow",
    "Quiescence",
    "Rating",
    "Ref",
    "RoundRobin",
    "Run",
    "Supervisor",
    "SupervisorRef",
    "System",
    "TaskResult",
    "Team",
    "TimeLimit",
    "Topology",
    "errors",
    "function_agent",
    "knowledge_sources",
    "message",
    "on_board",
    "pipeline",
    "single",
    "start",
    "worker",
]
