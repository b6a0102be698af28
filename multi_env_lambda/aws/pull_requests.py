"""CodeCommit's pull requests, as far as a run of the CI tells people something there.

Who has written a comment alone may change it, and a build is somebody else each time. So all builds write as one
session of one role, which may do nothing else.

Source: https://docs.aws.amazon.com/codecommit/latest/APIReference/API_UpdateComment.html
(``CommentNotCreatedByCallerException``), API_PostCommentForPullRequest.html and API_GetCommentsForPullRequest.html
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from multi_env_lambda.aws.error_codes import aws_errors, text_of
from multi_env_lambda.errors import ToolError

__all__ = ["SESSION", "CodeCommit"]

SESSION = "pull-requests"
"""The name of the one session."""

_MOST_LOOKED_AT = 20
"""Closed pull requests, newest first: what was merged before that many others is not found again."""
_HINT = "run `bootstrap devops` again: it lets builds write comments; `doctor` says what is missing"


class CodeCommit:
    """One repository.

    Args:
        author: the ARN of the one session, whose comments these are.
    """

    limit = 10_240
    """Characters of a comment. Source: https://docs.aws.amazon.com/codecommit/latest/userguide/limits.html"""

    def __init__(self, client: Any, repository: str, author: str) -> None:
        self._client, self._repository, self._author = client, repository, author

    def comment(self, number: int, marker: str, text: str) -> bool:
        """Write the comment that begins with ``marker``, or change it; whether anything had to be written.

        The token makes one comment of two calls that say the same of the same commits.

        Raises:
            ToolError: CodeCommit does not answer, or refuses.
        """
        try:
            there = next((one for one in self._comments(number) if self._is_ours(one, marker)), None)
            if there is None:
                self._post(number, text)
            elif str(there.get("content", "")).rstrip() == text.rstrip():
                return False
            else:
                self._client.update_comment(commentId=there["commentId"], content=text)
        except aws_errors() as error:
            raise self._error(f"pull request {number}", error) from error
        return True

    def _post(self, number: int, text: str) -> None:
        target = self._target(number)
        if not target:
            raise ToolError(self._where, f"pull request {number} is about another repository", hint=_HINT)
        self._client.post_comment_for_pull_request(
            pullRequestId=str(number),
            repositoryName=self._repository,
            beforeCommitId=str(target.get("destinationCommit", "")),
            afterCommitId=str(target.get("sourceCommit", "")),
            content=text,
            clientRequestToken=hashlib.sha256(f"{number} {text}".encode()).hexdigest(),
        )

    def head(self, number: int) -> str:
        """The newest commit of a pull request, which Git has under no name here; empty if it is not about this one.

        Raises:
            ToolError: as above.
        """
        try:
            return str(self._target(number).get("sourceCommit", ""))
        except aws_errors() as error:
            raise self._error(f"pull request {number}", error) from error

    def merged(self, commits: Collection[str], into: str) -> Mapping[int, str]:
        """Which pull requests brought these commits into a branch: number -> commit. One that was fast-forwarded has no
        commit of its own.

        Raises:
            ToolError: as above.
        """
        found: dict[int, str] = {}
        try:
            for number in self._closed() if commits else ():
                target = self._target(number)
                merge = target.get("mergeMetadata") or {}
                said = (str(merge.get("mergeCommitId", "")), str(target.get("sourceCommit", "")))
                if merge.get("isMerged") and target.get("destinationReference") == f"refs/heads/{into}":
                    known = [one for one in said if one in commits]
                    if known:
                        found[number] = known[0]
        except aws_errors() as error:
            raise self._error("what was merged", error) from error
        return found

    def _closed(self) -> list[int]:
        pages = self._client.get_paginator("list_pull_requests").paginate(
            repositoryName=self._repository, pullRequestStatus="CLOSED"
        )
        names = (str(name) for page in pages for name in page.get("pullRequestIds", ()))
        return sorted((int(name) for name in names if name.isdecimal()), reverse=True)[:_MOST_LOOKED_AT]

    def _target(self, number: int) -> Mapping[str, Any]:
        """What it is about; CodeCommit has one target in each."""
        answer = self._client.get_pull_request(pullRequestId=str(number))
        targets = answer["pullRequest"].get("pullRequestTargets", ())
        return next((one for one in targets if one.get("repositoryName") == self._repository), {})

    def _comments(self, number: int) -> Iterator[Mapping[str, Any]]:
        pages = self._client.get_paginator("get_comments_for_pull_request").paginate(
            pullRequestId=str(number), repositoryName=self._repository
        )
        for page in pages:
            for group in page.get("commentsForPullRequestData", ()):
                yield from group.get("comments", ())

    def _is_ours(self, comment: Mapping[str, Any], marker: str) -> bool:
        ours = comment.get("authorArn") == self._author and not comment.get("deleted")
        return ours and str(comment.get("content", "")).startswith(marker)

    def _error(self, about: str, error: Exception) -> ToolError:
        return ToolError(self._where, f"{about}: {text_of(error)}", hint=_HINT)

    @property
    def _where(self) -> str:
        return f"CodeCommit, {self._repository}"
