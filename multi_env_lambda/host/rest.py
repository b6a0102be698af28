"""Asks a service's REST API. The token goes to the one address and nowhere else, and is in no message."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Collection, Mapping
from http.client import HTTPException
from typing import Any
from urllib.parse import urlsplit

import attrs

from multi_env_lambda.errors import ToolError
from multi_env_lambda.host.posting import NoRedirect
from multi_env_lambda.model.visible import visible

__all__ = ["Rest", "normal"]

_SECONDS = 20.0
_MOST_BYTES = 8 << 20


@attrs.frozen(kw_only=True)
class Rest:
    """What lies below one address.

    Args:
        where: what messages call it. address: without a slash at the end. token: never shown.
        words: in which keys of an answer the service says why it refuses. hint: of each error.
        headers: that only this service wants.
    """

    where: str
    address: str
    token: str = attrs.field(repr=False)
    words: tuple[str, ...]
    hint: str
    headers: Mapping[str, str] = attrs.field(factory=dict)

    def call(self, method: str, path: str, body: Mapping[str, Any] | None = None, *, no: Collection[int] = ()) -> Any:
        """The answer; None where the service answers with one of the codes ``no``.

        Raises:
            ToolError: it does not answer, or refuses.
        """
        split = urlsplit(self.address)
        if split.scheme != "https" and not (split.scheme == "http" and split.hostname == "127.0.0.1"):
            raise self._error(method, path, "the address of the API is no https address")
        headers = {
            "Accept": "application/json",
            "Authorization": f"Bearer {self.token}",
            "Content-Type": "application/json",
            "User-Agent": "multi-env-lambda",
            **self.headers,
        }
        data = None if body is None else json.dumps(body).encode("ascii")
        address = f"{self.address}/{path}"
        request = urllib.request.Request(address, data=data, headers=headers, method=method)  # noqa: S310 - see above
        try:
            with urllib.request.build_opener(NoRedirect).open(request, timeout=_SECONDS) as answer:
                return json.loads(answer.read(_MOST_BYTES) or b"null")
        except urllib.error.HTTPError as error:
            with error:
                if error.code in no:
                    return None
                raise self._error(method, path, f"{error.code} {self._said(error)}") from None
        except (OSError, HTTPException, ValueError) as error:
            raise self._error(method, path, f"{type(error).__name__}: {error}") from None

    def _error(self, method: str, path: str, said: str) -> ToolError:
        secret = said.replace(self.token, "***") if self.token else said
        return ToolError(self.where, f"{method} {path.partition('?')[0]}: {visible(secret)[:200]}", hint=self.hint)

    def _said(self, error: urllib.error.HTTPError) -> str:
        try:
            said = json.loads(error.read(_MOST_BYTES))
        except (OSError, HTTPException, ValueError):
            return str(error.reason)
        for word in self.words:
            said = said.get(word, said) if isinstance(said, dict) else said
        return str(error.reason) if isinstance(said, dict) and not said else str(said)


def normal(text: str) -> str:
    """A text as services compare it: they may keep other line ends, and drop the last one."""
    return text.replace("\r\n", "\n").rstrip()
