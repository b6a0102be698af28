"""How listings are displayed. Rich is imported on display only, since most scripts never show a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from multi_env_lambda.wording import in_python

if TYPE_CHECKING:
    from rich.console import RenderableType

    from multi_env_lambda.api.build import Build
    from multi_env_lambda.aws.logs import LogLine
    from multi_env_lambda.flow.drifted import UnitDrift
    from multi_env_lambda.flow.gate import Approval
    from multi_env_lambda.model.finding import Finding
    from multi_env_lambda.model.freeze import Freeze
    from multi_env_lambda.model.record import Deployment
    from multi_env_lambda.model.result import Result

__all__ = [
    "approvals",
    "builds",
    "deployments",
    "drifts",
    "findings",
    "freezes",
    "lifted",
    "log_lines",
    "results",
    "results_html",
]


def results(items: tuple[Result, ...]) -> RenderableType:
    from multi_env_lambda.show.text import results_shown

    return results_shown(items)


def results_html(items: tuple[Result, ...]) -> str:
    from multi_env_lambda.show.html import results_html as html

    return html(items)


def findings(items: tuple[Finding, ...]) -> RenderableType:
    from multi_env_lambda.show.doctor import doctor_table

    return doctor_table(items, say=in_python)


def deployments(items: tuple[Deployment, ...]) -> RenderableType:
    from multi_env_lambda.show.history import deployments_table

    return deployments_table(items)


def drifts(items: tuple[UnitDrift, ...]) -> RenderableType:
    from multi_env_lambda.show.difference import drift_shown

    return drift_shown(items)


def approvals(items: tuple[Approval, ...]) -> RenderableType:
    return "\n".join(item.text() for item in items) or "no environment in this plan requires an approval"


def freezes(items: tuple[Freeze, ...]) -> RenderableType:
    return "\n".join(item.text() for item in items)


def lifted(items: tuple[Freeze, ...]) -> RenderableType:
    return "\n".join(f"lifted: {item.fact}" for item in items) or "nothing is frozen there"


def log_lines(items: tuple[LogLine, ...]) -> RenderableType:
    from multi_env_lambda.show.log import log_text
    from multi_env_lambda.show.words import Text

    several = len({item.function for item in items}) > 1
    if not items:
        return "no log events"
    return Text("\n".join(log_text(item, several=several) for item in items))


def builds(items: tuple[Build, ...]) -> RenderableType:
    return "\n".join(item.text() for item in items) or "nothing to build: no unit is affected"
