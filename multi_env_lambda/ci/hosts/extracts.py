"""What the readers of webhooks read, and nothing else of a host's body.

A body may have megabytes, names and e-mail addresses; an event of EventBridge may not, and need not. Whatever a reader
says of a body, it says of its extract: a test compares them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

__all__ = ["SHAPES", "Shape", "extract"]

Shape = Mapping[str, "Shape | None"]
"""By key, what is kept below it; None: the value itself. A list is kept entry by entry."""

_LONGEST_TEXT = 4096
_HIGHEST = 10**15
_MOST_ENTRIES = 100

_NAMED: Final[Shape] = {"full_name": None}
_GITHUBS_END: Final[Shape] = {"ref": None, "sha": None, "repo": {"id": None}}
_GITHUB: Final[Shape] = {
    "action": None,
    "after": None,
    "before": None,
    "changes": {"base": {"ref": {"from": None}}},
    "deleted": None,
    "number": None,
    "pull_request": {"number": None, "merged": None, "head": _GITHUBS_END, "base": _GITHUBS_END},
    "ref": None,
    "ref_type": None,
    "repository": _NAMED,
    "review": {"commit_id": None, "state": None, "user": {"login": None}},
    "sender": {"login": None},
}
_GITLAB: Final[Shape] = {
    "after": None,
    "before": None,
    "checkout_sha": None,
    "object_attributes": {
        "action": None,
        "iid": None,
        "last_commit": {"id": None},
        "oldrev": None,
        "source_branch": None,
        "source_project_id": None,
        "target_branch": None,
        "target_project_id": None,
    },
    "object_kind": None,
    "project": {"path_with_namespace": None},
    "ref": None,
    "user": {"username": None},
    "user_username": None,
}
_BITBUCKETS_REF: Final[Shape] = {"name": None, "type": None, "target": {"hash": None}}
_BITBUCKETS_END: Final[Shape] = {"branch": {"name": None}, "commit": {"hash": None}, "repository": {"uuid": None}}
_BITBUCKET: Final[Shape] = {
    "actor": {"nickname": None},
    "pullrequest": {"id": None, "source": _BITBUCKETS_END, "destination": _BITBUCKETS_END},
    "push": {"changes": {"new": _BITBUCKETS_REF, "old": _BITBUCKETS_REF}},
    "repository": _NAMED,
}
SHAPES: Final[Mapping[str, Shape]] = {"bitbucket": _BITBUCKET, "github": _GITHUB, "gitlab": _GITLAB}


def extract(value: object, shape: Shape | None) -> object:
    """The part of a value that has this shape.

    >>> extract({"ref": "refs/heads/main", "pusher": {"email": "ada@example.org"}}, {"ref": None})
    {'ref': 'refs/heads/main'}
    """
    if shape is None:
        return value if _is_plain(value) else None
    if isinstance(value, list):
        return [extract(one, shape) for one in value[:_MOST_ENTRIES]]
    if not isinstance(value, Mapping):
        return None
    return {key: extract(value[key], below) for key, below in shape.items() if key in value}


def _is_plain(value: object) -> bool:
    """A text, number or truth value that readers read, and every JSON can hold."""
    if isinstance(value, str):
        return len(value) <= _LONGEST_TEXT and not any("\ud800" <= sign <= "\udfff" for sign in value)
    return isinstance(value, bool) or (isinstance(value, int) and abs(value) < _HIGHEST)
