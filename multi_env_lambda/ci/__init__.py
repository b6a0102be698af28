"""From an event to what is to be done: values in, values out, for a repository's own ``ci.py`` as well.

``read_event`` makes of any host's event what happened, ``decide`` makes of that a decision, ``wanted`` says what is
left to do. Nothing here asks anybody.
"""

from __future__ import annotations

from multi_env_lambda.ci.decide import decide
from multi_env_lambda.ci.decision import Bring, Decision, Job, Own, Plan, Release, Remove, Upkeep
from multi_env_lambda.ci.happened import (
    ApprovalGiven,
    Asked,
    BranchGone,
    BranchMoved,
    BuildEnded,
    CommitAgreed,
    Happened,
    NotForUs,
    PullRequestChanged,
    ScheduleLooked,
    TagMade,
)
from multi_env_lambda.ci.names import environment_of_branch
from multi_env_lambda.ci.read import read_event, read_webhook
from multi_env_lambda.ci.state import BranchEnvironment, Frozen, Head, State, UnitHeld, Waiting
from multi_env_lambda.ci.subject import Branch, Everything, PullRequest, Subject, Tag
from multi_env_lambda.model.ci import CiRules

__all__ = [
    "ApprovalGiven",
    "Asked",
    "Branch",
    "BranchEnvironment",
    "BranchGone",
    "BranchMoved",
    "Bring",
    "BuildEnded",
    "CiRules",
    "CommitAgreed",
    "Decision",
    "Everything",
    "Frozen",
    "Happened",
    "Head",
    "Job",
    "NotForUs",
    "Own",
    "Plan",
    "PullRequest",
    "PullRequestChanged",
    "Release",
    "Remove",
    "ScheduleLooked",
    "State",
    "Subject",
    "Tag",
    "TagMade",
    "UnitHeld",
    "Upkeep",
    "Waiting",
    "decide",
    "environment_of_branch",
    "read_event",
    "read_webhook",
]
