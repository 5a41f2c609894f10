"""What goes wrong inside a team while it runs. An asker gets them as a ``HandlerError`` that names the type.

::

    ShoalError
    └── TeamError
        ├── NoWorker        a message that no worker was chosen for
        ├── BadSubtasks     what a task was divided into cannot be done
        ├── GateRejected    a stage's answer that its gate did not let through
        ├── NotAccepted     an answer that its checks or checkers did not accept
        ├── HandoverRefused a hand-over that lacks what it needs, or leads to nobody
        ├── HandoffLoop     a task that was handed over too often
        ├── ContextLost     a message lacks what the edge to a member declares
        ├── SourcesMissing  an answer states something without saying where it is from
        ├── CheckFailed     the checker of an edge did not find an answer good
        ├── QuorumMissed    fewer members gave a usable answer than had to
        ├── Undecided       answers came, and none of them is the team's: a tie, no majority, a contradiction
        ├── NoWay           no condition of a graph holds for an answer, or one of them failed
        ├── LoopLimit       a graph goes round more often than it may
        ├── Unjoined        branches of a graph that do not come together as they should
        ├── NoChannel       a peer of a mesh speaks to somebody it has no channel to
        ├── MessageLoop     a message of a mesh goes back to where it was, or through too many peers
        ├── ChannelBroken   a channel of a mesh that failed again and again is left alone for a while
        ├── PeerFailed      a peer of a mesh raised while it handled what was said to it
        ├── TurnsSpent      no turn is left for what a peer wants to say
        └── SummaryInvalid  what a branch of a hierarchy was to say upwards is not what its level requires
"""

from __future__ import annotations

from shoal.runtime.errors import ShoalError


class TeamError(ShoalError):
    """Root: the team works, but this task cannot be done by it."""


class NoWorker(TeamError):
    """The router chose nobody, or somebody who cannot take the message, and there is no fallback."""


class BadSubtasks(TeamError):
    """A decomposer made subtasks that cannot be done; none was begun. The text says which and why."""


class GateRejected(TeamError):
    """A gate refused a stage's answer; the text names the stage and the reason."""


class NotAccepted(TeamError):
    """No answer was accepted. ``details``: ``draft`` (the last, as text, its beginning), ``objections`` (texts, to that
    draft), ``rounds``, ``ended`` (why there was no other round), ``disagreements`` (how often a checker found good what
    a check refused)."""


class HandoverRefused(TeamError):
    """A transfer lacks a field that is required, or names nobody that it may go to. ``details``: ``by``, ``to``,
    ``known`` (to whom it may go)."""


class HandoffLoop(TeamError):
    """A task was handed over more often, or back and forth more often, than it may be. ``details``: ``path`` (the names
    in order), ``reasons`` (the last ten)."""


class ContextLost(TeamError):
    """What a member is to be given cannot be made of the message; the text names the fields."""


class SourcesMissing(TeamError):
    """An edge requires sources, and an answer names none."""


class CheckFailed(TeamError):
    """The checker of an edge refused an answer; the text has its reason."""


class QuorumMissed(TeamError):
    """Fewer usable answers came than were needed. ``details``: ``answers`` that did come (texts by who gave them),
    ``missing`` (why, by name), ``needed``."""


class Undecided(TeamError):
    """Answers came, and no one of them is the team's: a tie, no majority, fields that contradict each other or that
    nobody gave. ``details``: ``votes``, ``conflicts`` and ``answers``, as in :class:`~.fan_out_result.FanOutResult`."""


class SummaryInvalid(TeamError):
    """The summary of a branch is no valid one of the model that its level requires; the text has what is wrong."""


class NoWay(TeamError):
    """A node of a graph answered something for which none of its conditions holds, or a condition raised."""


class LoopLimit(TeamError):
    """A graph's node was to be visited more often than its ``most``, or the task takes more than ``most_steps``."""


class Unjoined(TeamError):
    """Branches of a graph ended apart, came twice to one join, or too few of them can come to it."""


class NoChannel(TeamError):
    """A peer speaks to somebody it has no channel to. Nothing was said. ``details``: ``peer``, ``to``."""


class MessageLoop(TeamError):
    """A message would go back to a peer it was at (``most_visits``), or through too many (``most_hops``). Nothing was
    said. ``details``: ``path``."""


class ChannelBroken(TeamError):
    """A channel failed again and again and is left alone for a while: nothing was said.

    In ``details``: ``peer``, ``to``.
    """


class PeerFailed(TeamError):
    """A peer raised while it handled what was said to it; the text has its error. ``details``: ``peer``."""


class TurnsSpent(TeamError):
    """A task of a mesh has no turn left for what a peer wants to say. It ends the task, unless the peer catches it."""
