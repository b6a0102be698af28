"""Whatever a method of the public face returns tells people and machines what it is."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Any

import pytest

import multi_env_lambda
from multi_env_lambda import (
    Approval,
    Board,
    Build,
    Candidate,
    Deployment,
    Environment,
    Finding,
    Freeze,
    Function,
    Invocation,
    Job,
    JobRun,
    LayerArtifact,
    LocalCloudSwitch,
    LogLine,
    Project,
    PushEnding,
    ServerStatus,
    SourceArtifact,
    UnitDrift,
    Workspace,
)
from multi_env_lambda.api.push_ending import WaitsFor
from multi_env_lambda.aws.drift import ResourceDrift
from multi_env_lambda.local.cloud import LocalCloud
from multi_env_lambda.wording import unit_call

HANDLES = (
    Board,
    Build,
    LayerArtifact,
    SourceArtifact,
    Environment,
    Function,
    Job,
    LocalCloudSwitch,
    Project,
    Workspace,
)

HANDLES_THEMSELVES = {*(handle.__name__ for handle in HANDLES), "MultiEnvLambdaError"}

NO_PROMISE = {"ProjectConfig", "WorkspaceConfig", "World"}
"""The tables as they were read, and what a tool of one's own is built on: both may change without notice."""

INSIDE = {*NO_PROMISE, "Release", "Record", "Package", "Template", "FilePath"}
"""What was read, as it is: one looks at its fields. The last two are other libraries'."""


def _said(function: object) -> str:
    return str(inspect.signature(function).return_annotation) if callable(function) else ""


def _returned() -> dict[str, set[str]]:
    """Name of a class of ours in a return annotation -> the methods that return it, however deep inside."""
    found: dict[str, set[str]] = {}
    for handle in HANDLES:
        for name, member in inspect.getmembers(handle, lambda it: inspect.isroutine(it) or isinstance(it, property)):
            if name.startswith("_"):
                continue
            for word in re.findall(r"[A-Z]\w+", _said(member.fget if isinstance(member, property) else member)):
                found.setdefault(word, set()).add(f"{handle.__name__}.{name}")
    return found


OF_THE_LANGUAGE = {"Any", "Callable", "Iterator", "Mapping", "None", "Listing"}
RETURNED = {name: where for name, where in _returned().items() if name not in OF_THE_LANGUAGE}


def test_the_methods_are_seen() -> None:
    assert {"Plan", "Result", "Invocation", "PushEnding", "LogLine"} <= {*RETURNED}
    assert "Workspace.deploy" in RETURNED["Result"] and "Project.follow_logs" in RETURNED["LogLine"]


def test_what_is_returned_has_a_public_name() -> None:
    assert {name for name in RETURNED if not hasattr(multi_env_lambda, name)} == NO_PROMISE


@pytest.mark.parametrize("name", sorted({*RETURNED} - HANDLES_THEMSELVES - INSIDE))
def test_what_is_returned_has_a_text_html_and_data(name: str) -> None:
    found = getattr(multi_env_lambda, name)

    assert callable(found.to_dict) and callable(found._repr_html_) and hasattr(found, "text")
    assert found.__repr__ is not object.__repr__


DEPLOYED = Deployment(
    sequence=3, action="deploy", outcome="succeeded", release="ab" * 32, version="0.1.0", layer=None,
    who="arn:aws:iam::111111111111:user/ada", when="2026-01-01T00:00:00Z", commit="c" * 40, reason="<b>",
)  # fmt: skip
ROW = "3 2026-01-01 00:00 UTC deploy 0.1.0 abababa succeeded user/ada ccccccc <b>"
CLOUD = LocalCloud(
    endpoint="http://127.0.0.1:4566", region="eu-west-1", access_key_id="AKIA", secret_access_key="secret",
    folder=Path("/tmp/cloud"), keys={"ada": ("AKIA", "secret")},
)  # fmt: skip
DELETED = ResourceDrift(logical_id="Create", resource_type="AWS::Lambda::Function", status="DELETED", differences=())

VALUES = [
    (
        Invocation(payload=b'{"a": 1}', error=None, log_tail="one\ntwo", version="7"),
        'version 7 returned: {"a": 1}\none\ntwo',
    ),
    (Invocation(payload=b"{}", error="Unhandled", log_tail="", version="7"), "version 7 failed (Unhandled): {}"),
    (
        Invocation(payload=b'{"errorType": "KeyError"}', error="Unhandled", log_tail="", version="7"),
        'version 7 failed (KeyError): {"errorType": "KeyError"}',
    ),
    (Invocation(payload=b"[", error="Unhandled", log_tail="", version="7"), "version 7 failed (Unhandled): ["),
    (JobRun(identifier="jr_1", state="SUCCEEDED", error=None), "run jr_1: SUCCEEDED"),
    (JobRun(identifier="jr_1", state="FAILED", error="no"), "run jr_1: FAILED: no"),
    (LogLine(when="2026-01-01T00:00:00Z", text="hello", function="main"), "2026-01-01T00:00:00Z main: hello"),
    (Freeze(environment="prod", who="user/ada", reason="audit"), "prod is frozen by user/ada: audit"),
    (
        Finding(place="you", check="credentials", state="problem", what="none", hint="log in"),
        "you credentials: problem: none\nhint: log in",
    ),
    (Candidate(project="orders", kind="layer", name="000001", size=1_500), "orders bucket layer 000001 1.5 kB"),
    (
        Approval(environment="prod", digest="d" * 64, who="arn:aws:iam::111111111111:user/ada", when="", user_id="A"),
        "prod: plan dddddddddddd approved by ",
    ),
    (DEPLOYED, ROW),
    (
        UnitDrift(
            project="orders",
            environment="prod",
            stack_name="orders-prod",
            status="DRIFTED",
            resources=(DELETED,),
            hint=unit_call("repair", "orders", "prod"),
        ),
        'deleted\nhint: workspace.unit("orders").repair("prod")',
    ),
    (CLOUD, "the local cloud is running at http://127.0.0.1:4566\n"),
    (ServerStatus(running=False, folder=Path("/tmp")), "not running"),
    (
        PushEnding(
            branch="main",
            commit="c" * 40,
            outcome="stopped",
            waits=(WaitsFor(environment="prod", digest="d" * 64),),
            seconds=3.2,
        ),
        "main at cccccccccc: stopped (3 s)\nprod waits for an approval of plan dddddddddddd",
    ),
]


@pytest.mark.parametrize(("value", "shown"), VALUES, ids=lambda it: type(it).__name__)
def test_a_value_shows_the_same_to_a_print_and_to_a_notebook(value: Any, shown: str) -> None:
    html = value._repr_html_()

    assert shown in repr(value) and "secret" not in repr(value)
    assert value.to_dict() and "secret" not in str(value.to_dict())
    assert html.startswith("<pre") and "<b>" not in html and "secret" not in html
