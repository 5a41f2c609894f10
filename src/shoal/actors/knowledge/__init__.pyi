from .on_board import on_board
from .plan import AgendaState
from .team import KnowledgeSources, KnowledgeTeam, knowledge_sources

__all__ = [
    "AgendaState",
    "KnowledgeSources",
    "KnowledgeTeam",
    "knowledge_sources",
    "on_board",
]
