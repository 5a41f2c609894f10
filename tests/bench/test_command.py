from __future__ import annotations

from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from shoal.bench import command
from shoal.bench.catalogue import TELL
from shoal.bench.command import bench, measure
from shoal.bench.contestants import contestants_named
from shoal.bench.results import Report, Settings
from shoal.bench.sides import Contestant, Counts
from shoal.bench.topology_rows import TOPOLOGY_ROWS
from tests.bench.fakes import World

app = typer.Typer()
app.command()(bench)


def run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, list(arguments))
    return result.exit_code, result.stdout, result.stderr


def test_list_shows_the_rows_and_runs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "measure", None)
    code, out, _ = run("--list", "--rows", "tell,cells")
    assert code == 0
    assert "tell" in out
    assert "cells" in out
    assert "hop64" not in out


def test_rows_and_groups_can_be_named_without_an_option() -> None:
    code, out, _ = run("topologies", "tell", "--list", "--rows", "ask")
    assert code == 0
    listed = [line.split()[0] for line in out.splitlines() if line[:2] == "  " and line[2:3].isalpha()]
    assert listed == ["row", "tell", "ask", *(row.name for row in TOPOLOGY_ROWS)]


def test_an_unknown_group_ends_with_a_suggestion_and_status_two() -> None:
    code, _, err = run("topology")
    assert code == 2
    assert "there is no row 'topology'. Did you mean 'topologies'?" in err


def test_an_unknown_row_ends_with_a_suggestion_and_status_two() -> None:
    code, out, err = run("--rows", "tel")
    assert code == 2
    assert out == ""
    assert "there is no row 'tel'. Did you mean 'tell'?" in err


def test_an_unknown_side_ends_with_a_suggestion_and_status_two() -> None:
    code, _, err = run("--sides", "shole")
    assert code == 2
    assert "Did you mean 'shoal'?" in err


def test_sides_that_have_no_part_in_the_rows_are_refused_before_anything_starts() -> None:
    code, _, err = run("--rows", "fan", "--sides", "queue,pipe")
    assert code == 2
    assert "none of the sides queue, pipe has one for fan" in err


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    """Puts a fake contestant in place of the real ones."""
    world = World()
    fake = world.contestant("plain", 1e9, row="tell", counts=Counts.exactly(5))
    monkeypatch.setattr(
        command, "contestants_named", lambda _: (Contestant("plain", "Fake", fake.sides, needs_ray=False),)
    )
    return world


def test_a_bench_shows_its_tables_and_writes_its_report(world: World, tmp_path: Path) -> None:
    path = tmp_path / "out.json"
    code, out, err = run("--rows", "tell", "--rounds", "2", "--seconds", "0.01", "--json", str(path))
    assert (code, err) == (0, "")
    assert "shoal beside plain Ray" in out
    assert f"report: {path}" in out.replace("\n", "")
    report = Report.model_validate_json(path.read_text(encoding="utf-8"))
    assert report.settings == Settings(rounds=2, seconds=0.01)
    assert [row.name for row in report.rows] == ["tell"]
    assert len(report.rows[0].sides["plain"].samples) == 2
    assert world.diary[-1] == "plain teardown"


def test_without_a_path_the_report_goes_to_the_folder_of_results(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("--rounds", "1", "--seconds", "0.01")[0] == 0
    (path,) = (tmp_path / "bench-results").iterdir()
    assert path.suffix == ".json"


def test_a_report_that_cannot_be_written_is_said_and_its_tables_are_shown(
    world: World, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("not a folder")
    code, out, err = run("--rounds", "1", "--seconds", "0.01", "--json", str(tmp_path / "file" / "out.json"))
    assert code == 1
    assert "the report cannot be written" in err
    assert "shoal beside plain Ray" in out


def test_a_side_that_failed_makes_the_status_one(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = world.contestant("plain", 1.0, row="tell", fails="setup")
    monkeypatch.setattr(
        command, "contestants_named", lambda _: (Contestant("plain", "Fake", broken.sides, needs_ray=False),)
    )
    code, out, _ = run("--rounds", "1", "--seconds", "0.01", "--json", str(tmp_path / "out.json"))
    assert code == 1
    assert "tell, Fake: RuntimeError: setup went wrong" in out


def test_a_side_that_cannot_take_part_is_told_and_the_status_stays_zero(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = world.contestant("redis", 1.0, row="bget", absent="no redis-server is on the path")
    monkeypatch.setattr(
        command, "contestants_named", lambda _: (Contestant("redis", "Fake", gone.sides, needs_ray=False),)
    )
    code, out, _ = run(
        "--rows", "bget", "--rounds", "1", "--seconds", "0.01", "--json", str(tmp_path / "out.json")
    )
    assert code == 0
    assert "redis is left out of bget: no redis-server is on the path" in out


async def test_the_floors_measure_real_work_without_ray() -> None:
    contestants = contestants_named(["queue", "pipe"])
    report = await measure((TELL,), contestants, Settings(rounds=2, seconds=0.02))
    sides = report.rows[0].sides
    assert {key: side.error for key, side in sides.items()} == {"queue": None, "pipe": None}
    assert all(len(side.samples) == 2 for side in sides.values())
