"""The README's programs run as they stand, and what it points at is there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PRINTED = ["billing", "['billing', 'other']"]
PRINTED_BY_THE_MODEL = ["label='billing'"]


def programs() -> list[str]:
    """The Python blocks of the README: the quickstart, and the one with a language model."""
    return re.findall(r"^```python\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)


def quickstart() -> str:
    """The first of them."""
    return programs()[0]


def output_of(program: Path) -> list[str]:
    """What a program prints, run by this interpreter against this checkout."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "PYTHONWARNINGS": "error::RuntimeWarning"}
    done = subprocess.run(
        [sys.executable, str(program)],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
        env=environment,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_its_programs_have_twenty_lines_at_most() -> None:
    assert [len(program.splitlines()) <= 20 for program in programs()] == [True, True]


def test_the_quickstart_runs_in_one_process(tmp_path: Path) -> None:
    program = tmp_path / "quickstart.py"
    program.write_text(quickstart().replace("shoal.start()", 'shoal.start("local")'), encoding="utf-8")
    assert output_of(program) == PRINTED


@pytest.mark.ray
def test_the_quickstart_runs_on_ray_as_it_stands(tmp_path: Path) -> None:
    program = tmp_path / "quickstart.py"
    program.write_text(quickstart(), encoding="utf-8")
    assert output_of(program) == PRINTED


def test_the_program_with_a_language_model_runs_without_a_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.chdir(tmp_path)
    program = tmp_path / "llm.py"
    program.write_text(programs()[1], encoding="utf-8")
    assert output_of(program) == PRINTED_BY_THE_MODEL


def test_the_readme_says_what_its_programs_print() -> None:
    for line in PRINTED + PRINTED_BY_THE_MODEL:
        assert f"`{line}`" in README


def test_the_commands_of_the_readme_are_targets_of_the_makefile() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in set(re.findall(r"`make ([\w-]+)`|^\$ make ([\w-]+)", README, re.MULTILINE)):
        assert f"\n{''.join(target)}:" in makefile, f"make {''.join(target)}"


def test_the_map_names_every_package() -> None:
    packages = {path.parent.name for path in (ROOT / "src" / "shoal").glob("*/__init__.py")}
    assert packages <= set(re.findall(r"src/shoal/(\w+)", README))
