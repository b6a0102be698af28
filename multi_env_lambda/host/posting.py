"""Sends one request to an address and gives the answer, whatever its status is."""

from __future__ import annotations

import http.client
from collections.abc import Mapping
from typing import Any, Final
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from multi_env_lambda.errors import ToolError

__all__ = ["NoRedirect", "post"]

_SECONDS: Final = 15.0
_LARGEST: Final = 4096


class NoRedirect(HTTPRedirectHandler):
    """Another address would get what is meant for this one, and its answer would be somebody else's."""

    def redirect_request(self, *_: Any) -> None:
        return None


def post(address: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, str]:
    """The status and the first characters of the answer.

    Raises:
        ToolError: the address is none of http, or nobody answers there.
    """
    if urlsplit(address).scheme not in ("http", "https"):
        raise ToolError(address, "it is no address of http", hint="see what wrote it")
    request = Request(address, data=body, headers=dict(headers), method="POST")  # noqa: S310 - see above
    try:
        with build_opener(NoRedirect).open(request, timeout=_SECONDS) as answer:
            return answer.status, answer.read(_LARGEST).decode("utf-8", "replace")
    except HTTPError as error:
        return error.code, error.read(_LARGEST).decode("utf-8", "replace")
    except (OSError, http.client.HTTPException) as error:
        what = f"nobody answers: {type(error).__name__}: {error}"
        raise ToolError(address, what, hint="is there a proxy or firewall between here and AWS?") from error
