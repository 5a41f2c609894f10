"""The program of the server's process: llama.cpp's own HTTP server, out of the package xllamacpp.

It is run as a file, with one argument (JSON), so that it loads nothing of shoal. Its callback contract: one line of
JSON goes to standard output, ``{"ready": base_url}`` or ``{"failed": "engine" | "port" | "load", "text": ...}``; the
engine's log goes to standard error; and it ends when standard input does, which is when whoever started it is dead.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import socket
import sys
import threading
from typing import Any

LOOPBACK = "127.0.0.1"
_LOOK_S = 1.0


def main(settings: dict[str, Any]) -> None:
    """Serve until there is nobody to serve for."""
    # What the engine's library prints must not get between the reports.
    reports = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def report(**fields: Any) -> None:
        reports.write(json.dumps(fields) + "\n")
        reports.flush()

    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    # A Ctrl-C reaches the whole group of processes: whoever started this decides when it ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = os.getppid()
    server = _serve(settings, report)
    if server is None:
        os._exit(1)
    threading.Thread(target=_await_end_of_input, args=(ended,), daemon=True).start()
    # A process that was forked meanwhile can hold the other end of the pipe: then the parent's id tells.
    while not ended.wait(_LOOK_S) and os.getppid() == parent:
        pass
    # The engine's threads would be waited for; there is nothing to save.
    os._exit(0)


def _await_end_of_input(ended: threading.Event) -> None:
    while os.read(0, 4096):
        pass
    ended.set()


def _serve(settings: dict[str, Any], report: Any) -> Any:
    try:
        xllamacpp = importlib.import_module("xllamacpp")  # what keeps it from being loaded is reported
    except ImportError as error:
        report(failed="engine", text=str(error))
        return None
    port = settings["port"]
    if port and not _is_free(port):
        report(failed="port", text=f"port {port} is in use")
        return None
    try:
        server = xllamacpp.Server(_parameters(xllamacpp.CommonParams(), settings))
    except Exception as error:  # the library raises RuntimeError with one text for everything
        report(failed="load", text=str(error))
        return None
    report(ready=f"{server.listening_address}/v1")
    return server


def _parameters(params: Any, settings: dict[str, Any]) -> Any:
    params.model.path = settings["path"]
    params.model_alias = {settings["name"]}
    params.hostnames = [LOOPBACK]
    params.port = settings["port"]
    params.n_parallel = settings["slots"]
    params.n_ctx = settings["slots"] * settings["context_tokens"]
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = settings["threads"]
    params.cont_batching = True
    params.use_jinja = True  # chat templates, tools
    if settings["chat_template"]:
        params.chat_template = settings["chat_template"]
    params.ui = False
    params.offline = True  # it never downloads anything
    params.fit_params = False  # what was asked for is what is served, or it fails
    params.cache_ram_mib = 64  # prompts kept besides the slots; its own default is 8 GiB
    params.verbosity = settings["verbosity"]
    return params


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
