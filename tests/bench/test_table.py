from __future__ import annotations

import io
from collections.abc import Mapping

import pytest
from rich.console import Console, RenderableType

from shoal.bench import board_contestants, plain_ray
from shoal.bench.catalogue import ABOUT_BOARDS, ROWS
from shoal.bench.recording_sides import JOURNALED
from shoal.bench.recovery_sides import COLD
from shoal.bench.results import Report, Sample, SideResult
from shoal.bench.rows import Figure
from shoal.bench.sides import SideFactory
from shoal.bench.table import notes, render, render_catalogue
from tests.bench.reports import report, row_result, side


def shown(renderable: RenderableType, width: int = 100) -> str:
    console = Console(file=io.StringIO(), width=width, color_system=None)
    console.print(renderable)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def full_report() -> Report:
    """Every row with every side that takes part, with figures as long as they get."""
    rates = {"shoal": 172_000.0, "plain": 2015.0, "batched": 114_000.0, "local": 254_000.0}
    rates |= {
        "cold": 1.0,
        "journaled": 90_000.0,
        "volatile": 172_000.0,
        "sqlite": 172_000.0,
        "redis": 172_000.0,
    }
    only: dict[str, Mapping[str, SideFactory]] = {
        "batched": plain_ray.BATCHED,
        "cold": COLD,
        "journaled": JOURNALED,
        "plain": plain_ray.PLAIN,
        "volatile": board_contestants.VOLATILE,
        "sqlite": board_contestants.SQLITE,
        "redis": board_contestants.REDIS,
    }
    rows = []
    for row in ROWS:
        columns = {
            key: side(
                key,
                3100.0 if row.memory else rate,
                count=100_000 if row.name == "cells" and key == "shoal" else 20,
                p50_s=0.00034 if row.figure is Figure.P50 or row.name in ABOUT_BOARDS else None,
                growth=1.08 if row.figure is Figure.GROWTH else None,
                memory_each_b=54 * 2**20 if row.memory else None,
            )
            for key, rate in rates.items()
            if key not in only or row.name in only[key]
        }
        rows.append(row_result(row.name, columns))
    return report(*rows)


@pytest.mark.parametrize("width", [100, 110, 120])
def test_all_rows_fit_the_terminal_and_nothing_is_cut(width: int) -> None:
    text = shown(render(full_report()), width)
    assert "…" not in text
    assert max(len(line) for line in text.splitlines()) <= width
    for row in ROWS:
        assert f"\n {row.name} " in text


def test_a_row_shows_sides_ratio_bar_and_verdict() -> None:
    sides = {
        "shoal": side("shoal", 172_000.0, cpu_s=11e-6),
        "plain": side("plain", 2000.0, cpu_s=831e-6),
        "batched": side("batched", 114_667.0, cpu_s=16e-6),
    }
    lines = shown(render(report(row_result("tell", sides)))).splitlines()
    first = next(line for line in lines if line.startswith(" tell"))
    second = lines[lines.index(first) + 1]
    rates = "172,000 ±10% 2,000 ±10% 114,667 ±10%"
    assert " ".join(first.split()) == f"tell {rates} 86.0 × ≥ 60 × plain yes 86.0 ×"
    costs = "11.0 µs CPU 831 µs CPU 16.0 µs CPU"
    assert " ".join(second.split()) == f"msg/s {costs} (86.0–86.0) ≥ 1 × by hand yes 1.50 ×"


def test_a_latency_row_leads_with_p50_and_says_p99() -> None:
    sides = {"shoal": side("shoal", 1.0, p50_s=0.0005), "plain": side("plain", 1.0, p50_s=0.001)}
    text = shown(render(report(row_result("ask", sides))))
    assert "500 µs ±0%" in text
    assert "p99 1.50 ms" in text
    assert "no 0.500 ×" in text


def test_a_side_that_has_not_run_is_a_dash_and_its_bars_are_open() -> None:
    text = shown(render(report(row_result("tell", {"plain": side("plain", 2000.0)}))))
    (line,) = [line for line in text.splitlines() if line.startswith(" tell")]
    assert " ".join(line.split()) == "tell – 2,000 ±10% – – ≥ 60 × plain –"


def test_a_side_that_failed_says_so_and_why() -> None:
    broken = report(row_result("tell", {"plain": SideResult.of("plain Ray", [], "RayActorError: it died")}))
    text = shown(render(broken))
    assert "failed" in text
    assert "tell, plain Ray: RayActorError: it died" in text


def test_one_process_and_floors_have_a_panel_of_their_own() -> None:
    text = shown(
        render(report(row_result("tell", {"local": side("local", 254_000.0), "queue": side("q", 9e5)})))
    )
    assert "one process, and the floors" in text
    assert "shoal beside plain Ray" not in text
    (line,) = [line for line in text.splitlines() if line.startswith(" tell")]
    assert " ".join(line.split()) == "tell 254,000 ±10% 900,000 ±10% – ≥ 200,000 msg/s yes"


def test_the_blackboard_has_a_panel_of_its_own() -> None:
    sides = {
        "shoal": side("shoal", 5000.0, p50_s=0.0015),
        "volatile": side("shoal, in memory", 6000.0, p50_s=0.001),
        "local": side("shoal, one process", 5500.0),
        "sqlite": side("plain SQLite", 16_000.0),
    }
    text = shown(render(report(row_result("bcas", sides))))
    assert "blackboard" in text
    assert "shoal beside plain Ray" not in text
    assert "the floors" not in text
    lines = [line for line in text.splitlines() if line.startswith((" bcas", " cas/s"))]
    rates = "5,000 ±10% 6,000 ±10% 5,500 ±10% 16,000 ±10% –"
    assert [" ".join(line.split()) for line in lines] == [
        f"bcas {rates} ≥ 5,000 cas/s yes", "cas/s p50 1.50 ms p50 1.00 ms 20.0 µs CPU 20.0 µs CPU",
    ]  # fmt: skip


def test_topologies_have_a_panel_of_their_own_with_messages_and_what_each_costs() -> None:
    sides = {
        "shoal": side("shoal", 1000.0, cpu_s=1.8e-3),
        "plain": side("plain", 50.0, cpu_s=27e-3),
        "local": side("shoal, one process", 1500.0, cpu_s=450e-6),
    }
    text = shown(render(report(row_result("pipeline", sides))))
    assert "topologies" in text
    assert "shoal beside plain Ray" not in text
    assert "the floors" not in text
    lines = text.splitlines()
    at = next(number for number, line in enumerate(lines) if line.startswith(" pipeline"))
    assert [" ".join(line.split()) for line in lines[at : at + 3]] == [
        "pipeline 1,000 ±10% 50.0 ±10% 1,500 ±10% 20.0 × ≥ 10 × plain yes 20.0 ×",
        "task/s 1.80 ms CPU 27.0 ms CPU 450 µs CPU (20.0–20.0)",
        "18 messages 100 µs/msg 1.50 ms/msg 25.0 µs/msg",
    ]


def test_growth_is_a_multiple_and_bars_of_several_say_whose_they_are() -> None:
    sides = {"shoal": side("shoal", 1.0, growth=1.05), "local": side("local", 1.0, growth=1.4)}
    lines = shown(render(report(row_result("bgrow", sides)))).splitlines()
    first = next(line for line in lines if line.startswith(" bgrow"))
    second = lines[lines.index(first) + 1]
    assert " ".join(first.split()) == "bgrow 1.05 × ±0% – 1.40 × ±0% – – shoal ≤ 1.3 × yes"
    assert second.split()[0] == "growth"
    assert " ".join(second.split()).endswith("local ≤ 1.3 × no")


def test_who_is_left_out_and_why_is_said_once_for_all_its_rows() -> None:
    reason = {"redis": "no redis-server is on the path"}
    both = report(row_result("bget", {}, absent=reason), row_result("bput", {}, absent=reason))
    assert notes(both)[0] == "redis is left out of bget, bput: no redis-server is on the path"


def test_what_sides_say_of_themselves_is_said_once() -> None:
    said = {"redis": side("Redis", 1.0, remark="appendonly yes")}
    lines = notes(report(row_result("bget", said), row_result("bput", said)))
    assert lines.count("Redis: appendonly yes") == 1


def test_the_notes_state_noise_idle_processes_and_the_machine() -> None:
    text = "\n".join(notes(report(row_result("tell", {"plain": side("plain", 2000.0)}))))
    assert "Medians of 3 rounds of about 1 s" in text
    assert "± is half the span" in text
    assert "0.10 of a core" in text
    assert "2 cores, 24.0 GiB, load before 0.25; CPython 3.11.7, ray 2.60.0; took 61.0 s." in text


def test_processes_that_ended_in_a_run_are_told() -> None:
    lossy = Sample(round=0, turn=0, count=1, wall_s=1.0, cpu_total_s=1.0, processes_lost=2)
    row = row_result("tell", {"plain": SideResult.of("plain Ray", [lossy], None)})
    assert "2 processes ended during runs: their last CPU time is not counted." in notes(report(row))


def test_the_catalogue_names_each_row_and_who_has_to_reach_which_bar() -> None:
    text = shown(render_catalogue(ROWS))
    first_words = {line.split()[0] for line in text.splitlines() if line.split()}
    assert {row.name for row in ROWS} <= first_words
    assert "shoal ≥ 60 × plain" in text
    assert "local ≥ 200,000 msg/s" in text
    assert "local p50 ≤ 60 µs" in text
    assert "shoal ≤ 10 KiB each" in text
