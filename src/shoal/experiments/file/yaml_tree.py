"""YAML as plain data, with the line of each field. Nothing of it is executed: only mappings, lists and words are read.

Problems rather than surprises: a key that is there twice, one that is no text, a tag, an alias that grows without
end or contains itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from yaml.composer import Composer
from yaml.error import MarkedYAMLError, YAMLError
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from yaml.parser import Parser
from yaml.reader import Reader, ReaderError
from yaml.resolver import BaseResolver
from yaml.scanner import Scanner

from shoal.experiments.errors import Problem
from shoal.experiments.file.places import Path, Places, dotted
from shoal.experiments.file.scalars import plain_scalar
from shoal.experiments.file.telling import wrong

MOST_DEPTH = 40
MOST_NODES = 50_000
"""Each use of an alias counts in full: ten that hold ten of ten are a thousand."""
_PLAIN = "plain"
_HALF = re.compile("[\ud800-\udfff]")
_STANDARD = "tag:yaml.org,2002:"
_SCALARS = frozenset(f"{_STANDARD}{kind}" for kind in ("int", "float", "bool", "null"))


class _Loader(Reader, Scanner, Parser, Composer, BaseResolver):
    """PyYAML without its constructors: text to nodes."""

    def __init__(self, text: str) -> None:
        Reader.__init__(self, text)
        Scanner.__init__(self)
        Parser.__init__(self)
        Composer.__init__(self)
        BaseResolver.__init__(self)

    def resolve(self, kind: type[Node], value: Any, implicit: Any) -> str:
        if kind is ScalarNode:
            return _PLAIN if implicit[0] else f"{_STANDARD}str"
        return f"{_STANDARD}map" if kind is MappingNode else f"{_STANDARD}seq"


def read_yaml(text: str, file: str) -> tuple[Any, Places]:
    """The data of a YAML text and where its fields stand. Raises ``BadExperiment``."""
    root = _compose(text, file)
    tree = _Tree(file)
    data = None if root is None else tree.value(root, (), ())
    if tree.problems:
        raise wrong(tree.problems)
    return data, tree.places


def parse_value(text: str) -> Any:
    """A single YAML value, as an override has it. Raises ``BadExperiment`` without a place."""
    return read_yaml(text, "")[0]


def _compose(text: str, file: str) -> Node | None:
    try:
        node: Node | None = _Loader(text).get_single_node()
    except RecursionError as exc:
        raise wrong([Problem("nested too deep to be read", file)]) from exc
    except YAMLError as exc:
        raise wrong([_no_yaml(exc, text, file)]) from exc
    return node


def _no_yaml(exc: YAMLError, text: str, file: str) -> Problem:
    if isinstance(exc, ReaderError):
        line = text.count("\n", 0, exc.position) + 1
        return Problem(f"the character U+{exc.character:04X} has no place in a text", file, line)
    if not isinstance(exc, MarkedYAMLError) or exc.problem_mark is None:
        return Problem(f"no YAML: {exc}", file)
    line, said = exc.problem_mark.line + 1, exc.problem or "cannot be read"
    if "'\\t'" in said:
        return Problem("a tab where YAML has spaces", file, line, remedy="indent with spaces")
    if "single document" in (exc.context or ""):
        return Problem("a second document begins here", file, line, remedy="one experiment a file")
    context = f" {exc.context}" if exc.context else ""
    if exc.context_mark is not None and exc.context_mark.line + 1 != line:
        context += f" that begins on line {exc.context_mark.line + 1}"
    lines = text.splitlines()
    has_variable = "${" in (lines[line - 1] if line <= len(lines) else "")
    remedy = "put ${...} in quotation marks" if has_variable else ""
    return Problem(f"no YAML: {said}{context}", file, line, remedy=remedy)


class _Tree:
    """Turns nodes into data."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._count = 0
        self.places = Places()
        self.problems: list[Problem] = []

    def value(self, node: Node, path: Path, above: tuple[Node, ...]) -> Any:
        """What a node holds; ``above``: those it is in."""
        self._count += 1
        if self._count > MOST_NODES:
            what = f"over {MOST_NODES:,} values with all aliases written out"
            raise wrong([Problem(what, self._file, self.places.line(path[:1]), dotted(path[:1]))])
        if any(one is node for one in above):
            return self._fail(node, path, "an alias of something that contains it")
        if len(above) >= MOST_DEPTH:
            return self._fail(node, path[:3], f"nested over {MOST_DEPTH} deep")
        self.places.begin(path, _line(node))
        if isinstance(node, ScalarNode):
            return self._scalar(node, path)
        if node.tag not in (f"{_STANDARD}map", f"{_STANDARD}seq"):
            return self._fail(node, path, f"the tag {_tag(node)} is not read", "write plain values")
        if isinstance(node, SequenceNode):
            return [self.value(one, (*path, n), (*above, node)) for n, one in enumerate(node.value)]
        assert isinstance(node, MappingNode)
        return self._mapping(node, path, (*above, node))

    def _scalar(self, node: ScalarNode, path: Path) -> Any:
        if node.tag == _PLAIN:
            self.places.plain.add(path)
            return plain_scalar(node.value)
        if node.tag in _SCALARS:
            return plain_scalar(node.value)
        if node.tag != f"{_STANDARD}str":
            return self._fail(node, path, f"the tag {_tag(node)} is not read", "write plain values")
        return self._text(node, path)

    def _text(self, node: ScalarNode, path: Path) -> str:
        """With the halves of a character put together, as JSON writes those beyond U+FFFF."""
        try:
            return joined(node.value)
        except UnicodeDecodeError:
            self._fail(
                node, path, "half of a character, as \\ud83d without \\ude00", "write the character itself"
            )
            return ""

    def _mapping(self, node: MappingNode, path: Path, above: tuple[Node, ...]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in [*self._pairs(node, path), *self._merged(node, path, above)]:
            name = self._text(key, path)
            if name not in found:
                self.places.note((*path, name), _line(key))
                found[name] = self.value(value, (*path, name), above)
            elif any(key is own for own, _ in node.value):  # what is merged yields to what is written
                first = self.places.line((*path, name))
                self._fail(key, (*path, name), f"{name!r} is there twice, first on line {first}", "keep one")
        return found

    def _pairs(self, node: MappingNode, path: Path) -> Iterator[tuple[ScalarNode, Node]]:
        for key, value in node.value:
            if not isinstance(key, ScalarNode):
                self._fail(key, path, "a key that is no text")
            elif key.tag == _PLAIN and plain_scalar(key.value) is None:
                self._fail(key, path, "a key without a name")
            elif not _is_merge(key):
                yield key, value

    def _merged(
        self, node: MappingNode, path: Path, above: tuple[Node, ...]
    ) -> Iterator[tuple[ScalarNode, Node]]:
        """``<<: *base``: what is not written here comes from there."""
        for key, value in node.value:
            for base in _listed(value) if _is_merge(key) else ():
                if not isinstance(base, MappingNode):
                    self._fail(base, path, "<< takes a mapping, or a list of them")
                elif any(one is base for one in above):
                    self._fail(base, path, "an alias of something that contains it")
                else:
                    yield from self._pairs(base, path)
                    yield from self._merged(base, path, (*above, base))

    def _fail(self, node: Node, path: Path, what: str, remedy: str = "") -> None:
        self.problems.append(Problem(what, self._file, _line(node), dotted(path), remedy))


def joined(text: str) -> str:
    """The text with surrogate pairs as the characters they stand for. Raises ``UnicodeDecodeError`` for halves."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le") if _HALF.search(text) else text


def _is_merge(key: Node) -> bool:
    return isinstance(key, ScalarNode) and key.tag == _PLAIN and key.value == "<<"


def _listed(node: Node) -> list[Node]:
    return list(node.value) if isinstance(node, SequenceNode) else [node]


def _line(node: Node) -> int:
    return int(node.start_mark.line) + 1


def _tag(node: Node) -> str:
    return str(node.tag).replace(_STANDARD, "!!")
