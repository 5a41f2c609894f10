"""The page: everything is in it, nothing comes from elsewhere, and no text of a run becomes a part of it."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from shoal.experiments.report.making import make_report
from tests.experiments.report.made_runs import HOSTILE, write_run

VOID = {"meta", "br", "img", "link", "input", "hr"}


class Tags(HTMLParser):
    """Every tag with its attributes; open ones must be closed in turn."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.wrong: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)


def tags_of(html: str) -> Tags:
    """The page, parsed."""
    tags = Tags()
    tags.feed(html)
    tags.close()
    return tags


def made(root: Path, *runs: str, now: float = 1.9e9) -> str:
    """A report of runs under a root."""
    return make_report([str(root / run) for run in runs], now=now)


def test_a_report_has_every_section_of_a_run(tmp_path: Path) -> None:
    write_run(tmp_path)
    html = made(tmp_path, "made")
    for heading in (
        "What was run", "What to do next", "Team", "What each agent did", "Time and cost", "What went wrong",
        "Tasks worth a look", "Deaths, restarts and dead letters",
    ):  # fmt: skip
        assert f">{heading}" in html
    assert "shoal failures made" in html
    assert "66.7" in html  # the score


def test_the_page_is_well_formed_and_loads_nothing(tmp_path: Path) -> None:
    write_run(tmp_path)
    html = made(tmp_path, "made")
    tags = tags_of(html)
    assert tags.wrong == []
    assert tags.open == []
    assert not {"link", "iframe", "object", "embed", "img", "form", "base"} & {tag for tag, _ in tags.seen}
    for _, attributes in tags.seen:
        assert not {"src", "action", "formaction", "srcset"} & set(attributes)
        assert all(
            not (value or "").startswith(("http", "//", "javascript:")) for value in attributes.values()
        )
    assert "url(http" not in html
    assert "@import" not in html


def test_the_page_forbids_itself_to_load_anything(tmp_path: Path) -> None:
    write_run(tmp_path)
    policy = [
        attributes["content"]
        for tag, attributes in tags_of(made(tmp_path, "made")).seen
        if tag == "meta" and attributes.get("http-equiv") == "Content-Security-Policy"
    ]
    assert len(policy) == 1
    assert policy[0] is not None
    assert policy[0].startswith(
        "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"
    )


def test_no_text_of_a_run_becomes_markup(tmp_path: Path) -> None:
    write_run(tmp_path, "good")
    write_run(tmp_path, "bad", said=HOSTILE)
    write_run(tmp_path, "bad-2", said=HOSTILE, seed=2)
    plain, bad = tags_of(made(tmp_path, "good")), tags_of(made(tmp_path, "bad"))
    assert bad.wrong == []
    assert sum(tag == "script" for tag, _ in bad.seen) == sum(tag == "script" for tag, _ in plain.seen) == 1
    both = made(tmp_path, "bad", "bad-2")
    for html in (made(tmp_path, "bad"), both):
        assert not any(key.startswith("on") for _, attributes in tags_of(html).seen for key in attributes)
        assert "<img" not in html
        assert not set("\u202e\x1b\x00") & set(html)
        assert "alert(1)" in html  # as a text


def test_the_same_run_gives_the_same_page_but_for_the_time_of_making(tmp_path: Path) -> None:
    write_run(tmp_path)
    first, second = made(tmp_path, "made", now=1.9e9), made(tmp_path, "made", now=1.95e9)
    differing = [
        (one, other)
        for one, other in zip(first.splitlines(), second.splitlines(), strict=True)
        if one != other
    ]
    assert len(differing) == 1
    assert "made 2030-03-17 17:46:40 UTC" in differing[0][0]
    assert made(tmp_path, "made", now=1.9e9) == first


def test_several_runs_are_compared_and_each_has_its_section(tmp_path: Path) -> None:
    write_run(tmp_path, "one")
    write_run(tmp_path, "two")
    html = made(tmp_path, "one", "two")
    assert 'id="comparison"' in html
    assert 'id="run1"' in html
    assert 'id="run2"' in html
    assert html.count('class="plot"') == 3
    assert tags_of(html).wrong == []


def test_runs_of_different_tasks_are_not_compared_and_the_page_says_why(tmp_path: Path) -> None:
    write_run(tmp_path, "one")
    other = write_run(tmp_path, "two")
    lines = (other / "tasks.jsonl").read_text().replace("hello", "something else")
    (other / "tasks.jsonl").write_text(lines)
    html = made(tmp_path, "one", "two")
    assert "cannot be held against each other" in html
    assert 'id="run2"' in html


def test_what_is_secret_is_not_on_the_page(tmp_path: Path) -> None:
    secret = "sk-" + "a1B2" * 12
    write_run(tmp_path, said=f"the key is {secret}")
    assert secret not in made(tmp_path, "made")


def test_pictures_have_a_title_and_a_description(tmp_path: Path) -> None:
    write_run(tmp_path)
    html = made(tmp_path, "made")
    pictures = re.findall(r"<svg[^>]*><title[^>]*>([^<]+)</title><desc[^>]*>([^<]+)</desc>", html)
    assert len(pictures) == html.count("<svg")
    assert ("The team" in {name for name, _ in pictures}) is True


@pytest.mark.parametrize("tasks", [1, 40])
def test_a_report_of_few_or_many_tasks_shows_at_most_ten_of_each_kind(tmp_path: Path, tasks: int) -> None:
    write_run(tmp_path, tasks=tasks)
    shown = made(tmp_path, "made").count('<details class="task">')
    assert 1 <= shown <= 40
