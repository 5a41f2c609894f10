"""The limiter's file: what was written last is there, whoever closed it and however."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from shoal.actors.limits import ledger_file
from shoal.actors.limits.ledger_file import FILE_NAME, LedgerFile
from shoal.actors.limits.rows import Row
from shoal.runtime.durable.errors import Fenced, StoreBroken


@pytest.mark.parametrize("fold_every", [1, 3, 1000])
def test_of_each_row_the_newest_is_there_also_when_nobody_closed_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fold_every: int
) -> None:
    monkeypatch.setattr(ledger_file, "_FOLD_EVERY", fold_every)
    left = LedgerFile(tmp_path)
    for number in range(10):
        left.write([Row("level", "run", bytes([number])), Row("open", f"h/{number}", b"x")])
        left.write([Row("open", f"h/{number}", None if number < 9 else b"y")])
        if left.wants_tending:
            left.tend()
    again = LedgerFile(tmp_path)
    assert again.epoch == left.epoch + 1
    assert sorted(again.load()) == [Row("level", "run", b"\x09"), Row("open", "h/9", b"y")]
    with pytest.raises(Fenced):
        left.write([Row("level", "run", b"old")])
    again.close()
    left.close()


@pytest.mark.parametrize("table", ["rows", "batches"])
def test_a_row_that_is_not_what_was_written_is_damage(tmp_path: Path, table: str) -> None:
    file = LedgerFile(tmp_path)
    file.write([Row("level", "run", b"x")])
    if table == "rows":
        file.load()
    file.close()
    with sqlite3.connect(tmp_path / FILE_NAME) as connection:
        connection.execute(f"UPDATE {table} SET packed = x'00'")
    connection.close()
    again = LedgerFile(tmp_path)
    with pytest.raises(StoreBroken, match="is not what was written"):
        again.load()
    again.close()
