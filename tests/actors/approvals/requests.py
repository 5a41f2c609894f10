"""Requests and decisions as tests need them."""

from __future__ import annotations

from typing import Any

from shoal.actors.approvals.request import Decision, Kind, Request, State


def request(**fields: Any) -> Request:
    """A pending one, made at 0 and expiring at 100."""
    known: dict[str, Any] = {
        "id": "0123456789abcdef01234567",
        "kind": Kind.TOOL,
        "agent": "writer",
        "title": "send a mail",
        "subject": "send_mail",
        "value": '{"to": "eve"}',
        "created_at": 0.0,
        "expires_at": 100.0,
    }
    return Request(**(known | fields))


def decision(state: State, *, by: str = "ann", note: str = "", value: str | None = None) -> Decision:
    """A decision taken at 1."""
    return Decision(state=state, by=by, at=1.0, note=note, value=value)
