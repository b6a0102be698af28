"""What `doctor` finds out about the receiver, by asking it as anybody may."""

from __future__ import annotations

from collections.abc import Mapping
from typing import get_args

import pytest

from multi_env_lambda.ci.webhook import Arrived, arrived, is_signed
from multi_env_lambda.model.webhook import Webhook, WebhookHost
from multi_env_lambda.operations.webhook_check import check_webhook

WEBHOOK = Webhook(host="github", secret="acme/webhook")
ADDRESS = "https://a1b2.lambda-url.us-east-1.on.aws/"


@pytest.mark.parametrize(
    ("status", "state", "what"),
    [
        (401, "ok", f"webhooks of github are received at {ADDRESS}"),
        (403, "problem", "AWS lets nobody call it"),
        (429, "problem", "busy"),
        (503, "problem", "cannot read secret acme/webhook"),
        (502, "problem", "it answers 502"),
        (200, "problem", "it answers 200"),
    ],
)
def test_each_answer_has_a_meaning(status: int, state: str, what: str) -> None:
    found = check_webhook(WEBHOOK, ADDRESS, lambda *_: (status, ""))
    assert found[0] == state
    assert what in found[1]
    assert bool(found[2]) == (state == "problem")


def test_without_an_address_there_is_no_receiver() -> None:
    assert check_webhook(WEBHOOK, "")[0] == "problem"


@pytest.mark.parametrize("host", get_args(WebhookHost))
def test_what_it_sends_has_the_form_of_a_webhook_and_a_signature_of_nobody(host: WebhookHost) -> None:
    """So the receiver has to read its secret before it can say no."""
    sent: list[tuple[bytes, Mapping[str, str]]] = []

    def send(_: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, str]:
        sent.append((body, headers))
        return 401, ""

    check_webhook(Webhook(host=host, secret="acme/webhook"), ADDRESS, send)
    ((body, headers),) = sent
    request = {
        "rawPath": "/",
        "headers": headers,
        "body": body.decode(),
        "requestContext": {"http": {"method": "POST"}},
    }
    found = arrived(host, request)
    assert isinstance(found, Arrived)
    assert not is_signed(found, [b"any-secret-of-anybody"], found.sent or 0.0)
