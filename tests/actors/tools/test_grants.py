from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import shoal
from shoal.actors.tools.calling import ToolCaller
from shoal.actors.tools.errors import ToolNotGranted
from shoal.actors.tools.function_tool import tool
from shoal.actors.tools.grants import Grant, granted_to
from shoal.actors.tools.toolbox import toolbox
from shoal.errors import ConfigError
from shoal.runtime.codec import decode, encode
from tests.actors.tools.calls import call, inside

NAMES = ("read", "write", "send_mail", "search")
ROLES: dict[str, tuple[str, ...]] = {
    "clerk": ("read", "search"),
    "editor": ("read", "write"),
    "mailer": ("send_mail",),
    "newcomer": (),
    "chief": NAMES,
}
grants = st.frozensets(st.sampled_from(NAMES)).map(lambda names: Grant(tools=names))


def named(name: str) -> Callable[[], str]:
    def act() -> str:
        return f"{name} done"

    return tool(act, name=name, description=name)


@pytest.mark.parametrize(("role", "name"), list(itertools.product(ROLES, NAMES)))
async def test_each_role_may_use_what_it_was_granted_and_every_other_cell_is_refused(
    role: str, name: str
) -> None:
    caller = ToolCaller(toolbox([named(each) for each in NAMES]), Grant.of(*ROLES[role]))

    async def use(ctx: shoal.Context) -> Any:
        return (await caller.call_all([call(name)], ctx, "step"))[0]

    answer = await inside(use)
    if name in ROLES[role]:
        assert answer.message.text == f"{name} done"
        assert answer.account.ok
    else:
        assert answer.account.error == "ToolNotGranted"
        assert not answer.account.made
        assert name in answer.message.text


def test_nothing_is_granted_by_default() -> None:
    assert not any(Grant().allows(name) for name in NAMES)
    assert granted_to(()) == Grant()


@given(grants, grants)
def test_a_child_never_has_more_than_its_parent_nor_more_than_its_own(parent: Grant, own: Grant) -> None:
    child = granted_to(own.tools, parent)
    assert child.within(parent)
    assert child.within(own)
    assert child == parent.meet(own) == own.meet(parent)


@given(st.lists(grants, min_size=1))
def test_along_a_chain_of_children_grants_only_shrink(chain: list[Grant]) -> None:
    held = chain[0]
    for own in chain[1:]:
        below = granted_to(own.tools, held)
        assert below.within(held)
        held = below
    assert held.tools == frozenset.intersection(*(each.tools for each in chain))


@given(grants)
def test_a_grant_travels_and_is_the_same_after_a_restart(held: Grant) -> None:
    assert decode(*encode(held)) == held
    assert Grant.model_validate_json(held.model_dump_json()) == held


def test_nobody_hands_on_what_they_do_not_have() -> None:
    held = Grant.of("read", "write")
    assert held.narrowed(["read"], "a") == Grant.of("read")
    with pytest.raises(ConfigError, match="cannot hand on send_mail"):
        held.narrowed(["read", "send_mail"], "a")


def test_a_refusal_says_who_may_do_what() -> None:
    with pytest.raises(ToolNotGranted, match="clerk was not granted the tool write; it has read, search"):
        Grant.of("read", "search").require("write", "clerk")


def test_there_are_no_patterns_in_grants() -> None:
    with pytest.raises(ConfigError):
        Grant.of("*")
