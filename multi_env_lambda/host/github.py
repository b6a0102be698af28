"""GitHub, as far as a run of the CI tells people something there: one comment, one status, and what was merged.

Each writes after it has read, and only what differs. The token goes to the one address and nowhere else: no redirection
is followed, and it is in no message.

Source: https://docs.github.com/en/rest/issues/comments, https://docs.github.com/en/rest/commits/statuses and
https://docs.github.com/en/rest/commits/commits#list-pull-requests-associated-with-a-commit
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Literal
from urllib.parse import quote

import attrs

from multi_env_lambda.host.rest import Rest, normal

__all__ = ["PUBLIC", "GitHub", "State"]

State = Literal["success", "failure", "pending"]

PUBLIC = "https://api.github.com"
_VERSION = "2022-11-28"
_PAGE, _MOST_PAGES = 100, 10
_LONGEST_STATUS = 140
_HINT = "the token in GITHUB_TOKEN needs `pull-requests: write` and `statuses: write` on this repository"
_OURS = frozenset({"OWNER", "MEMBER", "COLLABORATOR"})


def _nothing(_: str) -> bool:
    return False


@attrs.frozen(kw_only=True)
class GitHub:
    """One repository.

    Args:
        repository: ``owner/name``. token: never shown. api: the address of the API.
        context: what our statuses are called.
    """

    repository: str
    token: str = attrs.field(repr=False)
    api: str = PUBLIC
    context: str = "multi-env-lambda"

    limit: int = attrs.field(default=65_536, init=False)
    """Characters of a comment; more are answered with 422 and "body is too long (maximum is 65536 characters)".

    Source: https://github.com/telia-oss/github-pr-resource/issues/259, since the reference does not say it.
    """

    def comment(self, number: int, marker: str, text: str, *, keeps: Callable[[str], bool] = _nothing) -> bool:
        """Write the comment that begins with ``marker``, or change it; whether anything had to be written.

        Args:
            keeps: of what is there already, whether it says more and has to stay.

        Raises:
            ToolError: GitHub does not answer, or refuses.
        """
        comments = f"issues/{number}/comments"
        there = next((one for one in self._pages(comments) if _is_ours(one, marker)), None)
        if there is None:
            self._call("POST", comments, {"body": text})
        elif _body(there) == normal(text) or keeps(_body(there)):
            return False
        else:
            self._call("PATCH", f"issues/comments/{int(there['id'])}", {"body": text})
        return True

    def status(self, commit: str, state: State, text: str, link: str) -> bool:
        """Say how a commit stands; whether that was new.

        Raises:
            ToolError: as above.
        """
        short = text if len(text) <= _LONGEST_STATUS else f"{text[: _LONGEST_STATUS - 1]}…"
        wanted = {"state": state, "description": short, "context": self.context}
        newest = next(
            (one for one in self._pages(f"commits/{quote(commit)}/statuses") if one.get("context") == self.context), {}
        )
        if all(newest.get(key) == value for key, value in wanted.items()):
            return False
        self._call("POST", f"statuses/{quote(commit)}", {**wanted, **({"target_url": link} if link else {})})
        return True

    def merged(self, commits: Iterable[str], into: str) -> Mapping[int, str]:
        """Which pull requests brought these commits into a branch: number -> commit.

        Raises:
            ToolError: as above.
        """
        found: dict[int, str] = {}
        for commit in commits:
            for one in self._pages(f"commits/{quote(commit)}/pulls"):
                number, base = one.get("number"), one.get("base")
                is_merged = bool(one.get("merged_at")) and isinstance(base, Mapping) and base.get("ref") == into
                if isinstance(number, int) and is_merged:
                    found.setdefault(number, commit)
        return found

    def _pages(self, path: str) -> Iterator[Mapping[str, Any]]:
        for page in range(1, _MOST_PAGES + 1):
            answer = self._call("GET", f"{path}?per_page={_PAGE}&page={page}")
            items = answer if isinstance(answer, list) else []
            yield from (one for one in items if isinstance(one, dict))
            if len(items) < _PAGE:
                return

    def _call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        rest = Rest(
            where=f"GitHub, {self.repository}",
            address=f"{self.api.rstrip('/')}/repos/{quote(self.repository)}",
            token=self.token,
            words=("message",),
            hint=_HINT,
            headers={"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": _VERSION},
        )
        return rest.call(method, path, body)


def _is_ours(comment: Mapping[str, Any], marker: str) -> bool:
    """Anybody may write the marker, so it counts from a bot or from somebody who belongs to the repository only."""
    user = comment.get("user")
    is_bot = isinstance(user, Mapping) and user.get("type") == "Bot"
    return _body(comment).startswith(marker) and (is_bot or comment.get("author_association") in _OURS)


def _body(comment: Mapping[str, Any]) -> str:
    return normal(str(comment.get("body", "")))
