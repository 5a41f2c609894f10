"""What an agent with tools starts has at most its tools, and so has whatever that starts.

The runtime asks a behaviour that has ``hands_down`` what becomes of an agent that it starts: by ``Context.spawn``, or
by giving it to a supervisor as a child.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from shoal.actors.tools.grants import Grant
from shoal.runtime.behavior import Behavior
from shoal.runtime.recipe import check_recipe, recipe_of
from shoal.runtime.spawned import role_of_agent


def under(grant: Grant, agent: Any) -> Any:
    """The agent as it may be started by one that has ``grant``. Raises ``ConfigError`` for what cannot be spawned."""
    check_recipe(agent)
    narrow = getattr(agent, "under", None)
    return Inheriting(agent, grant) if narrow is None or isinstance(agent, type) else narrow(grant)


class Inheriting:
    """A factory of an agent that is under a grant."""

    def __init__(self, agent: Any, grant: Grant) -> None:
        self._agent = agent
        self._grant = grant
        self.beside_parent = getattr(agent, "beside_parent", False)
        self.__name__ = role_of_agent(agent)

    def __call__(self) -> Behavior:
        behavior: Any = recipe_of(self._agent)()
        narrow = getattr(behavior, "under", None)
        if narrow is not None:
            behavior = narrow(self._grant)
        else:
            behavior.hands_down = partial(under, self._grant)
        made: Behavior = behavior
        return made


class MakingUnder:
    """A template of agents (what makes one of arguments), each of which is under a grant."""

    def __init__(self, template: Any, grant: Grant) -> None:
        self._template = template
        self._grant = grant
        self.__name__ = role_of_agent(template)

    def __call__(self, *args: Any, **options: Any) -> Any:
        return under(self._grant, self._template(*args, **options))


def made_under(grant: Grant, template: Any) -> MakingUnder:
    """The template as one that has ``grant`` may start agents by it."""
    return MakingUnder(template, grant)
