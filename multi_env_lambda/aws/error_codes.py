"""What botocore's many errors mean, in one place: throttled, lost, refused, or about something missing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from multi_env_lambda.errors import AccountError, MultiEnvLambdaError, SessionEnded
from multi_env_lambda.model.session import Source, renewal
from multi_env_lambda.wording import Advice, advice, option

__all__ = [
    "account_error",
    "aws_errors",
    "code_of",
    "is_denied",
    "is_expired",
    "is_lost",
    "is_missing_stack",
    "is_of_missing_stack",
    "is_throttled",
    "is_unknown_key",
    "message_of",
    "response_of",
    "status_of",
    "text_of",
]

_NO_STACK = re.compile(r"Stack\b.* does not exist", re.DOTALL)
_THROTTLED = frozenset(
    {
        "BandwidthLimitExceeded",
        "EC2ThrottledException",
        "PriorRequestNotComplete",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        "TransactionInProgressException",
    }
)
_DENIED = frozenset(
    {
        "403",
        "AccessDenied",
        "AccessDeniedException",
        "AllAccessDisabled",
        "AuthFailure",
        "AuthorizationError",
        "Forbidden",
        "NotAuthorized",
        "UnauthorizedOperation",
    }
)
_NO_CREDENTIALS = frozenset({"NoCredentialsError", "PartialCredentialsError", "CredentialRetrievalError"})
_STOPPED = advice(
    "nothing answers at this port; if it was the local cloud, {} starts it again",
    Advice("the same command", "`workspace.reload()` gives a workspace that"),
)

_EXPIRED = frozenset(
    {
        # Of services: query and XML, JSON, EC2, S3.
        "ExpiredToken",
        "ExpiredTokenException",
        "RequestExpired",
        "TokenRefreshRequired",
        # Of botocore, before anything is sent.
        "InvalidGrantException",
        "LoginRefreshRequired",
        "LoginTokenLoadError",
        "RefreshWithMFAUnsupportedError",
        "SSOTokenLoadError",
        "TokenRetrievalError",
        "UnauthorizedSSOTokenError",
    }
)
"""Sources: *Common errors* of each API reference, *Error responses* of S3, and ``botocore/exceptions.py``."""

_WRONG_KEY = frozenset(
    {
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidIdentityToken",
        "InvalidToken",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)


def aws_errors() -> tuple[type[Exception], ...]:
    """Everything that a call through botocore raises deliberately; for ``except aws_errors() as error``."""
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.parsers import ResponseParserError

    return (ClientError, BotoCoreError, ResponseParserError)


def response_of(error: Exception) -> Mapping[str, Any]:
    """What the service answered; empty if it did not: botocore's errors about connections have None for it."""
    response = getattr(error, "response", None)
    return response if isinstance(response, dict) else {}


def code_of(error: Exception) -> str:
    """The service's error code, or the class name if there was no response."""
    response = response_of(error)
    return str(response.get("Error", {}).get("Code", "")) if response else type(error).__name__


def message_of(error: Exception) -> str:
    """What the service said, without botocore's wording around it."""
    if response := response_of(error):
        return str(response.get("Error", {}).get("Message", "")).strip().rstrip(".")
    if type(error).__name__ == "ResponseParserError":
        return "the answer cannot be read"  # botocore's text is all of it, with whatever somebody typed in
    return str(error).strip().rstrip(".")


def text_of(error: Exception) -> str:
    """``Code: message``, as one line for an error text."""
    code, message = code_of(error), " ".join(message_of(error).split())
    return f"{code}: {message}" if message else code


def status_of(error: Exception) -> int:
    """The HTTP status, or 0 if there was no response."""
    return int(response_of(error).get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def is_throttled(error: Exception) -> bool:
    """Whether the service asks us to slow down, in any of its spellings."""
    if code_of(error) in _THROTTLED or status_of(error) == 429:
        return True
    return message_of(error).lower().startswith("rate exceeded")


def is_lost(error: Exception) -> bool:
    """Whether it is unknown if the call was applied: no response, half a response, or a server error (5xx)."""
    from botocore.exceptions import ConnectionError as NoConnection
    from botocore.exceptions import HTTPClientError, IncompleteReadError
    from botocore.parsers import ResponseParserError

    if isinstance(error, (NoConnection, HTTPClientError, IncompleteReadError, ResponseParserError)):
        return True
    return 500 <= status_of(error) < 600 and status_of(error) != 501


def is_denied(error: Exception) -> bool:
    """Whether the caller is known, but not allowed to do this."""
    return code_of(error) in _DENIED


def is_expired(error: Exception) -> bool:
    """Whether the credentials are over, as the service or botocore says it."""
    if isinstance(error, RuntimeError):
        # Not an error class of botocore's own: what renews them gave some that are over, or this clock is hours ahead.
        return str(error).startswith("Credentials were refreshed, but")
    return code_of(error) in _EXPIRED


def is_unknown_key(error: Exception) -> bool:
    """Whether AWS does not know the keys (any more), or whatever has given them gives none."""
    # A signature that does not match may as well have been changed by a proxy.
    return code_of(error) in (_WRONG_KEY | {"CredentialRetrievalError"}) - {"SignatureDoesNotMatch"}


def is_missing_stack(error: Exception) -> bool:
    """Whether CloudFormation says that there is no such stack (it has no code of its own for that).

    About what a template names, such as a parameter or an export, it says the same under the same code.
    """
    return code_of(error) == "ValidationError" and _NO_STACK.match(message_of(error)) is not None


def is_of_missing_stack(error: MultiEnvLambdaError) -> bool:
    """The same of an error of ours. DescribeStacks may be a moment behind, so what was just found may be gone."""
    return isinstance(error.__cause__, Exception) and is_missing_stack(error.__cause__)


def account_error(where: str, error: Exception, *, profile: str | None = None) -> AccountError | None:
    """The error in our words, if it is about who we are or how to get there, whatever was called.

    Clients of ``aws/session.py`` tell that a session has ended themselves, and know whose: see ``aws/session_end.py``.
    """
    code = code_of(error)
    if is_expired(error):
        return SessionEnded(where, text_of(error), hint=renewal(Source(kind="unknown")))
    if code == "ProfileNotFound":
        hint = f"{'name' if profile else 'set AWS_PROFILE to'} one of the names listed by `aws configure list-profiles`"
    elif code in _NO_CREDENTIALS:
        local = option("local")
        hint = advice(
            "set AWS_PROFILE, or run `aws configure sso`; without an AWS account, use the local cloud: {}", local
        )
    elif code in _WRONG_KEY:
        # An opt-in region returns the same while it is not enabled:
        # https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-regions.html
        hint = (
            "the keys are wrong or revoked (`aws sts get-caller-identity`), or this account has not enabled the "
            "region (`aws account list-regions`)"
        )
    elif code in ("EndpointConnectionError", "ConnectTimeoutError", "ProxyConnectionError", "SSLError"):
        hint = _STOPPED if "//127.0.0.1:" in text_of(error) else "check the network and the endpoint"
    else:
        return None
    return AccountError(where, text_of(error), hint=hint)
