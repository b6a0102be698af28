"""Bitbucket Cloud, as far as a run of the CI tells people something: one comment, one status, and what was merged.

Each writes after it has read, and only what differs. A token of a repository cannot ask whose it is. But only an author
may change a comment: so of those that begin with the marker, ours is the one that can be changed.

Source: https://developer.atlassian.com/cloud/bitbucket/rest/api-group-pullrequests/,
https://developer.atlassian.com/cloud/bitbucket/rest/api-group-commit-statuses/ and
https://support.atlassian.com/bitbucket-cloud/docs/repository-access-tokens/
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from itertools import islice
from typing import Any, Literal
from urllib.parse import quote, urlencode

import attrs

from multi_env_lambda.host.rest import Rest, normal

__all__ = ["BITBUCKET_API", "AtBitbucket"]

BITBUCKET_API = "https://api.bitbucket.org/2.0"
_PAGE, _MOST_PAGES, _MOST_TRIED = 50, 20, 5
_LONGEST_TEXT = 255
_COMMIT = re.compile(r"[0-9a-f]{12,64}")
_NOT_OURS = (403, 404)
_HINT = "MULTI_ENV_LAMBDA_BITBUCKET_TOKEN has to be an access token of this repository that may write pull requests"
_STATES = {"success": "SUCCESSFUL", "failure": "FAILED", "pending": "INPROGRESS"}


@attrs.frozen(kw_only=True)
class AtBitbucket:
    """One repository.

    Args:
        repository: ``workspace/name``. token: never shown. api: the address of the API.
        context: the key of our statuses, of at most 40 characters.
    """

    repository: str
    token: str = attrs.field(repr=False)
    api: str = BITBUCKET_API
    context: str = "multi-env-lambda"

    limit: int = attrs.field(default=32_768, init=False)
    """Characters of a comment; more are refused."""

    def comment(self, number: int, marker: str, text: str) -> bool:
        """Write the comment that begins with ``marker``, or change it; whether anything had to be written.

        Raises:
            ToolError: Bitbucket does not answer, or refuses.
        """
        comments = f"pullrequests/{number:d}/comments"
        body = {"content": {"raw": text}}
        found = (one for one in self._pages(comments) if _is_marked(one, marker))
        for one in islice(found, _MOST_TRIED):
            if normal(_raw(one)) == normal(text):
                return False
            if self._call("PUT", f"{comments}/{int(one['id'])}", body, no=_NOT_OURS) is not None:
                return True
        self._call("POST", comments, body)
        return True

    def status(self, commit: str, state: Literal["success", "failure", "pending"], text: str, link: str) -> bool:
        """Say how a commit stands; whether that was new. Without a link, Bitbucket takes none.

        Raises:
            ToolError: as above.
        """
        builds = f"commit/{quote(commit, safe='')}/statuses/build"
        said = {"key": self.context, "state": _STATES[state], "description": text[:_LONGEST_TEXT]}
        there = self._call("GET", f"{builds}/{quote(self.context, safe='')}", no=(404,))
        there = there if isinstance(there, dict) else {}
        if all(there.get(key) == value for key, value in said.items()):
            return False
        url = link or f"https://bitbucket.org/{self.repository}/commits/{commit}"
        self._call("POST", builds, {**said, "name": self.context, "url": url})
        return True

    def merged(self, commits: Collection[str], into: str) -> Mapping[int, str]:
        """Which pull requests brought these commits into a branch: number -> commit; of the newest fifty.

        Raises:
            ToolError: as above.
        """
        if not commits:
            return {}
        found: dict[int, str] = {}
        query = urlencode({"state": "MERGED", "sort": "-updated_on", "pagelen": _PAGE})
        for one in _values(self._call("GET", f"pullrequests?{query}")):
            short, number = str(_at(one, "merge_commit", "hash") or ""), one.get("id")
            commit = next((full for full in commits if len(short) >= 12 and full.startswith(short)), None)
            if commit and isinstance(number, int) and _at(one, "destination", "branch", "name") == into:
                found.setdefault(number, commit)
        return found

    def open_requests(self, into: str, most: int) -> Mapping[int, str]:
        """The pull requests of branches of this repository into a branch, the last changed first: number -> commit, or
        the beginning of it.

        Raises:
            ToolError: as above.
        """
        found: dict[int, str] = {}
        query = urlencode({"state": "OPEN", "sort": "-updated_on", "pagelen": min(most, _PAGE)})
        for one in _values(self._call("GET", f"pullrequests?{query}")):
            number, commit = one.get("id"), str(_at(one, "source", "commit", "hash") or "")
            own = _at(one, "source", "repository", "full_name") == self.repository
            ours = own and _at(one, "destination", "branch", "name") == into
            if ours and isinstance(number, int) and _COMMIT.fullmatch(commit):
                found[number] = commit
        return found

    def request_link(self, number: int) -> str:
        """To the page of a pull request."""
        return f"https://bitbucket.org/{self.repository}/pull-requests/{number:d}"

    def _pages(self, path: str) -> Iterator[Mapping[str, Any]]:
        for page in range(1, _MOST_PAGES + 1):
            answer = self._call("GET", f"{path}?{urlencode({'pagelen': _PAGE, 'page': page})}")
            yield from _values(answer)
            if not isinstance(answer, dict) or not answer.get("next"):
                return

    def _call(self, method: str, path: str, body: Mapping[str, Any] | None = None, *, no: Collection[int] = ()) -> Any:
        address = f"{self.api}/repositories/{quote(self.repository)}"
        where = f"Bitbucket, {self.repository}"
        rest = Rest(where=where, address=address, token=self.token, words=("error", "message"), hint=_HINT)
        return rest.call(method, path, body, no=no)


def _is_marked(comment: Mapping[str, Any], marker: str) -> bool:
    return not comment.get("deleted") and normal(_raw(comment)).startswith(marker)


def _raw(comment: Mapping[str, Any]) -> str:
    return str(_at(comment, "content", "raw") or "")


def _at(found: Any, *path: str) -> Any:
    for name in path:
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


def _values(answer: Any) -> list[Mapping[str, Any]]:
    values = answer.get("values") if isinstance(answer, dict) else None
    return [one for one in values if isinstance(one, dict)] if isinstance(values, list) else []
