"""The plots of a report: well-formed, said in words too, free of what a name could put into them."""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoal.experiments.comparing.comparison import Comparison
from shoal.experiments.comparing.holding import compare_runs
from shoal.experiments.report.svg_cost import cost_against_score
from shoal.experiments.report.svg_drawing import PLOT_STYLE, WIDTH, Scale, log_ticks, standalone, ticks
from shoal.experiments.report.svg_intervals import score_intervals
from shoal.experiments.report.svg_latency import latency_curves
from tests.experiments.comparing.runs import made, right, single

SVG = "{http://www.w3.org/2000/svg}"
BAD_NAME = "<script>\"&amp;'</script>"


def comparison() -> Comparison:
    """Three teams, one of which is called what nobody should be."""
    return compare_runs(
        [
            single(right(30, 40), usd=0.001, priced=True),
            made("vote", right(33, 40), usd=0.003, priced=True),
            made(BAD_NAME, right(39, 40), usd=0.02, priced=True),
        ]
    )


def plots() -> dict[str, str]:
    """Each kind."""
    found = comparison()
    return {
        "intervals": score_intervals(found),
        "cost": cost_against_score(found),
        "latency": latency_curves({"single": [0.5, 0.6], BAD_NAME: [0.4, 3.0, 90.0]}),
    }


@pytest.mark.parametrize("kind", ["intervals", "cost", "latency"])
def test_a_plot_is_well_formed_and_has_a_title_and_a_description_that_name_the_teams(kind: str) -> None:
    svg = plots()[kind]
    root = ET.fromstring(svg)
    assert root.tag == f"{SVG}svg"
    title, about = root.find(f"{SVG}title"), root.find(f"{SVG}desc")
    assert title is not None
    assert about is not None
    assert root.attrib["role"] == "img"
    assert root.attrib["aria-labelledby"].split() == [title.attrib["id"], about.attrib["id"]]
    assert "single" in (about.text or "")
    assert "script" in (about.text or "")
    assert "<script" not in svg
    assert svg == plots()[kind]


@pytest.mark.parametrize("kind", ["intervals", "cost", "latency"])
def test_everything_lies_within_the_frame(kind: str) -> None:
    root = ET.fromstring(plots()[kind])
    height = float(root.attrib["height"])
    for node in root.iter():
        for key, most in (
            ("x", WIDTH),
            ("x1", WIDTH),
            ("x2", WIDTH),
            ("cx", WIDTH),
            ("y", height),
            ("cy", height),
        ):
            if key in node.attrib:
                assert 0 <= float(node.attrib[key]) <= most


def test_the_baseline_is_a_line_through_all_intervals() -> None:
    root = ET.fromstring(plots()["intervals"])
    (guide,) = [node for node in root.iter(f"{SVG}line") if node.get("class") == "guide"]
    first = next(root.iter(f"{SVG}circle"))
    assert guide.attrib["x1"] == first.attrib["cx"]
    assert len(list(root.iter(f"{SVG}circle"))) == 3


def test_what_was_not_judged_or_asked_no_model_has_no_such_plot() -> None:
    unjudged = compare_runs([single([None] * 8), made("vote", [None] * 8)])
    assert score_intervals(unjudged) == ""
    assert cost_against_score(unjudged) == ""
    free = compare_runs([single(right(3, 8), tokens=0), made("vote", right(5, 8), tokens=0)])
    assert cost_against_score(free) == ""
    assert latency_curves({"single": []}) == ""


def test_ten_thousand_tasks_make_a_small_plot() -> None:
    svg = latency_curves({"single": [0.5 + n / 1000 for n in range(10_000)]})
    assert len(svg) < 10_000
    assert "p50 5.5 s, p95 10 s" in svg


def test_a_plot_that_is_a_file_of_its_own_has_its_colours_in_it() -> None:
    root = ET.fromstring(standalone(plots()["cost"]))
    style = root.find(f"{SVG}style")
    assert style is not None
    assert style.text == PLOT_STYLE
    assert "prefers-color-scheme: dark" in PLOT_STYLE
    assert "http" not in PLOT_STYLE


@given(st.floats(-1e6, 1e6), st.floats(1e-6, 1e6))
def test_ticks_hold_the_values_and_are_a_step_apart(low: float, span: float) -> None:
    marks = ticks(low, low + span)
    assert marks[0] <= low + 1e-6 * span + 1e-9 * abs(low)
    assert marks[-1] >= low + span - 1e-6 * span - 1e-9 * abs(low)
    assert 2 <= len(marks) <= 13


@given(st.floats(1e-6, 1e6), st.floats(1.0, 1e6))
def test_ticks_of_powers_hold_the_values(low: float, factor: float) -> None:
    marks = log_ticks(low, low * factor)
    assert marks[0] <= low * 1.00001
    assert marks[-1] >= low * factor * 0.99999
    assert marks == sorted(marks)


@given(st.floats(1e-3, 1e3), st.booleans())
def test_a_place_is_always_within_the_scale(value: float, log: bool) -> None:
    scale = Scale(0.01, 100.0, 50.0, 700.0, log)
    assert 50.0 <= scale.at(value) <= 700.0
    assert math.isclose(scale.at(0.01), 50.0)
    assert math.isclose(scale.at(100.0), 700.0)
