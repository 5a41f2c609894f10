"""Progress on a terminal, and as plain lines where there is none."""

from __future__ import annotations

from collections.abc import Callable

from rich.console import Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from shoal.actors.limits.status import LevelStatus
from shoal.experiments.result import State
from shoal.experiments.running.amounts import count, dollars, duration, rate, several
from shoal.experiments.running.progress import Shown
from shoal.runtime.terminal.text import clipped

_STYLES = {State.DONE: "green", State.PARTIAL: "yellow", State.FAILED: "red", State.NOT_STARTED: "dim"}
_WIDEST = 100
_NAME = 40
_GAP = "  "


def draw(shown: Shown, width: int) -> RenderableType:
    """A few lines that are drawn again and again."""
    wide = min(width, _WIDEST)
    return Group(_title(shown), _bar(shown, wide), *(line for line in _lines(shown) if line.plain))


def plain_line(shown: Shown) -> str:
    """One line for a log."""
    parts = [
        f"{shown.run}: {count(shown.ended)} of {count(shown.total)} tasks",
        _tasks(shown).plain,
        _speed(shown).plain,
        _money(shown.look.budget).plain,
        f"agents {agents}" if (agents := _agents(shown).plain) else "",
    ]
    return ", ".join(part for part in parts if part)


def _title(shown: Shown) -> Text:
    title = Text.assemble((shown.run, "bold"), no_wrap=True, overflow="ellipsis")
    title.append(f"{_GAP}{duration(shown.elapsed_s)}", "dim")
    if shown.note:
        title.append(f"{_GAP}{shown.note}", "yellow")
    return title


def _bar(shown: Shown, width: int) -> RenderableType:
    of = f" {count(shown.ended)} of {count(shown.total)}"
    share = f" {100 * shown.ended // max(1, shown.total):3d} %"
    grid = Table.grid(padding=0)
    grid.add_column(width=max(10, width - len(of) - len(share)))
    grid.add_column(no_wrap=True)
    grid.add_column(no_wrap=True, style="bold")
    bar = ProgressBar(
        total=max(1, shown.total), completed=shown.ended, complete_style="cyan", finished_style="green"
    )
    grid.add_row(bar, of, share)
    return grid


def _lines(shown: Shown) -> list[Text]:
    return [
        _labelled("tasks", _tasks(shown)),
        _labelled("speed", _speed(shown)),
        _labelled("budget", _money(shown.look.budget)),
        _labelled("agents", _agents(shown)),
        _labelled("queue", _queue(shown)),
    ]


def _labelled(label: str, text: Text) -> Text:
    if not text.plain:
        return text
    return Text(no_wrap=True, overflow="ellipsis").append(f"{label:<8}", "dim").append_text(text)


def _tasks(shown: Shown) -> Text:
    said = [
        (f"{count(number)} {state.value}", _STYLES[state]) for state, number in shown.states.items() if number
    ]
    if shown.in_flight:
        said.append((f"{count(shown.in_flight)} in flight", "cyan"))
    if shown.judged:
        said.append((f"{count(shown.judged)} judged", "cyan"))
    if shown.recorded:
        said.append((f"{count(shown.recorded)} from before", "dim"))
    return _joined(said)


def _speed(shown: Shown) -> Text:
    said = []
    if shown.rate is not None:
        said.append((rate(shown.rate), ""))
    if shown.left_s is not None and shown.ended < shown.total:
        said.append((f"about {duration(shown.left_s)} left", ""))
    return _joined(said)


def _money(budget: LevelStatus | None) -> Text:
    if budget is None:
        return Text()
    limit, spent = budget.limit, budget.spent
    said = []
    if spent.tokens or limit.tokens is not None:
        said.append(_of(count(spent.tokens), limit.tokens, count, spent.tokens, " tokens"))
    if spent.usd or limit.usd is not None:
        said.append(_of(dollars(spent.usd), limit.usd, dollars, spent.usd, ""))
    if limit.calls is not None:
        said.append(_of(count(spent.calls), limit.calls, count, spent.calls, " calls"))
    elif spent.calls:
        said.append((f"{count(spent.calls)} calls", ""))
    if limit.wall_s is not None and budget.left.wall_s is not None:
        said.append((f"{duration(budget.left.wall_s)} of {duration(limit.wall_s)} left", ""))
    return _joined(said)


def _of(
    said: str, most: float | None, write: Callable[[float], str], spent: float, unit: str
) -> tuple[str, str]:
    if most is None:
        return f"{said}{unit}", ""
    style = "red" if spent >= most else "yellow" if spent >= 0.9 * most else ""
    return f"{said} of {write(most)}{unit}", style


def _agents(shown: Shown) -> Text:
    look = shown.look
    if not look.agents:
        return Text()
    said = [(f"{count(look.agents)} up", "")]
    if look.silent:
        said.append((f"no answer from {clipped(', '.join(look.silent), _NAME)}", "red"))
    if look.restarts:
        said.append((f"{count(look.restarts)} restarted", "yellow"))
    if look.dead_letters:
        said.append((several(look.dead_letters, "dead letter"), "yellow"))
    return _joined(said)


def _queue(shown: Shown) -> Text:
    look = shown.look
    said = []
    if look.queue:
        said.append((f"{several(look.queue, 'message')} waiting for {clipped(look.slowest, _NAME)}", ""))
    if look.waiting:
        said.append((f"{several(look.waiting, 'model call')} waiting for a turn", ""))
    return _joined(said)


def _joined(said: list[tuple[str, str]]) -> Text:
    return Text(", ").join(Text(part, style) for part, style in said)
