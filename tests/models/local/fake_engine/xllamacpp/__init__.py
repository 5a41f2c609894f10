"""Stands in for the engine: the same two classes, served by the standard library. ``FAKE_ENGINE`` says how it behaves.

``fine`` (default) · ``silent``: never says it is healthy · ``refuses``: cannot load the file · ``no-memory`` ·
``dies``: at its first request that is not for its health · ``killed``: by the kernel, while it loads · ``no-library``
"""

from __future__ import annotations

import http.server
import json
import os
import signal
import sys
import threading
from types import SimpleNamespace
from typing import Any

_HOW = os.environ.get("FAKE_ENGINE", "fine")
if _HOW == "no-library":
    raise ImportError("libsomething.so: cannot open shared object file")


class CommonParams(SimpleNamespace):
    """Settings; whatever is set."""

    def __init__(self) -> None:
        super().__init__(
            model=SimpleNamespace(), cpuparams=SimpleNamespace(), cpuparams_batch=SimpleNamespace()
        )


class _Answers(http.server.BaseHTTPRequestHandler):
    served: Any

    def do_GET(self) -> None:
        if self.path == "/health":
            self._send(503 if _HOW == "silent" else 200, {"status": "ok"})
            return
        if _HOW == "dies":
            os._exit(7)
        shown = ("n_parallel", "n_ctx", "model_alias", "port", "offline")
        self._send(200, {name: str(getattr(self.served, name)) for name in shown} | {"pid": os.getpid()})

    def do_POST(self) -> None:
        """Chat completions, streamed: the first of the values that the schema allows."""
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        schema = asked["response_format"]["json_schema"]["schema"]
        (name,) = schema["properties"]
        text = json.dumps({name: schema["properties"][name]["enum"][0]})
        head = {"id": "c-1", "object": "chat.completion.chunk", "created": 0, "model": asked["model"]}
        chunks: list[dict[str, Any]] = [
            {
                "choices": [
                    {"index": 0, "delta": {"role": "assistant", "content": text}, "finish_reason": None}
                ]
            },
            {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
            {"choices": [], "usage": {"prompt_tokens": 50, "completion_tokens": 7, "total_tokens": 57}},
        ]
        lines = [*(json.dumps(head | chunk) for chunk in chunks), "[DONE]"]
        data = "".join(f"data: {line}\n\n" for line in lines).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _send(self, status: int, body: Any) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing."""


class Server:
    """Serves as soon as it is made."""

    def __init__(self, params: CommonParams) -> None:
        print("what the library prints on standard output", flush=True)  # noqa: T201
        _fail(params.model.path)
        handler = type("Handler", (_Answers,), {"served": params})
        try:
            server = http.server.ThreadingHTTPServer((params.hostnames[0], params.port), handler)
        except OSError as error:
            sys.stderr.write("0.00.936.154 E srv         start: couldn't bind HTTP server socket\n")
            raise RuntimeError("Failed to init server, please check the input params.") from error
        self.listening_address = f"http://{params.hostnames[0]}:{server.server_port}"
        threading.Thread(target=server.serve_forever, daemon=True).start()


def _fail(path: str) -> None:
    if _HOW == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    said = {
        "refuses": "llama_model_load: error loading model: tensor data is not within the file bounds",
        "no-memory": "ggml_backend_cpu_buffer_type_alloc_buffer: failed to allocate buffer of size 1",
    }.get(_HOW)
    if said is not None:
        sys.stderr.write(
            f"0.00.052.303 E {said}\n0.00.052.960 E srv init: exiting due to model loading error\n"
        )
        raise RuntimeError("Failed to init server, please check the input params.")
