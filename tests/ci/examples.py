"""Events as AWS and the Git hosts document them, one per file, and what each says happened."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from multi_env_lambda.ci import (
    ApprovalGiven,
    Asked,
    Branch,
    BranchGone,
    BranchMoved,
    BuildEnded,
    CommitAgreed,
    Everything,
    Happened,
    NotForUs,
    PullRequest,
    PullRequestChanged,
    ScheduleLooked,
    Tag,
    TagMade,
)

__all__ = ["EVENTS", "EXPECTED", "example"]

NEW = "7f0103f5b1b7a1a0d0d4b7e3a5a9c1d2e3f40516"
OLD = "3e5983a0c8bd2f64b5f5d1c3d6a7e8f901234567"
OTHER = "26a8f2d1e0c9b8a7968574635241302f1e0d9c8b"
ADA = "arn:aws:sts::111111111111:assumed-role/Developer/ada"
EVENTS = Path(__file__).parent / "events"
FEATURE = "feature/invoices"


def example(name: str) -> Any:
    return json.loads((EVENTS / f"{name}.json").read_text(encoding="utf-8"))


def codecommit(what: str, **more: Any) -> PullRequestChanged:
    return request("codecommit", what, repository="units", who=ADA, **more)


def request(host: str, what: str, **more: Any) -> PullRequestChanged:
    values = {"host": host, "what": what, "repository": "acme/units", "number": 12, "branch": FEATURE, "into": "main"}
    rest = {"commit": NEW, "stranger": False, "who": "ada"}
    return PullRequestChanged(**{**values, **rest, **more})  # type: ignore[arg-type]


def nothing(*reasons: str) -> tuple[NotForUs, ...]:
    return tuple(NotForUs(reason=reason) for reason in reasons)


IN_UNITS: Any = {"host": "codecommit", "repository": "units", "who": ADA}
AT_GITHUB: Any = {"host": "github", "repository": "acme/units", "who": "ada"}
AT_GITLAB: Any = {"host": "gitlab", "repository": "acme/units", "who": "ada"}
AT_BITBUCKET: Any = {"host": "bitbucket", "repository": "acme/units", "who": "ada"}
NEITHER = "changes neither a pull request's commits nor whether it is open"
TAG_GONE = "the tag `orders-0.1.1` is gone, which takes nothing back"

EXPECTED: Mapping[str, tuple[Happened, ...]] = {
    "codecommit-branch-created": (BranchMoved(branch=FEATURE, commit=NEW, **IN_UNITS),),
    "codecommit-branch-updated": (BranchMoved(branch="main", commit=NEW, before=OLD, **IN_UNITS),),
    "codecommit-branch-merged": (BranchMoved(branch="main", commit=NEW, before=OLD, **IN_UNITS),),
    "codecommit-branch-deleted": (BranchGone(branch=FEATURE, **IN_UNITS),),
    "codecommit-tag-created": (TagMade(tag="orders-0.1.1", commit=NEW, **IN_UNITS),),
    "codecommit-tag-deleted": nothing(TAG_GONE),
    "codecommit-unreferenced-merge": nothing("`unreferencedMergeCommitCreated` moves no branch and no tag"),
    "codecommit-pull-request-created": (codecommit("opened"),),
    "codecommit-pull-request-updated": (codecommit("updated"),),
    "codecommit-pull-request-closed": (codecommit("closed"),),
    "codecommit-pull-request-reopened": (codecommit("opened"),),
    "codecommit-pull-request-merged": (codecommit("merged"),),
    "codecommit-pull-request-approved": nothing(f"`pullRequestApprovalStateChanged` {NEITHER}"),
    "codecommit-comment": nothing("an event `CodeCommit Comment on Pull Request` of CodeCommit"),
    "github-push": (BranchMoved(branch="main", commit=NEW, before=OLD, **AT_GITHUB),),
    "github-push-forced": (BranchMoved(branch="main", commit=OTHER, before=OLD, **AT_GITHUB),),
    "github-push-created": (BranchMoved(branch=FEATURE, commit=NEW, **AT_GITHUB),),
    "github-push-without-commits": (BranchMoved(branch=FEATURE, commit=NEW, **AT_GITHUB),),
    "github-push-deleted": (BranchGone(branch=FEATURE, **AT_GITHUB),),
    "github-delete": (BranchGone(branch=FEATURE, **AT_GITHUB),),
    "github-delete-tag": nothing(TAG_GONE),
    "github-push-tag": (TagMade(tag="orders-0.1.1", commit=NEW, **AT_GITHUB),),
    "github-dispatch-of-a-branch": (Asked(subject=Branch(name=FEATURE), who="ada"),),
    "github-dispatch-of-a-tag": (Asked(subject=Tag(name="orders-0.1.1"), who="ada"),),
    "github-dispatch-of-a-pull-request": (Asked(subject=PullRequest(number=12), who="ada"),),
    "github-dispatch-of-another-workflow": nothing(
        "another workflow than .github/workflows/multi-env-lambda.yml was started"
    ),
    "github-dispatch-of-everything": (ScheduleLooked(),),
    "github-schedule": (ScheduleLooked(),),
    "github-ping": nothing("a ping: the webhook is there"),
    "github-pull-request-opened": (request("github", "opened"),),
    "github-pull-request-of-a-fork": (request("github", "opened", stranger=True),),
    "github-pull-request-of-a-fork-that-is-gone": (request("github", "updated", stranger=True),),
    "github-pull-request-synchronize": (request("github", "updated"),),
    "github-pull-request-edited": nothing(f"`edited` {NEITHER}"),
    "github-pull-request-into-another-branch": (request("github", "updated"),),
    "github-pull-request-closed": (request("github", "closed"),),
    "github-pull-request-merged": (request("github", "merged"),),
    "github-review-approved": (
        CommitAgreed(host="github", repository="acme/units", number=12, commit=NEW, who="grace"),
    ),
    "github-review-commented": nothing("a review that approves no commit"),
    "github-star": nothing("an event `star` of GitHub"),
    "gitlab-push": (BranchMoved(branch="main", commit=NEW, before=OLD, **AT_GITLAB),),
    "gitlab-push-deleted": (BranchGone(branch=FEATURE, **AT_GITLAB),),
    "gitlab-tag": (TagMade(tag="orders-0.1.1", commit=NEW, **AT_GITLAB),),
    "gitlab-tag-deleted": nothing(TAG_GONE),
    "gitlab-merge-request-opened": (request("gitlab", "opened"),),
    "gitlab-merge-request-of-a-fork": (request("gitlab", "opened", stranger=True),),
    "gitlab-merge-request-with-new-commits": (request("gitlab", "updated"),),
    "gitlab-merge-request-with-a-new-title": nothing(
        "`update` changes neither a merge request's commits nor whether it is open"
    ),
    "gitlab-merge-request-closed": (request("gitlab", "closed"),),
    "gitlab-merge-request-merged": (request("gitlab", "merged"),),
    "gitlab-pipeline": nothing("an event `pipeline` of GitLab"),
    "bitbucket-push": (BranchMoved(branch="main", commit=NEW, before=OLD, **AT_BITBUCKET),),
    "bitbucket-push-of-three": (
        BranchMoved(branch="main", commit=NEW, before=OLD, **AT_BITBUCKET),
        BranchGone(branch=FEATURE, **AT_BITBUCKET),
        TagMade(tag="orders-0.1.1", commit=NEW, **AT_BITBUCKET),
    ),
    # Its commits are twelve digits long there, which is no id of a commit.
    "bitbucket-pull-request-created": (request("bitbucket", "opened", commit=""),),
    "bitbucket-pull-request-of-a-fork-that-is-gone": (request("bitbucket", "updated", commit="", stranger=True),),
    "bitbucket-pull-request-of-a-fork": (request("bitbucket", "opened", commit="", stranger=True),),
    "bitbucket-pull-request-fulfilled": (request("bitbucket", "merged", commit=""),),
    "bitbucket-pull-request-rejected": (request("bitbucket", "closed", commit=""),),
    "bitbucket-comment": nothing("an event `pullrequest:comment_created` of Bitbucket"),
    "schedule-of-a-rule": (ScheduleLooked(),),
    "schedule-of-the-scheduler": (ScheduleLooked(),),
    "approval": (
        ApprovalGiven(
            bucket="acme-artifacts",
            environment="prod",
            digest="5438c74cb320fbfc392e6e1589260112212030f4cb1ce43425aae635ff84130d",
            user_id="AROAEXAMPLE:grace",
        ),
    ),
    "record": nothing("the object `environments/prod/current/orders.json` is no approval"),
    "build-failed": (
        BuildEnded(
            project="units-ci",
            build="arn:aws:codebuild:us-east-1:111111111111:build/units-ci:8745a7a9-c340-456a-9166-edf953571bEX",
            job="0123456789abcdef0123456700000001",
            status="FAILED",
        ),
    ),
    "build-succeeded": (
        BuildEnded(
            project="units-ci",
            build="arn:aws:codebuild:us-east-1:111111111111:build/units-ci:8745a7a9-c340-456a-9166-edf953571bEX",
            job="0123456789abcdef0123456700000001",
            status="SUCCEEDED",
        ),
    ),
    "build-in-progress": nothing("a build that is `IN_PROGRESS`"),
    "build-of-somebody-else": nothing("a build that was started for no job"),
    "asked-for-a-branch": (Asked(subject=Branch(name="main"), who="ada"),),
    "asked-for-a-pull-request": (Asked(subject=PullRequest(number=12), who="ada"),),
    "asked-for-a-tag": (Asked(subject=Tag(name="orders-0.1.1")),),
    "asked-for-everything": (Asked(subject=Everything(), who="ada"),),
    "pipeline-state-change": nothing("an event `CodePipeline Pipeline Execution State Change` of `aws.codepipeline`"),
}
