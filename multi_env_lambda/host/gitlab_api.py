"""GitLab, as far as a run of the CI tells people something there: one note, one status, and what was merged.

Each writes after it has read, and only what differs. ``CI_JOB_TOKEN`` may do none of it, so it takes a token of the
project, which GitLab gives to jobs of protected branches only.

Source: https://docs.gitlab.com/api/notes/, https://docs.gitlab.com/api/commits/ (statuses, and merge requests of a
commit), https://docs.gitlab.com/api/users/ and https://docs.gitlab.com/ci/jobs/ci_job_token/ (what that token may do)
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal
from urllib.parse import quote, urlencode

import attrs

from multi_env_lambda.host.rest import Rest, normal

__all__ = ["GITLAB_API", "AtGitLab"]

GITLAB_API = "https://gitlab.com/api/v4"
_PAGE, _MOST_PAGES = 100, 10
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_LONGEST = 255
_HINT = "MULTI_ENV_LAMBDA_GITLAB_TOKEN has to be an access token of this project, with the scope `api`, role Developer"
_STATES = {"success": "success", "failure": "failed", "pending": "pending"}


@attrs.frozen(kw_only=True)
class AtGitLab:
    """One project.

    Args:
        project: ``group/project``. token: never shown. api: the address of the API. context: the name of our statuses.
    """

    project: str
    token: str = attrs.field(repr=False)
    api: str = GITLAB_API
    context: str = "multi-env-lambda"

    limit: int = attrs.field(default=1_000_000, init=False)
    """Characters of a note. Source: https://docs.gitlab.com/api/notes/"""

    def comment(self, number: int, marker: str, text: str) -> bool:
        """Write the note that begins with ``marker``, or change it; whether anything had to be written.

        Raises:
            ToolError: GitLab does not answer, or refuses.
        """
        notes = f"{self._project}/merge_requests/{number:d}/notes"
        me = self._own_id()
        order = {"sort": "asc", "order_by": "created_at"}
        there = next((one for one in self._pages(notes, **order) if _is_ours(one, marker, me)), None)
        if there is None:
            self._call("POST", notes, {"body": text})
        elif normal(str(there.get("body", ""))) == normal(text):
            return False
        else:
            self._call("PUT", f"{notes}/{int(there['id'])}", {"body": text})
        return True

    def status(self, commit: str, state: Literal["success", "failure", "pending"], text: str, link: str) -> bool:
        """Say how a commit stands; whether that was new.

        Raises:
            ToolError: as above.
        """
        said = {"state": _STATES[state], "description": text[:_LONGEST], "name": self.context}
        where = f"{self._project}/repository/commits/{quote(commit, safe='')}/statuses"
        found = self._pages(where, name=self.context)
        newest = max(found, key=lambda one: int(one.get("id") or 0), default={})
        if (newest.get("status"), newest.get("description")) == (said["state"], said["description"]):
            return False
        target = {"target_url": link} if link and len(link) <= _LONGEST else {}
        self._call("POST", f"{self._project}/statuses/{quote(commit, safe='')}", {**said, **target})
        return True

    def merged(self, commits: Iterable[str], into: str) -> Mapping[int, str]:
        """Which merge requests brought these commits into a branch: number -> commit.

        Raises:
            ToolError: as above.
        """
        found: dict[int, str] = {}
        for commit in commits:
            for one in self._pages(f"{self._project}/repository/commits/{quote(commit, safe='')}/merge_requests"):
                number = one.get("iid")
                if isinstance(number, int) and one.get("state") == "merged" and one.get("target_branch") == into:
                    found.setdefault(number, commit)
        return found

    def open_requests(self, into: str, most: int) -> Mapping[int, str]:
        """The merge requests of branches of this project into a branch, the last changed first: number -> commit.

        Raises:
            ToolError: as above.
        """
        found: dict[int, str] = {}
        query = {"state": "opened", "target_branch": into, "order_by": "updated_at", "sort": "desc"}
        for one in self._pages(f"{self._project}/merge_requests", **query):
            number, commit = one.get("iid"), str(one.get("sha") or "")
            if len(found) == most:
                break
            if (
                isinstance(number, int)
                and _COMMIT.fullmatch(commit)
                and one.get("source_project_id") == one.get("target_project_id")
            ):
                found[number] = commit
        return found

    def request_link(self, number: int) -> str:
        """To the pipelines of a merge request."""
        return f"https://gitlab.com/{self.project}/-/merge_requests/{number:d}/pipelines"

    @property
    def _project(self) -> str:
        return f"projects/{quote(self.project, safe='')}"

    def _own_id(self) -> int:
        """Whose token it is: anybody may write the marker, so only her notes are ours."""
        found = self._call("GET", "user")
        return int(found["id"]) if isinstance(found, dict) and isinstance(found.get("id"), int) else 0

    def _pages(self, path: str, **query: str) -> Iterator[Mapping[str, Any]]:
        for page in range(1, _MOST_PAGES + 1):
            words = urlencode({**query, "per_page": _PAGE, "page": page})
            answer = self._call("GET", f"{path}?{words}")
            items = answer if isinstance(answer, list) else []
            yield from (one for one in items if isinstance(one, dict))
            if len(items) < _PAGE:
                return

    def _call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        where = f"GitLab, {self.project}"
        rest = Rest(where=where, address=self.api, token=self.token, words=("message",), hint=_HINT)
        return rest.call(method, path, body)


def _is_ours(note: Mapping[str, Any], marker: str, me: int) -> bool:
    author = note.get("author")
    ours = bool(me) and isinstance(author, Mapping) and author.get("id") == me
    return ours and not note.get("system") and normal(str(note.get("body", ""))).startswith(marker)
