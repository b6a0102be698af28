"""Events of CodeCommit.

Source: https://docs.aws.amazon.com/codecommit/latest/userguide/monitoring-events.html. A creation has no old commit, a
deletion no new one, an unreferenced merge no reference. Pull requests name their repository as a list, and write
booleans as text.
"""

from __future__ import annotations

from multi_env_lambda.ci.given import Given
from multi_env_lambda.ci.happened import Happened, NotForUs, PullRequestChanged
from multi_env_lambda.ci.hosts.refs import ref_moved
from multi_env_lambda.ci.names import commit_id, is_ref_name, quoted

__all__ = ["read_codecommit"]

_HEADS = "refs/heads/"


def read_codecommit(kind: str, detail: Given) -> tuple[Happened, ...]:
    """Read the ``detail`` of an event; ``kind`` is its detail type."""
    match kind:
        case "CodeCommit Repository State Change":
            return (_reference(detail),)
        case "CodeCommit Pull Request State Change":
            return (_pull_request(detail),)
        case _:
            return (NotForUs(reason=f"an event {quoted(kind)} of CodeCommit"),)


def _reference(detail: Given) -> Happened:
    event, ref = detail.text("event"), detail.text("referenceFullName")
    if event not in ("referenceCreated", "referenceUpdated", "referenceDeleted"):
        return NotForUs(reason=f"{quoted(event)} moves no branch and no tag")
    folder = {"branch": _HEADS, "tag": "refs/tags/"}.get(detail.text("referenceType"), "")
    if detail.at("referenceFullName").value is None and folder:
        ref = folder + detail.text("referenceName")
    if folder and not ref.startswith(folder):
        return NotForUs(reason=f"{quoted(ref)} is called a {detail.text('referenceType')}")
    return ref_moved(
        "codecommit",
        detail.text("repositoryName"),
        ref,
        commit=detail.text("commitId"),
        before=detail.text("oldCommitId"),
        gone=event == "referenceDeleted",
        who=detail.text("callerUserArn"),
    )


def _pull_request(detail: Given) -> Happened:
    """Everyone who may open one may push: CodeCommit has no forks."""
    event = detail.text("event")
    merged, is_open = detail.flag("isMerged"), detail.text("pullRequestStatus") == "Open"
    repositories = [one.text() for one in detail.items("repositoryNames")]
    number = detail.number("pullRequestId")
    branch, into = (detail.text(key).removeprefix(_HEADS) for key in ("sourceReference", "destinationReference"))
    if not (number and len(repositories) == 1 and repositories[0] and is_ref_name(branch) and is_ref_name(into)):
        return NotForUs(reason=f"{quoted(event)} without a pull request of one repository")
    match event, merged, is_open:
        case "pullRequestCreated", False, True:
            what = "opened"
        case "pullRequestSourceBranchUpdated", False, True:
            what = "updated"
        case "pullRequestStatusChanged", False, True:
            what = "opened"
        case (("pullRequestStatusChanged" | "pullRequestMergeStatusUpdated"), True, _):
            what = "merged"
        case "pullRequestStatusChanged", False, False:
            what = "closed"
        case _:
            return NotForUs(reason=f"{quoted(event)} changes neither a pull request's commits nor whether it is open")
    return PullRequestChanged(
        host="codecommit",
        repository=repositories[0],
        what=what,  # type: ignore[arg-type]
        number=number,
        branch=branch,
        into=into,
        commit=commit_id(detail.text("sourceCommit")),
        stranger=False,
        who=detail.text("callerUserArn"),
    )
