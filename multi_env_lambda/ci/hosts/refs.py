"""What all hosts say alike: that a ref moved or went."""

from __future__ import annotations

from multi_env_lambda.ci.happened import BranchGone, BranchMoved, Happened, Host, NotForUs, TagMade
from multi_env_lambda.ci.names import commit_id, is_ref_name, quoted

__all__ = ["ref_moved"]


def ref_moved(
    host: Host, repository: str, ref: str, *, commit: str, before: str = "", gone: bool = False, who: str = ""
) -> Happened:
    """A full ref, as in ``refs/heads/main``, that was made, moved or deleted."""
    if not repository:
        return NotForUs(reason="an event without a repository")
    kind, name = _split(ref)
    if not is_ref_name(name):
        return NotForUs(reason=f"{quoted(ref)} is no branch or tag")
    if kind == "tag":
        if gone:
            return NotForUs(reason=f"the tag {quoted(name)} is gone, which takes nothing back")
        return TagMade(host=host, repository=repository, tag=name, commit=commit_id(commit), who=who)
    if gone:
        return BranchGone(host=host, repository=repository, branch=name, who=who)
    return BranchMoved(
        host=host, repository=repository, branch=name, commit=commit_id(commit), before=commit_id(before), who=who
    )


def _split(ref: str) -> tuple[str, str]:
    for kind, prefix in (("branch", "refs/heads/"), ("tag", "refs/tags/")):
        if ref.startswith(prefix):
            return kind, ref.removeprefix(prefix)
    return "", ""
