"""What somebody asks to be looked at: a branch, a tag or a pull request, by words that anybody may have written."""

from __future__ import annotations

from collections.abc import Mapping

from multi_env_lambda.ci.given import Given
from multi_env_lambda.ci.happened import Asked, Happened, NotForUs
from multi_env_lambda.ci.names import is_ref_name
from multi_env_lambda.ci.subject import Branch, Everything, PullRequest, Subject, Tag

__all__ = ["NAMES", "asked"]

NAMES = ("branch", "tag", "pull_request")
"""What may be named; nothing of it is everything."""


def asked(detail: Given, *, who: str) -> Happened:
    """The wish in these words."""
    subject = _subject(detail)
    if subject is None:
        what = "a wish that names no branch, tag or pull request as Git and the host call them"
        return NotForUs(reason=what)
    return Asked(subject=subject, who=who)


def _subject(detail: Given) -> Subject | None:
    branch, tag, number = detail.text("branch"), detail.text("tag"), detail.number("pull_request")
    if is_ref_name(branch):
        return Branch(name=branch)
    if is_ref_name(tag):
        return Tag(name=tag)
    if number:
        return PullRequest(number=number)
    named = isinstance(detail.value, Mapping) and not detail.value.keys() & set(NAMES)
    return Everything() if named else None
