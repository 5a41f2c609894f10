"""Instructions: a template of Jinja2, filled from the typed input.

What the input holds is data: it is put in, never read as a template itself. The template can use the fields of the
input by name, and the whole as ``input``. Nothing else is in reach (no clock, no environment), so that the same input
makes the same text: a rerun has to ask the model the same.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from shoal.runtime.errors import ConfigError

if TYPE_CHECKING:
    from jinja2 import Template
    from jinja2.sandbox import ImmutableSandboxedEnvironment

_LARGEST_FILE = 1024 * 1024


class Instructions:
    """A template. It travels as its text."""

    def __init__(self, source: str | Path, what: str = "instructions") -> None:
        """``source``: the text, or the path of a file that holds it, read now. Raises :class:`ConfigError`."""
        self.what = what
        self.text = _read(source, what) if isinstance(source, Path) else source

    def __reduce__(self) -> tuple[Any, ...]:
        return Instructions, (self.text, self.what)

    def __deepcopy__(self, memo: dict[int, Any]) -> Instructions:
        return self  # it never changes, and a compiled template cannot be copied

    @cached_property
    def _template(self) -> Template:
        from jinja2 import TemplateSyntaxError  # noqa: PLC0415 - 30 ms that only who has an LLM agent pays

        try:
            return _environment().from_string(self.text)
        except TemplateSyntaxError as exc:
            raise ConfigError(f"{self.what}, line {exc.lineno}: {exc.message}") from exc

    @property
    def is_fixed(self) -> bool:
        """Whether it is the same for every input. Raises :class:`ConfigError` for a template that does not parse."""
        from jinja2 import meta  # noqa: PLC0415 - see above

        assert self._template is not None
        return not meta.find_undeclared_variables(_environment().parse(self.text))

    def check(self, accepts: type) -> None:
        """Raise :class:`ConfigError` for a template that does not parse, or names what the input has not."""
        from jinja2 import meta  # noqa: PLC0415 - see above

        assert self._template is not None
        used = meta.find_undeclared_variables(_environment().parse(self.text))
        known = {"input", *(accepts.model_fields if issubclass(accepts, BaseModel) else ())}
        for name in sorted(used - known):
            raise ConfigError(
                f"{self.what} use {{{{ {name} }}}}, but the input {accepts.__name__} has only "
                f"{', '.join(sorted(known - {'input'})) or 'itself, as input'}"
            )

    def fill(self, message: Any) -> str:
        """The text for this input. Raises :class:`ConfigError` when the template fails on it."""
        from jinja2 import TemplateError  # noqa: PLC0415 - see above

        fields: dict[str, Any] = {"input": message}
        if isinstance(message, BaseModel):
            fields |= {name: getattr(message, name) for name in type(message).model_fields}
        try:
            return self._template.render(fields)
        except (TemplateError, TypeError, ValueError, ArithmeticError, LookupError) as exc:
            raise ConfigError(f"{self.what} cannot be filled from {type(message).__name__}: {exc}") from exc


def _read(path: Path, what: str) -> str:
    try:
        if path.stat().st_size > _LARGEST_FILE:
            raise ConfigError(f"{what}: {path} is over {_LARGEST_FILE:,} bytes; is it the right file?")
        return path.read_text(encoding="utf-8")
    except OSError as exc:
        raise ConfigError(f"{what}: {path} cannot be read: {exc.strerror or exc}") from exc
    except UnicodeDecodeError as exc:
        raise ConfigError(f"{what}: {path} is no UTF-8 text") from exc


def _environment() -> ImmutableSandboxedEnvironment:
    global _shared  # noqa: PLW0603 - one a process: it takes a millisecond to make and never changes
    if _shared is None:
        from jinja2 import StrictUndefined  # noqa: PLC0415 - see above
        from jinja2.sandbox import ImmutableSandboxedEnvironment  # noqa: PLC0415 - see above

        _shared = ImmutableSandboxedEnvironment(
            undefined=StrictUndefined, keep_trailing_newline=False, trim_blocks=True, lstrip_blocks=True
        )
    return _shared


_shared: ImmutableSandboxedEnvironment | None = None
