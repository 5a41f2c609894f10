"""What the log shows: where it was, in one entry each, whatever others put into it."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest

from shoal.runtime.errors import ConfigError
from shoal.runtime.logs import contained, set_up_logs

log = logging.getLogger("shoal.test")


@pytest.fixture(autouse=True)
def logger(monkeypatch: pytest.MonkeyPatch) -> Iterator[logging.Logger]:
    """The root of shoal's loggers as if nothing had been set up; afterwards as it was."""
    for variable in ("SHOAL_LOG", "SHOAL_LOG_LEVEL"):
        monkeypatch.delenv(variable, raising=False)
    logger = logging.getLogger("shoal")
    kept = logger.handlers[:], logger.level, logger.propagate
    logger.handlers[:] = []
    yield logger
    logger.handlers[:], level, logger.propagate = kept
    logger.setLevel(level)


def lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return capsys.readouterr().err.splitlines()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain, also ünïcödé \N{FISH}", "plain, also ünïcödé \N{FISH}"),
        ("two\nlines", "two\n    lines"),
        ("a\tb", "a\tb"),
        ("red \x1b[31m", "red \\x1b[31m"),
        ("back\r\x08\x7f", "back\\r\\x08\\x7f"),
        ("c1 \x9b31m \x85 next", "c1 \\x9b31m \\x85 next"),
        ("other lines \u2028 \u2029", "other lines \\u2028 \\u2029"),
        ("turned \u202e round", "turned \\u202e round"),
        ("half \udcff", "half \\udcff"),
    ],
)
def test_what_is_not_printable_is_escaped_and_lines_after_the_first_are_indented(
    text: str, shown: str
) -> None:
    assert contained(text) == shown


def test_a_name_from_elsewhere_cannot_forge_an_entry_nor_command_the_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    set_up_logs()
    evil = "x\n2026-01-01T00:00:00Z [critical] all is lost\x1b[2J"
    log.warning("dead letter to %s", evil, extra={"agent": evil, "task": evil})
    first, *others = lines(capsys)
    assert "dead letter to x" in first
    assert others
    assert all(line.startswith("    ") for line in others)
    assert "\x1b" not in "".join([first, *others])


def test_an_exception_is_shown_with_its_traceback_in_the_same_entry(
    capsys: pytest.CaptureFixture[str],
) -> None:
    set_up_logs()
    try:
        raise ValueError("no luck\n\x1b[31mat all")
    except ValueError:
        log.exception("it failed")
    first, *others = lines(capsys)
    assert "it failed" in first
    assert any("in test_an_exception" in line for line in others)
    assert all(line.startswith("    ") for line in others if line)
    assert "\x1b" not in "".join(others)


def test_json_has_one_line_an_entry_with_where_it_was(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOAL_LOG", "json")
    set_up_logs()
    log.warning("two\nlines", extra={"agent": "kw", "task": "t-1"})
    (line,) = lines(capsys)
    entry = json.loads(line)
    assert (entry["event"], entry["agent"], entry["task"], entry["level"]) == (
        "two\nlines",
        "kw",
        "t-1",
        "warning",
    )


def test_the_level_is_the_environments_else_warning(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, logger: logging.Logger
) -> None:
    set_up_logs()
    log.info("not shown")
    assert lines(capsys) == []
    logger.handlers.clear()
    monkeypatch.setenv("SHOAL_LOG_LEVEL", "info")
    set_up_logs()
    log.info("shown")
    assert len(lines(capsys)) == 1


def test_a_level_that_is_none_is_refused_by_name(
    monkeypatch: pytest.MonkeyPatch, logger: logging.Logger
) -> None:
    monkeypatch.setenv("SHOAL_LOG_LEVEL", "loud")
    with pytest.raises(ConfigError, match="SHOAL_LOG_LEVEL is 'loud'"):
        set_up_logs()
    assert not any(hasattr(handler, "shoal") for handler in logger.handlers)


def test_setting_up_twice_logs_once(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logs()
    set_up_logs()
    log.warning("once")
    assert len(lines(capsys)) == 1
