"""A local model for as long as a block runs: the real child process, with a fake engine in it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import psutil
import pytest

from shoal.models.local import preparing
from shoal.models.local.errors import (
    EngineMissing,
    LocalModelError,
    ModelFileMissing,
    NotEnoughMemory,
    NotGguf,
    PortInUse,
    ServerFailed,
)
from shoal.models.local.options import ServeOptions
from shoal.models.local.preparing import Launch, prepare
from shoal.models.local.process import answers, start_server
from shoal.models.local.serving import serving
from shoal.runtime.errors import ConfigError

FakeEngine = Callable[[str], None]
ROOT = Path(__file__).resolve().parents[3]


def looked_at(base_url: str | None) -> dict[str, Any]:
    """What the fake engine says of itself."""
    with urlopen(f"{base_url}/models", timeout=10) as answer:
        found: dict[str, Any] = json.load(answer)
    return found


def gone(pid: int) -> bool:
    """Whether the process ends within 10 s."""
    try:
        psutil.Process(pid).wait(timeout=10)
    except psutil.NoSuchProcess:
        return True
    except psutil.TimeoutExpired:
        return False
    return True


@pytest.mark.usefixtures("fake_engine")
async def test_a_model_is_served_while_the_block_runs_and_not_after_it(gguf: Path) -> None:
    async with serving(str(gguf), slots=2, context_tokens=512) as model:
        assert model.model == "tiny"
        assert model.base_url is not None
        assert model.base_url.startswith("http://127.0.0.1:")
        assert model.price is not None
        assert (model.price.input, model.price.output) == (0, 0)
        assert (model.context_tokens, model.max_output_tokens) == (512, 256)
        assert model.rates.concurrency == 2
        served = await asyncio.to_thread(looked_at, model.base_url)
    assert served["n_parallel"] == "2"
    assert served["n_ctx"] == "1024"
    assert served["offline"] == "True"
    assert gone(served["pid"])
    assert not await answers(model.base_url)


@pytest.mark.usefixtures("fake_engine")
async def test_the_server_ends_with_the_block_also_when_it_raises(gguf: Path) -> None:
    with pytest.raises(RuntimeError, match="ours"):
        async with serving(str(gguf)) as model:
            raise RuntimeError("ours")
    assert model.base_url is not None
    assert not await answers(model.base_url)


@pytest.mark.usefixtures("fake_engine")
async def test_the_key_of_a_hosted_model_is_not_named_for_a_local_one(gguf: Path) -> None:
    async with serving(str(gguf)) as model:
        assert model.api_key_env != "OPENAI_API_KEY"


@pytest.mark.parametrize("how", ["kill", "end"])
@pytest.mark.usefixtures("fake_engine")
def test_no_server_outlives_the_process_that_started_it(gguf: Path, how: str) -> None:
    program = f"""
import asyncio, json, sys
from urllib.request import urlopen
from shoal.models.local import serving

async def main():
    server = serving({str(gguf)!r})
    model = await server.__aenter__()
    print(json.load(urlopen(model.base_url + "/models"))["pid"], flush=True)
    if {how!r} == "kill":
        await asyncio.sleep(600)
    import os
    os._exit(0)

asyncio.run(main())
"""
    path = os.pathsep.join([str(ROOT / "src"), os.environ["PYTHONPATH"]])
    with subprocess.Popen(
        [sys.executable, "-c", program],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": path},
    ) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        if how == "kill":
            parent.kill()
        parent.wait(10)
    assert gone(pid)


@pytest.mark.parametrize(
    ("how", "error", "says"),
    [
        ("no-library", EngineMissing, r"libsomething\.so: cannot open.*force-reinstall"),
        ("refuses", NotGguf, "not within the file bounds"),
        ("no-memory", NotEnoughMemory, "got no memory"),
        ("killed", NotEnoughMemory, "as the kernel does when memory runs out"),
    ],
)
async def test_what_keeps_the_engine_from_serving_is_a_typed_error(
    gguf: Path, fake_engine: FakeEngine, how: str, error: type[LocalModelError], says: str
) -> None:
    fake_engine(how)
    with pytest.raises(error, match=says):
        async with serving(str(gguf)):
            pytest.fail("it was served")


@pytest.mark.usefixtures("fake_engine")
async def test_a_port_that_is_in_use_is_named(gguf: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(PortInUse, match=f"port {port} is in use. Choose another port, or 0"):
            async with serving(str(gguf), port=port):
                pytest.fail("it was served")


async def test_a_server_that_is_not_ready_in_time_is_ended(gguf: Path, fake_engine: FakeEngine) -> None:
    fake_engine("silent")
    with pytest.raises(ServerFailed, match=r"was not ready in 1 s"):
        async with serving(str(gguf), ready_s=1.0):
            pytest.fail("it was served")
    assert not [child for child in psutil.Process().children() if "engine.py" in " ".join(child.cmdline())]


@pytest.mark.parametrize(
    ("program", "says"),
    [
        ("print('hello')", r"says b'hello.n' in place of a report"),
        ("pass", "ended with status 0"),
        ("import sys; sys.exit('a reason of its own')", "ended with status 1: a reason of its own"),
        ("print('[]', flush=True); import time; time.sleep(60)", r"says b'\[\].n' in place of a report"),
    ],
)
async def test_a_program_without_the_contract_is_no_server(program: str, says: str) -> None:
    with pytest.raises(LocalModelError, match=says):
        await start_server(Launch((sys.executable, "-c", program), {}), "m", 20.0)


async def test_a_program_that_is_not_there_is_named() -> None:
    with pytest.raises(ServerFailed, match="/no/such/program cannot be started: No such file"):
        await start_server(Launch(("/no/such/program",), {}), "m", 20.0)


@pytest.mark.usefixtures("fake_engine")
async def test_who_watches_a_server_hears_how_it_ended(gguf: Path) -> None:
    server = await start_server(prepare(ServeOptions(gguf=str(gguf))), "tiny", 20.0)
    try:
        os.kill(server.pid, signal.SIGSEGV)
        assert "ended by signal 11" in str(await server.wait())
        assert server.ended
    finally:
        await server.stop()


@pytest.mark.usefixtures("fake_engine")
async def test_what_the_engine_logs_is_heard_and_what_it_prints_is_no_report(gguf: Path) -> None:
    heard: list[str] = []
    server = await start_server(prepare(ServeOptions(gguf=str(gguf))), "tiny", 20.0, heard.append)
    await server.stop()
    await server.stop()
    assert heard == ["what the library prints on standard output"]


# -- what is checked before ------------------------------------------------------------------------------


def test_without_the_extra_it_is_named(gguf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preparing, "find_spec", lambda name: None)
    with pytest.raises(EngineMissing, match=r"pip install 'shoal\[local-llm\]'"):
        prepare(ServeOptions(gguf=str(gguf)))


@pytest.mark.usefixtures("fake_engine")
def test_a_model_that_cannot_fit_is_refused_before_it_is_loaded(
    gguf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preparing, "available_bytes", lambda: 1000)
    with pytest.raises(NotEnoughMemory, match="tiny needs"):
        prepare(ServeOptions(gguf=str(gguf)))


@pytest.mark.usefixtures("fake_engine")
def test_a_context_that_the_model_was_not_made_for_is_refused(gguf: Path) -> None:
    with pytest.raises(ConfigError, match=r"trained on 8,192 tokens.*makes no sense of 9,000"):
        prepare(ServeOptions(gguf=str(gguf), context_tokens=9000))


@pytest.mark.usefixtures("fake_engine")
def test_files_that_are_not_there_are_named(gguf: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelFileMissing, match=r"nothing\.gguf"):
        prepare(ServeOptions(gguf=str(tmp_path / "nothing.gguf")))
    with pytest.raises(ModelFileMissing, match=r"chat template .*nothing\.jinja cannot be read"):
        prepare(ServeOptions(gguf=str(gguf), chat_template=str(tmp_path / "nothing.jinja")))


@pytest.mark.usefixtures("fake_engine")
def test_openmp_does_not_spin_unless_the_user_says_so(gguf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT"):
        monkeypatch.delenv(variable, raising=False)
    assert prepare(ServeOptions(gguf=str(gguf))).environment["OMP_WAIT_POLICY"] == "passive"
    monkeypatch.setenv("OMP_WAIT_POLICY", "active")
    assert prepare(ServeOptions(gguf=str(gguf))).environment == {}


def test_a_model_is_called_by_its_alias_its_packaged_name_or_its_file() -> None:
    assert ServeOptions().name == "smollm2"
    assert ServeOptions(gguf="/models/big.Q4.gguf").name == "big.Q4"
    assert ServeOptions(gguf="/models/big.gguf", alias="large").name == "large"
