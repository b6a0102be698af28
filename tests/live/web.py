"""One service's REST API, as the live tests of Git hosts use it: JSON, forms and texts, and waiting for slow things."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

import attrs

__all__ = ["Web", "until"]

_SECONDS = 60.0


class _WithoutToken(urllib.request.HTTPRedirectHandler):
    """Logs lie at another address, which has no business with the token."""

    def redirect_request(self, *words: Any) -> urllib.request.Request | None:
        made = super().redirect_request(*words)
        if made is not None:
            made.headers.pop("Authorization", None)
        return made


@attrs.frozen(kw_only=True)
class Web:
    """What lies below one address. ``quick``: it is a stand-in on this machine, which is asked without pauses."""

    address: str
    token: str = attrs.field(repr=False)

    @property
    def quick(self) -> bool:
        return urlsplit(self.address).hostname == "127.0.0.1"

    def call(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        form: Mapping[str, str] | None = None,
        no: tuple[int, ...] = (),
    ) -> Any:
        """The answer; None where it is one of the codes ``no``."""
        found = self._sent(method, path, body, form, no)
        return None if found is None else json.loads(found or b"null")

    def text(self, path: str) -> str:
        return (self._sent("GET", path, None, None, (404,)) or b"").decode("utf-8", "replace")

    def _sent(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None,
        form: Mapping[str, str] | None,
        no: tuple[int, ...],
    ) -> bytes | None:
        kind, data = "application/json", None if body is None else json.dumps(body).encode()
        if form is not None:
            kind, data = "application/x-www-form-urlencoded", urlencode(form).encode()
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": kind, "User-Agent": "multi-env-lambda"}
        request = urllib.request.Request(f"{self.address}/{path}", data=data, headers=headers, method=method)
        try:
            with urllib.request.build_opener(_WithoutToken).open(request, timeout=_SECONDS) as answer:
                said: bytes = answer.read()
                return said
        except urllib.error.HTTPError as error:
            with error:
                if error.code in no:
                    return None
                why = error.read(2000).decode("utf-8", "replace").replace(self.token, "***")
                raise AssertionError(f"{method} {path}: {error.code} {why}") from None

    def until(self, what: str, look: Callable[[], Any], *, seconds: float = 600.0) -> Any:
        return until(what, look, seconds=seconds, pause=0.0 if self.quick else 3.0)


def until(what: str, look: Callable[[], Any], *, seconds: float, pause: float) -> Any:
    """What is found in the end, of what a host does in its own time."""
    end = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < end, f"{what}: not within {seconds:.0f} s"
        time.sleep(pause)
    return found
