"""How answers lie in a region's rows, many in one, and how the newest are read back."""

from __future__ import annotations

from collections.abc import Sequence

import msgpack

from shoal.blackboard.persistence.region_log import ANSWER_BYTES, ANSWERS, Answer
from shoal.blackboard.persistence.region_rows import AnswerRow, RegionRows
from shoal.blackboard.persistence.rows import RegionRow, checksum
from shoal.runtime.durable.handled_rows import trims

_ROW_BYTES = 256 * 1024
"""A row ends with the answer that goes over this."""


def put_answers(rows: RegionRows, region: RegionRow, answers: Sequence[Answer]) -> RegionRow:
    """Write answers, delete those that are too old, and return the region's row that counts them."""
    number, total = region.answered, region.answer_bytes
    written: list[AnswerRow] = []
    items: list[Answer] = []
    size = 0
    for answer in answers:
        items.append(answer)
        size += len(answer.reply)
        if size > _ROW_BYTES:
            number, total, items, size = _close_row(written, number, total, items, size)
    if items:
        number, total, items, size = _close_row(written, number, total, items, size)
    rows.put_answers(written)
    if trims(region.answered, number, ANSWERS) or trims(region.answer_bytes, total, ANSWER_BYTES):
        rows.trim_answers(number - ANSWERS, total - ANSWER_BYTES)
    return region._replace(answered=number, answer_bytes=total)


def _close_row(
    written: list[AnswerRow], number: int, total: int, items: list[Answer], size: int
) -> tuple[int, int, list[Answer], int]:
    number, total = number + len(items), total + size
    packed: bytes = msgpack.packb(items)
    written.append((number, len(items), total, packed, checksum(number, len(items), total, packed)))
    return number, total, [], 0


def newest_answers(rows: RegionRows, region: RegionRow) -> dict[bytes, bytes]:
    """Reply by message id, the oldest first: as many as are remembered."""
    found: list[dict[bytes, bytes]] = []
    number, total = region.answered, region.answer_bytes
    oldest, floor = max(0, number - ANSWERS), total - ANSWER_BYTES
    for last, count, bytes_so_far, items, found_sum in rows.answers():
        if number <= oldest or total <= floor:
            break
        if (last, bytes_so_far) != (number, total) or checksum(last, count, total, items) != found_sum:
            raise rows.broken("some of what it answered is gone, or not what was written")
        answers = [Answer(*item) for item in msgpack.unpackb(items, use_list=False)]
        found.append({answer.message_id: answer.reply for answer in answers})
        number -= count
        total -= sum(len(answer.reply) for answer in answers)
    if number > oldest and total > floor and number > 0:
        raise rows.broken("some of what it answered is gone")
    return {
        message_id: reply
        for answers_of_row in reversed(found)
        for message_id, reply in answers_of_row.items()
    }
