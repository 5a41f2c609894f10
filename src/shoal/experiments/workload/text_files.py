"""Text files each of which is one case."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from shoal.experiments.errors import Problem
from shoal.experiments.workload.lines import decoded
from shoal.experiments.workload.row import MOST_BYTES, Found, Row

SHOWN = ("path", "text")


def read_text_file(path: Path, shown: str, relative: str, encoding: str) -> Found:
    """A file as a case. ``relative`` is its path in the folder, with ``/``: the case's id. Raises ``OSError``.

    Fields: ``path`` (``relative``), ``text``, ``name`` (of the file, without suffix) and ``folder`` (the name of the
    one it is in), of which the latter two are no input unless the spec says so: a folder's name often is the answer.
    """
    with path.open("rb") as file:
        data = file.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        return Problem(f"it is larger than {MOST_BYTES:,} bytes: it is no case", shown)
    text = decoded(data, 0, shown, 0, encoding)
    if isinstance(text, Problem):
        return text._replace(remedy=f"{text.remedy}; or leave it out by workload.pattern")
    if not text:
        return Problem("it is empty", shown, remedy="leave it out by workload.pattern")
    place = PurePosixPath(relative)
    folder = place.parent.name or path.absolute().parent.name
    return Row(
        {"path": relative, "text": text, "name": place.stem, "folder": folder}, shown, 0, relative, SHOWN
    )
