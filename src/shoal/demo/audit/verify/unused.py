"""Confirm that nothing reads a name: by the symbol table, the text's words and the other modules."""

from __future__ import annotations

from shoal.demo.audit.models import MODULE_SCOPE, Finding
from shoal.demo.audit.verify.imports import bindings
from shoal.demo.audit.verify.lines import Definition, Line, header_end
from shoal.demo.audit.verify.neighbours import imports_from, uses_private
from shoal.demo.audit.verify.view import View


def verify(view: View, finding: Finding) -> str | None:
    """Why the finding is wrong, or ``None`` when the name is there and nothing reads it."""
    scope, _, name = finding.symbol.rpartition(".")
    if finding.rule == "U103":
        return _private_definition(view, finding, name)
    place = view.at(finding.line, finding.column)
    if place is None or (scope or MODULE_SCOPE) != view.symbol(finding.line):
        return "no statement of that scope begins at this place"
    line, definition = view.lines[place[0]], view.definition(finding.line)
    if finding.rule == "U101":
        return _import(view, line, definition, name)
    return _local(view, line, place[1], definition, name)


def _import(view: View, line: Line, definition: Definition | None, name: str) -> str | None:
    if name not in dict(bindings(line.tokens)):
        return f"{name} is not imported here"
    if definition is None and view.module.path.rpartition("/")[2] == "__init__.py":
        return "an __init__ imports for others"
    reason = _read(view, definition, name)
    if reason is None and definition is None:
        star = not name.startswith("_") and "__all__" not in view.symbols.module.get_identifiers()
        user = imports_from(view.module, name, by_star=star)
        reason = f"used from here by {user}" if user else None
    return reason


def _local(view: View, line: Line, position: int, definition: Definition | None, name: str) -> str | None:
    if definition is None or definition.keyword != "def":
        return "the place is in no function"
    words = line.words[position:]
    caught = words[0] == "except" and words[: header_end(line.tokens[position:])][-2:] == ["as", name]
    if not caught and (words[0] != name or words[1:2] not in (["="], [":"])):
        return f"{name} is not assigned here"
    table = view.scope(definition)
    symbol = table.lookup(name) if name in table.get_identifiers() else None
    if symbol is None or symbol.is_parameter() or not symbol.is_local():
        return f"{name} is no local variable"
    return _read(view, definition, name)


def _read(view: View, definition: Definition | None, name: str) -> str | None:
    """How the name may be read in its scope, or ``None``."""
    words = view.words(definition)
    if words.reflects:
        return "the scope looks names up at run time"
    if name in view.symbols.reads(view.scope(definition)):
        return f"the compiler sees {name} read"
    if name in words.changed:
        return f"{name} is changed in place or deleted"
    if words.quoted(name):
        return f"{name} stands in a string that may be a type or an export"
    if name in view.type_comments:
        return f"{name} stands in a type comment"
    return f"{name} stands in an annotation" if name in words.annotated else None


def _private_definition(view: View, finding: Finding, name: str) -> str | None:
    definition = view.definition(finding.line)
    if definition is None or definition.first != finding.line or definition.qualname != finding.symbol:
        return "no such definition begins on this line"
    if (
        not name.startswith("_")
        or name.endswith("__")
        or ("." in finding.symbol and not name.startswith("__"))
    ):
        return f"{name} is not private"
    if definition.header and view.lines[definition.header - 1].tokens[0].string == "@":
        return "a decorator may have registered it"
    names = {name}
    if "." in finding.symbol:
        names.add(f"_{finding.symbol.split('.')[-2].lstrip('_')}{name}")
    words = view.words(None)
    if words.reflects or not names.isdisjoint(words.mentioned):
        return "it is referenced in the module, or names are looked up at run time"
    user = next((user for user in (uses_private(view.module, each) for each in sorted(names)) if user), None)
    return f"referenced by {user}" if user else None
