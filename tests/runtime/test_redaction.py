"""Secrets out of texts: what is found, what is left alone, and that it costs no more than the text is long."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shoal.runtime import redaction
from shoal.runtime.errors import ConfigError
from shoal.runtime.redaction import (
    redact,
    redact_arguments,
    redact_data,
    redact_end,
    redact_start,
    redact_value,
)
from shoal.runtime.secret_values import SecretValues

MARKER = re.compile(r"\[redacted:[a-z-]+\]")
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl"
PEM = "-----BEGIN RSA PRIVATE KEY-----\nMIIEow/+AB\nq12==\n-----END RSA PRIVATE KEY-----"
PROSE = """The bearer of bad news asked: what is a secret? Basic understanding helps; a token: one word, or part of it.
password: required. Passwords must be long. max_tokens=4096, tokens: 200, {"token": " the", "logprob": -0.1}.
def call(api_key: str | None = None, *, token: str = ""): api_key=self.api_key, password=password
agent kw-3/child raised ValueError on tests.Ticket: message 0b7f3a9e5c1d4f6688aa77bb66cc55dd (via kw <- router)
https://example.com:8080/a?b=c#d and mailto:someone@example.com, git@host:path, postgres://h/db, task-1234567890123456
sk-learn-contrib-lightning, disk-0123456789abcdef0123, PWD=/home/x, revision 3f2504e0-4f89-11d3-9a0c-0305e82c3301
sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 eyJust a word. Key: value, key=value
  File "/srv/app/worker.py", line 12, in run: raise KeyError("auth")  # the keys of a dict
"""


@pytest.fixture(autouse=True)
def values(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The environment that secrets come from, and nothing that the program has named."""
    environment = {"HOME": "/root", "OPENAI_API_KEY": "env \"secret' 1\n2", "DB_PASSWORD": "pässwört-9"}
    monkeypatch.setattr(redaction, "_values", SecretValues(environment))
    return environment


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Authorization: Bearer abc.def-123", "Authorization: Bearer [redacted:bearer]"),
        (
            "authorization: Digest username=x, response=1\nnext",
            "authorization: Digest [redacted:field]\nnext",
        ),
        ("[(b'Authorization', b'Bearer abcabc')]", "[(b'Authorization', b'Bearer [redacted:field]')]"),
        ("('x-api-key', 'abc')", "('x-api-key', '[redacted:field]')"),
        ("got Basic dXNlcjpwYXNz", "got Basic [redacted:basic]"),
        ("key sk-proj-abcdefgh, gone", "key [redacted:key], gone"),
        ("sk-abcdefghijklmnopqrstuvwx", "[redacted:key]"),
        ("x\\nsk-ant-api03-abcdefgh", "x\\n[redacted:key]"),
        ("ghp_0123456789abcdefABCD", "[redacted:key]"),
        ("gho_0123456789abcdefABCD", "[redacted:key]"),
        ("github_pat_0123456789abcdefABCD_x", "[redacted:key]"),
        ("AKIAIOSFODNN7EXAMPLE ASIAIOSFODNN7EXAMPLE", "[redacted:key] [redacted:key]"),
        ("AIzaSyA0123456789abcdefghijklmnopqrstuv", "[redacted:key]"),
        ("xoxb-123456789012-abc", "[redacted:key]"),
        ("glpat-0123456789abcdefABCD", "[redacted:key]"),
        (f"jwt {JWT}.", "jwt [redacted:jwt]."),
        (f"{PEM}\nend", "[redacted:private-key]\nend"),
        (repr(PEM), "'[redacted:private-key]'"),
        ("-----BEGIN PRIVATE KEY-----\nMIIEow/+AB", "[redacted:private-key]"),
        ("postgres://me:p@ss@db:5432/x", "postgres://me:[redacted:password]@db:5432/x"),
        ("redis://:hunter@db", "redis://:[redacted:password]@db"),
        ("api_key=abc&x=1", "api_key=[redacted:field]&x=1"),
        ("DB_PASSWORD=correct=horse:x y", "DB_PASSWORD=[redacted:field] y"),
        ("host=db password=hunter user=me", "host=db password=[redacted:field] user=me"),
        ('{"password": "a b \\" c", "n": 1}', '{"password": "[redacted:field]", "n": 1}'),
        ("{'client_secret': 'x'}", "{'client_secret': '[redacted:field]'}"),
        ('{"a": "{\\"apiKey\\": \\"x\\"}"}', '{"a": "{\\"apiKey\\": \\"[redacted:field]\\"}"}'),
        ("password: hunter2", "password: [redacted:field]"),
        ("Agent(name='kw', api_key='x')", "Agent(name='kw', api_key='[redacted:field]')"),
        ("?token=0123456789abcdefg&x", "?token=[redacted:field]&x"),
        ("--api-key=x1", "--api-key=[redacted:field]"),
        ("the key is 'env \"secret\\' 1\\n2'", "the key is '[redacted:value]'"),
        ('{"k": "env \\"secret\' 1\\n2"}', '{"k": "[redacted:value]"}'),
        ("p\u00e4ssw\u00f6rt-9 p\\u00e4ssw\\u00f6rt-9", "[redacted:value] [redacted:value]"),
        ("q=p%C3%A4ssw%C3%B6rt-9", "q=[redacted:value]"),
    ],
)
def test_a_secret_is_replaced_by_what_kind_it_was(text: str, shown: str) -> None:
    assert redact(text) == shown


@pytest.mark.parametrize("line", PROSE.splitlines())
def test_ordinary_text_is_left_as_it_is(line: str) -> None:
    assert redact(line) == line


def test_the_environment_is_looked_at_again_when_it_changes(values: dict[str, str]) -> None:
    assert redact("later-4711") == "later-4711"
    values["SERVICE_TOKEN"] = "later-4711"
    assert redact("x later-4711 y") == "x [redacted:value] y"
    del values["SERVICE_TOKEN"]
    assert redact("later-4711") == "later-4711"


def test_the_process_s_own_environment_is_looked_at_again_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redaction, "_values", SecretValues())
    monkeypatch.setenv("SHOAL_TEST_SECRET", "first-value-1")
    assert redact("first-value-1 second-value-2") == "[redacted:value] second-value-2"
    monkeypatch.setenv("SHOAL_TEST_SECRET", "second-value-2")
    assert redact("first-value-1 second-value-2") == "first-value-1 [redacted:value]"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SSH_AUTH_SOCK", "/tmp/agent.1"),
        ("RAY_AUTH_MODE", "tokenless"),
        ("GIT_AUTHOR_NAME", "Somebody Else"),
        ("AUTH", "disabled"),
        ("API_KEY", "short"),
        ("PLAIN", "ordinary-value"),
    ],
)
def test_variables_that_hold_no_secret_and_short_values_are_left_alone(
    values: dict[str, str], name: str, value: str
) -> None:
    values[name] = value
    assert redact(f"it is {value}.") == f"it is {value}."


@pytest.mark.parametrize(
    "name", ["MY_KEY", "a_token", "SECRETS", "PGPASSWORD", "X_PASSWD_1", "CREDENTIALS", "AUTH_X"]
)
def test_each_name_that_tells_of_a_secret_counts(values: dict[str, str], name: str) -> None:
    values[name] = "some value"
    assert redact("<some value>") == "<[redacted:value]>"


def test_a_value_that_the_program_names_is_redacted_from_then_on() -> None:
    assert redact("pin 0815x") == "pin 0815x"
    redact_value("0815x\n")
    assert redact("pin 0815x") == "pin [redacted:value]"


@pytest.mark.parametrize("value", ["", "abc", "  abc  ", None, 12345, b"12345"])
def test_a_value_that_would_be_found_everywhere_is_refused(value: object) -> None:
    with pytest.raises(ConfigError, match="at least 4 characters"):
        redact_value(value)  # type: ignore[arg-type]


def test_of_two_secrets_that_begin_alike_the_longer_is_taken_whole(values: dict[str, str]) -> None:
    values["A_KEY"], values["B_KEY"] = "abcd1234", "abcd1234efgh"
    assert redact("abcd1234efgh abcd1234") == "[redacted:value] [redacted:value]"


def test_data_keeps_its_shape_and_loses_its_secrets() -> None:
    data = {
        "password": "x", "api_key": None, "n": 1, "max_tokens": "200", b"k": b"raw", 7: ("a", True),
        "deep": [{"text": f"jwt {JWT}"}, {"Authorization": "Bearer x"}],
    }  # fmt: skip
    assert redact_data(data) == {
        "password": "[redacted:field]", "api_key": None, "n": 1, "max_tokens": "200", b"k": b"raw", 7: ("a", True),
        "deep": [{"text": "jwt [redacted:jwt]"}, {"Authorization": "[redacted:field]"}],
    }  # fmt: skip
    assert data["password"] == "x"


def test_keys_are_redacted_and_none_is_lost_by_that() -> None:
    assert redact_data({JWT: 1}) == {"[redacted:jwt]": 1}
    assert len(redact_data({JWT: 1, "[redacted:jwt]": 2})) == 2
    assert len(redact_data({JWT: 1, f"{JWT}x": 2})) == 2


def test_data_nested_beyond_measure_is_cut_off() -> None:
    data: list[object] = []
    for _ in range(5000):
        data = [data]
    assert "[redacted:too-deep]" in repr(redact_data(data))


def test_of_a_command_line_what_follows_an_option_that_names_a_secret_is_hidden() -> None:
    words = ["run.py", "--api-key", "abc", "--out", "x", "--password=y", "--verbose"]
    assert redact_arguments(words) == [
        "run.py", "--api-key", "[redacted:field]", "--out", "x", "--password=[redacted:field]", "--verbose",
    ]  # fmt: skip


def test_a_text_is_cut_once_its_secrets_are_out() -> None:
    text = "password=0123456789, the rest"
    assert redact_start(text, 30) == "password=[redacted:field], the"
    assert redact_end(f"the end {JWT}", 20) == "he end [redacted:jwt]"[-20:]


PIECES = [
    "sk-", "sk-proj-", "abcdefgh1234", "eyJ", ".", "-", "_", "ghp_", "AKIA", "ASIA0123456789ABCDEF", "xoxb-", "hf_",
    "Bearer ", "Basic ", "dXNlcjpwYXNz", "password", "token", "api_key", "authorization", "secret", "=", ":", ": ", "'",
    '"', '\\"', "\\", "\n", "\\n", " ", ",", "[redacted:value]", "[redacted:", "]", "://", "@", "u", JWT, PEM,
    "-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----", "-----", "e0v1-value", "v1-value-x", "İ", "A" * 20,
]  # fmt: skip


@given(st.lists(st.sampled_from(PIECES), max_size=14).map("".join))
@example("ASIA0123456789ABCDEFsk-proj-abcdefgh1234")
@example("e0v1-valuesk-proj-abcdefgh1234")
def test_a_redacted_text_stays_as_it_is(text: str) -> None:
    redaction._values.add("e0v1-value")
    redaction._values.add("v1-value-x")
    once = redact(text)
    assert redact(once) == once


SECRETS = [
    "sk-proj-CANARY0123456789", "ghp_CANARY0123456789abcd", f"{JWT}", "AKIACANARY0123456789", "hunter-CANARY-42",
]  # fmt: skip
ROUNDS = st.sampled_from(
    ["{}", "'{}'", '"{}"', "({})", "<{}>", "key is {}, sorry", "line\n{}\nline", "x={}", "[{}]"]
)


@given(st.sampled_from(SECRETS), st.text(alphabet=" .,;:\n()é", max_size=30), ROUNDS, st.booleans())
def test_a_secret_is_gone_whatever_is_around_it(secret: str, around: str, form: str, as_json: bool) -> None:
    redaction._values.add("hunter-CANARY-42")
    text = around + form.format(secret) + around
    assert secret not in redact(json.dumps(text) if as_json else text)


@pytest.mark.parametrize("size", [20_000, pytest.param(1_000_000, marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    "seed",
    [
        "a", "-", "sk-", "sk-a", "sk_", "eyJ", "eyJa.", "AKIA", "xox", "SG.", "SG.a", "-----BEGIN ", "-----",
        "-----BEGIN PRIVATE KEY-----", "-----BEGIN PRIVATE KEY-----\n-", "://", "://a", "://a:", "://a:b", ":a@",
        "bearer ", "Bearer a", "basic ", "basic Q", "password", "password=", "token=", "token:", "token='", 'token="',
        'token=\\"', 'token=\\\\"', "token='token=\"", "password:", "password: ", 'api_key"', "api_", "authorization:",
        "authorization: basic ", "authorization', '", "\\", '"', "'", "secret secret ", "pwd=/", "[redacted:", "İ",
        "[redacted:value]", "token=token:", 'token="\\',
    ],
)  # fmt: skip
def test_hostile_text_costs_no_more_than_its_length(seed: str, size: int) -> None:
    """Of a million characters: work that grew with the square of that would outlast the suite's limit by far."""
    text = seed * (size // len(seed))
    # A marker is longer than the shortest secret, "x" behind "password=", by no more than this.
    assert len(redact(text)) <= 3 * size
