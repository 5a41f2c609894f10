from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoal.models.chat import Usage
from shoal.models.prices import FREE, PriceTable, cost, is_loopback, load_prices, most
from shoal.models.spec import Model, Price
from shoal.runtime.errors import ConfigError

TOKENS = st.integers(0, 10**7)
DOLLARS = st.floats(0, 1_000, allow_nan=False)
PRICES = st.builds(Price, input=DOLLARS, output=DOLLARS, cached=st.none() | DOLLARS)

ROW = '[[price]]\nmodel = "gpt-4o"\ninput = 7\noutput = 8\non = 2026-01-01\nsource = "our contract"\n'


def test_cached_input_has_its_own_price() -> None:
    usage = Usage(input_tokens=1_000_000, output_tokens=500_000, cached_tokens=400_000)
    assert cost(Price(input=1, output=4, cached=0.5), usage) == pytest.approx(0.6 + 0.2 + 2.0)
    assert cost(Price(input=1, output=4), usage) == pytest.approx(1.0 + 2.0)
    assert cost(None, usage) == 0


@given(PRICES, TOKENS, TOKENS, TOKENS)
def test_a_call_never_costs_more_than_the_most_it_can_cost(
    price: Price, read: int, written: int, cached: int
) -> None:
    usage = Usage(input_tokens=read, output_tokens=written, cached_tokens=cached)
    assert cost(price, usage) <= most(price, read, written) * (1 + 1e-9)
    assert cost(price, usage) <= most(price, read + 1, written + 1) * (1 + 1e-9)


def test_each_price_that_comes_along_has_a_day_and_a_source() -> None:
    rows = load_prices().rows.values()
    assert rows
    assert all(row.on > date(2025, 1, 1) and row.source for row in rows)


def test_a_dated_name_has_the_price_of_the_name_and_an_unknown_one_has_none() -> None:
    table = load_prices()
    assert table.find("gpt-4o-2024-08-06") == table.find("gpt-4o")
    assert table.find("gpt-4o") is not None
    assert table.find("gpt-4o-audio") is None


def test_the_users_file_goes_before_the_table_and_the_rest_of_it_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "prices.toml").write_text(ROW)
    given_as_argument = load_prices(tmp_path / "prices.toml")
    monkeypatch.setenv("SHOAL_PRICES", str(tmp_path / "prices.toml"))
    for table in (given_as_argument, load_prices()):
        assert table.find("gpt-4o") == Price(input=7, output=8)
        assert table.find("gpt-4o-mini") == Price(input=0.15, output=0.60, cached=0.075)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[[price", "no TOML"),
        (ROW.replace("input = 7", "input = -7"), "price.0.input"),
        (ROW.replace("input = 7", 'input = "7 dollars"'), "price.0.input"),
        (ROW.replace("input", "inputs"), "price.0.inputs"),
        (ROW.replace("output = 8\n", ""), "price.0.output"),
        (ROW.replace("input = 7", "input = inf"), "price.0.input"),
        ("prices = 1", "prices"),
    ],
)
def test_a_file_that_is_wrong_is_named_with_the_field(tmp_path: Path, text: str, named: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=r"mine\.toml") as caught:
        load_prices(path)
    assert named in str(caught.value)


def test_a_file_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"gone\.toml"):
        load_prices(tmp_path / "gone.toml")


def test_a_models_own_price_goes_first_and_what_is_served_here_costs_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    table = PriceTable(load_prices().rows.values())
    own = Price(input=1, output=1)
    assert table.of(Model(model="gpt-4o", price=own)) == own
    assert table.of(Model(model="gpt-4o")) == table.find("gpt-4o")
    assert table.of(Model(model="gpt-4o", base_url="http://127.0.0.1:8000/v1")) == FREE
    assert table.of(Model(model="anything", provider="scripted")) == FREE
    assert table.of(Model(model="anything", base_url="https://models.example/v1")) is None
    assert table.of(Model(model="anything")) is None
    monkeypatch.setenv("OPENAI_BASE_URL", "http://localhost:11434/v1")
    assert table.of(Model(model="anything")) == FREE


def test_only_this_machine_is_loopback() -> None:
    assert all(map(is_loopback, ("http://localhost/v1", "http://127.1.2.3:80", "http://[::1]:8000/v1")))
    other = (
        None,
        "",
        "http://127.0.0.1.example.com",
        "http://10.0.0.1",
        "http://localhost.example",
        "http://[::1",
    )
    assert not any(map(is_loopback, other))
