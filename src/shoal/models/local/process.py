"""A server as a child process: started, waited for until it answers, watched, stopped.

The child's callback contract is :mod:`~shoal.models.local.engine`'s. Its standard input is a pipe that nothing is ever
written to: it ends with this process, however that ends, and then the child ends too.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from collections import deque
from collections.abc import Callable
from urllib.parse import urlsplit

from shoal.models.local.errors import LocalModelError, ServerFailed
from shoal.models.local.failures import failure_of
from shoal.models.local.preparing import Launch

_LOG_LINES = 40
_LINE_BYTES = 1 << 16
_HEALTH_S = 0.05
"""Between two looks at a server that says it is not ready."""
GRACE_S = 3.0


class ServerProcess:
    """One running server. Made by :func:`start_server`."""

    def __init__(self, process: asyncio.subprocess.Process, name: str, heard: Callable[[str], None]) -> None:
        self.base_url = ""
        self._process = process
        self._name = name
        self._heard = heard
        self._log: deque[str] = deque(maxlen=_LOG_LINES)
        self._draining = asyncio.ensure_future(self._drain())

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def ended(self) -> bool:
        """Whether it is not there any more."""
        return self._process.returncode is not None

    async def wait(self) -> LocalModelError:
        """Wait until it ends by itself; returns why."""
        await self._process.wait()
        await self._rest_of_log()
        return failure_of(self._name, "", "", self._process.returncode, list(self._log))

    async def stop(self) -> None:
        """End it: asked, then killed. Twice is fine."""
        try:
            with contextlib.suppress(ProcessLookupError):
                self._process.terminate()
            async with asyncio.timeout(GRACE_S):
                await self._process.wait()
        except BaseException as error:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            if not isinstance(error, TimeoutError):
                raise
            await self._process.wait()
        finally:
            self._draining.cancel()
            if self._process.stdin is not None:
                self._process.stdin.close()

    # -- starting ------------------------------------------------------------------------------------------

    async def become_ready(self, ready_s: float) -> None:
        """Wait for its report, then until it answers. Raises ``LocalModelError``."""
        try:
            async with asyncio.timeout(ready_s):
                self.base_url = await self._report()
                await self._await_health()
        except TimeoutError:
            raise ServerFailed(
                f"the server of {self._name} was not ready in {ready_s:g} s: the machine may be overloaded, or the "
                "model is large; give it longer (ready_s)",
                log="\n".join(self._log),
            ) from None

    async def _report(self) -> str:
        assert self._process.stdout is not None
        line = await self._process.stdout.readline()
        report = _read_report(line)
        if "ready" in report:
            return report["ready"]
        if line and "failed" not in report:
            raise ServerFailed(
                f"the program that should serve {self._name} says {line[:80]!r} in place of a report"
            )
        await self._process.wait()
        await self._rest_of_log()
        raise failure_of(
            self._name,
            report.get("failed", ""),
            report.get("text", ""),
            self._process.returncode,
            list(self._log),
        )

    async def _await_health(self) -> None:
        while not await answers(self.base_url):
            if self.ended:
                raise await self.wait()
            await asyncio.sleep(_HEALTH_S)

    async def _rest_of_log(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(1.0):  # a child of its own may hold the pipe
                await asyncio.shield(self._draining)

    async def _drain(self) -> None:
        stream = self._process.stderr
        assert stream is not None
        while True:
            try:
                line = await stream.readline()
            except ValueError:  # a line longer than the buffer
                continue
            if not line:
                return
            text = line.decode("utf-8", "replace").rstrip()
            self._log.append(text)
            self._heard(text)


async def start_server(
    launch: Launch, name: str, ready_s: float, heard: Callable[[str], None] = lambda line: None
) -> ServerProcess:
    """Start a server and wait until it answers. ``heard`` gets the lines of its log. Raises ``LocalModelError``."""
    try:
        process = await asyncio.create_subprocess_exec(
            *launch.command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={**os.environ, **launch.environment},
            limit=_LINE_BYTES,
        )
    except OSError as error:
        raise ServerFailed(f"{launch.command[0]} cannot be started: {error.strerror or error}") from error
    server = ServerProcess(process, name, heard)
    try:
        await server.become_ready(ready_s)
    except BaseException:
        await server.stop()
        raise
    return server


def _read_report(line: bytes) -> dict[str, str]:
    """Empty when it is none."""
    try:
        report = json.loads(line)
    except ValueError:
        return {}
    return {str(key): str(value) for key, value in report.items()} if isinstance(report, dict) else {}


async def answers(base_url: str) -> bool:
    """Whether a server is there and has its model loaded: whether ``/health`` says 200."""
    where = urlsplit(base_url)
    try:
        async with asyncio.timeout(2.0):
            reader, writer = await asyncio.open_connection(where.hostname, where.port)
            try:
                writer.write(
                    f"GET /health HTTP/1.1\r\nHost: {where.netloc}\r\nConnection: close\r\n\r\n".encode()
                )
                status = await reader.readline()
            finally:
                writer.close()
    except (OSError, TimeoutError):
        return False
    return status.split()[1:2] == [b"200"]
