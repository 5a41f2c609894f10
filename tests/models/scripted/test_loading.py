from __future__ import annotations

import pytest

from shoal.models.chat import ChatRequest
from shoal.models.scripted import ScriptedModel, load_script
from shoal.models.spec import Model
from shoal.runtime.errors import ConfigError

GREETINGS = ["hello", "good day"]
SHARED = ScriptedModel(["one"])
NUMBER = 3


class Rules:
    CLASSIFY = {"refund": "billing"}  # noqa: RUF012


def shout(request: ChatRequest) -> str:
    return request.messages[-1].text.upper()


def named(name: str) -> Model:
    return Model(model="m", provider="scripted", script=name)


@pytest.mark.parametrize("name", ["GREETINGS", "shout", "Rules.CLASSIFY"])
def test_a_script_is_found_by_its_name_and_each_model_has_its_own_copy_of_its_place(name: str) -> None:
    one, other = (load_script(named(f"{__name__}:{name}")) for _ in range(2))
    assert one is not other
    assert (one.name, one.endpoint) == ("m", named(f"{__name__}:{name}").endpoint)


def test_a_model_that_is_named_is_shared_by_all_who_name_it() -> None:
    assert load_script(named(f"{__name__}:SHARED")) is SHARED


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("", "package.module:name"),
        ("tests.models", "package.module:name"),
        (":x", "package.module:name"),
        ("no_such_module_here:x", "ModuleNotFoundError"),
        (f"{__name__}:GREETING", "GREETINGS"),
        (f"{__name__}:NUMBER", "is no script"),
    ],
)
def test_a_name_that_leads_nowhere_is_an_error_that_says_why(name: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says) as caught:
        load_script(named(name))
    assert "'m'" in str(caught.value)
