from __future__ import annotations

import json
from typing import Any

import pytest
from rich.console import Console

from shoal.experiments.replaying.divergence import Divergence
from shoal.experiments.replaying.ended import Ended
from shoal.experiments.replaying.page import as_json, replayed_page, replays_page
from shoal.experiments.replaying.replay import Replayed

EVIL = "\x1b]0;mine\x07\x1b[2J\x9b31m\u202e"
KEY = "sk-proj-abcdefghijklmnopqrstuvwxyz0123456789ABCD"


def replayed(**fields: Any) -> Replayed:
    made = {
        "task": f"t{EVIL}",
        "then": Ended("done", f"{EVIL} {KEY}", ""),
        "now": Ended("failed", None, "HandlerError", f"\n{EVIL} {KEY}\nmore", "Broken", "it"),
        "divergences": [Divergence("message", "team", f"its answer was {EVIL} {KEY}")],
        "messages": 1,
        "effects": 0,
        "likely": [f"board {EVIL}"],
        "refused": [f"connects to {EVIL}"],
    }
    return Replayed(**{**made, **fields})


def shown(page: Any) -> str:
    console = Console(width=400, force_terminal=False)
    with console.capture() as captured:
        console.print(page)
    return captured.get()


def test_what_agents_said_does_not_command_the_terminal_nor_show_secrets() -> None:
    for page in (replayed_page(replayed()), replays_page([replayed()])):
        text = shown(page)
        assert not set(text) & set("\x1b\x07\x9b\u202e")
        assert KEY not in text
        assert "[redacted:" in text


def test_json_has_no_secrets() -> None:
    line = as_json(replayed(then=Ended("done", {"password": "hunter2hunter2", "text": KEY}, "")))
    assert KEY not in line
    assert "hunter2hunter2" not in line
    data = json.loads(line)
    assert (data["same"], data["now"]["raised"], data["refused"]) == (
        False,
        "Broken",
        [f"connects to {EVIL}"],
    )


def test_a_secret_that_is_cut_off_is_not_shown_in_part() -> None:
    text = shown(replayed_page(replayed(then=Ended("done", "x" * 130 + " " + KEY, ""))))
    assert "sk-proj" not in text


@pytest.mark.parametrize(
    ("compared", "said"),
    [
        ((), "messages were not recorded"),
        (("messages",), "what messages say is not recorded: not compared"),
        (("messages", "sizes"), "their sizes are compared"),
    ],
)
def test_the_page_says_what_was_not_compared(compared: tuple[str, ...], said: str) -> None:
    page = replayed_page(replayed(compared=compared, divergences=[], likely=[]))
    assert said in shown(page)
