"""What a name in the module stands for: an imported function, a built-in, or nothing known."""

from __future__ import annotations

import ast

from shoal.demo.audit.checks.tree import Tree


class Names:
    """Resolves call targets through the module's imports, wherever in the module they stand."""

    def __init__(self, tree: Tree) -> None:
        self._imported: dict[str, str] = {}
        self._bound: set[str] = {node.name for node in tree.definitions}
        placeholders = {
            target for node in tree.nodes(ast.Assign) if _is_none(node.value) for target in node.targets
        }
        stored = (node for node in tree.nodes(ast.Name) if not isinstance(node.ctx, ast.Load))
        self._bound |= {node.id for node in stored if node not in placeholders}
        self._bound |= {node.arg for node in tree.nodes(ast.arg)}
        for plain in tree.nodes(ast.Import):
            for alias in plain.names:
                head = alias.name.partition(".")[0]
                self._imported[alias.asname or head] = alias.name if alias.asname else head
        for node in tree.nodes(ast.ImportFrom):
            for alias in node.names:
                module = "." * node.level + (node.module or "")
                self._imported[alias.asname or alias.name] = f"{module}.{alias.name}"

    def resolve(self, target: ast.expr) -> str | None:
        """``subprocess.run`` for ``run`` after ``from subprocess import run``; ``builtins.eval`` for
        ``eval``.

        ``None`` for what is no dotted name, or begins with a name the module binds itself.
        """
        parts: list[str] = []
        while isinstance(target, ast.Attribute):
            parts.append(target.attr)
            target = target.value
        if not isinstance(target, ast.Name) or target.id in self._bound:
            return None
        head = self._imported.get(target.id) or f"builtins.{target.id}"
        return ".".join([head, *reversed(parts)])

    def imports(self, module: str) -> bool:
        """Whether ``module`` is imported under any name, whole or in part."""
        return any(name == module or name.startswith(f"{module}.") for name in self._imported.values())


def _is_none(value: ast.expr) -> bool:
    # `except ImportError: yaml = None` does not make yaml something else where it is called.
    return isinstance(value, ast.Constant) and value.value is None
