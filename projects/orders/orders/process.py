"""Orders from the queue: a bad message comes back alone, it does not take the batch with it."""

from __future__ import annotations

import json
import os
from typing import Any

from orders.model import Order, order_total

__all__ = ["handler"]


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Answer with the messages that failed, as SQS event sources expect it."""
    currency = os.environ.get("CURRENCY", "EUR")
    failed = []
    for message in event.get("Records", []):
        try:
            order = Order.model_validate(json.loads(message["body"]))
            print(json.dumps({"customer": order.customer, "total": str(order_total(order, currency))}))
        except ValueError as error:
            print(json.dumps({"message": message["messageId"], "problem": str(error).splitlines()[0]}))
            failed.append({"itemIdentifier": message["messageId"]})
    return {"batchItemFailures": failed}
