from __future__ import annotations

from typing import Any

import pytest

import shoal
from shoal.actors.tools.function_tool import tool
from shoal.actors.tools.toolbox import close_tools, toolbox
from shoal.errors import ConfigError
from tests.actors.tools.calls import inside


def plain(a: int) -> int:
    """A plain function."""
    return a


class Held:
    """A tool that holds something open."""

    def __init__(self, name: str, error: Exception | None = None) -> None:
        self.spec = tool(plain, name=name).spec
        self.policy = tool(plain).policy
        self.error = error
        self.closed: list[str] = []

    def check(self, arguments: dict[str, Any]) -> dict[str, Any]:
        return arguments

    async def call(self, arguments: dict[str, Any], ctx: shoal.Context) -> Any:
        return None

    async def close_for(self, ctx: shoal.Context) -> None:
        self.closed.append(ctx.address)
        if self.error is not None:
            raise self.error


def test_tools_are_found_by_name_and_plain_functions_are_made_tools() -> None:
    found = toolbox([plain, tool(plain, name="other")])
    assert list(found) == ["plain", "other"]
    assert found["plain"].spec.description == "A plain function."


@pytest.mark.parametrize(
    ("tools", "says"),
    [
        ([plain, tool(plain)], "two tools are called plain"),
        ([shoal.Ref("a")], "is an agent: shoal.agent_tool"),
        ([3], "3 is no tool"),
        (["plain"], "'plain' is no tool"),
    ],
)
def test_what_is_no_tool_is_refused_with_the_remedy(tools: list[Any], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        toolbox(tools)


async def test_what_tools_hold_is_let_go_also_when_one_of_them_cannot() -> None:
    held = [Held("a", OSError("stuck")), Held("b")]

    async def use(ctx: shoal.Context) -> str:
        with pytest.raises(OSError, match="stuck"):
            await close_tools(toolbox([*held, plain]).values(), ctx)
        return ctx.address

    address = await inside(use)
    assert [each.closed for each in held] == [[address], [address]]
