"""CodeCommit reports the pull requests of a repository: none, because they cannot be opened here.

Reason: ministack does not support CodeCommit, so a run of the CI could not find out what has been merged, although
nothing was.
Source: https://docs.aws.amazon.com/codecommit/latest/APIReference/API_ListPullRequests.html, and for the resource that
rights are about https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscodecommit.html
"""

from __future__ import annotations

import json
from typing import Any

from .names import load, original

__all__ = ["patch"]

_SERVICE, _TARGET = "codecommit", "CodeCommit_20150413"


def patch() -> None:
    """Route the service, name the repository of a request, and answer."""
    actions, responses = load("ministack.core.iam_actions"), load("ministack.core.responses")
    patterns = original(load("ministack.core.router"), "SERVICE_PATTERNS")
    patterns[_SERVICE] = {
        "target_prefixes": [_TARGET],
        "host_patterns": [r"codecommit\."],
        "credential_scope": _SERVICE,
    }
    original(actions, "SERVICE_TO_IAM_NAMESPACE")[_SERVICE] = _SERVICE
    original(load("ministack.app"), "SERVICE_HANDLERS")[_SERVICE] = _answer
    resource = original(actions, "extract_resource_arn")

    def found(service: str, method: str, path: str, headers: Any, body: bytes, query_params: Any, *more: Any) -> Any:
        if service != _SERVICE:
            return resource(service, method, path, headers, body, query_params, *more)
        name = _asked(body).get("repositoryName")
        return f"arn:aws:codecommit:{responses.get_region()}:{responses.get_account_id()}:{name or '*'}"

    actions.extract_resource_arn = found


async def _answer(method: str, path: str, headers: Any, body: bytes, query_params: Any) -> Any:
    responses = load("ministack.core.responses")
    target = next((str(value) for name, value in headers.items() if name.lower() == "x-amz-target"), "")
    match target.partition(".")[2]:
        case "ListPullRequests":
            return responses.json_response({"pullRequestIds": []})
        case "GetPullRequest" | "GetCommentsForPullRequest" | "PostCommentForPullRequest":
            said = f"Pull request {_asked(body).get('pullRequestId')} does not exist."
            return responses.error_response_json("PullRequestDoesNotExistException", said, 400)
        case "UpdateComment":
            said = "The comment does not exist."
            return responses.error_response_json("CommentDoesNotExistException", said, 400)
        case operation:
            said = f"The local cloud has no CodeCommit, so it cannot answer {operation}."
            return responses.error_response_json("InvalidActionException", said, 400)


def _asked(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body or b"{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
