"""Writes what AWS answers into a cassette, from inside of botocore: whoever calls need not know."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs

from .cassette import Call, written
from .scrub import scrubbed

__all__ = ["Recorder"]

_KEPT = "multi-env-lambda-live"
"""Under which name a call's beginning is kept in botocore's context of the call."""


@attrs.define
class Recorder:
    """Listens to every client of a botocore session.

    ``botocore.register_initializer(recorder.listen)`` lets it listen to all sessions of the process. ``path`` may be
    set anew between two calls; several processes may write to one path, a line at a time.

    Args:
        accounts: the stand-in of each account id.
        source: of the lines: date and region.
    """

    path: Path
    accounts: Mapping[str, str]
    source: str

    def listen(self, session: Any) -> None:
        # `before-parameter-build` sees the parameters as the caller gave them, `after-call` the last of all attempts.
        session.register("before-parameter-build", self._begin)
        session.register("after-call", self._end)
        session.register("after-call-error", self._broke)

    def _begin(self, params: Any, model: Any, context: dict[str, Any], **_: Any) -> None:
        name = (model.service_model.service_name, model.name)
        context[_KEPT] = (name, scrubbed(params, self.accounts), time.monotonic())

    def _end(self, http_response: Any, parsed: Any, context: dict[str, Any], **_: Any) -> None:
        error = parsed.get("Error", {}) if http_response.status_code >= 300 else {}
        self._write(
            context,
            status=http_response.status_code,
            answer={} if error else scrubbed(parsed, self.accounts),
            code=scrubbed(error.get("Code", ""), self.accounts),
            message=scrubbed(error.get("Message", ""), self.accounts),
        )

    def _broke(self, exception: Exception, context: dict[str, Any], **_: Any) -> None:
        message = scrubbed(str(exception), self.accounts)
        self._write(context, status=0, code=type(exception).__name__, message=message)

    def _write(self, context: dict[str, Any], **found: Any) -> None:
        (service, operation), parameters, began = context[_KEPT]
        call = Call(
            service=service,
            operation=operation,
            parameters=parameters,
            seconds=round(time.monotonic() - began, 3),
            origin="recorded",
            source=self.source,
            **found,
        )
        self.path.parent.mkdir(parents=True, exist_ok=True)
        # One write of one line at the end of the file: lines of two processes do not mix.
        with self.path.open("a", encoding="utf-8") as file:
            file.write(written([call]))
