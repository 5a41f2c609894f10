"""Versions as JSON: what ``shoal board export`` writes, one object a line, and what ``--json`` prints.

Secrets in values, results and errors are redacted, unless all of a version is asked for.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from shoal.blackboard.replay.changes import ABSENT, Change, redacted
from shoal.blackboard.version import Item, Value, Version
from shoal.runtime.provenance import Origin
from shoal.runtime.redaction import redact_data
from shoal.runtime.terminal.data import as_json, data_of


def version_record(version: Version, *, secrets: bool = False) -> dict[str, Any]:
    """A version with all there is to it; values as :mod:`shoal.runtime.terminal.data` writes them."""
    return {
        "revision": version.mod_revision,
        "key": version.key,
        "kind": "delete" if version.deleted else "put",
        "value": _data(version.value, secrets),
        "tag": version.value.tag if version.value is not None else None,
        "version": version.version,
        "create_revision": version.create_revision,
        "author": version.author,
        "message_id": version.message_id.hex(),
        "task": version.task,
        "origin": Origin(version.origin).name.lower(),
        "at": datetime.fromtimestamp(version.at, UTC).isoformat(timespec="microseconds"),
        "at_s": version.at,
        "lease": version.lease,
        "item": _item_record(version.item, secrets) if version.item is not None else None,
    }


def change_record(change: Change) -> dict[str, Any]:
    """A change of one field: ``path``, and ``before`` and ``after`` where the field was there."""
    change = redacted(change)
    sides = {"before": change.before, "after": change.after}
    return {"path": change.path} | {side: as_json(data) for side, data in sides.items() if data is not ABSENT}


def _item_record(item: Item, secrets: bool) -> dict[str, Any]:
    fields = item._asdict()
    result = fields.pop("result")
    fields = fields if secrets else redact_data(fields)
    return fields | {
        "result": _data(result, secrets),
        "result_tag": result.tag if result is not None else None,
    }


def _data(value: Value | None, secrets: bool) -> Any:
    if value is None:
        return None
    data = data_of(value.payload)
    return as_json(data if secrets else redact_data(data))
