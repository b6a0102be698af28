"""An order by HTTPS, or by a direct invocation with the order as payload."""

from __future__ import annotations

import json
import os
from typing import Any

from pydantic import ValidationError

from orders.model import Order, order_total

__all__ = ["answer", "handler"]


def answer(order: object, currency: str) -> tuple[int, dict[str, Any]]:
    """The status and what is said to the customer."""
    try:
        amount = order_total(Order.model_validate(order), currency)
    except ValidationError as error:
        problems = [f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors()]
        return 400, {"ok": False, "problems": problems}
    except ValueError as error:
        return 400, {"ok": False, "problems": [str(error)]}
    return 201, {"ok": True, "total": str(amount)}


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    currency = os.environ.get("CURRENCY", "EUR")
    if "requestContext" not in event:
        return answer(event, currency)[1]
    try:
        body = json.loads(event.get("body") or "null")
    except ValueError:
        body = None
    status, said = answer(body, currency)
    return {"statusCode": status, "headers": {"content-type": "application/json"}, "body": json.dumps(said)}
