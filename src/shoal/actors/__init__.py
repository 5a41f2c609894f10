"""Agents: classes with typed handlers, and functions."""

from shoal.actors.agent import Agent
from shoal.actors.function import function_agent

__all__ = ["Agent", "function_agent"]
