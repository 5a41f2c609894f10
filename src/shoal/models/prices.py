"""What calls cost: a table that the user can replace, and two pure functions.

A price comes from, in this order: the model's own ``price``; nothing at all for scripted models and for endpoints on
loopback (who serves a model himself pays for no tokens); the user's file (argument, else ``SHOAL_PRICES``); the table
that shoal brings along. A dated name (``gpt-4o-2024-08-06``) has the price of the name without its date.

Otherwise the price is not known, which is not a price of zero: such a call is counted with 0 dollars as long as nobody
limits dollars, and refused where somebody does (:func:`refuse_unpriced`).
"""

from __future__ import annotations

import functools
import os
import re
import tomllib
from collections.abc import Iterable, Mapping
from datetime import date
from importlib.resources import files
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from shoal.models.chat import Usage
from shoal.models.errors import BudgetExceeded
from shoal.models.permits import Level
from shoal.models.spec import Model, Price
from shoal.runtime.config import describe_invalid
from shoal.runtime.errors import ConfigError

FREE = Price(input=0.0, output=0.0)
VARIABLE = "SHOAL_PRICES"
"""The environment variable that names the user's file."""
_MILLION = 1_000_000
_DATED = re.compile(r"^(.+?)-(?:\d{4}-\d{2}-\d{2}|\d{8})$")


class PriceRow(BaseModel):
    """One model's price, when it was read, and where."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str = Field(min_length=1)
    input: float = Field(ge=0, allow_inf_nan=False)
    output: float = Field(ge=0, allow_inf_nan=False)
    cached: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    on: date
    source: str


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    price: list[PriceRow] = []


class PriceTable:
    """Prices by model."""

    def __init__(self, rows: Iterable[PriceRow] = ()) -> None:
        self.rows: Mapping[str, PriceRow] = {row.model: row for row in rows}

    def find(self, model: str) -> Price | None:
        """The price of a model by its name at the endpoint; ``None``: not known."""
        row = self.rows.get(model)
        if row is None and (dated := _DATED.match(model)):
            row = self.rows.get(dated[1])
        return None if row is None else Price(input=row.input, output=row.output, cached=row.cached)

    def of(self, spec: Model) -> Price | None:
        """The price of a model as it is used; ``None``: not known."""
        if spec.price is not None:
            return spec.price
        if spec.provider == "scripted" or is_loopback(spec.base_url or os.environ.get("OPENAI_BASE_URL")):
            return FREE
        return self.find(spec.model)


def load_prices(path: str | Path | None = None) -> PriceTable:
    """The table: the user's file, ``path`` or what ``SHOAL_PRICES`` names, over the one that shoal brings along.

    Raises :class:`ConfigError` naming the file and the field when it cannot be read. Blocks.
    """
    brought = _brought_along()
    named = path or os.environ.get(VARIABLE)
    if not named:
        return PriceTable(brought)
    try:
        text = Path(named).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        raise ConfigError(
            f"the prices in {named} cannot be read: {exc} (given, or named by {VARIABLE})"
        ) from exc
    return PriceTable([*brought, *_read(text, str(named))])


@functools.cache
def _brought_along() -> list[PriceRow]:
    return _read(files("shoal.models").joinpath("prices.toml").read_text("utf-8"), "prices.toml of shoal")


def _read(text: str, name: str) -> list[PriceRow]:
    try:
        return _File.model_validate(tomllib.loads(text)).price
    except tomllib.TOMLDecodeError as exc:
        raise ConfigError(f"the prices in {name} are no TOML: {exc}") from exc
    except ValidationError as exc:
        raise ConfigError(describe_invalid(f"the prices in {name}", exc)) from exc


def cost(price: Price | None, usage: Usage) -> float:
    """US dollars that ``usage`` costs; 0 where the price is not known."""
    if price is None:
        return 0.0
    cached = min(usage.cached_tokens, usage.input_tokens)
    per_cached = price.input if price.cached is None else price.cached
    read = (usage.input_tokens - cached) * price.input + cached * per_cached
    return (read + usage.output_tokens * price.output) / _MILLION


def most(price: Price | None, input_tokens: int, max_output_tokens: int) -> float:
    """US dollars that a call can cost at most; 0 where the price is not known."""
    if price is None:
        return 0.0
    per_input = max(price.input, price.cached or 0.0)
    return (input_tokens * per_input + max_output_tokens * price.output) / _MILLION


def refuse_unpriced(spec: Model, levels: Iterable[Level], usd_limited: bool = False) -> None:
    """For a model without a known price. Raises :class:`BudgetExceeded` when one of ``levels`` limits dollars, or
    ``usd_limited`` says that a budget declared elsewhere does: nobody can say what the call would cost."""
    limiting = next(
        (one.name for one in levels if one.budget is not None and one.budget.usd is not None), None
    )
    if limiting is None and not usd_limited:
        return
    raise BudgetExceeded(
        f"the price of {spec.model} is not known, and {limiting or 'a budget'} limits dollars: give "
        f"Model(price=Price(input=..., output=...)), or list it in a file that {VARIABLE} names",
        model=spec.model, endpoint=spec.endpoint, budget=limiting or "", resource="usd", unpriced=True,
    )  # fmt: skip


def is_loopback(base_url: str | None) -> bool:
    """Whether an address is on this machine."""
    try:
        host = (urlsplit(base_url).hostname or "") if base_url else ""
    except ValueError:
        return False
    return host in ("localhost", "::1") or re.fullmatch(r"127(\.\d{1,3}){3}", host) is not None
