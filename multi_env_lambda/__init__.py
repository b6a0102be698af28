"""Deploy many Lambda units from one Git repository through several AWS accounts, apart or together.

The public names are imported on first use, so that ``import multi_env_lambda`` costs next to nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from multi_env_lambda._version import __version__

if TYPE_CHECKING:
    from multi_env_lambda.cli.main import run
    from multi_env_lambda.errors import (
        AccountError,
        BuildError,
        Busy,
        CheckFailed,
        ConfigurationError,
        LocalCloudError,
        MultiEnvLambdaError,
        PlanStale,
        PublishError,
        Refused,
        StackError,
        ToolError,
        UnitsFailed,
    )
    from multi_env_lambda.flow.act import Result
    from multi_env_lambda.flow.ask import Ask
    from multi_env_lambda.flow.gate import Consent
    from multi_env_lambda.model.artifact import LayerArtifact, SourceArtifact
    from multi_env_lambda.model.environment import Devops, Environment
    from multi_env_lambda.model.plan import Plan
    from multi_env_lambda.model.project import Project
    from multi_env_lambda.model.record import Deployment, Record
    from multi_env_lambda.model.release import Release
    from multi_env_lambda.model.status import Status
    from multi_env_lambda.plan.template import render
    from multi_env_lambda.workspace import Workspace

_HOMES = {
    "Ask": "flow.ask",
    "Consent": "flow.gate",
    "Deployment": "model.record",
    "Devops": "model.environment",
    "Environment": "model.environment",
    "LayerArtifact": "model.artifact",
    "Plan": "model.plan",
    "Project": "model.project",
    "Record": "model.record",
    "Release": "model.release",
    "Result": "flow.act",
    "SourceArtifact": "model.artifact",
    "Status": "model.status",
    "Workspace": "workspace",
    "render": "plan.template",
    "run": "cli.main",
    **{
        name: "errors"
        for name in (
            "AccountError",
            "BuildError",
            "Busy",
            "CheckFailed",
            "ConfigurationError",
            "LocalCloudError",
            "MultiEnvLambdaError",
            "PlanStale",
            "PublishError",
            "Refused",
            "StackError",
            "ToolError",
            "UnitsFailed",
        )
    },
}

__all__ = [
    "AccountError",
    "Ask",
    "BuildError",
    "Busy",
    "CheckFailed",
    "ConfigurationError",
    "Consent",
    "Deployment",
    "Devops",
    "Environment",
    "LayerArtifact",
    "LocalCloudError",
    "MultiEnvLambdaError",
    "Plan",
    "PlanStale",
    "Project",
    "PublishError",
    "Record",
    "Refused",
    "Release",
    "Result",
    "SourceArtifact",
    "StackError",
    "Status",
    "ToolError",
    "UnitsFailed",
    "Workspace",
    "__version__",
    "render",
    "run",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
