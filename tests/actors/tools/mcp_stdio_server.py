"""A small MCP server for tests: ``mcp_stdio_server.py DIRECTORY`` speaks through standard input and output.

It speaks the protocol itself, as servers in other languages do, and so starts in a twentieth of the time that the
package's own takes. Files in the directory decide what it says of ``add``, and whether it dies in the middle of a call.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

directory = Path(sys.argv[1])
description = directory / "description"
NUMBERS = {
    "type": "object",
    "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}},
    "required": ["a", "b"],
}
TEXT = {"type": "object", "properties": {"text": {"type": "string"}}}


def append(name: str, line: str) -> None:
    with (directory / name).open("a") as file:
        file.write(line + "\n")


def tools() -> list[dict[str, Any]]:
    said = description.read_text() if description.exists() else "Add two numbers."
    return [
        {"name": "add", "description": said, "inputSchema": NUMBERS},
        *({"name": name, "inputSchema": TEXT} for name in ("change", "environment", "fail", "mixed")),
    ]


def text(said: str) -> dict[str, Any]:
    return {"type": "text", "text": said}


def call(name: str, arguments: dict[str, Any]) -> dict[str, Any]:
    if name == "add":
        if (directory / "die").exists():
            os._exit(3)
        append("calls", f"{arguments['a']} {arguments['b']}")
        return {"content": [], "structuredContent": {"result": arguments["a"] + arguments["b"]}}
    if name == "change":
        description.write_text(arguments["text"])
        return {"content": [text("changed")]}
    if name == "environment":
        return {"content": [text(json.dumps(dict(os.environ)))]}
    if name == "fail":
        return {"content": [text(arguments["text"])], "isError": True}
    return {"content": [text("one"), {"type": "image", "data": "AAAA", "mimeType": "image/png"}]}


def answer(method: str, params: dict[str, Any]) -> dict[str, Any]:
    if method == "initialize":
        about = {"name": "tests", "version": "1"}
        return {
            "protocolVersion": params["protocolVersion"],
            "capabilities": {"tools": {}},
            "serverInfo": about,
        }
    if method == "tools/list":
        page = int(params.get("cursor") or 0)  # two a page
        return {"tools": tools()[page : page + 2], **({"nextCursor": str(page + 2)} if page < 3 else {})}
    if method == "tools/call":
        return call(params["name"], params.get("arguments") or {})
    raise KeyError(method)


if __name__ == "__main__":
    append("starts", str(os.getpid()))
    for line in sys.stdin:
        asked = json.loads(line)
        if "id" not in asked or "method" not in asked:
            continue
        said: dict[str, Any] = {"jsonrpc": "2.0", "id": asked["id"]}
        try:
            said["result"] = answer(asked["method"], asked.get("params") or {})
        except KeyError:
            said["error"] = {"code": -32601, "message": "method not found"}
        sys.stdout.write(json.dumps(said) + "\n")
        sys.stdout.flush()
