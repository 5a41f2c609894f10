"""Docstrings as questions, and as examples to learn from. Pure: the same docstrings and seed give the same."""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from shoal.demo.docstrings.collecting import PACKAGES, Docstring
from shoal.runtime.errors import ConfigError

LONGEST = 200
"""Characters of a text: what comes behind is cut off, at a word."""
_FEWEST_WORDS = 6
_LEAST_EXAMPLES = 30
"""Of each package."""
_HIDDEN = "_"


class Case(NamedTuple):
    """A text and where it is from."""

    text: str
    package: str


class Questions(NamedTuple):
    """What is asked and what can be learned from; no text is in both."""

    asked: list[Case]
    """As many of each package, mixed."""
    examples: list[Case]


def make_questions(found: Iterable[Docstring], cases: int, seed: int) -> Questions:
    """So many questions, and the rest as examples. Raises :class:`ConfigError` when there are too few docstrings."""
    each = cases // len(PACKAGES)
    texts: dict[str, str] = {}
    for one in found:
        text = masked(one)
        if len(re.findall(r"[A-Za-z]{2,}", text)) >= _FEWEST_WORDS:
            texts.setdefault(text, one.package)
    by_package: dict[str, list[Case]] = defaultdict(list)
    for text in sorted(texts, key=lambda text: _drawn(text, seed)):
        by_package[texts[text]].append(Case(text, texts[text]))
    fewest = min(len(by_package[package]) for package in PACKAGES)
    if fewest < each + _LEAST_EXAMPLES:
        most = max(0, fewest - _LEAST_EXAMPLES) * len(PACKAGES)
        raise ConfigError(
            f"--cases {cases}: the source of this Python's standard library has docstrings for at most {most}"
            if most
            else "the source of this Python's standard library is not there, or has no docstrings: take another Python"
        )
    asked = [case for cases in by_package.values() for case in cases[:each]]
    examples = [case for cases in by_package.values() for case in cases[each:]]
    return Questions(sorted(asked, key=lambda case: _drawn(case.text, seed)), sorted(examples))


def masked(docstring: Docstring) -> str:
    """The docstring on one line without the names that give it away: of packages, of its module, and its own."""
    names = sorted({docstring.name, docstring.module, *PACKAGES}, key=len, reverse=True)
    telling = rf"(?<![A-Za-z])({'|'.join(map(re.escape, names))})(?![A-Za-z])"
    text = " ".join(re.sub(telling, _HIDDEN, docstring.text, flags=re.IGNORECASE).split())
    return text if len(text) <= LONGEST else text[: LONGEST + 1].rpartition(" ")[0]


def _drawn(text: str, seed: int) -> bytes:
    return hashlib.blake2b(f"{seed}\0{text}".encode(errors="replace"), digest_size=8).digest()
