from .agent import Agent
from .function import function_agent
from .supervisor import Supervisor
from .supervisor_messages import ChildCounts, ChildState
from .supervisor_ref import SupervisorRef

__all__ = [
    "Agent",
    "ChildCounts",
    "ChildState",
    "Supervisor",
    "SupervisorRef",
    "function_agent",
]
