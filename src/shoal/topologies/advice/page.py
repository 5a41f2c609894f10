"""Advice as people read it on a terminal."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

from shoal.topologies.advice.advice import Advice, Avoid
from shoal.topologies.advice.patterns import FACTS, Pattern, claimed

_START = "team = await system.build("


class Code:
    """A call: on one line where it fits, else an argument a line."""

    def __init__(self, call: str, arguments: tuple[str, ...]) -> None:
        self._call = call
        self._arguments = arguments

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        line = f"{_START}{self._call}({', '.join(self._arguments)}))"
        if len(line) <= options.max_width:
            yield Text(line, "green")
            return
        middle = (f"    {argument}," for argument in self._arguments)
        yield Text("\n".join([f"{_START}{self._call}(", *middle, "))"]), "green")


def advice_page(advice: Advice, last: str, what: str) -> RenderableType:
    """All of it, and a ``last`` row, which says ``what``."""
    rows = Table.grid(padding=(0, 2, 1, 0), expand=True)
    rows.add_column(style="dim", no_wrap=True)
    rows.add_column(ratio=1)
    for label, shown in _sections(advice):
        rows.add_row(label, shown)
    rows.add_row(last, Text(what, "dim"))
    title = Text.assemble((advice.title, "bold"), (f"  shoal.{advice.pattern}", "cyan"))
    return Group(title, Text(advice.what), Text(), rows)


def _sections(advice: Advice) -> Iterable[tuple[str, RenderableType]]:
    yield "build", Code(advice.call, advice.arguments)
    yield "why", _why(advice)
    if advice.conflict is not None:
        yield "but", _conflict(advice)
    if advice.options:
        yield "options", _bullets(one.text for one in advice.options)
    yield "costs", _costs(advice)
    if advice.cautions:
        yield "mind", _bullets(one.text for one in advice.cautions)
    if advice.avoid:
        yield "avoid", _avoid(advice.avoid)
    if advice.fails:
        yield "guards", _fails(advice)
    yield "measure", _bullets(advice.measure)
    yield "next", _bullets(_next(advice))


def _why(advice: Advice) -> RenderableType:
    if not advice.why:
        return Text(
            "Nothing that you said rules out one agent. More of them cost more and fail in more ways: with one, about "
            "64 % of benchmarked tasks are claimed to go as well or better."
        )
    return _bullets([*(one.text for one in advice.why), *_fitting(advice)])


def _fitting(advice: Advice) -> Iterable[str]:
    if advice.conflict is None:
        yield f"Of the teams, this is the simplest for {advice.fits}."


def _conflict(advice: Advice) -> RenderableType:
    conflict = advice.conflict
    assert conflict is not None
    title = FACTS[conflict.pattern].title.lower()
    head = f"{_capital(conflict.wanted)} would be for a {title}; against it: {conflict.against}."
    chosen = "in spite of that" if advice.pattern is conflict.pattern else "instead"
    return Group(
        Text(head, "yellow"),
        Text.assemble((f"The least bad, {chosen}: ", "yellow"), advice.title, ". ", conflict.least_bad),
    )


def _costs(advice: Advice) -> Text:
    costs = Text(_capital(claimed(advice.pattern)) + ".")
    if advice.inside:
        costs.append(f" The debate inside: {claimed(Pattern.DEBATE)}.")
    return costs


def _avoid(avoided: Iterable[Avoid]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False, expand=True)
    table.add_column(style="red", no_wrap=True)
    table.add_column(ratio=2, style="dim")
    table.add_column(ratio=5)
    before = None
    for one in sorted(avoided, key=lambda one: list(Pattern).index(one.pattern)):
        table.add_row("" if one.pattern is before else one.pattern, one.said, one.why)
        before = one.pattern
    return table


def _fails(advice: Advice) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False, expand=True)
    table.add_column(style="cyan", no_wrap=True)
    table.add_column(ratio=1)
    for option, failure in advice.fails.items():
        table.add_row(f"{option}=", failure)
    return table


def _next(advice: Advice) -> Iterable[str]:
    if advice.pattern is Pattern.SINGLE:
        yield FACTS[Pattern.SINGLE].measure
        if advice.grows_to is not None:
            title = FACTS[advice.grows_to].title.lower()
            yield f"Should one agent not be enough: {title}. Ask again, with what you measured."
        return
    if advice.inside:
        yield f"For the second look, put {advice.inside} in the place of the member whose mistakes cost most."
    yield "Build and test the agents alone, then the team: shoal topology show draws and checks it before it runs."
    yield (
        "Give the same tasks to shoal.single: quality, time, and tokens by shoal cost RUN. Stay with it where it is "
        "no worse."
    )
    yield "What the wiring itself costs on your machine, without a model: shoal bench topologies."


def _bullets(lines: Iterable[str]) -> Table:
    table = Table.grid(padding=(0, 1, 0, 0))
    table.add_column(style="dim")
    table.add_column(ratio=1)
    for line in lines:
        table.add_row("•", Text(line))
    return table


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
