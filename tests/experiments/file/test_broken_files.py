"""Whatever is wrong with an experiment file is said in a line that names the place, before anything is started."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import pytest
import typer
from typer.testing import CliRunner

from shoal.experiments.file.command import check, schema
from tests.experiments.file.conftest import BASE

FILE = "experiment.yaml"
APP = typer.Typer()
APP.command()(check)
APP.command()(schema)


class Broken(NamedTuple):
    """A file, and what is said of it."""

    what: str
    text: str | bytes
    said: str
    """A part of the first line."""
    line: int | None = None
    """Of the experiment file; ``None``: the place is none of its lines."""
    files: Mapping[str, str | bytes] = MappingProxyType({})
    also: tuple[str, ...] = ()
    """Parts of further lines."""
    sets: tuple[str, ...] = ()


def changed(old: str, new: str) -> str:
    assert old in BASE
    return BASE.replace(old, new)


WORKLOAD = "workload: {tasks: tickets.jsonl, input: text, answer: label}"
FIRST = "{use: agents:Keyword}\n    second"
KEY = "sk-proj-" + "abcdefgh12345678"

FILES = [
    Broken("empty", "", "the file is empty"),
    Broken("blank", " \n\n", "the file is empty"),
    Broken("comments only", "# nothing\n", "the file says nothing"),
    Broken("a list", "- name: x\n", "found a list; expected fields", 1),
    Broken("a word", "triage\n", "expected fields", 1),
    Broken("no UTF-8", b"name: caf\xe9\n" + BASE.encode(), "the byte 0xe9 is not UTF-8", 1),
    Broken("UTF-16", BASE.encode("utf-16"), "the file is UTF-16"),
    Broken("NUL", BASE + "description: a\0b\n", "a NUL character", 9),
    Broken("a control character", BASE + "description: a\x07b\n", "U+0007 has no place in a text", 9),
    Broken("too large", "# " + "x" * 300_000 + "\n" + BASE, "the file is over 256 KiB"),
    Broken("a tab", BASE + "budget:\n\tusd: 1\n", "a tab where YAML has spaces", 10),
    Broken("an open bracket", BASE + "models: {a: {model: m}\n", "no YAML", 10),
    Broken(
        "a colon too much", BASE + "description: a: b\n", "no YAML: mapping values are not allowed here", 9
    ),
    Broken("two documents", BASE + "---\nname: x\n", "a second document begins here", 9),
    Broken(
        "a tag",
        BASE + "description: !!python/name:os.system\n",
        "the tag !!python/name:os.system is not read",
        9,
    ),
    Broken("an unknown alias", BASE + "description: *there\n", "undefined alias", 9),
    Broken(
        "aliases that grow",
        BASE
        + "".join(f"x{n}: &x{n} [{', '.join(['*x' + str(n - 1) if n else '1'] * 10)}]\n" for n in range(6)),
        "over 50,000 values with all aliases written out",
        13,
    ),
    Broken(
        "an alias in itself", BASE + "settings: &s {a: *s}\n", "an alias of something that contains it", 9
    ),
    Broken(
        "nested too deep", BASE + "description: " + "[" * 100 + "]" * 100 + "\n", "nested over 40 deep", 9
    ),
    Broken("far too deep", BASE + "description: " + "[" * 5000, "nested too deep"),
    Broken("a key twice", BASE + "name: other\n", "'name' is there twice, first on line 1", 9),
    Broken("a key that is a list", BASE + "? [a, b]\n: c\n", "a key that is no text", 9),
    Broken("nothing but a name", "name: x\n", "the field 'workload' is missing", 1),
    Broken("no team", "name: x\nworkload: tickets.jsonl\n", "there is no team; give `team`", 1),
    Broken(
        "team and teams", BASE + "teams: {b: {use: agents:Keyword}}\n", "`team` and `teams` are both there", 9
    ),
    Broken("a bad name", changed("triage", "tri age"), "'tri age' cannot be a run's name", 1),
    Broken(
        "a name that is a number", changed("triage", "5"), "found 5; expected text (put it in quotation", 1
    ),
    Broken(
        "an unknown field",
        BASE + "xyzzy: 1\n",
        "there is no field 'xyzzy' here; expected name, description",
        9,
    ),
    Broken(
        "a misspelled field", BASE + "budgt: {usd: 1}\n", "no field 'budgt' here (did you mean 'budget'?)", 9
    ),
    Broken(
        "deep down", BASE + "budget: {per_task: {tokns: 1}}\n", "'tokns' here (did you mean 'tokens'?)", 9
    ),
    Broken("misspelled topology:", changed("topology", "topolgy"), "did you mean 'topology'?", 3),
    Broken(
        "an unknown topology", changed("fan_out", "fanout"), "'fanout' is no topology", 4, also=("fan_out",)
    ),
    Broken(
        "members: misspelled",
        changed("members:", "member:"),
        "'members' is missing",
        3,
        also=("'member' here",),
    ),
    Broken("an unknown kind of member", changed("{use:", "{uze:"), "did you mean 'use'?", 7),
    Broken(
        "two kinds of member", changed(FIRST, "{use: agents:Keyword, llm: {}}\n    second"), "use and llm", 7
    ),
    Broken("a member of no kind", changed(FIRST, "5\n    second"), "a member is", 7),
    Broken(
        "a misspelled option of an LLM",
        changed(FIRST, "{llm: {instruction: x}}\n    second") + "models: {default: {model: m}}\n",
        "'instruction' here (did you mean 'instructions'?)",
        7,
    ),
    Broken("an aggregate that is none", changed("majority:", "majorty:"), "'majorty' here", 5),
    Broken("negative repeats", BASE + "repeats: -1\n", "found -1; expected 1 or more", 9),
    Broken("half a repeat", BASE + "repeats: 1.5\n", "found 1.5; expected a whole number", 9),
    Broken("text for a number", BASE + "seed: soon\n", "found 'soon'; expected a whole number", 9),
    Broken("a truth value for a number", BASE + "attempts: yes\n", "found 'yes'; expected a whole number", 9),
    Broken("true for a number", BASE + "attempts: true\n", "found true; expected a whole number", 9),
    Broken("no concurrency", BASE + "concurrency: 0\n", "found 0; expected 1 or more", 9),
    Broken(
        "a duration that is none", BASE + "timeout_s: soon\n", "expected seconds, or a duration such as", 9
    ),
    Broken("negative dollars", BASE + "budget: {usd: -1}\n", "found -1; expected 0 or more", 9),
    Broken("tokens in words", BASE + "budget: {tokens: 20x}\n", "found '20x'; expected a whole number", 9),
    Broken("no rate", BASE + "limits: {rpm: 0}\n", "found 0; expected 1 or more", 9),
    Broken(
        "limits of a model that is none",
        BASE + "limits: {models: {x: {rpm: 1}}}\n",
        "names 'x', which is no model",
        9,
    ),
    Broken("a misspelled word", BASE + "cluster: {placement: sprad}\n", "did you mean 'spread'?", 9),
    Broken(
        "an address that is none",
        BASE + "cluster: {address: http://x}\n",
        "expected local, auto, host:port",
        9,
    ),
    Broken("a variable with its value", BASE + "cluster: {env: [A=b]}\n", "is given by its name", 9),
    Broken("a setting that is none", BASE + "settings: {mailbx: 5}\n", "did you mean 'mailbox'?", 9),
    Broken("a setting out of range", BASE + "settings: {mailbox: 0}\n", "found 0; expected 1 or more", 9),
    Broken("a setting of elsewhere", BASE + "settings: {models: {}}\n", "give `models` itself", 9),
    Broken("a baseline that is none", BASE + "baseline: single\n", "expected auto, none, or a team", 9),
    Broken("a scorer that is none", BASE + "score: exakt\n", "there is no scorer 'exakt'", 9),
    Broken("two scorers", BASE + "score: {exact: {}, number: {}}\n", "give one of exact, contains", 9),
    Broken(
        "a tolerance below zero",
        BASE + "score: {number: {tolerance: -1}}\n",
        "found -1; expected 0 or more",
        9,
    ),
    Broken("a scorer that cannot be called", BASE + "score: {use: agents:NUMBER}\n", "not a function", 9),
    Broken("a scorer of one parameter", BASE + "score: {use: agents:price}\n", "cannot be called with", 9),
    Broken(
        "a variable that is not set", BASE + "description: ${NOT_THERE}\n", "variable NOT_THERE is not set", 9
    ),
    Broken(
        "a variable without an end",
        BASE + "description: ${NOT_THERE\n",
        "is no variable of the environment",
        9,
    ),
    Broken("a key in the file", BASE + f"description: {KEY}\n", "this looks like a secret", 9),
    Broken("a key in a comment", BASE + f"# {KEY}\n", "this looks like a secret", 9),
    Broken(
        "a password",
        BASE + "models: {a: {model: m, extra_body: {password: hunter2}}}\n",
        "this looks like a secret",
        9,
    ),
    Broken(
        "no such module",
        changed("{use: agents:Keyword}\n    s", "{use: agent:Keyword}\n    s"),
        "no module 'agent'",
        7,
    ),
    Broken(
        "no such class",
        changed("{use: agents:Keyword}\n    s", "{use: agents:Keywrd}\n    s"),
        "did you mean 'Keyword'?",
        7,
    ),
    Broken("a class that is none", changed(FIRST, "{use: agents:NUMBER}\n    second"), "NUMBER", 7),
    Broken("no import path", changed(FIRST, "{use: agents}\n    second"), "no import path", 7),
    Broken(
        "a module that raises",
        changed("agents:Keyword}\n    s", "other:A}\n    s"),
        "ZeroDivisionError",
        7,
        files={"other.py": "import os\nA = 1 / 0\n"},
        also=("other.py:2",),
    ),
    Broken(
        "a module with a syntax error",
        changed("agents:Keyword}\n    s", "other:A}\n    s"),
        "SyntaxError",
        7,
        files={"other.py": "def (:\n"},
    ),
    Broken(
        "a module that needs another",
        changed("agents:Keyword}\n    s", "other:A}\n    s"),
        "No module named 'not_installed'",
        7,
        files={"other.py": "import not_installed\n"},
    ),
    Broken(
        "a module that ends the program",
        changed("agents:Keyword}\n    s", "other:A}\n    s"),
        "SystemExit",
        7,
        files={"other.py": "raise SystemExit(0)\n"},
    ),
    Broken(
        "a team that contains itself", "name: x\nworkload: tickets.jsonl\nteam: agents:itself\n", "itself", 3
    ),
    Broken(
        "members of other types",
        changed("{use: agents:Keyword}\n    second", "{use: agents:Counter}\n    second"),
        "Other",
        3,
    ),
    Broken(
        "a model that is not declared",
        changed(FIRST, "{llm: {model: big, output: agents:Label}}\n    second"),
        "big",
        7,
    ),
    Broken(
        "a price that is not known",
        BASE
        + "models: {big: {model: nobody-knows-it, base_url: 'http://models.example/v1'}}\nbudget: {usd: 1}\n",
        "the price of nobody-knows-it is not known",
        9,
    ),
    Broken(
        "a script that is none",
        BASE + "models: {a: {model: m, provider: scripted, script: no:X}}\n",
        "no:X",
        9,
    ),
    Broken("no workload", changed("tickets.jsonl", "ticket.jsonl"), "ticket.jsonl", 2),
    Broken("a workload of nothing", changed("tickets.jsonl", "5"), "give a file, a folder", 2),
    Broken("an empty workload", BASE, "tickets.jsonl: there is no case in it", files={"tickets.jsonl": ""}),
    Broken(
        "a broken line",
        BASE,
        "tickets.jsonl:2",
        files={"tickets.jsonl": '{"text": "a", "label": "b"}\n{"tex\n'},
    ),
    Broken(
        "an id twice",
        BASE,
        "tickets.jsonl:2",
        files={
            "tickets.jsonl": '{"id": 1, "text": "a", "label": "b"}\n{"id": 1, "text": "a", "label": "b"}\n'
        },
    ),
    Broken("no field of that name", changed("input: text", "input: txt"), "txt"),
    Broken(
        "a workload in Latin-1",
        BASE,
        "tickets.jsonl",
        files={"tickets.jsonl": b'{"text": "\xe9", "label": "b"}\n'},
    ),
    Broken(
        "a sample that is too large", changed("answer:", "sample: 50, answer:"), "50 cases are to be drawn", 2
    ),
    Broken("a task that does not fit", changed("input: text", "input: {txt: text}"), "text"),
    Broken("an answer that is no field", changed("answer: label", "answer: lable"), "lable"),
    Broken("an override that is none", BASE, "--set budget: expected field=value", sets=("budget",)),
    Broken(
        "an override below zero", BASE, "--set budget.usd=-1: budget.usd: found -1", sets=("budget.usd=-1",)
    ),
    Broken(
        "an override of no field",
        BASE,
        "--set budget.usdd=1: budget.usdd: there is no field 'usdd'",
        sets=("budget.usdd=1",),
    ),
    Broken(
        "a team with the baseline's name",
        f"name: x\n{WORKLOAD}\nteams:\n  a: agents:Keyword\n  baseline: agents:Keyword\nbaseline: agents:Keyword\n",
        "the team 'baseline' has the name of what `baseline` says",
        5,
        also=("give the team another name",),
    ),
    *(
        Broken(f"code that {what}", f"name: x\n{WORKLOAD}\nteam: ends:X\n", said, 3, files={"ends.py": code})
        for what, code, said in (
            (
                "ends when it is called",
                "import sys\ndef X(): sys.exit(0)\n",
                "ends:X() failed: SystemExit: 0 (ends.py:2)",
            ),
            (
                "ends when it is imported",
                "raise SystemExit(0)\n",
                "ends cannot be imported: SystemExit: 0 (ends.py:1)",
            ),
            (
                "raises what is no Exception",
                "class Gone(BaseException): pass\nraise Gone('away')\n",
                "ends cannot be imported: Gone: away (ends.py:2)",
            ),
            (
                "raises what has no text",
                "class Mute(Exception):\n    def __str__(self): raise ValueError\nraise Mute\n",
                "Mute: (its text cannot be had: ValueError) (ends.py:3)",
            ),
            ("raises several lines", "raise ValueError('a\\nb')\n", "ValueError: a b (ends.py:1)"),
            (
                "answers for its names",
                "def __getattr__(name): raise RuntimeError(name)\n",
                "ends has no 'X': RuntimeError: X",
            ),
            (
                "ends when it is looked at",
                "class Y:\n    def __getattr__(self, name): raise SystemExit(0)\nX = Y()\n",
                "code of the experiment would end the program: SystemExit: 0",
            ),
        )
    ),
    Broken(
        "a budget of an address that there is not",
        BASE + "budget:\n  agents: {team/members/first: {usd: 1}}\n",
        "no team here has the address 'team/members/first'",
        10,
        also=("did you mean 'team/first'?",),
    ),
    Broken(
        "a budget of a team that there is not",
        BASE + "budget: {teams: {tem: {usd: 1}}}\n",
        "no team here has the address 'tem'; there are team, team/first, team/second (did you mean 'team'?)",
        9,
    ),
    Broken(
        "a time without end", BASE + "timeout_s: .inf\n", "timeout_s: found inf; expected a finite number", 9
    ),
    Broken("a time that clocks cannot count", BASE + "timeout_s: 1e300\n", "3.1536e+08 or less", 9),
    Broken(
        "a time without end of a model",
        BASE + "models:\n  m:\n    model: x\n    timeouts: {whole_s: .inf}\n",
        "models.m.timeouts.whole_s: ",
        12,
        also=("finite",),
    ),
    Broken("half of a character", BASE + 'description: "a \\ud83d b"\n', "half of a character", 9),
    Broken("half of a character in a key", BASE + 'settings: {"\\ud83d": 1}\n', "half of a character", 9),
    Broken("runs in a file", BASE + "output: {runs: tickets.jsonl}\n", "tickets.jsonl is no folder", 9),
    Broken(
        "runs below a file", BASE + "output: {runs: tickets.jsonl/runs}\n", "tickets.jsonl is no folder", 9
    ),
    Broken("runs in a device", BASE + "output: {runs: /dev/null}\n", "/dev/null is no folder", 9),
    *(
        Broken(f"an override of {field}", BASE, f"--set {field}", sets=(field,))
        for field in ("BUDGET.usd=1", "teams.a=agents:Keyword", "models.gpt-4.1.model=x", "output.rnus.x=1")
    ),
    Broken("an override in a word", BASE, "--set name.x=1: name: found 'triage'", sets=("name.x=1",)),
]


@pytest.mark.parametrize("broken", FILES, ids=lambda one: one.what.replace(" ", "-"))
def test_a_broken_file_is_told_in_one_line_with_its_place(folder: Path, broken: Broken) -> None:
    text = broken.text.encode() if isinstance(broken.text, str) else broken.text
    for name, content in {**broken.files, FILE: text}.items():
        (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
    before = sorted(folder.rglob("*"))
    arguments = [part for one in broken.sets for part in ("--set", one)]
    ended = CliRunner().invoke(APP, ["check", FILE, *arguments])
    said = ended.output
    assert ended.exit_code == 2, said
    assert said.startswith("shoal check: ")
    lines = said.splitlines()
    first = next((line for line in lines if broken.said in line), "")
    assert first, said
    if broken.line is not None:
        assert f"{FILE}:{broken.line}: " in first, said
    for part in broken.also:
        assert part in said
    assert "Traceback" not in said
    assert "pydantic" not in said.lower()
    assert "Input should" not in said
    _nothing_was_started(folder, before)


def _nothing_was_started(folder: Path, before: list[Path]) -> None:
    made = [path for path in folder.rglob("*") if path not in before and "__pycache__" not in path.parts]
    assert made == []
    ray = sys.modules.get("ray")
    assert ray is None or not ray.is_initialized()
