"""Finds a pattern in texts: a process of its own, started by this file's path, so that it imports nothing of shoal.

It reads lines of JSON: first ``[pattern, ignore case, limit in seconds]``, then a text each. For each text it writes a
line: ``null`` where the pattern is not in it, else a list of one: what the first group holds in the last place it is
found, which is null where there is no such group or it holds nothing.

Python's ``re`` cannot be stopped in a search, nor does a handler of signals run meanwhile. What ends one that takes too
long is the default action of a timer's signal: the process is gone. The timer counts the time that the processor was at
work for it, so that an answer does not fail because the machine is busy.
"""

from __future__ import annotations

import json
import re
import signal
import sys


def main() -> None:
    """Until there is nothing more to read."""
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGPROF])
    pattern, ignore_case, limit_s = json.loads(sys.stdin.readline())
    regex = re.compile(pattern, re.IGNORECASE if ignore_case else 0)
    for line in sys.stdin:
        text = json.loads(line)
        signal.setitimer(signal.ITIMER_PROF, limit_s)
        found = last_find(regex, text)
        signal.setitimer(signal.ITIMER_PROF, 0)
        sys.stdout.write(f"{json.dumps(found)}\n")
        sys.stdout.flush()


def last_find(regex: re.Pattern[str], text: str) -> list[str | None] | None:
    """What the first group holds in the last place; ``None``: the pattern is not in the text."""
    if not regex.groups:
        return [None] if regex.search(text) else None
    found = None
    for match in regex.finditer(text):
        found = match
    return None if found is None else [found[1]]


if __name__ == "__main__":
    main()
