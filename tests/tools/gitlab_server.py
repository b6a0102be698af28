"""Answers as GitLab's REST API is documented to, for one project.

Source: https://docs.gitlab.com/api/notes/, https://docs.gitlab.com/api/commits/ and https://docs.gitlab.com/api/rest/
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import attrs

from tests.tools.rest_server import serving

__all__ = ["TOKEN", "GitLabServer", "gitlab_server"]

TOKEN = "glpat-" + "0aZ9" * 5
ME = 4711
LIMIT = 1_000_000
STATES = {"pending", "running", "success", "failed", "canceled", "skipped"}


@attrs.define
class GitLabServer:
    """What it has, and which calls changed something.

    Args:
        open: the merge requests of the project, the last changed first. requests: those of a commit.
        instead: what the next calls of a path get.
    """

    address: str = ""
    notes: dict[int, list[dict[str, Any]]] = attrs.field(factory=dict)
    statuses: dict[str, list[dict[str, Any]]] = attrs.field(factory=dict)
    requests: dict[str, list[dict[str, Any]]] = attrs.field(factory=dict)
    open: list[dict[str, Any]] = attrs.field(factory=list)
    writes: list[tuple[str, str]] = attrs.field(factory=list)
    paths: list[str] = attrs.field(factory=list)
    instead: dict[str, tuple[int, Any]] = attrs.field(factory=dict)
    made: int = 0

    def note(self, number: int, body: str, by: int = ME, **more: Any) -> dict[str, Any]:
        self.made += 1
        found = {"id": self.made, "body": body, "author": {"id": by}, "system": False, **more}
        self.notes.setdefault(number, []).append(found)
        return found

    def answer(self, method: str, path: str, query: dict[str, str], body: Any, token: str) -> tuple[int, Any]:
        self.paths.append(path)
        if token != f"Bearer {TOKEN}":
            return 401, {"message": "401 Unauthorized"}
        if other := next((said for part, said in self.instead.items() if part in path), None):
            return other
        if path == "/api/v4/user":
            return 200, {"id": ME, "username": "project_1_bot"}
        # The path of a project is one segment: a slash that is not escaped names something else.
        prefix = "/api/v4/projects/acme%2Funits/"
        if not path.startswith(prefix):
            return 404, {"message": "404 Project Not Found"}
        if method != "GET":
            self.writes.append((method, path.removeprefix(prefix)))
        return self.of_project(method, path.removeprefix(prefix), query, body)

    def of_project(self, method: str, path: str, query: dict[str, str], body: Any) -> tuple[int, Any]:
        if found := re.fullmatch(r"merge_requests/(\d+)/notes(?:/(\d+))?", path):
            return self.of_notes(method, int(found[1]), found[2], query, body)
        if path == "merge_requests":
            wanted = {"state": query.get("state"), "target_branch": query.get("target_branch")}
            named = [one for one in self.open if all(value in (None, one[key]) for key, value in wanted.items())]
            return 200, _page(named if query.get("order_by") == "updated_at" else named[::-1], query)
        if found := re.fullmatch(r"repository/commits/([0-9a-f]+)/statuses", path):
            named = [one for one in self.statuses.get(found[1], []) if one["name"] == query.get("name", one["name"])]
            return 200, _page(named, query)
        if found := re.fullmatch(r"repository/commits/([0-9a-f]+)/merge_requests", path):
            return 200, _page(self.requests.get(found[1], []), query)
        if (found := re.fullmatch(r"statuses/([0-9a-f]+)", path)) and method == "POST":
            if body["state"] not in STATES:
                return 400, {"error": "state does not have a valid value"}
            if any(len(str(body.get(key, ""))) > 255 for key in ("name", "description", "target_url")):
                return 400, {"message": {"description": ["is too long (maximum is 255 characters)"]}}
            self.made += 1
            kept = {"id": self.made, "status": body["state"], **{key: body[key] for key in body if key != "state"}}
            self.statuses.setdefault(found[1], []).insert(0, kept)
            return 201, kept
        return 404, {"message": "404 Not Found"}

    def of_notes(self, method: str, number: int, note: str | None, query: dict[str, str], body: Any) -> tuple[int, Any]:
        if method == "GET":
            there = self.notes.get(number, [])
            return 200, _page(there if query.get("sort") == "asc" else there[::-1], query)
        if len(body["body"]) > LIMIT:
            return 400, {"message": {"note": [f"is too long (maximum is {LIMIT} characters)"]}}
        if method == "POST":
            return 201, self.note(number, body["body"])
        found = next((one for one in self.notes.get(number, []) if str(one["id"]) == note), None)
        if found is None or found["author"]["id"] != ME:
            return (404, {"message": "404 Not found"}) if found is None else (403, {"message": "403 Forbidden"})
        found["body"] = body["body"]
        return 200, found


def _page(items: list[dict[str, Any]], query: dict[str, str]) -> list[dict[str, Any]]:
    page, size = int(query.get("page", "1")), int(query.get("per_page", "20"))
    return items[(page - 1) * size : page * size]


@contextmanager
def gitlab_server() -> Iterator[GitLabServer]:
    """One that listens on a port of this machine; ``address`` is that of its API."""
    state = GitLabServer()
    with serving(state.answer) as address:
        state.address = f"{address}/api/v4"
        yield state
