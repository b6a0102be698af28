"""Reads the secret of a webhook where it is kept. Its text is in no message, and is never shown."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from multi_env_lambda.aws.error_codes import account_error, aws_errors, text_of
from multi_env_lambda.errors import PublishError
from multi_env_lambda.model.webhook import Webhook

__all__ = ["read_webhook_secret"]

_SECURE = "SecureString"


def read_webhook_secret(client: Callable[[str], Any], webhook: Webhook) -> str:
    """The text that is stored now.

    Args:
        client: makes the client of a service.

    Raises:
        AccountError: the role may not read it.
        PublishError: it is not there, or not kept as a secret.
    """
    where = webhook.where
    try:
        if webhook.secret:
            found = client("secretsmanager").get_secret_value(SecretId=webhook.secret)
            return _text(found.get("SecretString"), where)
        parameter = client("ssm").get_parameter(Name=webhook.parameter, WithDecryption=True)["Parameter"]
    except aws_errors() as error:
        known = account_error(where, error)
        if known is not None:
            raise known from error
        raise PublishError(where, text_of(error), hint="create it in the devops account and region") from error
    if parameter.get("Type") != _SECURE:
        what = f"it is a {parameter.get('Type')}, which is stored in plain text"
        raise PublishError(where, what, hint=f"store a new secret there, as a {_SECURE}")
    return _text(parameter.get("Value"), where)


def _text(found: object, where: str) -> str:
    if not isinstance(found, str):
        raise PublishError(where, "it is binary", hint="store the secret as text")
    return found
