"""shoal: an actor-model runtime for multi-agent systems on Ray."""

from shoal.actors.agent import Agent
from shoal.actors.function import function_agent
from shoal.runtime import errors
from shoal.runtime.codec import message
from shoal.runtime.config import Config, Overflow
from shoal.runtime.context import Context
from shoal.runtime.deadletters import DeadLetter
from shoal.runtime.envelope import Lane
from shoal.runtime.ref import Ref
from shoal.runtime.system import System, start

__all__ = [
    "Agent",
    "Config",
    "Context",
    "DeadLetter",
    "Lane",
    "Overflow",
    "Ref",
    "System",
    "errors",
    "function_agent",
    "message",
    "start",
]
