"""Versions as JSON: what ``shoal board export`` writes, one object a line, and what ``--json`` prints."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from shoal.blackboard.replay.changes import ABSENT, Change
from shoal.blackboard.replay.data import as_json, data_of
from shoal.blackboard.version import Item, Value, Version
from shoal.runtime.provenance import Origin

_LINE_ENDS = {code: f"\\u{code:04x}" for code in (0x85, 0x2028, 0x2029)}


def version_record(version: Version) -> dict[str, Any]:
    """A version with all there is to it; values as :mod:`shoal.blackboard.replay.data` writes them."""
    return {
        "revision": version.mod_revision,
        "key": version.key,
        "kind": "delete" if version.deleted else "put",
        "value": _data(version.value),
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
        "item": _item_record(version.item) if version.item is not None else None,
    }


def change_record(change: Change) -> dict[str, Any]:
    """A change of one field: ``path``, and ``before`` and ``after`` where the field was there."""
    sides = {"before": change.before, "after": change.after}
    return {"path": change.path} | {side: as_json(data) for side, data in sides.items() if data is not ABSENT}


def json_line(record: Any) -> str:
    """One line of JSON, also for those to whom U+2028 and its like end a line."""
    return json.dumps(record, ensure_ascii=False, allow_nan=False).translate(_LINE_ENDS)


def _item_record(item: Item) -> dict[str, Any]:
    fields = item._asdict()
    result = fields.pop("result")
    return fields | {"result": _data(result), "result_tag": result.tag if result is not None else None}


def _data(value: Value | None) -> Any:
    return None if value is None else as_json(data_of(value))
