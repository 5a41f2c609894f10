"""The documentation is true: its snippets run and print what they say, and what it names exists."""

from __future__ import annotations

import ast
import asyncio
import contextlib
import importlib
import inspect
import io
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import shoal
from shoal.blackboard import RegionSpec
from shoal.runtime.config import Config
from tests.test_readme import output_of

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
RUN = [DOCS / "getting-started.md", *sorted((DOCS / "guides").glob("*.md"))]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted(DOCS.rglob("*.md"))]
NEEDS_A_MODEL = {"banking_questions.py"}
"""Run by tests/models/local/test_banking_example.py."""
EXAMPLES = [one for one in sorted((ROOT / "examples").glob("*.py")) if one.name not in NEEDS_A_MODEL]
_BLOCK = re.compile(r"^```python([^\n]*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def page_name(path: Path) -> str:
    """A page as a test's id."""
    return str(path.relative_to(ROOT))


def blocks(page: Path) -> Iterator[tuple[str, str]]:
    """Python blocks that are run, each behind as many empty lines as stand before it on its page."""
    text = page.read_text(encoding="utf-8")
    for found in _BLOCK.finditer(text):
        if "no-run" not in found[1]:
            line = text.count("\n", 0, found.start(2))
            yield "\n" * line + found[2], found[2]


async def run_page(page: Path) -> None:
    """Run a page's blocks one after the other in one module, as they would run in ``python -m asyncio``."""
    module = ModuleType(f"docs_{page.stem.replace('-', '_')}")
    sys.modules[module.__name__] = module
    try:
        for placed, source in blocks(page):
            printed = io.StringIO()
            code = compile(placed, str(page), "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
            with contextlib.redirect_stdout(printed):
                running = eval(code, module.__dict__)  # noqa: S307 - our own pages
                if inspect.isawaitable(running):
                    await running
            promised = re.findall(r"#> (.*)", source)
            assert printed.getvalue().splitlines() == promised, source
    finally:
        del sys.modules[module.__name__]


@pytest.mark.parametrize("page", RUN, ids=page_name)
def test_the_snippets_of_a_page_run_and_print_what_they_say(page: Path) -> None:
    asyncio.run(run_page(page))


def test_the_worked_example_of_the_blackboard_is_the_program_among_the_examples() -> None:
    guide = (DOCS / "guides" / "blackboard.md").read_text(encoding="utf-8")
    program = (ROOT / "examples" / "blackboard_hypotheses.py").read_text(encoding="utf-8")
    *agents, running = _BLOCK.findall(guide.partition("## A worked example\n")[2])
    assert len(agents) >= 5
    for _, source in agents:
        assert source in program
    of_main = [line.strip() for line in running[1].splitlines() if "watching" in line or "until" in line]
    assert len(of_main) >= 3
    for line in of_main:
        assert line in program


def test_few_snippets_are_not_run() -> None:
    unrun = [
        found
        for page in RUN
        for found in _BLOCK.findall(page.read_text(encoding="utf-8"))
        if "no-run" in found[0]
    ]
    assert len(unrun) <= 6


@pytest.mark.parametrize("program", EXAMPLES, ids=page_name)
def test_an_example_runs_in_one_process_and_prints_what_its_docstring_says(
    program: Path, tmp_path: Path
) -> None:
    source = program.read_text(encoding="utf-8")
    local = tmp_path / program.name
    local.write_text(source.replace("shoal.start()", 'shoal.start("local")'), encoding="utf-8")
    promised = re.findall(r"^    (.*)$", ast.get_docstring(ast.parse(source)) or "", re.MULTILINE)
    assert promised
    assert output_of(local) == promised


@pytest.mark.parametrize("page", PAGES, ids=page_name)
def test_links_lead_to_files_and_headings_that_exist(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"https?:|mailto:", target):
            continue
        file, _, heading = target.partition("#")
        aim = (page.parent / file).resolve() if file else page
        assert aim.exists(), target
        if heading:
            assert heading in headings(aim), target


def headings(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    found = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-") for title in found}


# -- semantics ---------------------------------------------------------------------------------------------


def named_tests() -> list[str]:
    """What docs/semantics.md gives as tests: ``file.py::name``."""
    return re.findall(r"`([\w/]+\.py::\w+)`", (DOCS / "semantics.md").read_text(encoding="utf-8"))


def names_of_tests(path: Path) -> set[str]:
    """The test functions of a file, and its test classes, also those that hypothesis makes of machines."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = {
        node.name
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    }
    for node in tree.body:
        if isinstance(node, ast.Assign):
            names.update(target.id for target in node.targets if isinstance(target, ast.Name))
    return {name for name in names if name.lower().startswith("test")}


def test_every_test_that_the_semantics_name_exists() -> None:
    named = named_tests()
    assert named
    for name in named:
        file, _, test = name.partition("::")
        path = ROOT / "tests" / file
        assert path.is_file(), name
        assert test in names_of_tests(path), name


def test_every_promise_of_the_semantics_names_a_test() -> None:
    text = (DOCS / "semantics.md").read_text(encoding="utf-8")
    promised = text.partition("## Not promised")[0]
    for line in re.findall(r"^- .*?(?=^- |^$)", promised, re.DOTALL | re.MULTILINE):
        assert "::" in line, f"no test holds: {line}"


# -- reference ---------------------------------------------------------------------------------------------


def rows(page: Path, column: int = 0) -> set[str]:
    """The first word in backticks of each table row's column."""
    found = set()
    for line in page.read_text(encoding="utf-8").splitlines():
        cells = line.split("|")[1:-1]
        if len(cells) > column and (name := re.match(r"\s*`([\w.]+)", cells[column])):
            found.add(name[1])
    return found


def test_the_reference_has_every_public_name_and_no_other() -> None:
    page = DOCS / "reference" / "api.md"
    listed = {name.removeprefix("shoal.") for name in rows(page) if name.startswith("shoal.")}
    assert listed == set(shoal.__all__)


def test_the_reference_has_every_setting_with_its_default() -> None:
    text = (DOCS / "reference" / "api.md").read_text(encoding="utf-8")
    settings = text.partition("## Settings")[2].partition("\n## ")[0]
    listed = dict(re.findall(r"^\| `(\w+)` \| `([^`]+)`", settings, re.MULTILINE))
    defaults = {
        name: field.get_default(call_default_factory=True) for name, field in Config.model_fields.items()
    }
    assert {name: eval(text) for name, text in listed.items()} == defaults  # noqa: S307 - our own page


def test_the_guide_has_every_setting_of_a_region() -> None:
    section = (DOCS / "guides" / "blackboard.md").read_text(encoding="utf-8").partition("## Regions\n")[2]
    listed = set(re.findall(r"^\| `(\w+)`", section.partition("\n## ")[0], re.MULTILINE))
    assert listed == {field.alias or name for name, field in RegionSpec.model_fields.items()} - {"region"}


@pytest.mark.parametrize(
    "kind",
    ["Agent", "Approvals", "Board", "Context", "Do", "Entry", "Event", "HeldItem", "Ref", "System", "Team"],
)
def test_the_reference_has_every_public_method_and_property(kind: str) -> None:
    text = (DOCS / "reference" / "api.md").read_text(encoding="utf-8")
    section = text.partition(f"## {kind}\n")[2].partition("\n## ")[0]
    documented = {
        name for line in section.splitlines() if line.startswith("|") for name in re.findall(r"`(\w+)", line)
    }
    owner: Any = getattr(shoal, kind)
    public = {
        name
        for base in owner.__mro__[:-1]
        if base.__module__.startswith("shoal")
        for name in vars(base)
        if not name.startswith("_")
    }
    if kind == "Team":
        public -= {name for name in vars(shoal.Ref) if not name.startswith("_")}
    assert public <= documented


def test_the_reference_has_every_option_of_an_llm_agent_and_every_field_of_a_model() -> None:
    text = (DOCS / "reference" / "api.md").read_text(encoding="utf-8")
    for heading, names in (
        ("LLMAgent", set(inspect.signature(shoal.LLMAgent).parameters)),
        ("Model", set(shoal.Model.model_fields)),
    ):
        section = text.partition(f"## {heading}\n")[2].partition("\n## ")[0]
        assert names <= set(re.findall(r"`(\w+)`", section)), heading


def test_the_reference_has_every_error_where_it_stands_in_the_tree() -> None:
    drawn = (
        (DOCS / "reference" / "errors.md")
        .read_text(encoding="utf-8")
        .partition("```text\n")[2]
        .partition("```")[0]
    )
    parents: list[str] = []
    found: dict[str, str | None] = {}
    for line in drawn.splitlines():
        if name := re.search(r"[A-Z]\w+", line):
            depth = name.start() // 4
            parents[depth:] = [name[0]]
            found[name[0]] = parents[depth - 1] if depth else None
    assert found == {
        name: None if name == "ShoalError" else getattr(shoal.errors, name).__mro__[1].__name__
        for name in shoal.errors.__all__
    }


def test_the_reference_has_every_command_and_option() -> None:
    typer_main = importlib.import_module("typer.main")
    from shoal.cli import app

    text = (DOCS / "reference" / "cli.md").read_text(encoding="utf-8")
    group = typer_main.get_command(app)
    for name in group.list_commands(None):
        command = group.get_command(None, name)
        section = text.partition(f"## shoal {name}\n")[2].partition("\n## ")[0]
        assert section, name
        for called, parameter in parameters_of(command, f"shoal {name}"):
            for option in parameter.opts:
                if option.startswith("--"):
                    assert f"`{option}" in section, f"{called} {option}"
            assert called in f"## shoal {name}\n{section}", called


def parameters_of(command: Any, called: str) -> Iterator[tuple[str, Any]]:
    """Those of a command, and of the commands below it, each with the words that call it."""
    for parameter in command.params:
        yield called, parameter
    for name, below in getattr(command, "commands", {}).items():
        yield from parameters_of(below, f"{called} {name}")


def test_every_decision_is_listed_and_says_why() -> None:
    index = (DOCS / "decisions" / "README.md").read_text(encoding="utf-8")
    for note in sorted((DOCS / "decisions").glob("0*.md")):
        assert f"({note.name})" in index, note.name
        text = note.read_text(encoding="utf-8")
        for part in ("## Context", "## Decision", "## Consequences"):
            assert part in text, f"{note.name}: {part}"
