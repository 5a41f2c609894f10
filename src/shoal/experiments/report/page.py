"""The page of a report: templates, styles and script of this package, and nothing from elsewhere. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from shoal.experiments.report.compared_section import ComparedSection
from shoal.experiments.report.run_section import RunSection
from shoal.experiments.report.summary_figures import moment
from shoal.experiments.report.svg_drawing import PLOT_STYLE
from shoal.experiments.report.svg_mark import clean
from shoal.runtime.redaction import redact
from shoal.runtime.terminal.text import clipped

_CHARS = 300
"""Of an error's text in a list."""


def page(sections: Sequence[RunSection], compared: ComparedSection | str | None, made_at: float) -> str:
    """The whole page. ``compared``: the comparison, or why there is none; ``None``: it is one run."""
    return (
        _environment()
        .get_template("page.html")
        .render(
            sections=sections,
            compared=compared if isinstance(compared, ComparedSection) else None,
            not_compared=compared if isinstance(compared, str) else "",
            made=moment(made_at),
            style=Markup(PLOT_STYLE + _template("style.css")),
            script=Markup(_template("script.js")),
        )
    )


@cache
def _environment() -> Environment:
    made = Environment(
        loader=FunctionLoader(_template),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
    )
    made.filters["shortened"] = lambda said: clipped(said, _CHARS)
    return made


def _shown(value: Any) -> Any:
    """Texts without secrets and what is no letter; what is drawn already as it is."""
    return clean(redact(value)) if isinstance(value, str) and not isinstance(value, Markup) else value


def _template(name: str) -> str:
    return files("shoal.experiments.report").joinpath("templates", name).read_text("utf-8")
