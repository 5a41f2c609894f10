"""``@shoal.on_board``: an agent's method declares which changes of a board wake it. That makes it a knowledge source.

::

    class Critic(shoal.Agent):
        @shoal.on_board("hypothesis/", when=lambda event: event.value.score < 0.5, priority=2)
        async def refine(self, event: shoal.Event[Hypothesis], ctx: shoal.Context) -> None: ...

What a knowledge source does, it does to the board; what it returns goes nowhere. A plain async function can be one too.
A declaration is only data and code until :func:`shoal.knowledge_sources` has a controller act on it.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeVar, cast

from shoal.actors.knowledge.source import MARK, on_board_wake
from shoal.blackboard.compares import Condition, as_where
from shoal.blackboard.entry import Event
from shoal.blackboard.errors import BoardError
from shoal.blackboard.operations import Where
from shoal.blackboard.spec import check_region
from shoal.blackboard.store.keys import check_prefix
from shoal.blackboard.store.limits import Limits
from shoal.runtime.errors import ConfigError

F = TypeVar("F", bound=Callable[..., Awaitable[Any]])
When = Callable[[Event[Any]], Any] | Condition | Iterable[Condition] | Mapping[str, Any]
Change = Literal["put", "delete", "any"]
MOST_ATTEMPTS = 100


@dataclass(frozen=True)
class Declaration:
    """What one ``on_board`` says; see there."""

    prefix: str
    test: Callable[[Event[Any]], Any] | None
    """``when``, where it is code."""
    where: tuple[Where, ...]
    """``when``, where it is data."""
    on: Change
    priority: int | Callable[[Event[Any]], int]
    cost: float
    region: str | None
    every: bool
    own: bool
    attempts: int
    backoff_s: float
    max_activations: int | None


class Declared:
    """A declared function. In a class body it is there only until the class is made: then the function takes its
    place, and the class has a handler for what its controller sends."""

    def __init__(
        self, function: Callable[..., Awaitable[Any]], declarations: tuple[Declaration, ...]
    ) -> None:
        self.function = function
        self.declarations = declarations
        self.__name__ = function.__name__
        self.__module__ = function.__module__
        self.__doc__ = function.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        setattr(self.function, MARK, self.declarations)
        setattr(owner, name, self.function)
        setattr(owner, on_board_wake.__name__, on_board_wake)

    def __reduce__(self) -> str | tuple[Any, ...]:
        """One that can be imported travels by its name, as functions do; others as code."""
        name, module = self.function.__name__, self.function.__module__
        if module != "__main__" and getattr(sys.modules.get(module), name, None) is self:
            return name
        return Declared, (self.function, self.declarations)

    def __call__(self, *arguments: Any, **named: Any) -> Awaitable[Any]:
        return self.function(*arguments, **named)


def on_board(
    prefix: str,
    *,
    when: When | None = None,
    on: Change = "put",
    priority: int | Callable[[Event[Any]], int] = 0,
    cost: float = 1.0,
    region: str | None = None,
    every: bool = False,
    own: bool = True,
    attempts: int = 3,
    backoff_s: float = 1.0,
    max_activations: int | None = None,
) -> Callable[[F], F]:
    """Wake the decorated ``async def (self, event: shoal.Event[Type], ctx)`` on changes under ``prefix``.

    Only values of the annotated type wake it (``Event[A | B]``: either; no annotation, or ``Any``: all).

    ``when``: conditions on fields of the value, as of a claim (``{"state": "open"}``, ``[Field("size") < 10]``), or a
    plain function of the event, which runs in the controller: quick, without effects. One that raises is counted and
    logged, and the change wakes nobody. ``on``: ``"put"``, ``"delete"`` or ``"any"``.

    ``priority``: higher goes first; a number, or a plain function of the event. ``cost``: what each attempt takes from
    the team's budget. ``region``: another one than the team's.

    A later change of the same key takes the place of what still waits, or removes it when it would wake nobody;
    ``every=True``: each change wakes it. ``own=False``: not on what this source wrote itself.

    An attempt that fails is repeated after ``backoff_s``, doubled with each; after ``attempts`` it is given up.
    ``max_activations``: how often it is begun at most in the team's life, so that one that wakes itself ends.

    Several ``on_board`` may stand on one method. Raises ``ConfigError``.
    """
    declaration = Declaration(
        prefix, *_test(when), on, priority, cost, region, every, own, attempts, backoff_s, max_activations
    )
    _check(declaration)

    def declare(function: F) -> F:
        further: tuple[Declaration, ...] = ()
        plain: Any = function
        if isinstance(plain, Declared):
            plain, further = plain.function, plain.declarations
        if not inspect.iscoroutinefunction(plain):
            raise ConfigError(f"on_board({prefix!r}): {plain!r} must be an `async def`")
        return cast(F, Declared(plain, (declaration, *further)))

    return declare


def declarations_of(function: Any) -> tuple[Declaration, ...]:
    """What a method, or a declared function, says; empty: it is no knowledge source."""
    if isinstance(function, Declared):
        return function.declarations
    found: tuple[Declaration, ...] = getattr(function, MARK, ())
    return found


def _test(when: When | None) -> tuple[Callable[[Event[Any]], Any] | None, tuple[Where, ...]]:
    if when is None:
        return None, ()
    if callable(when) and not isinstance(when, Condition):
        if inspect.iscoroutinefunction(when):
            raise ConfigError(
                f"on_board: when is {when!r}; it must be a plain function, it runs in the controller"
            )
        return when, ()
    try:
        return None, as_where([when] if isinstance(when, Condition) else when)
    except (BoardError, AttributeError, TypeError) as exc:
        raise ConfigError(
            f"on_board: when is {when!r}; give a function of the event, or conditions on fields of its value"
        ) from exc


def _check(one: Declaration) -> None:
    """Raise ``ConfigError`` for what cannot be."""
    try:
        check_prefix(one.prefix, Limits())
    except BoardError as exc:
        raise ConfigError(f"on_board: {exc.text}") from exc
    if one.region is not None:
        check_region(one.region)
    priority, most = one.priority, one.max_activations
    faults = {
        "on is 'put', 'delete' or 'any'": one.on in ("put", "delete", "any"),
        "priority is a whole number or a plain function": type(priority) is int
        or (callable(priority) and not inspect.iscoroutinefunction(priority)),
        "cost is a number from 0": _is_amount(one.cost),
        "backoff_s is a number from 0": _is_amount(one.backoff_s),
        f"attempts is a whole number from 1 to {MOST_ATTEMPTS}": type(one.attempts) is int
        and 1 <= one.attempts <= MOST_ATTEMPTS,
        "max_activations is a whole number from 1, or None": most is None
        or (type(most) is int and most >= 1),
    }
    for rule, holds in faults.items():
        if not holds:
            raise ConfigError(
                f"on_board({one.prefix!r}): {rule}, not {getattr(one, rule.partition(' ')[0])!r}"
            )


def _is_amount(number: Any) -> bool:
    return type(number) in (int, float) and 0 <= number < float("inf")
