"""What GitHub is asked, by a server that answers as it does."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from multi_env_lambda.errors import ConfigurationError, ToolError
from multi_env_lambda.host.github_api import GitHubApi, build_of

Answers = dict[str, tuple[int, Any]]
TOKEN = "a-token-of-github"  # noqa: S105


class Server:
    def __init__(self) -> None:
        self.answers: Answers = {}
        self.asked: list[tuple[str, str | None]] = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked.append((self.path, self.headers.get("Authorization")))
                code, body = outer.answers.get(self.path, (404, {}))
                self.send_response(code)
                if code == 302:
                    self.send_header("Location", body)
                self.end_headers()
                self.wfile.write(body if isinstance(body, bytes) else json.dumps(body).encode())

            def log_message(self, *_: Any) -> None:
                return

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def api(self) -> GitHubApi:
        variables = {"GITHUB_API_URL": self.address, "GITHUB_REPOSITORY": "acme/units", "GITHUB_TOKEN": TOKEN}
        return GitHubApi.of(variables)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}"


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.server.shutdown()
    made.server.server_close()


def test_a_run_has_ended_when_github_says_so_or_knows_it_no_longer(server: Server) -> None:
    place = "/repos/acme/units/actions/runs/7/attempts/2"
    for status, over in (("in_progress", False), ("queued", False), ("completed", True)):
        server.answers[place] = (200, {"status": status})
        assert server.api.is_over("github:7:2") is over
    server.answers.clear()
    assert server.api.is_over("github:7:2")
    assert {authorization for _, authorization in server.asked} == {f"Bearer {TOKEN}"}


@pytest.mark.parametrize("build", ["acme-build:0b6a", "github:7", "github:../../x:1", "github:7:1\n"])
def test_builds_of_another_host_are_not_asked_about(server: Server, build: str) -> None:
    assert not server.api.is_over(build)
    assert server.asked == []


def test_what_github_does_not_say_is_an_error_without_the_token(server: Server) -> None:
    server.answers["/elsewhere"] = (200, {"number": 7})
    for answer in ((500, {}), (403, {}), (200, b"no JSON"), (302, f"{server.address}/elsewhere")):
        server.answers["/repos/acme/units/pulls/7"] = answer
        with pytest.raises(ToolError) as caught:
            server.api.request(7)
        assert TOKEN not in str(caught.value) + repr(server.api)
    assert "/elsewhere" not in [path for path, _ in server.asked]
    server.server.shutdown()
    server.server.server_close()
    with pytest.raises(ToolError, match="does not answer"):
        server.api.request(7)
    server.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler)
    threading.Thread(target=server.server.serve_forever, daemon=True).start()


def test_a_pull_request_and_its_reviews(server: Server) -> None:
    server.answers["/repos/acme/units/pulls/7"] = (200, {"number": 7})
    server.answers["/repos/acme/units/pulls/7/reviews?per_page=100"] = (200, [{"state": "APPROVED"}])

    assert server.api.request(7) == {"number": 7}
    assert server.api.request(8) is None
    assert server.api.reviews(7) == [{"state": "APPROVED"}]
    assert server.api.reviews(8) == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"GITHUB_API_URL": "http://api.github.com"},
        {"GITHUB_API_URL": "file:///etc/passwd"},
        {"GITHUB_REPOSITORY": "acme/.."},
        {"GITHUB_REPOSITORY": "a/b?c"},
        {"GITHUB_REPOSITORY": ""},
    ],
)
def test_no_other_place_gets_the_token(wrong: dict[str, str]) -> None:
    usual = {"GITHUB_API_URL": "https://api.github.com", "GITHUB_REPOSITORY": "acme/units"}
    assert GitHubApi.of(usual).address == "https://api.github.com"
    with pytest.raises(ConfigurationError):
        GitHubApi.of({**usual, **wrong})


def test_a_run_is_a_build_by_number_and_attempt() -> None:
    assert build_of({"GITHUB_RUN_ID": "7", "GITHUB_RUN_ATTEMPT": "2"}) == "github:7:2"
    assert build_of({}) == ""


def test_a_log_is_fetched_from_where_github_says_without_the_token(server: Server) -> None:
    api = "/repos/acme/units/actions"
    jobs = {"jobs": [{"id": 5, "name": "other"}, {"id": 6, "name": "stranger"}]}
    server.answers[f"{api}/runs/1/jobs?per_page=100"] = (200, jobs)
    server.answers[f"{api}/jobs/6/logs"] = (302, f"{server.address}/blob")
    server.answers["/blob"] = (200, b"a log")

    assert server.api.log_of(1, "stranger", 100) == b"a log"
    assert dict(server.asked)["/blob"] is None
    assert server.api.log_of(1, "nobody", 100) == b""
    assert server.api.log_of(1, "stranger", 3) == b"a lo", "one byte more shows that there is more"


def test_what_github_says_of_an_environment_and_of_a_review(server: Server) -> None:
    api = "/repos/acme/units"
    server.answers = {
        f"{api}/environments/prod": (200, {"id": 5}),
        f"{api}/actions/runs/7": (200, {"run_attempt": 1}),
        f"{api}/actions/runs/7/approvals": (200, [{"state": "approved"}]),
        f"{api}/actions/runs/7/jobs?per_page=100": (200, {"jobs": [{"name": "look"}]}),
        f"{api}/actions/workflows/a.yml/runs?status=waiting&per_page=30": (200, {"workflow_runs": [{"id": 6}]}),
        f"{api}/activity?ref=refs%2Fheads%2Frelease%2F1&per_page=100": (200, [{"after": "a1"}]),
    }
    found = server.api

    assert (found.environment("prod"), found.environment("test")) == ({"id": 5}, None)
    assert (found.run(7), found.run(8)) == ({"run_attempt": 1}, None)
    assert (found.approvals(7), found.approvals(8)) == ([{"state": "approved"}], [])
    assert (found.jobs(7), found.jobs(8)) == ([{"name": "look"}], [])
    assert (found.waiting_runs("a.yml"), found.waiting_runs("b.yml")) == ([{"id": 6}], [])
    assert (found.pushes("release/1"), found.pushes("main")) == ([{"after": "a1"}], [])
    assert found.environment("../../x") is None and server.asked[-1][0] == f"{api}/environments/..%2F..%2Fx"
