"""Calls that run code, open a shell or trust what they should not, found by the called function's dotted
name.

A literal argument is no way in for anybody, so `eval("1 + 1")` and `os.system("cls")` are not what R101 and
R103 look for.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator

from shoal.demo.audit.checks.naming import Names
from shoal.demo.audit.checks.tree import Tree
from shoal.demo.audit.models import Finding
from shoal.demo.audit.risky_names import (
    CODE,
    HTTP,
    NO_TLS,
    SAFE_LOADERS,
    SHELL_ALWAYS,
    SHELL_BY_OPTION,
    TAR_OPENERS,
    TEMPORARY_NAMES,
    UNPICKLE,
    WEAK_HASHES,
    YAML_BY_LOADER,
    YAML_UNSAFE,
)

Verdict = tuple[str, str] | None
"""Rule and message, or nothing."""


def check(tree: Tree) -> Iterator[Finding]:
    """R101 to R105 and R111 to R114."""
    names = Names(tree)
    archives = _archives(tree, names)
    for call in tree.nodes(ast.Call):
        name = names.resolve(call.func)
        verdict = _judge(name, call) if name else None
        if verdict is None and isinstance(call.func, ast.Attribute) and call.func.attr == "extractall":
            verdict = _extraction(call, call.func.value, archives, names)
        if verdict:
            yield tree.finding(verdict[0], call, verdict[1])


def _judge(name: str, call: ast.Call) -> Verdict:
    for names, judge in _JUDGES:
        if name in names:
            return judge(name, call)
    return None


def _code(name: str, call: ast.Call) -> Verdict:
    if not call.args or _is_literal(call.args[0]):
        return None
    return "R101", f"{name.removeprefix('builtins.')}() runs a value computed at run time as code"


def _unpickle(name: str, call: ast.Call) -> Verdict:
    return "R102", f"{name}() runs whatever code the data asks for; only for data nobody else can write"


def _shell(name: str, call: ast.Call) -> Verdict:
    command = _argument(call, 0, "args", "cmd", "command")
    if command is None:
        return None
    if _is_literal(command):
        return "R104", f"{name}() starts a shell for a constant command; a list of arguments needs none"
    return "R103", f"{name}() passes a computed command to a shell; use a list of arguments without a shell"


def _shell_by_option(name: str, call: ast.Call) -> Verdict:
    return _shell(name, call) if _is_true(_keyword(call, "shell")) else None


def _yaml_unsafe(name: str, call: ast.Call) -> Verdict:
    return "R105", f"{name}() builds any object the document names; use yaml.safe_load()"


def _yaml_by_loader(name: str, call: ast.Call) -> Verdict:
    loader = _argument(call, 1, "Loader")
    tail = (
        loader.attr
        if isinstance(loader, ast.Attribute)
        else loader.id
        if isinstance(loader, ast.Name)
        else ""
    )
    return None if tail in SAFE_LOADERS else _yaml_unsafe(name, call)


def _mktemp(name: str, call: ast.Call) -> Verdict:
    return "R111", f"{name}() only makes up a name; use mkstemp() or TemporaryDirectory()"


def _weak_hash(name: str, call: ast.Call) -> Verdict:
    if _keyword(call, "usedforsecurity") is not None:
        return None
    return "R113", f"{name}() is broken for security; say usedforsecurity=False where that does not matter"


def _no_tls(name: str, call: ast.Call) -> Verdict:
    return "R114", f"{name}() makes connections that verify no certificate"


def _http(name: str, call: ast.Call) -> Verdict:
    verify = _keyword(call, "verify")
    if not (isinstance(verify, ast.Constant) and verify.value is False):
        return None
    return "R114", f"{name}(verify=False) accepts any certificate"


_JUDGES: tuple[tuple[frozenset[str], Callable[[str, ast.Call], Verdict]], ...] = (
    (CODE, _code),
    (UNPICKLE, _unpickle),
    (SHELL_ALWAYS, _shell),
    (SHELL_BY_OPTION, _shell_by_option),
    (YAML_UNSAFE, _yaml_unsafe),
    (YAML_BY_LOADER, _yaml_by_loader),
    (TEMPORARY_NAMES, _mktemp),
    (WEAK_HASHES, _weak_hash),
    (NO_TLS, _no_tls),
    (HTTP, _http),
)


def _archives(tree: Tree, names: Names) -> set[str]:
    """Names that hold an open tar archive somewhere in the module."""
    found: set[str] = set()
    if not names.imports("tarfile"):
        return found
    for item in tree.nodes(ast.withitem):
        if isinstance(item.optional_vars, ast.Name) and _opens_tar(item.context_expr, names):
            found.add(item.optional_vars.id)
    for assign in tree.nodes(ast.Assign):
        if _opens_tar(assign.value, names):
            found |= {target.id for target in assign.targets if isinstance(target, ast.Name)}
    return found


def _opens_tar(value: ast.expr, names: Names) -> bool:
    return isinstance(value, ast.Call) and names.resolve(value.func) in TAR_OPENERS


def _extraction(call: ast.Call, archive: ast.expr, archives: set[str], names: Names) -> Verdict:
    if _keyword(call, "filter") is not None:
        return None
    if not (_opens_tar(archive, names) or (isinstance(archive, ast.Name) and archive.id in archives)):
        return None
    return "R112", "extractall() without filter= may write outside the target directory; say filter='data'"


def _keyword(call: ast.Call, name: str) -> ast.expr | None:
    return next((keyword.value for keyword in call.keywords if keyword.arg == name), None)


def _argument(call: ast.Call, position: int, *names: str) -> ast.expr | None:
    if len(call.args) > position:
        return call.args[position]
    return next((value for value in (_keyword(call, name) for name in names) if value is not None), None)


def _is_true(value: ast.expr | None) -> bool:
    return isinstance(value, ast.Constant) and bool(value.value)


def _is_literal(value: ast.expr) -> bool:
    """A constant, or a list or tuple of constants. An f-string is none, even without braces."""
    if isinstance(value, ast.List | ast.Tuple):
        return all(isinstance(element, ast.Constant) for element in value.elts)
    return isinstance(value, ast.Constant)
