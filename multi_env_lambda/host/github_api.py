"""Asks GitHub what the event of a run does not say: whose a pull request is, whether another run has ended, and who has
let a job start.

Source: https://docs.github.com/en/rest/deployments/environments, https://docs.github.com/en/rest/repos/repos (activity)
and https://docs.github.com/en/actions/reference/workflows-and-actions/variables for the variables of a run, and
https://docs.github.com/en/rest/actions/workflow-runs and https://docs.github.com/en/rest/pulls for what is asked
"""

from __future__ import annotations

import http.client
import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote, urlsplit
from urllib.request import Request, build_opener

import attrs

from multi_env_lambda.errors import ConfigurationError, ToolError
from multi_env_lambda.host.posting import NoRedirect

__all__ = ["BUILD", "GitHubApi", "build_of"]

_SECONDS = 30.0
_LARGEST = 8 * 1024 * 1024
_REPOSITORY = re.compile(r"[A-Za-z0-9-]{1,100}/(?!\.{1,2}$)[A-Za-z0-9._-]{1,100}")
_HINT = "run the workflow again; its job needs the permissions that `ci write github` writes"

BUILD = re.compile(r"github:([0-9]{1,20}):([0-9]{1,6})")
"""What a run of GitHub Actions is called as a build: its number, and which attempt at it."""


def build_of(variables: Mapping[str, str]) -> str:
    """What this run is called as a build; empty outside of GitHub Actions."""
    found = variables.get("GITHUB_RUN_ID", "")
    return f"github:{found}:{variables.get('GITHUB_RUN_ATTEMPT', '1')}" if found else ""


@attrs.frozen(kw_only=True)
class GitHubApi:
    """One repository there, asked by the token of the job."""

    address: str
    repository: str
    token: str = attrs.field(repr=False)

    @classmethod
    def of(cls, variables: Mapping[str, str]) -> GitHubApi:
        """As GitHub's own variables name it.

        Raises:
            ConfigurationError: they are not there, or are none.
        """
        address, repository = variables.get("GITHUB_API_URL", ""), variables.get("GITHUB_REPOSITORY", "")
        split = urlsplit(address)
        if split.scheme != "https" and split.hostname != "127.0.0.1":
            raise ConfigurationError("GITHUB_API_URL", "it is no https address", hint="GitHub sets it in each job")
        if not _REPOSITORY.fullmatch(repository):
            raise ConfigurationError("GITHUB_REPOSITORY", "it is no owner/name", hint="GitHub sets it in each job")
        return cls(address=address, repository=repository, token=variables.get("GITHUB_TOKEN", ""))

    def request(self, number: int) -> Any:
        """A pull request as GitHub has it now; None: there is none.

        Raises:
            ToolError: GitHub does not say.
        """
        return self._get(f"pulls/{number:d}")

    def reviews(self, number: int) -> list[Any]:
        """The reviews of a pull request, the first hundred.

        Raises:
            ToolError: GitHub does not say.
        """
        found = self._get(f"pulls/{number:d}/reviews?per_page=100")
        return found if isinstance(found, list) else []

    def is_over(self, build: str) -> bool:
        """Whether a run has ended, however; one that GitHub no longer knows has. Another host's builds are not asked.

        Raises:
            ToolError: GitHub does not say.
        """
        named = BUILD.fullmatch(build)
        if named is None:
            return False
        found = self._get(f"actions/runs/{named[1]}/attempts/{named[2]}")
        return not isinstance(found, Mapping) or found.get("status") == "completed"

    def environment(self, name: str) -> Any:
        """An environment there, with the rules that protect it; None: there is none.

        Raises:
            ToolError: GitHub does not say.
        """
        return self._get(f"environments/{quote(name, safe='')}")

    def run(self, run: int) -> Any:
        """A run as it is now: which attempt, who has started it; None: there is none.

        Raises:
            ToolError: GitHub does not say.
        """
        return self._get(f"actions/runs/{run:d}")

    def approvals(self, run: int) -> list[Any]:
        """Who has said what about the environments that a run waits for. It is not said when, or in which attempt.

        Raises:
            ToolError: GitHub does not say.
        """
        found = self._get(f"actions/runs/{run:d}/approvals")
        return found if isinstance(found, list) else []

    def jobs(self, run: int) -> list[Any]:
        """The jobs of the newest attempt at a run, the first hundred.

        Raises:
            ToolError: GitHub does not say.
        """
        return _listed(self._get(f"actions/runs/{run:d}/jobs?per_page=100"), "jobs")

    def waiting_runs(self, workflow: str) -> list[Any]:
        """The runs of a workflow that wait for somebody's yes, the newest thirty.

        Raises:
            ToolError: GitHub does not say.
        """
        path = f"actions/workflows/{quote(workflow, safe='')}/runs?status=waiting&per_page=30"
        return _listed(self._get(path), "workflow_runs")

    def pushes(self, branch: str) -> list[Any]:
        """The newest hundred changes of where a branch stands, and who made them; newest first.

        Raises:
            ToolError: GitHub does not say.
        """
        found = self._get(f"activity?ref={quote(f'refs/heads/{branch}', safe='')}&per_page=100")
        return found if isinstance(found, list) else []

    def request_at(self, owner: str, branch: str, commit: str, *, fork: int) -> int:
        """The open pull request from somebody's branch that is at this commit now; 0: there is none.

        Args:
            fork: the number of the repository with the branch: an owner may have two, and our own repository is one.

        Raises:
            ToolError: GitHub does not say.
        """
        found = self._get(f"pulls?state=open&per_page=100&head={quote(f'{owner}:{branch}', safe='')}")
        for one in found if isinstance(found, list) else []:
            head = one.get("head") if isinstance(one, Mapping) else None
            number = one.get("number") if isinstance(one, Mapping) else None
            repository = head.get("repo") if isinstance(head, Mapping) else None
            is_theirs = isinstance(repository, Mapping) and repository.get("id") == fork
            if isinstance(head, Mapping) and head.get("sha") == commit and is_theirs and isinstance(number, int):
                return number
        return 0

    def log_of(self, run: int, job: str, largest: int) -> bytes:
        """What a job of a run has logged, up to one byte more than ``largest``; empty if there is no such job, or its
        log is gone.

        Raises:
            ToolError: GitHub does not say.
        """
        ids = [one.get("id") for one in self.jobs(run) if isinstance(one, Mapping) and one.get("name") == job]
        if not ids or not isinstance(ids[0], int):
            return b""
        return self._followed(f"actions/jobs/{ids[0]:d}/logs", largest)

    def _followed(self, path: str, largest: int) -> bytes:
        """The bytes behind the one redirection that GitHub makes for logs; the token does not go there.

        Source: https://docs.github.com/en/rest/actions/workflow-jobs#download-job-logs-for-a-workflow-run
        """
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        address = f"{self.address}/repos/{self.repository}/{path}"
        try:
            for _ in range(2):
                request = Request(address, headers={"User-Agent": "multi-env-lambda", **headers})  # noqa: S310
                try:
                    with build_opener(NoRedirect()).open(request, timeout=_SECONDS) as answer:
                        body: bytes = answer.read(largest + 1)
                        return body
                except HTTPError as error:
                    if error.code in (404, 410):
                        return b""
                    address, headers = error.headers.get("Location", ""), {}
                    split = urlsplit(address)
                    if error.code != 302 or (split.scheme != "https" and split.hostname != "127.0.0.1"):
                        raise self._error(f"it answers {error.code}") from error
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise self._error(f"it does not answer: {type(error).__name__}") from error
        raise self._error("it redirects twice")

    def _get(self, path: str) -> Any:
        """The answer; None for 404."""
        headers = {"Accept": "application/vnd.github+json", "User-Agent": "multi-env-lambda"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        request = Request(f"{self.address}/repos/{self.repository}/{path}", headers=headers)  # noqa: S310 - see `of`
        try:
            with build_opener(NoRedirect).open(request, timeout=_SECONDS) as answer:
                return json.loads(answer.read(_LARGEST))
        except HTTPError as error:
            if error.code == 404:
                return None
            raise self._error(f"it answers {error.code}") from error
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise self._error(f"it does not answer: {type(error).__name__}") from error

    def _error(self, what: str) -> ToolError:
        return ToolError(f"GitHub's API about {self.repository}", what, hint=_HINT)


def _listed(answer: Any, key: str) -> list[Any]:
    found = answer.get(key) if isinstance(answer, Mapping) else None
    return found if isinstance(found, list) else []
