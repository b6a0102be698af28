"""A function gets a topic's message with ``SigningCertUrl`` and ``UnsubscribeUrl``, and always with all fields.

Reason: ministack hands on what subscribers over HTTP get, who have ``SigningCertURL`` and ``UnsubscribeURL``; and it
leaves out a subject and attributes that the message does not have.
Source: events that functions have logged (serverless/event-mocks, awslabs/aws-lambda-rust-runtime, gist
mikegrima/e4e754ccf22b1aa45ed9a6e18a063ee3). AWS's page shows the other spelling; AWS's Powertools read both.
"""

from __future__ import annotations

import json
from typing import Any

from .names import load, original

__all__ = ["patch"]

_SPELLING = {"SigningCertURL": "SigningCertUrl", "UnsubscribeURL": "UnsubscribeUrl"}
_ALWAYS: dict[str, Any] = {"Subject": None, "MessageAttributes": {}}


def patch() -> None:
    sns = load("ministack.services.sns")
    deliver = original(sns, "_deliver_to_lambda")

    def spelled(endpoint: str, envelope: str, *more: Any) -> None:
        fields = {_SPELLING.get(name, name): value for name, value in json.loads(envelope).items()}
        deliver(endpoint, json.dumps({**_ALWAYS, **fields}), *more)

    sns._deliver_to_lambda = spelled
