"""How each operation that may be part of a transaction is done."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from shoal.blackboard import operations as ops
from shoal.blackboard.results import Found, Page, Written
from shoal.blackboard.store import claims, entries, reads
from shoal.blackboard.store.draft import Draft

STEPS: Final[dict[type, Callable[[Draft, Any], Written | Found | Page]]] = {
    ops.Put: entries.put,
    ops.Delete: entries.delete,
    ops.DeletePrefix: entries.delete_prefix,
    ops.Get: reads.get,
    ops.Range: reads.range_,
    ops.Post: claims.post,
    ops.Complete: claims.complete,
    ops.Fail: claims.fail,
    ops.GiveBack: claims.give_back,
}
