"""Kinds of events that the runtime itself puts into a journal. A program may add kinds of its own."""

from __future__ import annotations

RUN_STARTED = "run_started"
"""A program took the run. ``data``: ``pid``, ``resumed``, ``host``."""
RUN_FINISHED = "run_finished"
"""The program left the system in order."""
RUN_STOPPED = "run_stopped"
"""The program left the system by an exception. ``data``: ``error``, ``text``."""
DEAD_LETTER = "dead_letter"
"""A message that will not be processed. ``data``: ``reason``, ``detail``, ``id``, ``sender``, ``tag``, ``size`` and
``path``: the last addresses it came through."""
MESSAGES_DROPPED = "messages_dropped"
"""Messages handled by ``agent``, a host, that are missing: the recorder was behind. ``data``: ``count``, ``spans``."""
RESTARTING = "restarting"
"""An agent's process is being started again; ``started`` follows. ``data``: ``generation``, ``reason``, ..."""
TASK_LEFT_OPEN = "task_left_open"
"""A task came back with an error that does not end it: a resumed run goes on with it. ``data``: ``error``, ``text``."""
