"""Comparing runs what was not run yet, reads what is finished, goes on with what was interrupted."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from typer import Typer
from typer.testing import CliRunner, Result

import shoal
from shoal.experiments.comparing.baseline import with_baseline_called
from shoal.experiments.comparing.command import compare as command
from shoal.experiments.comparing.comparison import Comparison
from shoal.experiments.comparing.doing import ComparisonStopped, compare
from shoal.experiments.errors import BadExperiment, NothingToCompare
from shoal.experiments.file.loading import load
from shoal.experiments.file.spec import Experiment
from shoal.experiments.finished import open_experiment
from shoal.experiments.importing import Importer
from shoal.experiments.layout import RESULTS_FILE, SUMMARY_FILE
from shoal.experiments.running.environment import read_environment
from shoal.experiments.running.finishing import finish_complete
from shoal.experiments.running.outcome import Outcome
from shoal.experiments.running.plan import Plan
from shoal.experiments.running.planning import again, plan_resume, plan_run
from shoal.experiments.running.runner import Runner
from shoal.experiments.running.stop import Stop
from shoal.experiments.workload.spec import WorkloadSpec
from shoal.runtime.durable.errors import StoreBroken
from shoal.runtime.journal.errors import RunNotFound
from shoal.runtime.journal.reader import list_runs
from shoal.runtime.journal.run_lock import RunLock

CODE = '''
from pydantic import BaseModel
import shoal


class Ticket(BaseModel):
    text: str


class Label(BaseModel):
    label: str


class Keyword(shoal.Agent):
    def __init__(self, word: str = "charge") -> None:
        self.word = word

    async def on_ticket(self, ticket: Ticket) -> Label:
        return Label(label="billing" if self.word in ticket.text else "other")


class Wrapper(shoal.Agent):
    """Answers something else than the team does: no baseline can be made of it."""

    async def on_ticket(self, ticket: Ticket) -> str:
        return "billing"
'''
AGENT = "compared_triage.py:Keyword"


@pytest.fixture(scope="module")
def code(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with agents and twelve cases."""
    folder = tmp_path_factory.mktemp("compared")
    (folder / "compared_triage.py").write_text(CODE, encoding="utf-8")
    cases = [
        {"id": f"t{n}", "text": f"{'charge' if n % 2 else 'refund'} {n}", "label": "billing"}
        for n in range(12)
    ]
    (folder / "tickets.jsonl").write_text(
        "".join(f"{json.dumps(case)}\n" for case in cases), encoding="utf-8"
    )
    return folder


def vote(*words: str) -> dict[str, object]:
    """A team that votes, one member for each word."""
    members = {f"m{index}": {"use": AGENT, "with": {"word": word}} for index, word in enumerate(words)}
    return {"topology": "fan_out", "by": {"majority": {"more_than": 0.4}}, "members": members}


def file(folder: Path, name: str, **fields: object) -> Path:
    """An experiment file."""
    whole = {
        "name": name,
        "workload": {"tasks": "tickets.jsonl", "answer": "label"},
        "cluster": {"address": "local"},
        **fields,
    }
    path = folder / f"{name}.yaml"
    path.write_text(yaml.safe_dump(whole, sort_keys=False), encoding="utf-8")
    return path


def plan(path: Path, root: Path) -> Plan:
    """The run of an experiment's only team, as the comparison calls it."""
    return plan_run(load(path), run=f"{path.stem}-team", root=root)


async def test_teams_are_run_once_and_read_the_next_time(code: Path, tmp_path: Path) -> None:
    path = file(code, "twice", teams={"single": {"use": AGENT}, "vote": vote("charge", "refund", "charge")})
    said: list[str] = []
    first = await compare(path, root=tmp_path, said=said.append)
    assert said == [
        "single: running as twice-single (1 of 2; 12 tasks)",
        "vote: running as twice-vote (2 of 2; 12 tasks)",
    ]
    assert [(team.team, team.run, team.pattern) for team in first.teams] == [
        ("single", "twice-single", "single"),
        ("vote", "twice-vote", "fan_out"),
    ]
    assert (first.experiment, first.baseline, first.cases, first.scored) == ("twice", "single", 12, 12)
    assert first.teams[0].score is not None
    assert first.teams[0].score.value == 0.5
    said.clear()
    again_ = await compare(path, root=tmp_path, said=said.append)
    assert said[0] == "single: run twice-single is finished, read (run anew with --fresh)"
    assert again_ == first
    named = await compare("twice-vote", "twice-single", root=tmp_path)
    assert named == first
    by_path = await compare(tmp_path / "twice-vote", str(tmp_path / "twice-single"))
    assert by_path == first


async def test_a_run_of_another_team_or_other_tasks_is_not_read_but_named(code: Path, tmp_path: Path) -> None:
    teams = {"single": {"use": AGENT}, "vote": vote("charge", "refund")}
    path = file(code, "changed", teams=teams)
    await compare(path, root=tmp_path)
    await compare(
        path, root=tmp_path, overrides=["description=other words", "concurrency=3", "budget.calls=7"]
    )
    with pytest.raises(BadExperiment, match="'changed-vote' already, and it ran with another team"):
        await compare(file(code, "changed", teams={**teams, "vote": vote("charge")}), root=tmp_path)
    with pytest.raises(BadExperiment, match="it ran other tasks"):
        await compare(file(code, "changed", teams=teams), root=tmp_path, overrides=["workload.limit=5"])
    fresh = await compare(path, root=tmp_path, overrides=["workload.limit=5"], fresh=True)
    assert [team.run for team in fresh.teams] == ["changed-single-2", "changed-vote-2"]
    assert fresh.cases == 5


async def test_a_lone_agent_is_made_of_the_team_where_none_is_given(code: Path, tmp_path: Path) -> None:
    path = file(code, "alone", team=vote("charge", "refund", "invoice"))
    found = await compare(path, root=tmp_path)
    assert [(team.team, team.run) for team in found.teams] == [
        ("single", "alone-single"),
        ("alone", "alone-team"),
    ]
    assert found.teams[0].pattern == "single"
    changed = file(code, "alone", team=vote("login", "refund", "invoice"))
    with pytest.raises(BadExperiment, match="'alone-team' already, and it ran with another team"):
        await compare(changed, root=tmp_path)


async def test_the_baseline_of_the_experiment_goes_before_one_that_is_made(
    code: Path, tmp_path: Path
) -> None:
    baseline = {"use": AGENT, "with": {"word": "refund"}}
    found = await compare(file(code, "given", team=vote("charge"), baseline=baseline), root=tmp_path)
    with open_experiment("given-single", root=tmp_path) as run:
        assert "'word': 'refund'" in str(run.spec["teams"]["single"])
    assert found.baseline == "single"


async def test_without_any_lone_agent_one_must_be_named_or_waived(code: Path, tmp_path: Path) -> None:
    pair = {"one": vote("charge", "refund"), "two": vote("charge")}
    path = file(code, "none", teams=pair, baseline="none")
    waived = await compare(path, root=tmp_path)
    assert waived.baseline is None
    named = await compare(path, root=tmp_path, baseline="two")
    assert named.baseline == "two"
    with pytest.raises(NothingToCompare, match="no team is called 'x'"):
        await compare(path, root=tmp_path, baseline="x")
    with pytest.raises(NothingToCompare, match="no single agent among the teams"):
        await compare("none-one", "none-two", root=tmp_path)
    assert (await compare("none-one", "none-two", root=tmp_path, baseline_required=False)).baseline is None


async def test_nothing_is_started_where_the_comparison_would_fail(code: Path, tmp_path: Path) -> None:
    one = file(code, "one", team={"use": AGENT})
    other = file(code, "other", team=vote("charge"), seed=3)
    with pytest.raises(NothingToCompare, match="seed"):
        await compare(one, other, root=tmp_path)
    with pytest.raises(NothingToCompare, match="one run alone"):
        await compare(one, root=tmp_path)
    with pytest.raises(RunNotFound, match="nowhere"):
        await compare(one, "nowhere", root=tmp_path)
    assert list_runs(tmp_path) == []


async def test_a_stopped_comparison_goes_on_where_it_was_left(code: Path, tmp_path: Path) -> None:
    path = file(code, "stopped", teams={"single": {"use": AGENT}, "vote": vote("charge", "refund")})
    stop = Stop()

    def stop_at_the_second(text: str) -> None:
        if text.startswith("vote"):
            stop.ask("enough")

    with pytest.raises(ComparisonStopped, match="stopped-vote was under way"):
        await compare(path, root=tmp_path, stop=stop, said=stop_at_the_second)
    said: list[str] = []
    found = await compare(path, root=tmp_path, said=said.append)
    assert said == [
        "single: run stopped-single is finished, read (run anew with --fresh)",
        "vote: going on with stopped-vote (1 of 1; 12 tasks)",
    ]
    assert found.tasks == 12
    assert any("Resumed in between: stopped-vote" in note for note in found.notes)


async def test_after_a_stop_while_a_teams_results_are_written_the_next_one_is_not_begun(
    code: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop = Stop()

    class StoppedAtItsEnd(Runner):
        async def run(self) -> Outcome:
            outcome = await super().run()
            stop.ask("SIGINT")
            return outcome

    monkeypatch.setattr("shoal.experiments.comparing.doing.Runner", StoppedAtItsEnd)
    path = file(code, "late", teams={"single": {"use": AGENT}, "vote": vote("charge", "refund")})
    with pytest.raises(ComparisonStopped, match="stopped after late-single, before late-vote") as stopped:
        await compare(path, root=tmp_path, stop=stop)
    assert stopped.value.details["run"] == "late-single"
    assert [run.run for run in list_runs(tmp_path)] == ["late-single"]
    # Of the last team nothing is left to do: what was asked for is there.
    assert (await compare(path, root=tmp_path, stop=Stop())).tasks == 12


async def test_runs_that_were_judged_in_different_ways_are_not_held_against_each_other(
    code: Path, tmp_path: Path
) -> None:
    one = file(code, "strict", team={"use": AGENT})
    other = file(code, "loose", team=vote("charge", "refund"), score={"exact": {"ignore_case": True}})
    judged = (
        r"judged by exact \(field 'label'\) and run 'loose-team' by exact \(field 'label', ignore_case True\)"
    )
    with pytest.raises(NothingToCompare, match=judged):
        await compare(one, other, root=tmp_path, baseline_required=False)
    assert list_runs(tmp_path) == []
    for path in (one, other):
        await Runner(plan(path, tmp_path)).run()
    with pytest.raises(NothingToCompare, match=judged):
        await compare("strict-team", "loose-team", root=tmp_path, baseline_required=False)
    same = file(code, "same", team=vote("charge"), score="exact")
    found = await compare("strict-team", same, root=tmp_path, baseline_required=False)
    assert found.scored == 12


async def test_a_run_that_goes_on_or_was_killed_is_not_read_but_named(code: Path, tmp_path: Path) -> None:
    """Its results so far have no costs, and would be called cheap."""
    await compare(
        file(code, "killed", teams={"single": {"use": AGENT}, "vote": vote("charge")}), root=tmp_path
    )
    run = tmp_path / "killed-vote"
    lock = RunLock(run)
    with pytest.raises(NothingToCompare, match=r"run 'killed-vote' is running \(process \d+ has it\)"):
        await compare("killed-single", "killed-vote", root=tmp_path)
    lock.release()
    summary = (run / SUMMARY_FILE).read_text(encoding="utf-8")
    later = rf"run 'killed-vote' was cut off .*: `shoal resume {run}` goes on with it"
    (run / SUMMARY_FILE).unlink()  # in its first session
    with pytest.raises(NothingToCompare, match=later):
        await compare("killed-single", "killed-vote", root=tmp_path)
    before = json.loads(summary) | {"sessions": 0}  # in a later one
    (run / SUMMARY_FILE).write_text(json.dumps(before), encoding="utf-8")
    with pytest.raises(NothingToCompare, match=later):
        await compare("killed-single", "killed-vote", root=tmp_path)
    (run / SUMMARY_FILE).write_text(summary, encoding="utf-8")
    assert (await compare("killed-single", "killed-vote", root=tmp_path)).tasks == 12


async def test_results_whose_last_line_is_cut_off_are_mended_as_the_error_says(
    code: Path, tmp_path: Path
) -> None:
    await compare(file(code, "torn", teams={"single": {"use": AGENT}, "vote": vote("charge")}), root=tmp_path)
    run = tmp_path / "torn-vote"
    results = (run / RESULTS_FILE).read_bytes()
    (run / RESULTS_FILE).write_bytes(results[:-40])
    with pytest.raises(StoreBroken, match=rf"damaged; `shoal resume {run}` writes it anew"):
        await compare("torn-single", "torn-vote", root=tmp_path)
    await finish_complete(plan_resume(run))
    assert (run / RESULTS_FILE).read_bytes() == results


async def test_the_run_of_a_baseline_that_was_made_can_be_planned_again(code: Path, tmp_path: Path) -> None:
    path = file(code, "remade", team=vote("charge", "refund"))
    await compare(path, root=tmp_path)
    environment = read_environment(tmp_path / "remade-single")
    assert environment.team == "single"
    plan = again(
        with_baseline_called(load(path), environment.team, Importer(code)),
        tmp_path / "remade-single",
        environment,
    )
    assert (plan.topology.pattern, len(plan.tasks)) == ("single", 12)
    with pytest.raises(BadExperiment, match="there is no team 'x'"):
        with_baseline_called(load(path), "x", Importer(code))


async def test_experiments_of_a_program_are_compared_too(tmp_path: Path) -> None:
    async def right(text: str) -> str:
        return text.upper()

    async def wrong(text: str) -> str:
        return text

    cases = [{"id": f"c{n}", "text": f"a{n}", "answer": f"A{n}"} for n in range(8)]
    experiment = Experiment(
        name="program",
        workload=WorkloadSpec.model_validate({"tasks": cases, "answer": "answer"}),
        teams={"single": wrong, "relay": shoal.pipeline(wrong, right)},
    )
    found = await compare(experiment, root=tmp_path, address="local")
    assert [team.score.value for team in found.teams if team.score] == [0.0, 1.0]
    assert found.verdict == "relay is better than the single agent by 100 points."


# -- the command ---------------------------------------------------------------------------------------------


def shoal_compare(*arguments: str | Path) -> Result:
    """What the command says and ends with."""
    app = Typer()
    app.command()(command)
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_the_command_prints_a_table_or_json_and_writes_markdown(code: Path, tmp_path: Path) -> None:
    path = file(code, "printed", teams={"single": {"use": AGENT}, "vote": vote("charge", "refund")})
    page = shoal_compare(path, "--root", tmp_path, "--markdown", tmp_path / "out.md")
    assert page.exit_code == 0
    assert "printed: 12 cases, held against single" in page.stdout
    assert "single: running as printed-single" in page.stderr
    assert (tmp_path / "out.md").read_text(encoding="utf-8").startswith("# printed: 12 cases")
    as_json = shoal_compare(path, "--root", tmp_path, "--json")
    assert Comparison.model_validate_json(as_json.stdout).baseline == "single"


def test_what_agents_and_scorers_print_is_not_in_the_json(tmp_path: Path) -> None:
    (tmp_path / "loud.py").write_text(
        "print('IMPORTED')\nasync def shout(text: str) -> str:\n    print('ASKED')\n    return text\n"
        "def judge(output: str, expected: str) -> float:\n    print('JUDGED')\n    return 1.0\n",
        encoding="utf-8",
    )
    (tmp_path / "loud.yaml").write_text(
        "name: loud\nworkload: [{text: a}, {text: b}]\nteams: {one: 'loud.py:shout', two: 'loud.py:shout'}\n"
        "score: {use: 'loud.py:judge'}\ncluster: {address: local}\n",
        encoding="utf-8",
    )
    said = shoal_compare(tmp_path / "loud.yaml", "--root", tmp_path, "--json", "--no-baseline")
    assert said.exit_code == 0, said.output
    assert [team.team for team in Comparison.model_validate_json(said.stdout).teams] == ["one", "two"]
    assert all(word in said.stderr for word in ("IMPORTED", "ASKED", "JUDGED"))


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["nowhere.yaml"], "nowhere.yaml"),
        (["no-such-run", "other"], "no run 'no-such-run'"),
        (["bad.yaml"], "teams.vote"),
        (["good.yaml", "--set", "nonsense=1"], "nonsense"),
        (["good.yaml", "--baseline", "x"], "no team is called 'x': there are"),
        (["good.yaml", "--markdown", "no/such/dir.md"], "there is no directory"),
    ],
)
def test_bad_input_ends_the_command_with_status_2_and_starts_nothing(
    code: Path, tmp_path: Path, arguments: list[str], says: str
) -> None:
    file(code, "bad", teams={"vote": {"topology": "fan_out"}})
    file(code, "good", teams={"single": {"use": AGENT}, "vote": vote("charge")})
    placed = [str(code / each) if each in ("bad.yaml", "good.yaml") else each for each in arguments]
    ended = shoal_compare(*placed, "--root", tmp_path / "runs")
    assert ended.exit_code == 2
    assert says in ended.stderr.replace("\n", " ")
    assert not (tmp_path / "runs").exists()


def test_an_interrupted_command_ends_with_130_and_says_how_to_go_on(
    code: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = file(code, "cut", teams={"single": {"use": AGENT}, "vote": vote("charge")})

    async def stopped(*_: object, **__: object) -> Comparison:
        where = str(tmp_path / "cut-vote")
        raise ComparisonStopped("stopped while cut-vote was under way", run="cut-vote", path=where)

    monkeypatch.setattr("shoal.experiments.comparing.command.compare_teams", stopped)
    ended = shoal_compare(path, "--root", tmp_path, "--set", "seed=1")
    assert ended.exit_code == 130
    assert f"Go on with: shoal compare {path} --set seed=1 --root {tmp_path}" in ended.stderr
    fresh = shoal_compare(path, "--root", tmp_path, "--fresh")
    assert f"Go on with: shoal compare {path} --root {tmp_path}\n" in fresh.stderr
