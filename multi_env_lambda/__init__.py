"""Deploy many Lambda units from one Git repository through several AWS accounts, apart or together.

The public names are imported on first use, so that ``import multi_env_lambda`` costs next to nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from multi_env_lambda._version import __version__

if TYPE_CHECKING:
    from multi_env_lambda.api.adopting import Adoption
    from multi_env_lambda.api.board import Board
    from multi_env_lambda.api.build import Build, LayerArtifact, SourceArtifact
    from multi_env_lambda.api.dialog import Asked, Dialog
    from multi_env_lambda.api.environment import Environment
    from multi_env_lambda.api.failed import UnitsFailed
    from multi_env_lambda.api.function import Function, Job
    from multi_env_lambda.api.listing import Listing
    from multi_env_lambda.api.local import LocalCloudSwitch
    from multi_env_lambda.api.outside import FilePath, Template
    from multi_env_lambda.api.project import Project
    from multi_env_lambda.api.push_ending import PushEnding
    from multi_env_lambda.api.samples import sample_event
    from multi_env_lambda.api.saved import save
    from multi_env_lambda.api.schema import configuration_schema
    from multi_env_lambda.api.timings import Timings, timings
    from multi_env_lambda.api.workspace import Workspace
    from multi_env_lambda.aws.account import Invocation
    from multi_env_lambda.aws.jobs import JobRun
    from multi_env_lambda.aws.logs import LogLine
    from multi_env_lambda.cli.main import run
    from multi_env_lambda.errors import (
        AccountError,
        BuildError,
        Busy,
        CheckFailed,
        ConfigurationError,
        DocumentError,
        LocalCloudError,
        MultiEnvLambdaError,
        PlanStale,
        PublishError,
        Refused,
        SessionEnded,
        StackError,
        ToolError,
        UpgradeNeeded,
    )
    from multi_env_lambda.flow.consent import Consent
    from multi_env_lambda.flow.drifted import UnitDrift
    from multi_env_lambda.flow.gate import Approval
    from multi_env_lambda.local.cloud import LocalCloud, ServerStatus
    from multi_env_lambda.model.artifact import Package
    from multi_env_lambda.model.environment import Devops
    from multi_env_lambda.model.finding import Finding
    from multi_env_lambda.model.freeze import Freeze
    from multi_env_lambda.model.outputs import Output, Outputs
    from multi_env_lambda.model.plan import Plan
    from multi_env_lambda.model.record import Deployment, Record
    from multi_env_lambda.model.release import Release
    from multi_env_lambda.model.result import Result
    from multi_env_lambda.model.status import Status
    from multi_env_lambda.model.watch_round import WatchRound
    from multi_env_lambda.operations.difference import Difference
    from multi_env_lambda.operations.prune import Prunable
    from multi_env_lambda.operations.why import Explanation
    from multi_env_lambda.plan.permissions import Permissions
    from multi_env_lambda.plan.prune import Candidate
    from multi_env_lambda.plan.removal import Removal
    from multi_env_lambda.plan.stack_adoption import ResourceFate, StackAdoption
    from multi_env_lambda.plan.template.context import Context
    from multi_env_lambda.world import ProgressEvent

_HOMES = {
    "Package": "model.artifact",
    "LocalCloudSwitch": "api.local",
    "Timings": "api.timings",
    "timings": "api.timings",
    "JobRun": "aws.jobs",
    "Invocation": "aws.account",
    "Adoption": "api.adopting",
    "ResourceFate": "plan.stack_adoption",
    "StackAdoption": "plan.stack_adoption",
    "Approval": "flow.gate",
    "Asked": "api.dialog",
    "Board": "api.board",
    "Build": "api.build",
    "Candidate": "plan.prune",
    "Consent": "flow.consent",
    "Context": "plan.template.context",
    "Deployment": "model.record",
    "Devops": "model.environment",
    "Dialog": "api.dialog",
    "Difference": "operations.difference",
    "Environment": "api.environment",
    "Explanation": "operations.why",
    "FilePath": "api.outside",
    "Finding": "model.finding",
    "Freeze": "model.freeze",
    "Function": "api.function",
    "Job": "api.function",
    "LayerArtifact": "api.build",
    "Listing": "api.listing",
    "LocalCloud": "local.cloud",
    "LogLine": "aws.logs",
    "Output": "model.outputs",
    "Outputs": "model.outputs",
    "Permissions": "plan.permissions",
    "Plan": "model.plan",
    "ProgressEvent": "world",
    "Project": "api.project",
    "Prunable": "operations.prune",
    "PushEnding": "api.push_ending",
    "Record": "model.record",
    "Release": "model.release",
    "Removal": "plan.removal",
    "Result": "model.result",
    "ServerStatus": "local.cloud",
    "SourceArtifact": "api.build",
    "Status": "model.status",
    "Template": "api.outside",
    "UnitDrift": "flow.drifted",
    "UnitsFailed": "api.failed",
    "WatchRound": "model.watch_round",
    "Workspace": "api.workspace",
    "configuration_schema": "api.schema",
    "run": "cli.main",
    "sample_event": "api.samples",
    "save": "api.saved",
    **{
        name: "errors"
        for name in (
            "AccountError",
            "BuildError",
            "Busy",
            "CheckFailed",
            "ConfigurationError",
            "DocumentError",
            "LocalCloudError",
            "MultiEnvLambdaError",
            "PlanStale",
            "PublishError",
            "Refused",
            "SessionEnded",
            "StackError",
            "ToolError",
            "UpgradeNeeded",
        )
    },
}

__all__ = [
    "AccountError",
    "Adoption",
    "Approval",
    "Asked",
    "Board",
    "Build",
    "BuildError",
    "Busy",
    "Candidate",
    "CheckFailed",
    "ConfigurationError",
    "Consent",
    "Context",
    "Deployment",
    "Devops",
    "Dialog",
    "Difference",
    "DocumentError",
    "Environment",
    "Explanation",
    "FilePath",
    "Finding",
    "Freeze",
    "Function",
    "Invocation",
    "Job",
    "JobRun",
    "LayerArtifact",
    "Listing",
    "LocalCloud",
    "LocalCloudError",
    "LocalCloudSwitch",
    "LogLine",
    "MultiEnvLambdaError",
    "Output",
    "Outputs",
    "Package",
    "Permissions",
    "Plan",
    "PlanStale",
    "ProgressEvent",
    "Project",
    "Prunable",
    "PublishError",
    "PushEnding",
    "Record",
    "Refused",
    "Release",
    "Removal",
    "ResourceFate",
    "Result",
    "ServerStatus",
    "SessionEnded",
    "SourceArtifact",
    "StackError",
    "StackAdoption",
    "Status",
    "Template",
    "Timings",
    "ToolError",
    "UnitDrift",
    "UnitsFailed",
    "UpgradeNeeded",
    "WatchRound",
    "Workspace",
    "__version__",
    "configuration_schema",
    "run",
    "sample_event",
    "save",
    "timings",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
