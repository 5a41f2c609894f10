"""``shoal metrics``: what Prometheus has to be told to find the systems that run, and where they are now."""

from __future__ import annotations

import json
from pathlib import Path

import typer

from shoal.runtime.journal.run_directory import runs_root
from shoal.runtime.metrics_targets import FOLDER, scrape_config
from shoal.runtime.terminal.options import Root


def metrics(
    root: Root = None,
) -> None:
    """Print a scrape configuration for Prometheus that finds every running system which has a metrics_port."""
    parent = runs_root(root)
    for line in _now(parent) or ["nothing is running with a metrics_port"]:
        typer.echo(f"# {line}")
    typer.echo(scrape_config(parent), nl=False)


def _now(root: Path) -> list[str]:
    lines = []
    for path in sorted((root / FOLDER).glob("*.json")):
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
            lines += [f"now: {one['targets'][0]} (run {one['labels']['run']})" for one in found]
        except (OSError, ValueError, KeyError, IndexError, TypeError):
            lines.append(f"now: {path.name} cannot be read")
    return lines
