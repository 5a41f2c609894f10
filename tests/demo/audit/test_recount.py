"""The checker's recount of complexity from tokens gives what radon gives from the syntax tree."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoal.demo.audit.checks import complexity
from shoal.demo.audit.checks.tree import Tree
from shoal.demo.audit.source import load
from shoal.demo.audit.verify.complexity import recount
from shoal.demo.audit.verify.view import View
from tests.demo.audit.trees import task, write


def nest(parts: tuple[tuple[str, ...], list[list[str]]]) -> list[str]:
    headers, bodies = parts
    lines: list[str] = []
    for header, body in zip(headers, bodies, strict=False):
        first = header.split("\n")
        indent = " " * (len(first[-1]) - len(first[-1].lstrip()) + 4)
        lines += [*first, *(indent + line for line in body)]
    return lines


STATEMENTS = st.recursive(
    st.sampled_from(
        [
            ["x = 1"],
            ["x = a if b else c"],
            ["x = [i for i in y if i if j]"],
            ["assert a and b, c or d"],
            ["x = a and b or not c and d"],
            ["x = lambda: a if b else c"],
            ["pass; assert a and b; x = a or b"],
            ["x = {a: b for a in c for b in d}"],
            ["async def g(x=a or b):", "    if a: return 1"],
            ["@a(b and c)", "def g():", "    for x in y: pass", "    return a or b"],
            ["class C:", "    x = a and b", "    def m(self):", "        if x: pass"],
            ["if a: x = b or c"],
            ["x = 'if a and b or c'  # for x in y"],
            ["x = f'{a if b else c} and {d or e}'"],
            ["x = (a", "    and b)"],
        ]
    ),
    lambda inner: st.tuples(
        st.sampled_from(
            [
                ("if a and b:", "elif c:", "else:"),
                ("for x in y:", "else:"),
                ("while a or b:", "else:"),
                ("try:", "except E:", "except (F, G) as e:", "else:", "finally:"),
                ("try:", "finally:"),
                ("with a as b:",),
                ("if a:", "else:"),
                ("match a:\n    case 1 if b and c:", "    case [x, *y] | z.w:", "    case _:"),
                ("match a:\n    case {'k': v}:", "    case other if other > 1:"),
                ("match(a)\nfor case in match:",),
            ]
        ),
        st.lists(inner, min_size=5, max_size=5),
    ).map(nest),
    max_leaves=12,
)


@given(st.lists(STATEMENTS, min_size=1, max_size=4))
def test_the_recount_agrees_with_radon(
    tmp_path_factory: pytest.TempPathFactory, statements: list[list[str]]
) -> None:
    body = "\n".join(f"    {line}" for statement in statements for line in statement)
    root = tmp_path_factory.getbasetemp()
    write(root, "counted.py", f"async def f(x=a and b):\n{body}\n    return x\n")
    module = task(root, "counted.py")
    source = load(module)
    view = View(module, source)
    measured = complexity.measure(Tree("counted.py", source))
    assert recount(view, view.definitions[0]) == measured[1, 0]


def test_the_recount_agrees_with_radon_on_syntax_that_radon_leaves_out(tmp_path: Path) -> None:
    source = "def f():\n    try:\n        a\n    except* E:\n        b and c\n    else:\n        d\n"
    write(tmp_path, "mod.py", source)
    module = task(tmp_path)
    read = load(module)
    view = View(module, read)
    assert recount(view, view.definitions[0]) == complexity.measure(Tree("mod.py", read))[1, 0] == 2
