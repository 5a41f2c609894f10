"""How an agent asks a person and waits: whatever goes wrong on the way, the answer is no.

Handled again after a death, the same message finds the same request, and its decision if one was taken meanwhile.
(``on_error="retry"`` is another matter: each attempt asks anew.)
"""

from __future__ import annotations

import time
from hashlib import blake2b
from typing import Any

from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_delay, wait_exponential, wait_random

from shoal.actors.approvals.messages import ADDRESS, Ask, Outcome
from shoal.actors.approvals.patience import ASKER, HANDLER, Patience, patience_of
from shoal.actors.approvals.request import GRANTED, Kind, Request, State
from shoal.actors.approvals.showing import json_text, jsonable, restored
from shoal.actors.tools.errors import ApprovalRefused
from shoal.runtime.context import Context
from shoal.runtime.errors import (
    AgentDied,
    AgentNotFound,
    AskTimeout,
    ConfigError,
    Expired,
    MessageTooDeep,
    MessageTooLarge,
    NotAMessage,
    ShoalError,
)
from shoal.runtime.failure import unpack_error

_MARK_BYTES = 16
_RETRY_S = 10.0
"""How long an ask is tried again while the agent that keeps the requests is started again."""


async def approve(
    ctx: Context,
    *,
    title: str,
    value: Any = None,
    subject: str = "",
    reason: str = "",
    timeout_s: float | None = None,
) -> Any:
    """Wait until a person has approved an action; its value as it is to be used.

    ``title``: what is to be done, in words; ``subject``: the tool's name; ``value``: its arguments, anything that JSON
    can show; ``reason``: why. Returns ``value`` itself, or JSON data when the person edited it: check it again.

    ``timeout_s``: how long a person can decide, an hour by default; after that it is refused. The agent waits no longer
    than its handler may run and its asker waits. Raises ``ApprovalRefused``, whose ``details['why']`` is ``rejected``,
    ``expired``, ``handler`` or ``asker`` (whose limit was over), ``withdrawn``, ``closing`` or ``unreachable``; and
    ``ConfigError`` for a ``timeout_s`` over the handler's limit.
    """
    request = await decided(ctx, Kind.TOOL, title, subject, value, reason, timeout_s)
    return value if request.state is State.APPROVED else edited_value(request, jsonable(value))


async def ask_person(ctx: Context, question: str, *, reason: str = "", timeout_s: float | None = None) -> str:
    """Wait for a person's answer to a question. ``timeout_s`` and errors as of :func:`approve`: a question that nobody
    answers, or somebody refuses to answer, raises ``ApprovalRefused``."""
    request = await decided(ctx, Kind.INPUT, question, "", None, reason, timeout_s)
    return str(request.decided_data)


async def decided(
    ctx: Context, kind: Kind, title: str, subject: str, value: Any, reason: str, timeout_s: float | None
) -> Request:
    """The request once it was granted. Raises as :func:`approve`."""
    now = time.time()
    patience = patience_of(ctx, timeout_s, now)
    shown = json_text(jsonable(value))
    ask = Ask(
        id=_request_id(ctx, kind, title, subject, shown),
        kind=kind,
        title=title,
        subject=subject,
        value=shown,
        reason=reason,
        timeout_s=patience.life_s,
        waits_until=patience.until if patience.limited_by else None,
        waits_for=patience.limited_by,
    )
    outcome = await _outcome(ctx, ask, patience)
    if outcome.error:
        error = unpack_error(outcome.error)
        raise _refused(ctx, ask, "unreachable", f"its request could not be kept: {error.text}") from error
    if outcome.request is None:
        raise _refused(ctx, ask, "unreachable", "the answer holds no request")
    ask = ask.model_copy(update={"title": outcome.request.title})  # redacted: errors are shown and kept
    if outcome.closing:
        raise _refused(ctx, ask, "closing", "the system was shut down before anybody decided")
    return _granted(ctx, ask, outcome.request)


def edited_value(request: Request, original: Any) -> Any:
    """The value that a person made of ``original``: what was left as it was shown is still the original's."""
    return restored(request.decided_data, request.data, original)


def _request_id(ctx: Context, kind: Kind, title: str, subject: str, shown: str) -> str:
    """By what is asked: an agent that handles its message again, and another way, must not get the decision about
    something else."""
    what = json_text([kind, title, subject, shown]).encode(errors="backslashreplace")
    request_id = ctx.id_of(blake2b(what, digest_size=_MARK_BYTES).digest())
    if not request_id:
        raise ConfigError(f"{ctx.address} asks a person in a hook: only the handling of a message can wait")
    return request_id.hex()


async def _outcome(ctx: Context, ask: Ask, patience: Patience) -> Outcome:
    try:
        async for attempt in AsyncRetrying(
            retry=retry_if_exception_type(AgentDied),
            stop=stop_after_delay(_RETRY_S),
            wait=wait_exponential(multiplier=0.05, max=2.0) + wait_random(0, 0.05),
            reraise=True,
        ):
            with attempt:
                left_s = max(0.001, patience.until - time.time())
                outcome = await ctx.ask(ADDRESS, ask, timeout_s=left_s, anew=True)
                if isinstance(outcome, Outcome):
                    return outcome
                raise _refused(ctx, ask, "unreachable", f"the agent called {ADDRESS!r} keeps no requests")
    except (AskTimeout, Expired) as exc:
        raise _out_of_time(ctx, ask, patience) from exc
    except AgentNotFound as exc:
        why = "nobody keeps requests in this system: `await Approvals.open(system)` before its agents ask"
        raise _refused(ctx, ask, "unreachable", why) from exc
    except (NotAMessage, MessageTooLarge, MessageTooDeep):
        raise
    except ApprovalRefused:
        raise
    except ShoalError as exc:
        why = f"whoever keeps the requests cannot be reached: {exc.text}"
        raise _refused(ctx, ask, "unreachable", why) from exc
    raise AssertionError("the last attempt returns or raises")


def _out_of_time(ctx: Context, ask: Ask, patience: Patience) -> ApprovalRefused:
    if patience.limited_by == HANDLER:
        why = f"nobody decided while its handler may run (handler_timeout_s is {patience.limit_s:g} s)"
        return _refused(ctx, ask, HANDLER, why)
    if patience.limited_by == ASKER:
        return _refused(
            ctx, ask, ASKER, "nobody decided while its asker waits: ask it with a longer timeout_s"
        )
    return _refused(ctx, ask, "unreachable", "whoever keeps the requests gives no answer")


def _granted(ctx: Context, ask: Ask, request: Request) -> Request:
    decision = request.decision
    if request.state in GRANTED and decision is not None:
        return request
    if request.state is State.REJECTED and decision is not None:
        note = f": {decision.note}" if decision.note else ""
        text = f"{decision.by} refused it{note}"
        raise _refused(ctx, ask, "rejected", text, by=decision.by, note=decision.note)
    if request.state is State.EXPIRED:
        lived_s = request.expires_at - request.created_at
        raise _refused(ctx, ask, "expired", f"nobody decided within {lived_s:g} s, which is a refusal")
    raise _refused(ctx, ask, "withdrawn", f"its request is {request.state}")


def _refused(ctx: Context, ask: Ask, why: str, text: str, **details: Any) -> ApprovalRefused:
    what = "not answered" if ask.kind is Kind.INPUT else "not approved"
    if ask.kind is Kind.TOOL and ask.subject:
        details["tool"] = ask.subject
    return ApprovalRefused(
        f"{what}: {ask.title!r} of {ctx.address}: {text}",
        agent=ctx.address,
        request=ask.id,
        why=why,
        **details,
    )
