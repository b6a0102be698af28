"""The one place where a client notices that its credentials have ended, whatever it was called for.

Each service says it with a code of its own, and many callers expect a refusal, which they would take it for. So the
client raises our error itself, before any of them sees the answer.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from multi_env_lambda.aws.clock import clocks_of
from multi_env_lambda.aws.error_codes import aws_errors, code_of, is_expired, is_unknown_key, response_of, text_of
from multi_env_lambda.errors import SessionEnded
from multi_env_lambda.host.endings import Endings
from multi_env_lambda.model.session import ONE_SESSION, Source, renewal, whose

__all__ = ["ending_of", "renewal_errors", "tell_ending"]

_CLOCK = "set this machine's clock (by NTP), then run the same command again"
_HEAD = frozenset({"HeadBucket", "HeadObject"})


def ending_of(error: Exception, source: Source, now: datetime, *, worked: bool = False) -> SessionEnded | None:
    """The error in our words, if AWS does not accept these credentials any more.

    Args:
        source: whose they are. now: by this machine's clock.
        worked: whether AWS has accepted them before. If so, keys that it does not know have been deleted since.
    """
    clocks = clocks_of(error, now)
    if clocks is not None:
        return SessionEnded(ONE_SESSION, f"{clocks} ({text_of(error)})", hint=_CLOCK)
    if not is_expired(error) and not (worked and (is_unknown_key(error) or _is_empty_refusal(error))):
        return None
    if code_of(error) == "RefreshWithMFAUnsupportedError":
        source = Source(kind="code", name=source.name)
    return SessionEnded(ONE_SESSION, f"{whose(source)} has ended: {text_of(error)}", hint=renewal(source))


def _is_empty_refusal(error: Exception) -> bool:
    """S3 answers HEAD without a body, so of an expired token only the status is left; a wrong region it names.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html
    """
    headers = response_of(error).get("ResponseMetadata", {}).get("HTTPHeaders", {})
    is_head = getattr(error, "operation_name", "") in _HEAD
    return is_head and code_of(error) == "400" and "x-amz-bucket-region" not in headers


def renewal_errors() -> tuple[type[Exception], ...]:
    """What botocore raises where it gets credentials: the last is what it says of new ones that are over already."""
    return (*aws_errors(), RuntimeError)


def tell_ending(client: Any, source: Callable[[], Source], endings: Endings) -> None:
    """Make a client raise ``SessionEnded``, and note it, as soon as an answer says so.

    Source: https://github.com/boto/botocore/blob/1.44.5/botocore/client.py (``_make_api_call``): what a handler raises
    reaches the caller.
    """
    from botocore.exceptions import ClientError

    worked = threading.Event()

    def raised(error: Exception) -> None:
        found = ending_of(error, source(), datetime.now(UTC), worked=worked.is_set())
        if found is not None:
            endings.note(found)
            raise found from error

    def answered(http_response: Any, parsed: dict[str, Any], model: Any, **_: Any) -> None:
        if http_response.status_code < 300:
            worked.set()
        else:
            raised(ClientError(parsed, model.name))

    def failed(exception: Exception, **_: Any) -> None:
        if not isinstance(exception, SessionEnded):  # of the session by which this one is renewed; it was noted there
            raised(exception)

    client.meta.events.register("after-call", answered)
    client.meta.events.register("after-call-error", failed)
