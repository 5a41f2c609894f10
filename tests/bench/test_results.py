from __future__ import annotations

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from shoal.bench.machine import Machine
from shoal.bench.results import SCHEMA, BarResult, Report, RowResult, Sample, Settings, SideResult
from shoal.bench.rows import Bar, Figure
from tests.bench.reports import MACHINE, report, row_result, side


def test_the_figures_of_a_run_are_for_one_operation() -> None:
    sample = Sample(round=0, turn=0, count=200, wall_s=0.5, cpu_total_s=0.1, memory_total_b=4096, p50_s=0.001)
    assert sample.figure(Figure.RATE) == pytest.approx(400.0)
    assert sample.figure(Figure.CPU) == pytest.approx(0.0005)
    assert sample.figure(Figure.MEMORY) == pytest.approx(20.48)
    assert sample.figure(Figure.WALL) == pytest.approx(0.5)
    assert sample.figure(Figure.P50) == pytest.approx(0.001)
    assert sample.figure(Figure.P99) is None
    assert sample.figure(Figure.GROWTH) is None


def test_a_side_has_spreads_of_the_figures_it_measured_only() -> None:
    assert set(side("plain", 100.0).spreads) == {Figure.RATE, Figure.CPU, Figure.WALL}
    assert set(side("plain", 100.0, p50_s=0.01).spreads) == {
        Figure.RATE,
        Figure.CPU,
        Figure.WALL,
        Figure.P50,
        Figure.P99,
    }


def test_a_side_without_runs_has_its_error_and_no_spreads() -> None:
    failed = SideResult.of("plain Ray", [], "RuntimeError: no")
    assert failed.spreads == {}
    assert failed.error == "RuntimeError: no"


@pytest.mark.parametrize(
    ("bar", "met"),
    [
        (Bar(10, times="plain"), True),
        (Bar(10.1, times="plain"), False),
        (Bar(1000), True),
        (Bar(1001), False),
        (Bar(0.5, figure=Figure.P50, times="plain"), True),
        (Bar(0.49, figure=Figure.P50, times="plain"), False),
        (Bar(0.001, figure=Figure.P50), True),
        (Bar(0.0009, figure=Figure.P50), False),
        (Bar(-0.001, figure=Figure.P50, above="plain"), True),
        (Bar(-0.0011, figure=Figure.P50, above="plain"), False),
        (Bar(1, figure=Figure.P50, above="nobody"), None),
        (Bar(1, times="nobody"), None),
        (Bar(1, who="nobody"), None),
        (Bar(1, figure=Figure.MEMORY), None),
    ],
)
def test_a_rate_has_to_reach_its_bar_and_all_else_to_stay_below_it(bar: Bar, met: bool | None) -> None:
    sides = {"shoal": side("shoal", 1000.0, p50_s=0.001), "plain": side("plain", 100.0, p50_s=0.002)}
    assert BarResult.of(bar, sides).met is met


def test_a_report_comes_back_from_disk_as_it_was(tmp_path: Path) -> None:
    written = report(row_result("tell", {"shoal": side("shoal", 1000.0)}))
    path = tmp_path / "new" / "folder" / "report.json"
    written.write(path)
    assert Report.model_validate_json(path.read_text(encoding="utf-8")) == written


def test_the_json_has_every_run_and_the_layouts_version() -> None:
    content = json.loads(report(row_result("tell", {"shoal": side("shoal", 1000.0)})).model_dump_json())
    assert content["schema_version"] == SCHEMA
    assert set(content) == {"schema_version", "started_at", "took_s", "machine", "settings", "rows"}
    (row,) = content["rows"]
    assert set(row) == {
        "name", "what", "op", "figure", "sides", "absent", "bars", "messages", "idle_cores",
    }  # fmt: skip
    samples = row["sides"]["shoal"]["samples"]
    assert [sample["round"] for sample in samples] == [0, 1, 2]
    assert set(samples[0]) == {
        "round", "turn", "count", "wall_s", "cpu_total_s", "memory_total_b", "p50_s", "p99_s",
        "growth", "processes_lost",
    }  # fmt: skip
    assert set(row["sides"]["shoal"]["spreads"]["rate"]) == {"median", "low", "high", "rounds"}


def test_an_unknown_field_in_a_report_is_refused() -> None:
    content = json.loads(report().model_dump_json()) | {"verdict": "great"}
    with pytest.raises(ValidationError, match="verdict"):
        Report.model_validate(content)


@pytest.mark.parametrize("fields", [{"rounds": 0}, {"seconds": 0.0}, {"seconds": 601.0}])
def test_settings_that_measure_nothing_are_refused(fields: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        Settings.model_validate(fields)


def test_the_ratio_of_a_row_is_of_its_own_figure() -> None:
    sides = {"shoal": side("shoal", 1000.0, p50_s=0.001), "plain": side("plain", 100.0, p50_s=0.004)}
    asked: RowResult = row_result("ask", sides, figure=Figure.P50)
    ratio = asked.ratio("shoal", "plain")
    assert ratio is not None
    assert ratio.median == pytest.approx(0.25)
    assert asked.ratio("shoal", "batched") is None


def test_the_machine_is_described_without_names_or_paths() -> None:
    here = Machine.here()
    assert here.cores >= 1
    assert here.memory_b > 0
    assert "ray" in here.packages
    assert here.python.startswith(("CPython", "PyPy"))
    assert "/" not in (here.commit or "")
    assert MACHINE.commit is None
