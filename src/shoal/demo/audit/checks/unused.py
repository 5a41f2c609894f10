"""Dead names: imports, local variables and private definitions that nothing reads.

Silent where a name may be there for others: imports of an ``__init__.py``, inside ``try``, ``import x as x``,
modules and functions that look names up at run time.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from shoal.demo.audit.checks.tree import FUNCTIONS, Definition, Function, Tree
from shoal.demo.audit.checks.uses import Uses
from shoal.demo.audit.models import Finding

Import = ast.Import | ast.ImportFrom
DELIBERATE = ("_", "unused", "dummy", "ignore")
"""A local variable whose name begins so is meant to be unused."""


def check(tree: Tree) -> Iterator[Finding]:
    """U101, U102 and U103."""
    uses = Uses(tree)
    yield from _imports(tree, uses)
    yield from _locals(tree, uses)
    yield from _private_definitions(tree, uses)


def _imports(tree: Tree, uses: Uses) -> Iterator[Finding]:
    is_package = tree.path.rpartition("/")[2] == "__init__.py"
    statements: list[Import] = [*tree.nodes(ast.Import), *tree.nodes(ast.ImportFrom)]
    for statement in statements:
        owner = tree.owner(statement)
        if isinstance(owner, ast.ClassDef) or (is_package and owner is None):
            continue
        if uses.reflects(owner) or _is_for_others(tree, statement):
            continue
        for bound, shown in _bound(statement):
            if not uses.reads(owner, bound):
                symbol = f"{tree.qualname(owner)}.{bound}" if owner else bound
                yield tree.finding("U101", statement, f"{shown} is imported and never used", symbol)


def _is_for_others(tree: Tree, statement: Import) -> bool:
    """Whether an import tries what may be missing, or is of the private twin that a module is the face of."""
    stem = tree.path.rpartition("/")[2].removesuffix(".py")
    if isinstance(statement, ast.ImportFrom) and (statement.module or "").rpartition(".")[2] == f"_{stem}":
        return True
    return any(isinstance(around, ast.Try | ast.TryStar) for around in tree.ancestors(statement))


def _bound(statement: Import) -> Iterator[tuple[str, str]]:
    """The names a statement binds and how to speak of them; what is bound for others to read left out."""
    if isinstance(statement, ast.ImportFrom) and statement.module == "__future__":
        return
    for alias in statement.names:
        if alias.name == "*" or alias.asname == alias.name or alias.name.startswith("__"):
            continue
        origin = (
            f" from {'.' * statement.level}{statement.module or ''}"
            if isinstance(statement, ast.ImportFrom)
            else ""
        )
        renamed = f" as {alias.asname}" if alias.asname else ""
        bound = alias.asname or (alias.name if origin else alias.name.partition(".")[0])
        yield bound, f"{alias.name}{origin}{renamed}"


def _locals(tree: Tree, uses: Uses) -> Iterator[Finding]:
    seen: set[tuple[Definition, str]] = set()
    skipped = {function for function in tree.functions if uses.reflects(function)}
    for node, name in sorted(_assignments(tree), key=lambda found: (found[0].lineno, found[0].col_offset)):
        function = tree.owner(node)
        if not isinstance(function, FUNCTIONS) or function in skipped or (function, name) in seen:
            continue
        seen.add((function, name))
        if not (uses.reads(function, name) or name.startswith(DELIBERATE) or name in _parameters(function)):
            how = "bound by except" if isinstance(node, ast.ExceptHandler) else "assigned"
            symbol = f"{tree.qualname(function)}.{name}"
            yield tree.finding("U102", node, f"{name!r} is {how} and never read in {function.name}()", symbol)


def _assignments(tree: Tree) -> Iterator[tuple[ast.Name | ast.ExceptHandler, str]]:
    """Plain assignments and exception names; unpacking, loops and ``with`` often bind what is not needed."""
    for assign in tree.nodes(ast.Assign):
        yield from ((target, target.id) for target in assign.targets if isinstance(target, ast.Name))
    for annotated in tree.nodes(ast.AnnAssign):
        if annotated.value is not None and isinstance(annotated.target, ast.Name):
            yield annotated.target, annotated.target.id
    for handler in tree.nodes(ast.ExceptHandler):
        if handler.name:
            yield handler, handler.name


def _parameters(function: Function) -> set[str]:
    arguments = function.args
    given = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    given += [argument for argument in (arguments.vararg, arguments.kwarg) if argument]
    return {argument.arg for argument in given}


def _private_definitions(tree: Tree, uses: Uses) -> Iterator[Finding]:
    if uses.reflects(None):
        return
    for definition in tree.definitions:
        owner, name = tree.owner(definition), definition.name
        # One underscore keeps a module's name private, two are needed to keep subclasses from a method.
        private = (
            name.startswith("_")
            if owner is None
            else name.startswith("__") and isinstance(owner, ast.ClassDef)
        )
        if not private or name.endswith("__") or definition.decorator_list:
            continue
        used = uses.reads(None, name) or name in uses.attributes or name in uses.strings
        if not used and not (owner and f"_{owner.name.lstrip('_')}{name}" in uses.strings | uses.attributes):
            qualname = tree.qualname(definition)
            yield tree.finding("U103", definition, f"private {qualname} is never referenced", qualname)
