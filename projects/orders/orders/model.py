"""What an order is."""

from __future__ import annotations

from money import Money, total
from pydantic import BaseModel, ConfigDict, Field

__all__ = ["Line", "Order", "order_total"]


class Line(BaseModel):
    """So many of one article at one price."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    sku: str = Field(min_length=1)
    quantity: int = Field(gt=0)
    price: str


class Order(BaseModel):
    """What one customer orders at once."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    customer: int
    lines: tuple[Line, ...] = Field(min_length=1)


def order_total(order: Order, currency: str) -> Money:
    return total([Money.parse(line.price, currency).times(line.quantity) for line in order.lines], currency)
