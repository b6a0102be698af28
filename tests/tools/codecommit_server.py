"""A small HTTP server that speaks CodeCommit's protocol (JSON 1.1), as far as pull requests and comments go.

The local cloud has no CodeCommit. The real client is pointed here, so names and types are checked by its own model.

Source: https://docs.aws.amazon.com/codecommit/latest/APIReference/API_PostCommentForPullRequest.html,
API_UpdateComment.html, API_GetCommentsForPullRequest.html, API_GetPullRequest.html and API_ListPullRequests.html
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import attrs
import botocore.session
from botocore.config import Config

__all__ = ["AUTHOR", "CodeCommitServer", "codecommit_server"]

AUTHOR = "arn:aws:sts::111111111111:assumed-role/acme-comments/pull-requests"
LIMIT = 10_240


class _Refused(Exception):
    pass


@attrs.define
class CodeCommitServer:
    """What it has; ``caller`` is who asks, ``asked`` what was asked, ``refuses`` what is answered with which error."""

    repository: str = "units"
    caller: str = AUTHOR
    comments: dict[str, list[dict[str, Any]]] = attrs.field(factory=dict)
    pulls: dict[str, dict[str, Any]] = attrs.field(factory=dict)
    asked: list[str] = attrs.field(factory=list)
    tokens: dict[str, dict[str, Any]] = attrs.field(factory=dict)
    refuses: dict[str, str] = attrs.field(factory=dict)
    client: Any = None

    def opened(self, number: int, commit: str, *, merged: str = "", into: str = "main") -> None:
        self.pulls[str(number)] = {
            "pullRequestId": str(number),
            "pullRequestStatus": "CLOSED" if merged else "OPEN",
            "pullRequestTargets": [
                {
                    "repositoryName": self.repository,
                    "sourceReference": "refs/heads/feature",
                    "destinationReference": f"refs/heads/{into}",
                    "sourceCommit": commit,
                    "destinationCommit": "0" * 40,
                    "mergeMetadata": {"isMerged": bool(merged), "mergeCommitId": merged},
                }
            ],
        }

    def answer(self, call: str, body: dict[str, Any]) -> dict[str, Any]:
        if call in self.refuses:
            raise _Refused(self.refuses[call])
        return self._calls[call](body)

    @property
    def _calls(self) -> dict[str, Callable[[dict[str, Any]], dict[str, Any]]]:
        return {
            "GetPullRequest": lambda body: {"pullRequest": self._pull(body)},
            "ListPullRequests": self._list,
            "GetCommentsForPullRequest": self._comments,
            "PostCommentForPullRequest": self._post,
            "UpdateComment": self._update,
        }

    def _pull(self, body: dict[str, Any]) -> dict[str, Any]:
        if body["pullRequestId"] not in self.pulls:
            raise _Refused("PullRequestDoesNotExistException")
        return self.pulls[body["pullRequestId"]]

    def _list(self, body: dict[str, Any]) -> dict[str, Any]:
        found = [name for name, one in self.pulls.items() if one["pullRequestStatus"] == body["pullRequestStatus"]]
        return {"pullRequestIds": found}

    def _comments(self, body: dict[str, Any]) -> dict[str, Any]:
        """One at a time, so that pages are followed."""
        there, at = self.comments.get(self._pull(body)["pullRequestId"], []), int(body.get("nextToken", 0))
        more = {"nextToken": str(at + 1)} if at + 1 < len(there) else {}
        return {"commentsForPullRequestData": [{"comments": there[at : at + 1]}], **more}

    def _post(self, body: dict[str, Any]) -> dict[str, Any]:
        number = self._pull(body)["pullRequestId"]
        if len(body["content"]) > LIMIT:
            raise _Refused("CommentContentSizeLimitExceededException")
        token = body["clientRequestToken"]
        if token not in self.tokens:
            made = {"commentId": f"c{len(self.tokens)}", "content": body["content"], "authorArn": self.caller}
            self.comments.setdefault(number, []).append(made)
            self.tokens[token] = made
        return {"comment": self.tokens[token]}

    def _update(self, body: dict[str, Any]) -> dict[str, Any]:
        if len(body["content"]) > LIMIT:
            raise _Refused("CommentContentSizeLimitExceededException")
        for one in (one for many in self.comments.values() for one in many):
            if one["commentId"] == body["commentId"]:
                if one["authorArn"] != self.caller:
                    raise _Refused("CommentNotCreatedByCallerException")
                one["content"] = body["content"]
                return {"comment": one}
        raise _Refused("CommentDoesNotExistException")


@contextmanager
def codecommit_server() -> Iterator[CodeCommitServer]:
    """One that listens on a port of this machine, and a client of it."""
    state = CodeCommitServer()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            call = self.headers["X-Amz-Target"].rpartition(".")[2]
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            state.asked.append(call)
            try:
                status, said = 200, state.answer(call, body)
            except _Refused as error:
                status, said = 400, {"__type": str(error), "message": "refused"}
            text = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/x-amz-json-1.1")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    session = botocore.session.get_session()
    state.client = session.create_client(
        "codecommit",
        region_name="us-east-1",
        endpoint_url=f"http://127.0.0.1:{server.server_address[1]}",
        aws_access_key_id="test",
        aws_secret_access_key="test",  # noqa: S106
        config=Config(retries={"total_max_attempts": 1}, proxies={}),
    )
    try:
        yield state
    finally:
        state.client.close()
        server.shutdown()
        server.server_close()
        thread.join()
