"""Code of the user's own, which may end as it likes: whatever it raises is told in a line, as a problem.

Also what would end the program without a word, as ``sys.exit(0)`` does. Only an interrupt goes through.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")
_HERE = Path(__file__).parent
_MOST = 400
_INSTALLED = frozenset({"site-packages", "dist-packages"})


class TheirError(Exception):
    """The user's code raised; the text says what."""

    def __init__(self, raised: BaseException) -> None:
        super().__init__(text_of(raised))
        self.raised = raised


def call_theirs(code: Callable[[], T]) -> T:
    """What the code returns. Raises :class:`TheirError` for anything it raises but ``KeyboardInterrupt``."""
    try:
        return code()
    except KeyboardInterrupt:
        raise
    except BaseException as exc:
        raise TheirError(exc) from exc


def text_of(error: BaseException) -> str:
    """Type and text of what was raised, on one line; also where its text cannot be had."""
    try:
        said = " ".join(str(error.msg if isinstance(error, SyntaxError) else error).split())
    except KeyboardInterrupt:
        raise
    except BaseException as exc:
        said = f"(its text cannot be had: {type(exc).__name__})"
    said = said if len(said) <= _MOST else f"{said[:_MOST]}..."
    return f"{type(error).__name__}: {said}" if said else type(error).__name__


def place_of_error(error: BaseException, folder: Path | None = None) -> tuple[str, int]:
    """File and line from which it was raised: the last place in the folder's own code, else the last one at all that
    is none of ours; ``("", 0)``: there is none. A syntax error is where it is."""
    if isinstance(error, SyntaxError) and error.filename:
        return error.filename, error.lineno or 0
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if "importlib" not in frame.filename and not Path(frame.filename).is_relative_to(_HERE)
    ]
    own = [frame for frame in frames if folder is not None and _is_own(Path(frame.filename), folder)]
    last = (own or frames)[-1:]
    return (last[0].filename, last[0].lineno or 0) if last else ("", 0)


def place_in_brackets(error: BaseException) -> str:
    """The same to be put behind what was raised: `` (cases.py:12)``; empty where there is none."""
    file, line = place_of_error(error)
    return f" ({Path(file).name}:{line})" if file else ""


def _is_own(file: Path, folder: Path) -> bool:
    return file.is_relative_to(folder) and not _INSTALLED & set(file.parts)
