"""What the end of a server means."""

from __future__ import annotations

import pytest

from shoal.models.local.errors import (
    EngineMissing,
    LocalModelError,
    NotEnoughMemory,
    NotGguf,
    PortInUse,
    ServerFailed,
)
from shoal.models.local.failures import failure_of

CUT = "0.00.052 E llama_model_load: error loading model: tensor data is not within the file bounds"
GIVEN_UP = "0.00.052 E srv init: exiting due to model loading error"


@pytest.mark.parametrize(
    ("kind", "text", "status", "log", "error", "says"),
    [
        (
            "engine",
            "libgomp.so.1 is missing",
            1,
            [],
            EngineMissing,
            r"libgomp\.so\.1 is missing.*Debian: libgomp1",
        ),
        ("port", "port 80 is in use", 1, [], PortInUse, "port 80 is in use. Choose another port"),
        ("load", "x", 1, ["srv start: couldn't bind HTTP server socket"], PortInUse, "the port is in use"),
        (
            "load",
            "x",
            1,
            ["E failed to allocate buffer", GIVEN_UP],
            NotEnoughMemory,
            "got no memory: give it fewer",
        ),
        (
            "load",
            "x",
            1,
            [CUT, GIVEN_UP],
            NotGguf,
            "^the engine cannot load the file of m: llama_model_load: error",
        ),
        ("load", "bad parameters", 1, [], ServerFailed, "bad parameters"),
        ("", "", -9, [], NotEnoughMemory, "when memory runs out"),
        ("", "", -4, [], EngineMissing, "instructions that this processor does not have"),
        ("", "", -11, ["segfault"], ServerFailed, r"ended by signal 11: segfault"),
        ("", "", 3, ["a", "b", "c", "d"], ServerFailed, r"ended with status 3: b \| c \| d"),
    ],
)
def test_each_end_is_an_error_with_a_remedy(
    kind: str, text: str, status: int, log: list[str], error: type[LocalModelError], says: str
) -> None:
    found = failure_of("m", kind, text, status, log)
    assert type(found) is error
    assert found.details == {"log": "\n".join(log), "status": status}
    with pytest.raises(error, match=says):
        raise found
