"""The README's quickstart runs as it stands, and what it points at is there."""

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


def quickstart() -> str:
    """The one Python block of the README."""
    (block,) = re.findall(r"^```python\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)
    return str(block)


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


def test_the_quickstart_has_twenty_lines_at_most() -> None:
    assert len(quickstart().splitlines()) <= 20


def test_the_quickstart_runs_in_one_process(tmp_path: Path) -> None:
    program = tmp_path / "quickstart.py"
    program.write_text(quickstart().replace("shoal.start()", 'shoal.start("local")'), encoding="utf-8")
    assert output_of(program) == PRINTED


@pytest.mark.ray
def test_the_quickstart_runs_on_ray_as_it_stands(tmp_path: Path) -> None:
    program = tmp_path / "quickstart.py"
    program.write_text(quickstart(), encoding="utf-8")
    assert output_of(program) == PRINTED


def test_the_readme_says_what_the_quickstart_prints() -> None:
    for line in PRINTED:
        assert f"`{line}`" in README


def test_the_commands_of_the_readme_are_targets_of_the_makefile() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in set(re.findall(r"`make (\w+)`|^\$ make (\w+)", README, re.MULTILINE)):
        assert f"\n{''.join(target)}:" in makefile, f"make {''.join(target)}"


def test_the_map_names_every_package() -> None:
    packages = {path.parent.name for path in (ROOT / "src" / "shoal").glob("*/__init__.py")}
    assert packages <= set(re.findall(r"src/shoal/(\w+)", README))
