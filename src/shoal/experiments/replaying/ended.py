"""How a task ended, and whether two ends are the same. Pure.

Of an error, its class, the class of what was raised in the handler, and the first line of its text count. In that line
what differs from run to run counts as the same: addresses of objects, ids, times and durations, directories, ports.
"""

from __future__ import annotations

import json
import re
from typing import Any, NamedTuple

from shoal.experiments.workload.outputs import output_of
from shoal.runtime.journal.ledger import TaskEntry, TaskState

_VARYING = [
    (re.compile(pattern), instead)
    for pattern, instead in (
        (r"\(via [^()]*\)$", ""),
        (r"0x[0-9a-fA-F]+", "<address>"),
        (r"\b[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b|\b(?=\w*\d)[0-9a-f]{12,}\b", "<id>"),
        (r"\b\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d)?)?|\b\d\d:\d\d:\d\d", "<time>"),
        (r"(?<=<time>)[.,]?\d*(?:Z|[+-]\d\d:?\d\d)?", ""),
        (r"\b\d{9,}(?:\.\d+)?\b", "<number>"),
        (r"\b\d[\d,.]*\s?(?:ns|µs|us|ms|s|secs?|seconds?|min|minutes?|h|hours?)\b", "<duration>"),
        (r"\b(\d+\.\d+\.\d+\.\d+|localhost|\[::1?\]):\d+", r"\1:<port>"),
        (r"\b(pid|process)([ =:]+)\d+", r"\1\2<number>"),
        (r"(?<![\w.:/])(?:/[^/\s'\"]+)+/(?=[^/\s])", "<directory>/"),
        (r"\btmp[a-z0-9_]{8}\b", "<temporary>"),
    )
]
_SET = re.compile(r"\{([^{}:]*)\}")
_REDACTED = "[redacted:"


class Ended(NamedTuple):
    """How a task ended."""

    state: str
    output: Any
    error: str
    error_text: str = ""
    raised: str = ""
    """The class of what a handler raised, without its module; empty where none did."""
    said: str = ""
    """The text of what it raised, without who raised it on what."""

    @property
    def in_words(self) -> str:
        """State and error."""
        error = self.raised or self.error
        return f"{self.state} with {error}" if error else self.state


def ended_of(entry: TaskEntry) -> Ended:
    """What the ledger has. Raises ``InvalidMessage`` for an answer that is damaged."""
    output = None
    if entry.state in (TaskState.DONE, TaskState.PARTIAL):
        output = output_of(entry.result_tag, entry.result)
    raised, said = _raised(entry)
    return Ended(entry.state, output, entry.error, entry.error_text, raised, said)


def same_error_text(then: Ended, now: Ended) -> bool:
    """Whether the handlers said the same. True where that cannot be told: one has a secret left out."""
    if _REDACTED in then.said or _REDACTED in now.said:
        return True  # what is a secret is told by the environment, which is another one now
    return _steady(then.said) == _steady(now.said)


def _raised(entry: TaskEntry) -> tuple[str, str]:
    """Class and text of what a handler raised."""
    try:
        details = json.loads(entry.error_details)
        kind, agent = str(details["type"]), str(details.get("agent", ""))
    except (ValueError, TypeError, KeyError):
        return "", ""
    text = entry.error_text
    lead = f"{agent} raised {kind} on "
    if text.startswith(lead):
        text = text.removeprefix(lead).partition(": ")[2]
    return kind.rpartition(".")[2], text


def _steady(text: str) -> str:
    line = text.strip().partition("\n")[0]
    for pattern, instead in _VARYING:
        line = pattern.sub(instead, line)
    return _SET.sub(lambda found: f"{{{', '.join(sorted(found[1].split(', ')))}}}", line).strip()
