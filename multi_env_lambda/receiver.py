"""The receiver in Lambda: ``multi_env_lambda.receiver.handler`` answers what a Git host sends to the function's URL.

It may put events of this host on the bus, read the secret of the webhook, and write below ``ci/deliveries/`` of the
bucket. GitHub waits ten seconds for an answer, so nothing here waits long or tries often.
"""

from __future__ import annotations

import json
import logging
import os
from functools import cache
from typing import Any, Final, get_args

from multi_env_lambda.aws.bucket import Bucket
from multi_env_lambda.aws.event_bus import put_event
from multi_env_lambda.aws.session import Sessions
from multi_env_lambda.aws.webhook_secret import read_webhook_secret
from multi_env_lambda.ci.webhook import Delivery, secrets_of
from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.model.ci_stack import ACCOUNT_VARIABLE, BUCKET_VARIABLE
from multi_env_lambda.model.environment import Devops
from multi_env_lambda.model.webhook import (
    HOST_VARIABLE,
    PARAMETER_VARIABLE,
    SECRET_VARIABLE,
    Webhook,
    WebhookHost,
)
from multi_env_lambda.operations.receive import Kept, Receiver, receive

__all__ = ["handler"]

_ATTEMPTS: Final = 2


def handler(event: Any, context: object) -> dict[str, Any]:
    """Answer one request, in the form that a function URL takes."""
    logging.getLogger("multi_env_lambda").setLevel(logging.INFO)
    answer = receive(_receiver(), event)
    return {
        "statusCode": answer.status,
        "headers": {"content-type": "application/json", "cache-control": "no-store"},
        "body": json.dumps({"message": answer.text}),
    }


@cache
def _receiver() -> Receiver:
    """Made once for all requests that this process gets."""
    place = Devops(
        account_id=_said(ACCOUNT_VARIABLE), region=_said("AWS_REGION"), bucket=_said(BUCKET_VARIABLE), role_name=""
    )
    sessions = Sessions(attempts=_ATTEMPTS)
    webhook = _webhook()

    def send(delivery: Delivery) -> None:
        put_event(sessions.client(place, "events"), delivery.source, delivery.kind, delivery.detail)

    def read() -> tuple[bytes, ...]:
        text = read_webhook_secret(lambda service: sessions.client(place, service), webhook)
        try:
            return secrets_of(webhook.host, text)
        except ValueError as error:
            raise ConfigurationError(
                webhook.where, str(error), hint="store another one there, and at the host"
            ) from None

    return Receiver(
        host=webhook.host,
        secrets=Kept(read),
        marks=Bucket(sessions.client(place, "s3"), place.bucket, place.account_id),
        send=send,
    )


def _webhook() -> Webhook:
    said = _said(HOST_VARIABLE)
    known: tuple[WebhookHost, ...] = get_args(WebhookHost)
    host = next((one for one in known if one == said), None)
    if host is None:
        raise ConfigurationError(HOST_VARIABLE, f"found `{said}`", hint="the CI stack sets it")
    secret, parameter = os.environ.get(SECRET_VARIABLE, ""), os.environ.get(PARAMETER_VARIABLE, "")
    return Webhook(host=host, secret=secret, parameter=parameter or ("" if secret else _said(PARAMETER_VARIABLE)))


def _said(variable: str) -> str:
    found = os.environ.get(variable, "")
    if not found:
        raise ConfigurationError(variable, "it is not set", hint="the CI stack sets it; `bootstrap devops` makes that")
    return found
