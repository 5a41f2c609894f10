"""Agents: classes with typed handlers, functions, and supervisors of agents."""

from shoal.actors.agent import Agent
from shoal.actors.function import function_agent
from shoal.actors.supervisor import Supervisor
from shoal.actors.supervisor_messages import ChildCounts, ChildState
from shoal.actors.supervisor_ref import SupervisorRef

__all__ = ["Agent", "ChildCounts", "ChildState", "Supervisor", "SupervisorRef", "function_agent"]
