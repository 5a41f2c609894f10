"""What code of the user raised, told so that telling it cannot raise again."""

from __future__ import annotations

import traceback
from pathlib import Path


def told(error: BaseException) -> str:
    """Class and text: ``KeyError: 'label'``. The text is left out where there is none, or where making it raises."""
    try:
        text = str(error)
    except (Exception, SystemExit):
        text = ""
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def place(error: BaseException, beside: str) -> str:
    """File and line it was raised in, as ``cases.py:12``; empty where that is not known, as of a built-in function.

    ``beside``: the file of whoever called the user's code, which is no place of the user's.
    """
    frames = traceback.extract_tb(error.__traceback__)
    if not frames or frames[-1].filename == beside:
        return ""
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno}"
