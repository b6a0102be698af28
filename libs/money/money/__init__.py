"""Amounts of money in whole minor units, so that adding never loses a cent."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

__all__ = ["Money", "total"]

DECIMALS = {"JPY": 0, "EUR": 2, "GBP": 2, "USD": 2}


@dataclass(frozen=True)
class Money:
    """``minor`` units of ``currency``: Money(1995, "EUR") is 19.95 EUR."""

    minor: int
    currency: str

    @classmethod
    def parse(cls, text: str, currency: str) -> Money:
        """Read ``19.95``; more decimals than the currency has are refused, never rounded."""
        if currency not in DECIMALS:
            raise ValueError(f"unknown currency: {currency}")
        try:
            scaled = Decimal(text).scaleb(DECIMALS[currency])
        except InvalidOperation:
            raise ValueError(f"not an amount: {text}") from None
        if not scaled.is_finite() or scaled != scaled.to_integral_value():
            raise ValueError(f"not an amount in {currency}: {text}")
        return cls(int(scaled), currency)

    def __add__(self, other: Money) -> Money:
        if self.currency != other.currency:
            raise ValueError(f"cannot add {other.currency} to {self.currency}")
        return Money(self.minor + other.minor, self.currency)

    def times(self, count: int) -> Money:
        return Money(self.minor * count, self.currency)

    def __str__(self) -> str:
        return f"{Decimal(self.minor).scaleb(-DECIMALS[self.currency])} {self.currency}"


def total(amounts: list[Money], currency: str) -> Money:
    """The sum; nothing at all is 0 of ``currency``."""
    result = Money(0, currency)
    for amount in amounts:
        result = result + amount
    return result
