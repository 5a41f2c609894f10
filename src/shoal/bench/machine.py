"""Where a bench ran: the machine, the versions, the commit."""

from __future__ import annotations

import os
import platform
import subprocess
from importlib import metadata
from pathlib import Path

import psutil
from pydantic import BaseModel, ConfigDict

PACKAGES = ("shoal", "ray", "pydantic", "msgpack", "uvloop")
"""Packages whose version changes the figures. Ray runs its async actors on uvloop where it is installed."""


class Machine(BaseModel):
    """What has to be known to compare two benches. No host name and no path: reports are passed on."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    system: str
    """Operating system, release and architecture."""
    processor: str | None
    """Model of the processor as the system names it; None when it does not."""
    cores: int
    """Cores that this process may use."""
    memory_b: int
    """Memory of the machine in bytes."""
    load_1m: float
    """Load average of the minute before the bench: above zero, somebody else was at work."""
    python: str
    """Implementation and version of Python."""
    packages: dict[str, str]
    """Versions of the packages that count; those that are not installed are left out."""
    commit: str | None
    """Git commit of shoal's source, with ``+changes`` when files differ from it; None when installed from a
    package or when git is not there."""

    @classmethod
    def here(cls) -> Machine:
        """This machine, now."""
        return cls(
            system=f"{platform.system()} {platform.release()} {platform.machine()}",
            processor=_processor(),
            cores=usable_cores(),
            memory_b=psutil.virtual_memory().total,
            load_1m=round(os.getloadavg()[0], 2),
            python=f"{platform.python_implementation()} {platform.python_version()}",
            packages=_versions(),
            commit=_commit(Path(__file__)),
        )


def usable_cores() -> int:
    """Cores that this process may run on: fewer than the machine's where it is pinned."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _processor() -> str | None:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or None
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), None)


def _versions() -> dict[str, str]:
    found = {}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def _commit(source: Path) -> str | None:
    """The commit that ``source`` is part of. A copy installed inside some other repository is not tracked
    there, and gets None instead of that repository's commit."""
    if _git(source, "ls-files", "--error-unmatch", source.name) is None:
        return None
    commit = _git(source, "rev-parse", "HEAD")
    if commit is None:
        return None
    return f"{commit}+changes" if _git(source, "status", "--porcelain", "--untracked-files=no") else commit


def _git(source: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", *arguments], cwd=source.parent, capture_output=True, text=True, timeout=10, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
