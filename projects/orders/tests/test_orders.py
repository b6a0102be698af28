from __future__ import annotations

import json

import pytest
from orders.create import answer
from orders.create import handler as create
from orders.process import handler as process

ORDER = {"customer": 1, "lines": [{"sku": "tea", "quantity": 3, "price": "4.20"}]}


def test_an_order_has_a_total() -> None:
    assert create(ORDER, None) == {"ok": True, "total": "12.60 EUR"}


def test_a_request_by_https_is_answered_with_a_status() -> None:
    said = create({"requestContext": {}, "body": json.dumps(ORDER)}, None)

    assert (said["statusCode"], json.loads(said["body"])["ok"]) == (201, True)


@pytest.mark.parametrize("body", ["", "{", "[]", json.dumps(ORDER | {"lines": []})])
def test_a_request_that_is_no_order_is_400(body: str) -> None:
    assert create({"requestContext": {}, "body": body}, None)["statusCode"] == 400


def test_a_price_with_half_cents_is_refused() -> None:
    line = {"sku": "tea", "quantity": 1, "price": "4.205"}

    assert answer({"customer": 1, "lines": [line]}, "EUR") == (
        400,
        {"ok": False, "problems": ["not an amount in EUR: 4.205"]},
    )


def test_only_the_bad_messages_come_back() -> None:
    messages = [{"messageId": "good", "body": json.dumps(ORDER)}, {"messageId": "bad", "body": "{}"}]

    assert process({"Records": messages}, None) == {"batchItemFailures": [{"itemIdentifier": "bad"}]}
