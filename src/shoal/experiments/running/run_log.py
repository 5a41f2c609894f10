"""The program's log goes into the run's directory, not over what the terminal shows."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from pathlib import Path

from shoal.runtime.durable.sqlite_errors import describe_os_error
from shoal.runtime.logs import set_up_logs


@contextlib.contextmanager
def logs_go_to(path: Path) -> Iterator[None]:
    """In this block shoal's log is appended to a file instead of standard error. Raises :class:`StoreError`."""
    set_up_logs()
    logger = logging.getLogger("shoal")
    before = [handler for handler in logger.handlers if getattr(handler, "shoal", False)]
    try:
        path.parent.mkdir(mode=0o700, exist_ok=True)
        path.touch(mode=0o600)
        handler = logging.FileHandler(path, encoding="utf-8", errors="backslashreplace")
    except OSError as exc:
        raise describe_os_error(exc, path, "write") from exc
    handler.shoal = True  # type: ignore[attr-defined]
    handler.setFormatter(before[0].formatter)
    for each in before[0].filters:
        handler.addFilter(each)
    logger.addHandler(handler)
    for each_before in before:
        logger.removeHandler(each_before)
    try:
        yield
    finally:
        for each_before in before:
            logger.addHandler(each_before)
        logger.removeHandler(handler)
        handler.close()
