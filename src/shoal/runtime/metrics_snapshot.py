"""What a host measures: the table of its families, and their values at one moment as plain data.

A snapshot is taken from any thread, also while the host's event loop is blocked. The hot path pays nothing:
it reads counters that are there anyway. It holds strings, numbers and lists only, and so crosses processes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from shoal.runtime.deadletters import Reason
from shoal.runtime.stats import SECONDS, SIZES, TOKEN_RATES, HostStats, ModelStats, RoleStats, Tally

if TYPE_CHECKING:
    from shoal.runtime.host import Host

T = TypeVar("T")
Value = float | list[float]
"""A number; or, of a histogram, the observations in each bucket (the last: +Inf), then their sum."""
Figure = tuple[tuple[str, ...], Value]
"""The values of the family's labels, and the figure."""
_COPY_TRIES = 100


class Kind(StrEnum):
    """Prometheus' kinds of families."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True)
class Family:
    """One metric. Every family also has the label ``host``."""

    name: str
    """Without the ``_total`` that Prometheus shows behind a counter's name."""
    kind: Kind
    help: str
    labels: tuple[str, ...] = ()
    """Besides ``host``."""
    bounds: tuple[float, ...] = ()
    """Upper bounds of a histogram's buckets."""


class Snapshot(NamedTuple):
    """One host at one moment."""

    host: str
    figures: dict[str, list[Figure]] | None
    """By family. ``None``: no answer came."""


class _Role(NamedTuple):
    stats: RoleStats
    waiting: int
    deepest: int


class _Process(NamedTuple):
    host: Host
    blocked_s: float


def _counter(name: str, text: str, *labels: str) -> Family:
    return Family(name, Kind.COUNTER, text, labels)


def _gauge(name: str, text: str, *labels: str) -> Family:
    return Family(name, Kind.GAUGE, text, labels)


def _histogram(name: str, text: str, bounds: tuple[float, ...], *labels: str) -> Family:
    return Family(name, Kind.HISTOGRAM, text, labels, bounds)


def _read(tally: Tally) -> list[float]:
    return [*tally.counts, tally.total]


UP = _gauge("shoal_host_up", "Whether the host answered this scrape within a second (1) or not (0).")

_BY_ROLE: tuple[tuple[Family, Callable[[_Role], Value]], ...] = (
    (_gauge("shoal_agents", "Agents running.", "role"), lambda r: r.stats.agents),
    (_gauge("shoal_mailbox_messages", "Messages that wait in mailboxes.", "role"), lambda r: r.waiting),
    (_gauge("shoal_mailbox_messages_max", "Messages in the fullest mailbox.", "role"), lambda r: r.deepest),
    (_counter("shoal_messages_handled", "Handlers that returned.", "role"), lambda r: r.stats.handled),
    (
        _counter(
            "shoal_messages_failed", "Messages whose handler raised, or that could not be handled.", "role"
        ),
        lambda r: r.stats.failed,
    ),
    (
        _counter("shoal_messages_cancelled", "Messages cancelled while they were handled.", "role"),
        lambda r: r.stats.cancelled,
    ),
    (
        _counter(
            "shoal_messages_redelivered", "Messages that came again after a link or host was lost.", "role"
        ),
        lambda r: r.stats.redelivered,
    ),
    (
        _counter("shoal_messages_deduplicated", "Messages not handled again: their id was known.", "role"),
        lambda r: r.stats.deduplicated,
    ),
    (
        _histogram("shoal_handling_seconds", "Time to check and handle a message.", SECONDS, "role"),
        lambda r: _read(r.stats.handling),
    ),
    (
        _histogram("shoal_queueing_seconds", "Time in the mailbox.", SECONDS, "role"),
        lambda r: _read(r.stats.queueing),
    ),
)
_BY_REASON = _counter("shoal_dead_letters", "Messages that will not be processed.", "reason")
_BY_HOST: tuple[tuple[Family, Callable[[_Process], Value]], ...] = (
    (
        _histogram("shoal_batch_messages", "Messages in a batch sent to another host.", SIZES),
        lambda p: _read(p.host.stats.links.batches),
    ),
    (
        _counter(
            "shoal_link_sessions",
            "Times a link to another host was attached to a transport, first and again.",
        ),
        lambda p: p.host.stats.links.sessions,
    ),
    (
        _counter("shoal_link_duplicates", "Messages a link brought twice and its duplicate filter dropped."),
        lambda p: p.host.stats.links.duplicates,
    ),
    (
        _counter("shoal_protocol_errors", "Connections closed because they sent what is no frame of ours."),
        lambda p: p.host.stats.links.protocol_errors,
    ),
    (
        _gauge("shoal_open_asks", "Asks sent from here that wait for their answer."),
        lambda p: len(p.host.asks),
    ),
    (
        _counter("shoal_late_replies", "Answers that came when nobody waited any more."),
        lambda p: p.host.asks.late,
    ),
    (
        _gauge("shoal_loop_blocked_seconds", "For how long the event loop has not turned; 0 when it does."),
        lambda p: p.blocked_s,
    ),
)
_MODEL_CALLS = _counter(
    "shoal_model_calls", "Attempts at calls of a language model, by how they ended.", "model", "outcome"
)
_BY_MODEL: tuple[tuple[Family, Callable[[ModelStats], Value]], ...] = (
    (
        _counter("shoal_model_input_tokens", "Tokens that were sent to the model.", "model"),
        lambda m: m.input_tokens,
    ),
    (
        _counter("shoal_model_output_tokens", "Tokens that the model wrote.", "model"),
        lambda m: m.output_tokens,
    ),
    (_counter("shoal_model_usd", "US dollars, by the price table.", "model"), lambda m: m.usd),
    (
        _counter("shoal_model_retries", "Attempts after another one had failed.", "model"),
        lambda m: m.retries,
    ),
    (
        _counter("shoal_model_cache_hits", "Calls that were answered from the cache.", "model"),
        lambda m: m.cache_hits,
    ),
    (
        _histogram(
            "shoal_model_first_token_seconds", "From the request to its first token.", SECONDS, "model"
        ),
        lambda m: _read(m.first_token),
    ),
    (
        _histogram(
            "shoal_model_tokens_per_second",
            "Speed of answers after their first token.",
            TOKEN_RATES,
            "model",
        ),
        lambda m: _read(m.token_rate),
    ),
    (
        _histogram("shoal_model_permit_wait_seconds", "Time that calls waited for leave.", SECONDS, "model"),
        lambda m: _read(m.permit_wait),
    ),
)
_BREAKER = _gauge(
    "shoal_model_breaker_state",
    "Circuit breaker of a model's endpoint: 0 closed, 1 half-open, 2 open.",
    "endpoint",
)

FAMILIES: tuple[Family, ...] = (
    UP,
    *(family for family, _ in _BY_ROLE),
    _BY_REASON,
    *(family for family, _ in _BY_HOST),
    _MODEL_CALLS,
    *(family for family, _ in _BY_MODEL),
    _BREAKER,
)
"""All of them, in the order they are exported."""


def take_snapshot(host: Host, blocked_s: float) -> Snapshot:
    """The host's figures now; ``blocked_s`` is how long its event loop has been silent."""
    depths = _depths(host)
    roles = [
        (name, _Role(stats, *depths.get(id(stats), (0, 0)))) for name, stats in _copy(host.stats.roles.items)
    ]  # fmt: skip
    figures: dict[str, list[Figure]] = {UP.name: [((), 1)]}
    for role_family, read_role in _BY_ROLE:
        figures[role_family.name] = [((name,), read_role(role)) for name, role in roles]
    # Also the reasons that never occurred: a rate sees a first dead letter only when there was a 0 before it.
    counts = host.dead_letters.counts
    figures[_BY_REASON.name] = [((reason.value,), counts.get(reason, 0)) for reason in Reason]
    process = _Process(host, blocked_s)
    for host_family, read_host in _BY_HOST:
        figures[host_family.name] = [((), read_host(process))]
    _add_models(figures, host.stats)
    return Snapshot(host.name, figures)


def _add_models(figures: dict[str, list[Figure]], stats: HostStats) -> None:
    models = _copy(stats.models.items)
    figures[_MODEL_CALLS.name] = [
        ((name, outcome), count) for name, model in models for outcome, count in _copy(model.calls.items)
    ]
    for family, read in _BY_MODEL:
        figures[family.name] = [((name,), read(model)) for name, model in models]
    figures[_BREAKER.name] = [((endpoint,), state) for endpoint, state in _copy(stats.breakers.items)]


def silent(host: str) -> Snapshot:
    """Stands for a host that did not answer."""
    return Snapshot(host, None)


def _depths(host: Host) -> dict[int, tuple[int, int]]:
    """Messages waiting by ``id`` of their role's stats: in all and in the fullest mailbox.

    A cell with messages has a worker, so that only the busy ones are looked at and not all 100,000.
    """
    cells = {id(worker.cell): worker.cell for worker in _copy(lambda: host.active)}
    depths: dict[int, tuple[int, int]] = {}
    for cell in cells.values():
        waiting, deepest = depths.get(id(cell.stats), (0, 0))
        depth = len(cell.mailbox)
        depths[id(cell.stats)] = (waiting + depth, max(deepest, depth))
    return depths


def _copy(view: Callable[[], Iterable[T]]) -> list[T]:
    """A list of what the event loop's thread may be changing meanwhile."""
    for _ in range(_COPY_TRIES):
        try:
            return list(view())
        except RuntimeError:  # "changed size during iteration": look again
            continue
    return []
