"""Confirm a risky call: the tokens at the place must spell it, with the arguments that make it risky."""

from __future__ import annotations

import tokenize
from functools import lru_cache, partial

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
from shoal.demo.audit.verify.imports import origins
from shoal.demo.audit.verify.lines import Token, closing, is_f_string, split
from shoal.demo.audit.verify.view import View

NAMES = {
    "R101": CODE,
    "R102": UNPICKLE,
    "R103": SHELL_ALWAYS | SHELL_BY_OPTION,
    "R104": SHELL_ALWAYS | SHELL_BY_OPTION,
    "R105": YAML_UNSAFE | YAML_BY_LOADER,
    "R111": TEMPORARY_NAMES,
    "R113": WEAK_HASHES,
    "R114": NO_TLS | HTTP,
}
"""What a call under each rule may be of."""

Arguments = list[tuple[Token, ...]]


def verify(view: View, finding: Finding) -> str | None:
    """Why the finding is wrong, or ``None`` when the call is there."""
    place = view.at(finding.line, finding.column)
    if place is None:
        return "no expression begins at this place"
    line, position = view.lines[place[0]], place[1]
    if position and line.tokens[position - 1].string in (".", "def", "class"):
        return "the name is an attribute or a definition here"
    tokens = line.tokens[position:]
    if finding.rule == "R112":
        return _extraction(view, tokens)
    dotted, opening = _dotted(tokens)
    if not dotted or opening is None:
        return "no call by name begins at this place"
    name = _resolve(view, finding.line, dotted)
    if name not in NAMES[finding.rule]:
        return (
            f"{'.'.join(dotted)} is {name or 'bound in the module'}, which rule {finding.rule} does not name"
        )
    return _judge(finding.rule, name, split(tokens[opening + 1 : closing(tokens, opening)]))


def _judge(rule: str, name: str, arguments: Arguments) -> str | None:
    if rule == "R101":
        return "the code is a literal" if not arguments or _is_literal(arguments[0]) else None
    if rule in ("R103", "R104"):
        return _shell(rule, name, arguments)
    if rule == "R105" and name in YAML_BY_LOADER:
        loader = _argument(arguments, 1, "Loader")
        return "the loader is a safe one" if loader and loader[-1].string in SAFE_LOADERS else None
    if rule == "R113":
        return "usedforsecurity is given" if _keyword(arguments, "usedforsecurity") else None
    if rule == "R114" and name in HTTP:
        verify = _keyword(arguments, "verify")
        return None if verify and verify[0].string == "False" else "verify=False is not passed"
    return None


def _shell(rule: str, name: str, arguments: Arguments) -> str | None:
    if name in SHELL_BY_OPTION:
        shell = _keyword(arguments, "shell")
        if not shell or len(shell) != 1 or shell[0].string in ("False", "None", "0"):
            return "no shell is asked for"
    command = _argument(arguments, 0, "args", "cmd", "command")
    if not command:
        return "no command is passed"
    is_literal = _is_literal(command)
    if rule == "R103" and is_literal:
        return "the command is a literal"
    return "the command is computed" if rule == "R104" and not is_literal else None


def _extraction(view: View, tokens: tuple[Token, ...]) -> str | None:
    """Follow ``archive.extractall(`` or ``tarfile.open(...).extractall(`` from its first token."""
    dotted, opening = _dotted(tokens)
    known = origins(view)
    resolve = partial(_spell, known)
    if dotted and dotted[-1] != "extractall" and opening is not None:
        after = closing(tokens, opening) + 1
        if resolve(dotted) not in TAR_OPENERS or [t.string for t in tokens[after : after + 2]] != [
            ".",
            "extractall",
        ]:
            return "no extraction of a tar archive begins at this place"
        opening = after + 2
    elif not dotted or opening is None or len(dotted) != 2:
        return "no extraction of a tar archive begins at this place"
    elif not _holds_archive(view, dotted[0]):
        return f"{dotted[0]} is not seen to be a tar archive"
    if opening >= len(tokens) or tokens[opening].string != "(":
        return "extractall is not called"
    arguments = split(tokens[opening + 1 : closing(tokens, opening)])
    return "a filter is passed" if _keyword(arguments, "filter") else None


@lru_cache(maxsize=64)
def _holds_archive(view: View, name: str) -> bool:
    """Whether the module anywhere says ``name = tarfile.open(`` or ``with tarfile.open(...) as name``."""
    known = origins(view)
    for line in view.lines:
        words = line.words
        if name not in words:
            continue
        heads = (at for at, word in enumerate(words) if known.get(word, "").startswith("tarfile"))
        for at in heads:
            dotted, opening = _dotted(line.tokens[at : at + 8])
            if opening is not None and _spell(known, dotted) in TAR_OPENERS:
                after = closing(line.tokens, at + opening) + 1
                if words[after : after + 2] == ["as", name] or words[max(at - 2, 0) : at] == [name, "="]:
                    return True
    return False


def _dotted(tokens: tuple[Token, ...]) -> tuple[list[str], int | None]:
    """The dotted name the tokens begin with, and where the call's parenthesis opens."""
    parts: list[str] = []
    at = 0
    while at < len(tokens) and tokens[at].type == tokenize.NAME:
        parts.append(tokens[at].string)
        at += 1
        if at >= len(tokens) or tokens[at].string != ".":
            break
        at += 1
    called = at < len(tokens) and tokens[at].string == "("
    return parts, at if called else None


def _resolve(view: View, line: int, dotted: list[str]) -> str | None:
    """The called function's dotted name; ``None`` when its first name is a variable of the module."""
    known = origins(view)
    for table in (view.scope(view.definition(line)), view.symbols.module):
        if dotted[0] in table.get_identifiers():
            symbol = table.lookup(dotted[0])
            bound = symbol.is_parameter() or symbol.is_free() or symbol.is_namespace()
            if bound or (symbol.is_assigned() and not symbol.is_imported()):
                return None
    return _spell(known, dotted)


def _spell(known: dict[str, str], dotted: list[str]) -> str:
    return ".".join([known.get(dotted[0], f"builtins.{dotted[0]}"), *dotted[1:]]) if dotted else ""


def _keyword(arguments: Arguments, name: str) -> tuple[Token, ...] | None:
    for argument in arguments:
        if len(argument) > 2 and argument[0].string == name and argument[1].string == "=":
            return argument[2:]
    return None


def _argument(arguments: Arguments, position: int, *names: str) -> tuple[Token, ...] | None:
    for name in names:
        value = _keyword(arguments, name)
        if value:
            return value
    if position < len(arguments):
        argument = arguments[position]
        named = len(argument) > 1 and argument[1].string == "="
        return None if named else argument
    return None


def _is_literal(tokens: tuple[Token, ...]) -> bool:
    for token in tokens:
        literal = token.type == tokenize.NUMBER or (token.type == tokenize.STRING and not is_f_string(token))
        if not literal and token.string not in ("(", ")", "[", "]", ",", "None", "True", "False"):
            return False
    return True
