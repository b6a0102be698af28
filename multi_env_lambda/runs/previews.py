"""Plans of what is not merged, at hosts whose jobs of a change may not speak: left in the bucket, and said by another.

The job of a change runs its code, so it has no token of the host and a role that may only read. What it leaves is taken
for what it is: a text, of a bounded size and shape, that decides nothing (``ci/strangers.py``). Whether the change is
still open and at that very commit, the host is asked by the job of the protected branch, which alone has the token.
"""

from __future__ import annotations

from collections.abc import Callable

import attrs

from multi_env_lambda.ci.comment import MARKER, Comment, render, title_of
from multi_env_lambda.ci.strangers import Preview, from_log, to_log
from multi_env_lambda.host.bitbucket_api import AtBitbucket
from multi_env_lambda.host.gitlab_api import AtGitLab
from multi_env_lambda.host.unexpected import as_ours
from multi_env_lambda.model.ci_stack import REQUESTS
from multi_env_lambda.model.store import ObjectStore
from multi_env_lambda.operations.dispatch import leave
from multi_env_lambda.runs.voice import Voice

__all__ = ["MOST_REQUESTS", "leave_preview", "preview_place", "say_previews"]

MOST_REQUESTS = 50
"""That are looked at in one run, the ones that changed last."""

_BEGINNING = 12
"""Signs of a commit that all hosts say."""

_NOTES = (
    "This text comes from a job that runs the code of the change, so it decides nothing.",
    "After the merge this comment says how far it has come.",
)


def preview_place(number: int, commit: str) -> str:
    """Where the bucket has it: among what builds of what is not merged may write."""
    return f"ci/results/{REQUESTS}-preview/{number:d}/{commit[:_BEGINNING]}"


def leave_preview(store: ObjectStore, comment: Comment) -> None:
    """Leave what merging would do; a job that is tried again replaces it."""
    place = preview_place(comment.number, comment.commit)
    leave(store, store.get(place), place, to_log(Preview.of(comment, "", ())).encode("ascii"))


def say_previews(voice: Callable[[], Voice], store: ObjectStore, branch: str) -> tuple[str, ...]:
    """Say them where they belong; what could not be said, a line each: it is no reason to stop a deploy."""
    try:
        host = voice().host
        if not isinstance(host, AtGitLab | AtBitbucket):
            return ()
        there = host.open_requests(branch, MOST_REQUESTS)
    except Exception as raised:  # also an answer of a shape that nobody has seen
        refused = as_ours("ci run", raised)
        return (f"plans of what is not merged were not said: {refused.where}: {refused.what}",)
    notes: list[str] = []
    for number, commit in there.items():
        try:
            _say(host, store, number, commit)
        except Exception as raised:  # whatever one job has left, it keeps no other from being said
            error = as_ours("ci run", raised)
            notes.append(f"the plan of {number} was not said: {error.where}: {error.what}")
    return tuple(notes)


def _say(host: AtGitLab | AtBitbucket, store: ObjectStore, number: int, commit: str) -> None:
    kept = store.get(preview_place(number, commit))
    if kept is not None:
        comment = from_log(kept.body).comment(number, commit, host.request_link(number))
        comment = attrs.evolve(comment, title=title_of(comment.failures, comment.rows), notes=_NOTES)
        host.comment(number, MARKER, render(comment, host.limit))
