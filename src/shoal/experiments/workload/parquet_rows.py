"""Rows of a Parquet file. The one module that imports pyarrow."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from shoal.experiments.errors import Problem
from shoal.experiments.workload.row import Found, Row, as_json

_BATCH = 1024


def read_parquet(path: Path, shown: str) -> Iterator[Found]:
    """Each row, a batch of them in memory at a time; times and decimals are text, bytes base64. Raises ``OSError``."""
    try:
        import pyarrow  # noqa: PLC0415 - an extra, and slow to import
        import pyarrow.parquet  # noqa: PLC0415
    except ImportError:
        yield Problem("Parquet files need pyarrow", shown, remedy="pip install 'shoal[parquet]'")
        return
    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            names = file.schema_arrow.names
            for name in names:
                if names.count(name) > 1:
                    yield Problem(f"it has the column {name!r} twice", shown)
                    return
            number = 0
            for batch in file.iter_batches(batch_size=_BATCH):
                for fields in batch.to_pylist():
                    number += 1
                    yield _row(fields, shown, number)
    except pyarrow.ArrowException as exc:
        yield Problem(f"it is no Parquet file that can be read: {exc}", shown)


def _row(fields: dict[str, object], shown: str, number: int) -> Found:
    try:
        return Row(as_json(fields), shown, number)
    except ValueError as exc:
        return Problem(f"row {number}: {exc}", shown, number)
