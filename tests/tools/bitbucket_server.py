"""Answers as Bitbucket Cloud's REST API is documented to, for one repository.

Source: https://developer.atlassian.com/cloud/bitbucket/rest/api-group-pullrequests/ and
https://developer.atlassian.com/cloud/bitbucket/rest/api-group-commit-statuses/
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import attrs

from tests.tools.rest_server import serving

__all__ = ["TOKEN", "BitbucketServer", "bitbucket_server"]

TOKEN = "ATCTT3x" + "0aZ9" * 9
LIMIT = 32_768
LONGEST_KEY = 40
STATES = {"SUCCESSFUL", "FAILED", "INPROGRESS", "STOPPED"}


@attrs.define
class BitbucketServer:
    """What it has, and which calls changed something. ``instead``: what the next calls of a path get."""

    address: str = ""
    comments: dict[int, list[dict[str, Any]]] = attrs.field(factory=dict)
    statuses: dict[tuple[str, str], dict[str, Any]] = attrs.field(factory=dict)
    requests: list[dict[str, Any]] = attrs.field(factory=list)
    writes: list[tuple[str, str]] = attrs.field(factory=list)
    instead: dict[str, tuple[int, Any]] = attrs.field(factory=dict)
    made: int = 0

    def comment(self, number: int, raw: str, by: str = "me", **more: Any) -> dict[str, Any]:
        self.made += 1
        found = {"id": self.made, "content": {"raw": raw}, "user": {"uuid": by}, "deleted": False, **more}
        self.comments.setdefault(number, []).append(found)
        return found

    def answer(self, method: str, path: str, query: dict[str, str], body: Any, token: str) -> tuple[int, Any]:
        if token != f"Bearer {TOKEN}":
            return 401, _error("Token is invalid or not supported for this endpoint.")
        if other := next((said for part, said in self.instead.items() if part in path), None):
            return other
        prefix = "/2.0/repositories/acme/units/"
        if not path.startswith(prefix):
            return 404, _error("You may not have access to this repository")
        path = path.removeprefix(prefix)
        if method != "GET":
            self.writes.append((method, path))
        if found := re.fullmatch(r"pullrequests/(\d+)/comments(?:/(\d+))?", path):
            return self.of_comments(method, int(found[1]), found[2], query, body)
        if path == "pullrequests":
            return 200, _page([one for one in self.requests if one["state"] == query["state"]], query)
        if found := re.fullmatch(r"commit/([0-9a-f]+)/statuses/build(?:/(.+))?", path):
            return self.of_status(method, found[1], found[2], body)
        return 404, _error("Resource not found")

    def of_comments(
        self, method: str, number: int, name: str | None, query: dict[str, str], body: Any
    ) -> tuple[int, Any]:
        if method == "GET":
            return 200, _page(self.comments.get(number, []), query)
        if len(body["content"]["raw"]) > LIMIT:
            return 400, _error(f"content.raw: Ensure this value has at most {LIMIT} characters")
        if method == "POST":
            return 201, self.comment(number, body["content"]["raw"])
        found = next((one for one in self.comments.get(number, []) if str(one["id"]) == name), None)
        if found is None or found["user"]["uuid"] != "me":
            return (404, _error("not found")) if found is None else (403, _error("You are not the author"))
        found["content"] = {"raw": body["content"]["raw"]}
        return 200, found

    def of_status(self, method: str, commit: str, key: str | None, body: Any) -> tuple[int, Any]:
        if method == "GET":
            found = self.statuses.get((commit, key or ""))
            return (404, _error("No such build status")) if found is None else (200, found)
        if body["state"] not in STATES or not body.get("url") or not 0 < len(body["key"]) <= LONGEST_KEY:
            return 400, _error("Bad request")
        self.statuses[commit, body["key"]] = body
        return 201, body


def _error(text: str) -> dict[str, Any]:
    return {"type": "error", "error": {"message": text}}


def _page(items: list[dict[str, Any]], query: dict[str, str]) -> dict[str, Any]:
    page, size = int(query.get("page", "1")), min(int(query.get("pagelen", "10")), 100)
    more = {"next": "there is one"} if page * size < len(items) else {}
    return {"values": items[(page - 1) * size : page * size], "page": page, "pagelen": size, **more}


@contextmanager
def bitbucket_server() -> Iterator[BitbucketServer]:
    """One that listens on a port of this machine; ``address`` is that of its API."""
    state = BitbucketServer()
    with serving(state.answer) as address:
        state.address = f"{address}/2.0"
        yield state
