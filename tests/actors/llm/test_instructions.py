"""Instructions are templates over the typed input, and nothing else."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path

import pytest
from pydantic import BaseModel

from shoal.actors.llm.instructions import Instructions
from shoal.errors import ConfigError


class Ticket(BaseModel):
    text: str
    tags: list[str] = []


def test_fields_of_the_input_are_filled_in() -> None:
    told = Instructions("Label: {{ text }}{% for tag in tags %} #{{ tag }}{% endfor %}")
    assert told.fill(Ticket(text="late", tags=["a", "b"])) == "Label: late #a #b"


def test_a_plain_input_is_called_input() -> None:
    assert Instructions("Say {{ input }}").fill("yes") == "Say yes"


def test_what_the_input_holds_is_never_read_as_a_template() -> None:
    hostile = Ticket(text="{{ ''.__class__.__mro__ }}{% for x in range(9) %}x{% endfor %}")
    assert Instructions("{{ text }}").fill(hostile) == hostile.text


def test_a_template_cannot_reach_python() -> None:
    with pytest.raises(ConfigError, match="cannot be filled"):
        Instructions("{{ input.__class__.__mro__[1].__subclasses__() }}").fill("x")


def test_a_name_that_the_input_has_not_is_refused_with_those_it_has() -> None:
    with pytest.raises(ConfigError, match=r"the instructions use \{\{ txt \}\}.*only tags, text"):
        Instructions("{{ txt }}", "the instructions").check(Ticket)


def test_a_template_that_does_not_parse_names_its_line() -> None:
    with pytest.raises(ConfigError, match="prompt, line 2"):
        Instructions("fine\n{% if %}", "prompt").check(Ticket)


def test_a_file_is_read_at_once(tmp_path: Path) -> None:
    path = tmp_path / "label.md"
    path.write_text("Be brief.")
    told = Instructions(path)
    path.unlink()
    assert told.fill("x") == "Be brief."


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"missing\.md cannot be read"):
        Instructions(tmp_path / "missing.md")


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "blob"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="no UTF-8"):
        Instructions(path)


def test_they_travel_and_are_copied_as_text() -> None:
    told = Instructions("{{ text }}")
    assert told.fill(Ticket(text="a")) == "a"
    assert pickle.loads(pickle.dumps(told)).fill(Ticket(text="b")) == "b"
    assert copy.deepcopy(told).fill(Ticket(text="c")) == "c"
