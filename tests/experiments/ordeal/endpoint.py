"""The model of the ordeal, as a module beside an experiment file: it is copied there, and knows shoal alone.

Its tokens cost fractions of billionths of a dollar; now and then it fails and is asked again, or does not say what it
took. What each request took is noted in a file, as the endpoint's own books.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from random import Random

from shoal.models.chat import ChatRequest, Usage
from shoal.models.errors import ModelUnavailable
from shoal.models.scripted import Latency, Reply

NOTES = "SHOAL_TEST_ENDPOINT"
"""Names the file in which requests are noted."""
TAKES = "SHOAL_TEST_ENDPOINT_S"
"""Says how many seconds an answer takes."""
READS = "Say what it is about."
LABELS = "Label it."
_FAILS, _SILENT = 0.03, 0.06
"""Shares of requests that fail, and that succeed without a word of what they took."""
_WHILE = Latency(float(os.environ.get(TAKES, "0.02")), spread=0.5)
_TICKET = re.compile(r"ticket (\d+)")


def label_of(number: int) -> str:
    """What a ticket is about."""
    return "billing" if number % 3 == 1 else "other"


def task_of(number: int) -> str:
    """A ticket's task."""
    return f"t{number}"


def answer(request: ChatRequest, random: Random) -> Reply:
    """What the model says to a ticket."""
    text = request.messages[-1].text
    found = _TICKET.search(text)
    assert found is not None, text
    number = int(found[1])
    draw = random.random()
    if draw < _FAILS:
        _note(number, 7)
        return Reply(
            error=ModelUnavailable("it is down", usage=Usage(input_tokens=7).model_dump()), latency=_WHILE
        )
    reading = READS in request.messages[0].text
    said = f"ticket {number} is about {label_of(number)}" if reading else label_of(number)
    if draw < _SILENT:
        _note(number, 0)
        return Reply(said, usage="missing", latency=_WHILE)
    usage = Usage(input_tokens=17 + number % 23, output_tokens=1 + number % 11)
    _note(number, usage.total_tokens)
    return Reply(said, usage=usage, latency=_WHILE)


def _note(number: int, tokens: int) -> None:
    """One write: also of a process that is killed, and beside others, it is there whole or not at all."""
    with Path(os.environ[NOTES]).open("ab", buffering=0) as file:
        file.write(f"{task_of(number)} {tokens}\n".encode())
