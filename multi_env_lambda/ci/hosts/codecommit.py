"""Events of CodeCommit.

Source: https://docs.aws.amazon.com/codecommit/latest/userguide/monitoring-events.html. A creation has no old commit, a
deletion no new one, an unreferenced merge no reference. Pull requests name their repository as a list, and write
booleans as text.
"""

from __future__ import annotations

from multi_env_lambda.ci.given import Given
from multi_env_lambda.ci.happened import Happened, NotForUs
from multi_env_lambda.ci.hosts.refs import FOLDERS, What, pull_request_changed, ref_moved
from multi_env_lambda.ci.names import quoted

__all__ = ["read_codecommit"]


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
    folder = FOLDERS.get(detail.text("referenceType"), "")
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
    event, what = detail.text("event"), _what(detail)
    if what is None:
        return NotForUs(reason=f"{quoted(event)} changes neither a pull request's commits nor whether it is open")
    repositories = [one.text() for one in detail.items("repositoryNames")]
    heads = FOLDERS["branch"]
    return pull_request_changed(
        "codecommit",
        repositories[0] if len(repositories) == 1 else "",
        what,
        number=detail.number("pullRequestId"),
        branch=detail.text("sourceReference").removeprefix(heads),
        into=detail.text("destinationReference").removeprefix(heads),
        commit=detail.text("sourceCommit"),
        stranger=False,
        who=detail.text("callerUserArn"),
        missing=f"{quoted(event)} without a pull request of one repository",
    )


def _what(detail: Given) -> What | None:
    match detail.text("event"), detail.flag("isMerged"), detail.text("pullRequestStatus") == "Open":
        case "pullRequestCreated", False, True:
            return "opened"
        case "pullRequestSourceBranchUpdated", False, True:
            return "updated"
        case "pullRequestStatusChanged", False, True:
            return "opened"
        case (("pullRequestStatusChanged" | "pullRequestMergeStatusUpdated"), True, _):
            return "merged"
        case "pullRequestStatusChanged", False, False:
            return "closed"
        case _:
            return None
