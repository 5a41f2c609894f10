"""Who takes part: each contestant is a column of the table. A new one is added here."""

from __future__ import annotations

from collections.abc import Sequence

from shoal.bench.errors import UnknownSide, nearest
from shoal.bench.sides import Contestant

KEYS = (
    "shoal", "plain", "batched", "cold", "journaled", "volatile", "local", "sqlite", "redis", "hand",
    "alone", "queue", "pipe",
)  # fmt: skip
"""Keys of all contestants, in the order of the columns."""


def contestants_named(keys: Sequence[str]) -> tuple[Contestant, ...]:
    """The contestants of these keys in the order of the columns, or all of them for no keys.

    Raises :class:`UnknownSide` with the nearest key that exists.
    """
    for key in keys:
        if key not in KEYS:
            raise UnknownSide(f"there is no side {key!r}. {nearest(key, KEYS)}")
    return tuple(one for one in _everybody() if not keys or one.key in keys)


def _everybody() -> tuple[Contestant, ...]:
    # Late: they import Ray, which takes a second that `--help` and `--list` need not wait for.
    from shoal.bench import (  # noqa: PLC0415
        board_contestants,
        coral_sides,
        floors,
        llm_sides,
        permits_sides,
        plain_ray,
        recording_sides,
        recovery_sides,
        shoal_sides,
        topology_sides,
    )

    return (
        Contestant(
            "shoal",
            "shoal",
            {
                **shoal_sides.SHOAL,
                **recovery_sides.RECOVERY,
                **recording_sides.NOT_JOURNALED,
                **board_contestants.DURABLE,
                **llm_sides.llm_sides(None),
                **permits_sides.permit_sides(None),
                **topology_sides.team_sides(None),
                **coral_sides.coral_sides(None),
            },
        ),
        Contestant("plain", "plain Ray", plain_ray.PLAIN),
        Contestant("batched", "Ray batched by hand", plain_ray.BATCHED),
        Contestant("cold", "shoal without spares", recovery_sides.COLD),
        Contestant("journaled", "shoal, journaled", recording_sides.JOURNALED),
        Contestant("volatile", "shoal, in memory", board_contestants.VOLATILE),
        Contestant(
            "local",
            "shoal, one process",
            {
                **shoal_sides.LOCAL,
                **recovery_sides.RECOVERY_LOCAL,
                **recording_sides.READING,
                **board_contestants.LOCAL,
                **llm_sides.llm_sides("local"),
                **permits_sides.permit_sides("local"),
                **topology_sides.team_sides("local"),
                **coral_sides.coral_sides("local"),
            },
            needs_ray=False,
        ),
        Contestant("sqlite", "plain SQLite", board_contestants.SQLITE, needs_ray=False),
        Contestant("redis", "Redis", board_contestants.REDIS, needs_ray=False),
        Contestant("hand", "openai client by hand", llm_sides.HAND, needs_ray=False),
        Contestant("alone", "one process, no limiter", permits_sides.ALONE, needs_ray=False),
        Contestant("queue", "floor: asyncio.Queue", floors.QUEUE, needs_ray=False),
        Contestant("pipe", "floor: pipe, two processes", floors.PIPE, needs_ray=False),
    )
