"""``python -m shoal``: the command line."""

from __future__ import annotations

from shoal.cli import app

if __name__ == "__main__":
    app(prog_name="shoal")
