"""Knowledge sources: agents that changes of a blackboard wake, and the controller that chooses among them."""

from shoal.actors.knowledge.on_board import on_board
from shoal.actors.knowledge.plan import AgendaState
from shoal.actors.knowledge.team import KnowledgeSources, KnowledgeTeam, knowledge_sources

__all__ = ["AgendaState", "KnowledgeSources", "KnowledgeTeam", "knowledge_sources", "on_board"]
