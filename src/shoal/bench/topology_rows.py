"""The rows about topologies and their bars. See ``catalogue.py`` for all others."""

from __future__ import annotations

from shoal.bench.rows import Bar, Row

_TEN_TIMES = (Bar(10, times="plain"),)

WORKER = Row(
    name="worker",
    what="an orchestrator gives each task to one of 8 workers; 256 tasks in flight, a process each",
    op="task",
    bars=_TEN_TIMES,
    messages=4,
)
PIPELINE = Row(
    name="pipeline",
    what="each task goes through 8 stages; 256 tasks in flight, a process each",
    op="task",
    bars=_TEN_TIMES,
    messages=18,
)
FAN_OUT = Row(
    name="fan_out",
    what="each task goes to 8 members at once, and one answer is made of theirs; 256 tasks in flight, a process each",
    op="task",
    bars=_TEN_TIMES,
    messages=18,
)
SINGLE = Row(
    name="single",
    what="each task goes to 1 agent, which nobody stands before; 256 tasks in flight",
    op="task",
    messages=2,
)
DEBATE = Row(
    name="debate",
    what="a maker, and a checker that accepts the second draft; 256 tasks in flight, a process each",
    op="task",
    messages=10,
)
HANDOFF = Row(
    name="handoff",
    what="a desk hands each task over to an expert; 256 tasks in flight, a process each",
    op="task",
    messages=6,
)
HIERARCHY = Row(
    name="hierarchy",
    what="a supervisor over 2 supervisors over 2 agents each, which all get the task; 256 tasks in flight, a process "
    "each",
    op="task",
    messages=14,
)
GRAPH = Row(
    name="graph",
    what="each task goes to a node, then to two side by side, which are joined, then to the last; 256 tasks in flight, "
    "a process each",
    op="task",
    messages=10,
)
MESH = Row(
    name="mesh",
    what="4 peers in a line: each asks the next one and answers what that answers; 256 tasks in flight, a process each",
    op="task",
    messages=10,
)
SWARM_MESSAGES, PLAIN_SWARM_MESSAGES = 44, 16
"""A task's of the row swarm. Of ours, 2 to the front, 8 to agents, 24 to the board, and some 10 that tell the front
what has changed, of all tasks together. Of plain Ray's, 4 to the front and the board, and 3 an item."""
SWARM = Row(
    name="swarm",
    what="4 agents and a board in memory: each task posts 4 items, an agent makes a finding of each, and the findings "
    f"are the answer; 256 tasks in flight, a process each; about {SWARM_MESSAGES} messages a task, "
    f"{PLAIN_SWARM_MESSAGES} in plain Ray, where agents pull and nothing is leased",
    op="task",
)
CORAL = Row(
    name="coral",
    what="a dialogue of teacher and student, with an extractor and a matcher, that they hand on themselves: about 1 KB "
    "a turn, 8 turns on average, 100 dialogues in flight, a process each; as Matrix's coral_mmlu_pro_dummy, against "
    "whose tasks a second it can be held on the same machine",
    op="task",
    messages=9.4,
)

TOPOLOGY_ROWS: tuple[Row, ...] = (
    WORKER, PIPELINE, FAN_OUT, SINGLE, DEBATE, HANDOFF, HIERARCHY, GRAPH, MESH, SWARM, CORAL,
)  # fmt: skip
"""In the order in which they are run and shown."""
