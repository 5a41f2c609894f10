"""What stops an agent whose steps are decided by a model.

::

    ShoalError
    └── AgentLoopError              carries ``agent``, ``task`` and ``step``
        ├── StepLimit               so many steps, and no answer
        ├── Repetition              the same call with the same arguments and the same result, again and again
        ├── InputNeeded             the model asked for something, and there is nobody to ask or nobody answered
        └── AnswerRefused           validators objected to every answer that was allowed; carries their objections
"""

from __future__ import annotations

from shoal.runtime.errors import ShoalError


class AgentLoopError(ShoalError):
    """The steps of an agent came to no answer."""


class StepLimit(AgentLoopError):
    """The limit of steps was reached without an answer."""


class Repetition(AgentLoopError):
    """The model called the same tool with the same arguments and got the same result, time after time."""


class InputNeeded(AgentLoopError):
    """The model asked for something it needs and got no answer; ``details['question']`` is what it asked."""


class AnswerRefused(AgentLoopError):
    """Validators refused each answer; ``details['objections']`` are the last ones."""
