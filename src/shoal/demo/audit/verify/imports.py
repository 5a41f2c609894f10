"""What imported names stand for, read off the tokens of import statements."""

from __future__ import annotations

import tokenize
from collections.abc import Iterator
from functools import lru_cache

from shoal.demo.audit.verify.lines import Token, split
from shoal.demo.audit.verify.view import View


def bindings(tokens: tuple[Token, ...]) -> Iterator[tuple[str, str]]:
    """``(bound name, dotted origin)`` for each name a logical line imports; nothing for other lines."""
    if not any(token.string == "import" for token in tokens):
        return
    for statement in split(tokens, ";"):
        words = [token.string for token in statement if token.type != tokenize.COMMENT]
        if "import" not in words:
            continue
        at = words.index("import")
        start = words.index("from") if "from" in words[:at] else None
        module = "".join(words[start + 1 : at]) if start is not None else ""
        for names in split(tuple(token for token in statement[at + 1 :] if token.string not in "()")):
            parts = [token.string for token in names]
            bound = parts[-1] if "as" in parts else ""
            name = "".join(parts[: parts.index("as")] if bound else parts)
            if module:
                yield bound or name, f"{module}.{name}"
            else:
                head = name.partition(".")[0]
                yield bound or head, name if bound else head


@lru_cache(maxsize=1)
def origins(view: View) -> dict[str, str]:
    """The dotted origin of every name imported anywhere in the module."""
    return {bound: origin for line in view.lines for bound, origin in bindings(line.tokens)}
