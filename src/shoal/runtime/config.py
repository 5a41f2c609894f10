"""Settings of a system: one frozen model, the same in every process of a run."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from shoal.runtime.errors import ConfigError
from shoal.runtime.place import Place
from shoal.runtime.redaction import redact
from shoal.runtime.secret_fields import redact_field

KIB = 1024
MIB = 1024 * KIB


class Overflow(StrEnum):
    """What a full mailbox does with one more message."""

    BLOCK = "block"
    """The sender waits for room (the default)."""
    REJECT = "reject"
    """The message is refused: ``MailboxFull`` to an asker, a dead letter for a tell."""
    DROP_OLDEST = "drop_oldest"
    """The oldest waiting message becomes a dead letter and makes room."""


class Config(BaseModel):
    """Limits and defaults of a running system. Durations in seconds, sizes in bytes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    mailbox: int = Field(default=1024, ge=1, le=1_000_000)
    """Messages that wait in one agent's mailbox at most, unless the agent says otherwise."""
    ask_timeout_s: float | None = Field(default=30.0, gt=0)
    """How long an ask waits when the call names no timeout. ``None``: for ever (not advised)."""
    handler_timeout_s: float | None = Field(default=600.0, gt=0)
    """A handler that runs longer is cancelled and its message fails. ``None``: no limit."""
    hop_limit: int = Field(default=1000, ge=1)
    """How often one message may cause another before the chain is cut."""
    ask_depth: int = Field(default=64, ge=1, le=500)
    """How many agents may wait for one another in one chain of asks."""
    max_message_bytes: int = Field(default=64 * MIB, ge=1 * KIB)
    """An encoded payload over this is refused at the sender, and again at the receiver."""
    by_reference_bytes: int = Field(default=256 * KIB, ge=1 * KIB)
    """A payload over this travels through Ray's object store instead of inside its batch."""
    batch_messages: int = Field(default=512, ge=1)
    """Messages in one batch at most."""
    batch_bytes: int = Field(default=1 * MIB, ge=1 * KIB)
    """Payload bytes in one batch at most (one message may exceed it alone)."""
    window: int = Field(default=4, ge=1, le=64)
    """Batches of one link on their way and not yet received."""
    remembered_ids: int = Field(default=4096, ge=0)
    """Message ids (and replies) each agent remembers to drop duplicates by."""
    dead_letters: int = Field(default=1000, ge=0)
    """Dead letters each process keeps for listing; all are counted."""
    blocked_loop_s: float = Field(default=5.0, gt=0)
    """An event loop silent for longer is reported as blocked, with its stack."""
    stop_grace_s: float = Field(default=5.0, ge=0)
    """What stopping waits for a handler in progress before it is cancelled."""
    report_delay_s: float = Field(default=0.001, ge=0, le=0.1)
    """How long a receipt may wait for more to report; answers, credit and every second batch go at once."""
    quarantine_after: int = Field(default=10, ge=1)
    """A message in whose handling the agent's process died this often is not tried again. Not fewer by default: a long
    handler on a machine that kills processes dies for no fault of its message."""
    unresponsive_s: float = Field(default=60.0, gt=0)
    """A process that does not even answer whether it lives for so long is ended and started again."""
    spares: int = Field(default=1, ge=0, le=64)
    """Warm processes kept ready, so that a restart takes tens of milliseconds instead of about a second."""
    sockets: bool = True
    """Use Unix sockets between processes of one node; ``False``: Ray calls only."""
    metrics_port: int | None = Field(default=None, ge=0, le=65535)
    """Port of the node's scrape endpoint on loopback. ``0``: any free one. ``None``: no endpoint."""
    metrics_host: str = "127.0.0.1"
    """The address that the scrape endpoints listen on. Loopback unless told otherwise: they ask for no password."""
    isolate: bool = False
    """Local host: send every message through the codec, as between processes (slower; finds aliasing)."""
    run_dir: str = ""
    """Directory of the run, where durable state is kept; made when something is saved. Empty: a default one."""
    state_store: str = Field(default="", repr=False)
    """Where durable agents are kept. Empty: SQLite files in the run directory. ``postgresql://...``: a database."""

    models: dict[str, Any] = Field(default_factory=dict)
    """Language models by the names that agents use; each has the fields of :class:`~shoal.models.spec.Model`."""
    budget: dict[str, Any] = Field(default_factory=dict)
    """What the whole system may use: the fields of :class:`~shoal.models.permits.Budget`."""
    limits: dict[str, Any] = Field(default_factory=dict)
    """Budgets of teams, agents and tasks, and rates of models: the fields of
    :class:`~shoal.actors.limits.spec.LimitsSpec`."""

    placement: Literal["default", "spread", "pack"] = "default"
    """On Ray: where processes go that ``places`` does not bind to a node. ``spread``: over as many nodes as there are;
    ``pack``: on the client's node while it has room; ``default``: as Ray likes."""
    places: dict[str, Place] = Field(default_factory=dict)
    """On Ray: what processes need of their nodes, by the agent's address, the last part of it, or a pattern (``*``)."""
    runtime_env: dict[str, Any] = Field(default_factory=dict)
    """On Ray: how code, data and variables reach the nodes, as Ray's ``runtime_env`` of the job."""
    seed: int | None = None
    """What random choices of agents begin with (``Context.seed``), and seeds of models that have ``seed="task"``."""

    journal: Literal["tasks", "messages"] = "tasks"
    """What a run records: its tasks and what happened to agents, or each handled message as well."""

    @field_validator("run_dir", mode="before")
    @classmethod
    def _absolute(cls, run_dir: Any) -> Any:
        """A path is fine too; hosts have working directories of their own."""
        return str(Path(run_dir).absolute()) if run_dir and isinstance(run_dir, str | Path) else run_dir

    @field_validator("models", "budget", "limits", mode="before")
    @classmethod
    def _as_data(cls, value: Any) -> Any:
        """Models of Pydantic are fine too, and ``None`` is none; what is kept is data."""
        if value is None:
            return {}
        if isinstance(value, BaseModel):
            return value.model_dump(mode="json", exclude_defaults=True)
        if isinstance(value, dict):
            return {
                key: cls._as_data(entry) if isinstance(entry, BaseModel) else entry
                for key, entry in value.items()
            }
        return value

    @field_validator("state_store")
    @classmethod
    def _known_store(cls, store: str) -> str:
        if store and not store.startswith(("postgresql://", "postgres://")):
            raise ValueError("give a postgresql:// address, or nothing for SQLite files in the run directory")
        return store


def make_config(settings: dict[str, Any]) -> Config:
    """Build a :class:`Config`; a bad setting is a :class:`ConfigError` that names it."""
    try:
        return Config(**settings)
    except ValidationError as exc:
        raise ConfigError(describe_invalid("system settings", exc)) from exc


def describe_invalid(subject: str, exc: ValidationError) -> str:
    """One line a person can act on: which field, what was found (no secrets), what was expected."""
    parts = []
    for error in exc.errors(include_url=False)[:5]:
        where = ".".join(str(p) for p in error["loc"]) or "value"
        found = redact_field(where, redact(repr(error.get("input"))))
        found = found if len(found) <= 80 else found[:77] + "..."
        parts.append(f"{where}: {redact(error['msg'])} (found {found})")
    more = exc.error_count() - len(parts)
    return f"{subject}: " + "; ".join(parts) + (f"; and {more} more" if more > 0 else "")
