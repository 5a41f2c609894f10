"""Tells Prometheus where a running system's endpoints are: a file of targets for each run, kept up to date.

``<root>/metrics-targets/<run>.json`` is what Prometheus' ``file_sd_configs`` reads, one target a node. (It takes a
``*`` in the last part of a path only, so the files are together.) A file is written anew when a node comes or goes, and
removed with the system; after a ``kill -9`` it stays, and its targets are down.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from shoal.runtime.errors import ShoalError
from shoal.runtime.metrics_endpoint import MetricsEndpoint

FOLDER = "metrics-targets"
_LOOK_S = 5.0
_log = logging.getLogger("shoal.metrics")


def targets(endpoints: Sequence[MetricsEndpoint], run: str) -> list[dict[str, Any]]:
    """The endpoints as Prometheus reads them: a group for each, with the labels ``run`` and ``node``."""
    return [
        {"targets": [urlsplit(endpoint.url).netloc], "labels": {"run": run, "node": endpoint.node}}
        for endpoint in endpoints
    ]


def targets_file(root: Path, run: str) -> Path:
    """Where the targets of a run are."""
    return root / FOLDER / f"{run}.json"


def scrape_config(root: Path) -> str:
    """What goes into Prometheus' configuration to find every system whose run is under this root."""
    pattern = json.dumps(str(root / FOLDER / "*.json"))
    return (
        "scrape_configs:\n"
        "  - job_name: shoal\n"
        "    scrape_interval: 5s\n"
        "    file_sd_configs:\n"
        f"      - files: [{pattern}]\n"
        "        refresh_interval: 10s\n"
    )


class TargetsFile:
    """Of one run."""

    def __init__(
        self, root: Path, run: str, endpoints: Callable[[], Awaitable[Sequence[MetricsEndpoint]]]
    ) -> None:
        self._path = targets_file(root, run)
        self._run = run
        self._endpoints = endpoints
        self._written = ""
        self._looking: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to look."""
        self._looking = asyncio.ensure_future(self._keep_looking())

    async def stop(self) -> None:
        """Nothing can be scraped any more."""
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.gather(self._looking, return_exceptions=True)
        with contextlib.suppress(OSError):
            await asyncio.to_thread(self._path.unlink, missing_ok=True)

    async def _keep_looking(self) -> None:
        while True:
            try:
                await self._look()
            except (ShoalError, OSError) as error:
                _log.info("the targets of Prometheus are not up to date: %s", error)
            await asyncio.sleep(_LOOK_S)

    async def _look(self) -> None:
        text = json.dumps(targets(await self._endpoints(), self._run), indent=2) + "\n"
        if text != self._written:
            await asyncio.to_thread(self._write, text)
            self._written = text

    def _write(self, text: str) -> None:
        self._path.parent.mkdir(mode=0o700, exist_ok=True)
        draft = self._path.with_name(f"{self._path.stem}.new")  # Prometheus reads what ends in .json
        draft.write_text(text, encoding="utf-8")
        os.replace(draft, self._path)
