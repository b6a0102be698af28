"""A small HTTP server that answers as GitHub's REST API is documented to, for one repository.

Source: https://docs.github.com/en/rest/issues/comments, https://docs.github.com/en/rest/commits/statuses,
https://docs.github.com/en/rest/commits/commits#list-pull-requests-associated-with-a-commit and
https://docs.github.com/en/rest/using-the-rest-api/using-pagination-in-the-rest-api
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import attrs

__all__ = ["TOKEN", "GitHubServer", "github_server"]

TOKEN = "ghs_" + "0aZ9" * 9
LIMIT = 65_536


@attrs.define
class GitHubServer:
    """What it has, and which requests came: ``(method, path)``.

    ``answers``: what the next requests of a path get instead, as ``(status, headers, body)``.
    """

    repository: str = "acme/units"
    comments: dict[int, list[dict[str, Any]]] = attrs.field(factory=dict)
    statuses: dict[str, list[dict[str, Any]]] = attrs.field(factory=dict)
    pulls: dict[str, list[dict[str, Any]]] = attrs.field(factory=dict)
    asked: list[tuple[str, str]] = attrs.field(factory=list)
    tokens: list[str] = attrs.field(factory=list)
    answers: dict[str, tuple[int, dict[str, str], bytes]] = attrs.field(factory=dict)
    address: str = ""
    made: int = 0

    @property
    def writes(self) -> list[tuple[str, str]]:
        return [one for one in self.asked if one[0] != "GET"]

    def written(self, number: int, body: str, *, by: str = "github-actions[bot]", **more: Any) -> dict[str, Any]:
        self.made += 1
        kind = "Bot" if by.endswith("[bot]") else "User"
        found = {
            "id": self.made,
            "body": body,
            "user": {"login": by, "type": kind},
            "author_association": "NONE",
            **more,
        }
        self.comments.setdefault(number, []).append(found)
        return found

    def answer(self, method: str, path: str, query: dict[str, list[str]], body: Any) -> tuple[int, Any]:
        path = unquote(path).removeprefix(f"/repos/{self.repository}/")
        page = int(query.get("page", ["1"])[0]), int(query.get("per_page", ["30"])[0])
        if found := re.fullmatch(r"issues/(\d+)/comments", path):
            number = int(found[1])
            if method == "GET":
                return 200, _page(self.comments.get(number, []), *page)
            return _checked(body) or (201, self.written(number, body["body"]))
        if (found := re.fullmatch(r"issues/comments/(\d+)", path)) and method == "PATCH":
            for one in (one for many in self.comments.values() for one in many if one["id"] == int(found[1])):
                one.update({} if _checked(body) else {"body": body["body"]})
                return _checked(body) or (200, one)
        if found := re.fullmatch(r"commits/([0-9a-f]+)/statuses", path):
            return 200, _page(self.statuses.get(found[1], []), *page)
        if (found := re.fullmatch(r"statuses/([0-9a-f]+)", path)) and method == "POST":
            if len(body.get("description", "")) > 140:
                return 422, {"message": "Validation Failed"}
            self.statuses.setdefault(found[1], []).insert(0, body)
            return 201, body
        if found := re.fullmatch(r"commits/([0-9a-f]+)/pulls", path):
            return 200, _page(self.pulls.get(found[1], []), *page)
        return 404, {"message": "Not Found", "documentation_url": "https://docs.github.com/rest"}


def _checked(body: Any) -> tuple[int, Any] | None:
    if len(body["body"]) <= LIMIT:
        return None
    return 422, {"message": "Validation Failed", "errors": [{"message": f"body is too long (maximum is {LIMIT})"}]}


def _page(items: list[dict[str, Any]], page: int, size: int) -> list[dict[str, Any]]:
    return items[(page - 1) * size : page * size]


@contextmanager
def github_server() -> Iterator[GitHubServer]:
    """One that listens on a port of this machine."""
    state = GitHubServer()

    class Handler(BaseHTTPRequestHandler):
        def handle_any(self) -> None:
            parts = urlsplit(self.path)
            state.asked.append((self.command, parts.path.removeprefix(f"/repos/{state.repository}/")))
            state.tokens.append(self.headers.get("Authorization", ""))
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length) or b"null")
            if other := next((answer for part, answer in state.answers.items() if part in parts.path), None):
                return self.send(*other)
            if self.headers.get("Authorization") != f"Bearer {TOKEN}":
                return self.send(401, {}, b'{"message": "Bad credentials"}')
            status, said = state.answer(self.command, parts.path, parse_qs(parts.query), body)
            return self.send(status, {}, json.dumps(said).encode())

        do_GET = do_POST = do_PATCH = handle_any  # noqa: N815

        def send(self, status: int, headers: dict[str, str], body: bytes) -> None:
            self.send_response(status)
            for name, value in {"Content-Type": "application/json", **headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    state.address = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
