from __future__ import annotations

import pytest
from money import Money, total


def test_an_amount_is_read_without_rounding() -> None:
    assert Money.parse("19.95", "EUR") == Money(1995, "EUR")
    assert Money.parse("500", "JPY") == Money(500, "JPY")


@pytest.mark.parametrize("text", ["19.999", "ten", "NaN", "Infinity"])
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not an amount"):
        Money.parse(text, "EUR")


def test_tenths_add_up() -> None:
    assert str(total([Money.parse("0.10", "EUR")] * 3, "EUR")) == "0.30 EUR"


def test_currencies_do_not_mix() -> None:
    with pytest.raises(ValueError, match="cannot add USD to EUR"):
        Money(1, "EUR") + Money(1, "USD")
