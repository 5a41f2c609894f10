"""A comparison as a page in the terminal and as Markdown."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from shoal.experiments.comparing.comparison import Comparison
from shoal.experiments.comparing.holding import compare_runs
from shoal.experiments.comparing.markdown import as_markdown
from shoal.experiments.comparing.page import ComparisonPage
from tests.experiments.comparing.runs import made, right, single


def comparison() -> Comparison:
    """Three teams, one of them with a name that is long and not only letters."""
    return compare_runs(
        [
            single(right(30, 40), usd=0.001, priced=True, throughput=40.0),
            made("vote|of*three", right(31, 40), usd=0.003, priced=True, throughput=12.3),
            made("debate-of-a-great-many-agents", right(39, 40), usd=0.0234, priced=True, restarts=3),
        ]
    )


def page(width: int) -> str:
    """As a terminal of this width shows it."""
    console = Console(width=width, record=True, file=io.StringIO())
    console.print(ComparisonPage(comparison()))
    return console.export_text()


@pytest.mark.parametrize("width", [60, 80, 100, 120, 200])
def test_no_figure_is_cut_at_any_width(width: int) -> None:
    text = page(width)
    for figure in (
        "97.5 (87 to 100)",
        "+22.5 (+7 to +35)",
        "3.00 ×",
        "0.0400",
        "4,000",
        "0.5 s",
        "12.3",
        "restarts",
    ):
        assert figure in text
    assert all(len(line.rstrip()) <= width for line in text.splitlines())
    cut = [word for word in text.split() if "…" in word]
    assert cut == ["debate-of-a-great-m…"] * len(cut)


def test_score_difference_and_cost_come_first() -> None:
    heads = next(line for line in page(80).splitlines() if line.startswith("team"))
    assert heads.split("  ")[0] == "team"
    assert [word for word in ("score", "difference", "p", "cost") if word in heads] == [
        "score",
        "difference",
        "p",
        "cost",
    ]


def test_columns_in_which_no_team_has_anything_are_left_out() -> None:
    text = page(120)
    assert "partial" not in text
    assert "not started" not in text


def test_markdown_has_a_row_a_team_and_nothing_of_a_name_becomes_markup() -> None:
    text = as_markdown(comparison())
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert len(rows) == 5
    assert len({line.replace("\\|", "").count("|") for line in rows}) == 1
    assert "vote\\|of\\*three" in text
    assert text.splitlines()[0] == "# triage: 40 cases, held against single"
    assert "**debate-of-a-great-many-agents is better than the single agent by 22.5 points." in text
