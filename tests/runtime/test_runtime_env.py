from __future__ import annotations

import json
from typing import Any

import pytest

from shoal.runtime.ray.session import _not_said

OURS = {"working_dir": "here", "env_vars": {"A": "1", "B": "2"}, "pip": ["x"]}


def in_job(monkeypatch: pytest.MonkeyPatch, config: Any) -> None:
    monkeypatch.setenv(
        "RAY_JOB_CONFIG_JSON_ENV_VAR", config if isinstance(config, str) else json.dumps(config)
    )


def test_without_a_submitted_job_all_of_the_runtime_environment_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("RAY_JOB_CONFIG_JSON_ENV_VAR", raising=False)
    assert _not_said(OURS) == OURS


def test_what_a_submitted_job_says_itself_is_not_said_again(monkeypatch: pytest.MonkeyPatch) -> None:
    in_job(monkeypatch, {"runtime_env": {"working_dir": "gcs://there.zip", "env_vars": {"A": "9"}}})
    assert _not_said(OURS) == {"env_vars": {"B": "2"}, "pip": ["x"]}


@pytest.mark.parametrize("config", ["", "{", "[]", {"runtime_env": None}, {}])
def test_a_job_that_says_nothing_leaves_it_as_it_is(monkeypatch: pytest.MonkeyPatch, config: Any) -> None:
    in_job(monkeypatch, config)
    assert _not_said(OURS) == OURS
