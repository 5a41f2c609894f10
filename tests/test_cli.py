"""The command line as a whole."""

from __future__ import annotations

import platform
import subprocess
import sys
from importlib.metadata import PackageNotFoundError

import pytest
from typer.testing import CliRunner

from shoal import cli
from shoal.cli import app


def test_help_lists_every_command() -> None:
    result = CliRunner().invoke(app, ["--help"])
    assert result.exit_code == 0
    for command in ("demo", "bench", "runs", "show", "resume", "version"):
        assert f" {command} " in result.stdout


def test_no_command_shows_the_help() -> None:
    assert "Usage:" in CliRunner().invoke(app, []).output


def test_an_unknown_command_is_refused_and_named() -> None:
    result = CliRunner().invoke(app, ["frobnicate"])
    assert result.exit_code == 2
    assert "frobnicate" in result.output


def test_version_names_shoal_ray_and_python() -> None:
    result = CliRunner().invoke(app, ["version"])
    assert result.exit_code == 0
    assert result.stdout.startswith("shoal ")
    assert ", ray " in result.stdout
    assert f"python {platform.python_version()}" in result.stdout


def test_version_works_from_a_checkout_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(package: str) -> str:
        raise PackageNotFoundError(package)

    monkeypatch.setattr(cli, "package_version", nothing)
    assert "shoal (not installed)" in CliRunner().invoke(app, ["version"]).stdout


def test_python_m_shoal_is_the_command_line() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "shoal", "--help"], capture_output=True, text=True, check=True
    )
    assert "Usage: shoal [OPTIONS] COMMAND" in done.stdout
