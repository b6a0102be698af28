"""The workflow that only sends events: what its jobs may do, and that no text of a table gets into its script."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from multi_env_lambda.ci import read_event
from multi_env_lambda.ci.happened import Asked, BranchGone, BranchMoved, Happened, PullRequestChanged, ScheduleLooked
from multi_env_lambda.ci.subject import Tag
from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.model.github import SENT, WORKFLOW
from multi_env_lambda.model.webhook import KINDS
from multi_env_lambda.model.workspace import WorkspaceConfig, read_workspace
from multi_env_lambda.plan.access import of_devops_roles
from multi_env_lambda.plan.github_sender import SEND
from multi_env_lambda.plan.github_steps import ACTIONS
from multi_env_lambda.plan.github_workflow import ASK, workflow
from tests.plan.test_github_workflow import HOSTILE, LIBRARY, jobs, scripts, shape, table
from tests.tools.yaml_files import yaml_in

from .test_github_workflow import CONFIG, GITHUB

SENDING = attrs.evolve(CONFIG, github=attrs.evolve(GITHUB, jobs="send"))


def written(config: WorkspaceConfig = SENDING) -> str:
    return workflow(config, LIBRARY, own_decisions=True)


def test_only_one_job_gets_credentials_and_it_runs_the_protected_branchs_file_and_checks_nothing_out() -> None:
    found = jobs(written())

    assert {name: job["permissions"] for name, job in found.items()} == {
        "ask": {"actions": "write"},
        "send": {"id-token": "write", "pull-requests": "read"},
    }
    assert "github.ref == 'refs/heads/main'" in found["send"]["if"]
    used = [step["uses"].partition("@") for job in found.values() for step in job["steps"] if "uses" in step]
    (action,) = used
    name = "aws-actions/configure-aws-credentials"
    assert (action[0], action[2]) == (name, ACTIONS[name][0])
    assert "schedule" not in written(), "the stack has a rule for that"


def test_its_scripts_are_constants_without_expressions() -> None:
    assert scripts(written()) == {"ask": [ASK], "send": [SEND]}
    assert "${{" not in SEND


@pytest.mark.slow
def test_linter_and_schema_find_nothing(tmp_path: Path) -> None:
    path = tmp_path / WORKFLOW
    path.parent.mkdir(parents=True)
    path.write_text(written(), "utf-8")
    folder = Path(sys.executable).parent
    lint = [folder / "zizmor", "--offline", "--no-progress", "--min-severity", "low", "--format", "plain", path]
    check = [folder / "check-jsonschema", "--builtin-schema", "vendor.github-workflows", path]
    for words in (lint, check):
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout


def sent(tmp_path: Path, event: str, payload: Any, request: Any = None, number: str = "") -> tuple[int, Any]:
    """The script in a shell, with programs that stand for `gh` and `aws`; what it put on the bus."""
    programs = tmp_path / "programs"
    programs.mkdir(exist_ok=True)
    for name, text in (
        ("gh", f'test "$*" = "api repos/acme/units/pulls/7" && cat {tmp_path}/answer.json'),
        ("aws", f'cp "${{4#file://}}" {tmp_path}/put.json; echo "${{FAILED:-0}}"'),
        ("python3", f'exec {sys.executable} "$@"'),
    ):
        (programs / name).write_text(f"#!/bin/sh\n{text}\n", "utf-8")
        (programs / name).chmod(0o755)
    (tmp_path / "answer.json").write_text(json.dumps(request), "utf-8")
    (tmp_path / "event.json").write_text(json.dumps(payload), "utf-8")
    (tmp_path / "put.json").unlink(missing_ok=True)
    variables = {
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "GITHUB_EVENT_NAME": event,
        "GITHUB_EVENT_PATH": f"{tmp_path}/event.json",
        "GITHUB_REPOSITORY": "acme/units",
        "NUMBER": number,
        "RUNNER_TEMP": str(tmp_path),
        "FAILED": os.environ.get("FAILED", "0"),
    }
    words = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", SEND]
    done = subprocess.run(words, env=variables, cwd=tmp_path, capture_output=True, text=True, check=False)
    put = tmp_path / "put.json"
    return done.returncode, json.loads(put.read_text("utf-8")) if put.exists() else None


def happened(entries: Any) -> Happened:
    (entry,) = entries
    assert entry["DetailType"] in SENT, "the role may put no other kind"
    event = {"source": entry["Source"], "detail-type": entry["DetailType"], "detail": json.loads(entry["Detail"])}
    (found,) = read_event(event)
    return found


HOSTILE_NAME = "feat/$(touch${IFS}pwned)`id`;'x\""
PUSH = {"ref": f"refs/heads/{HOSTILE_NAME}", "after": "1" * 40, "before": "0" * 40, "sender": {"login": "ada"}}
OWN = {"id": 22, "full_name": "acme/units"}
END = {"ref": "main", "sha": "2" * 40, "repo": OWN}


def test_what_it_sends_is_read_like_the_webhook(tmp_path: Path) -> None:
    code, entries = sent(tmp_path, "push", {**PUSH, "pusher": {"email": "ada@example.org"}})
    assert (code, "ada@example.org" in json.dumps(entries)) == (0, False)
    assert happened(entries) == BranchMoved(
        host="github", repository="acme/units", branch=HOSTILE_NAME, commit="1" * 40, who="ada"
    )
    gone = sent(tmp_path, "delete", {"ref": "old", "ref_type": "branch", "sender": None})[1]
    assert happened(gone) == BranchGone(host="github", repository="acme/units", branch="old")
    tag = sent(tmp_path, "workflow_dispatch", {"workflow": WORKFLOW, "inputs": {"tag": "orders-1.0.0", "branch": ""}})[
        1
    ]
    found = happened(tag)
    assert isinstance(found, Asked)
    assert found.subject == Tag(name="orders-1.0.0")
    assert happened(sent(tmp_path, "workflow_dispatch", {"workflow": WORKFLOW, "inputs": None})[1]) == ScheduleLooked()
    assert [path for path in tmp_path.rglob("pwned")] == []


@pytest.mark.parametrize(
    ("repo", "state", "stranger"), [(OWN, "open", False), ({"id": 9}, "open", True), (None, "closed", True)]
)
def test_whose_a_pull_request_is_github_is_asked(tmp_path: Path, repo: Any, state: str, stranger: bool) -> None:
    head = {"ref": "feature", "sha": "1" * 40, "repo": repo}
    request = {"number": 7, "state": state, "merged": False, "head": head, "base": END}
    code, entries = sent(tmp_path, "workflow_dispatch", {"sender": {"login": "m"}}, request, number="7")
    found = happened(entries)

    assert code == 0
    assert isinstance(found, PullRequestChanged)
    assert (found.number, found.stranger, found.commit) == (7, stranger, "1" * 40)
    assert found.what == ("updated" if state == "open" else "closed")


@pytest.mark.parametrize("number", ["7/../8", "x", "-1", "7 8", "$(id)", "../7"])
def test_a_number_that_is_none_sends_nothing(tmp_path: Path, number: str) -> None:
    code, entries = sent(tmp_path, "workflow_dispatch", {}, {}, number=number)
    assert (code != 0, entries) == (True, None)


def test_an_event_that_the_bus_did_not_take_fails_the_job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAILED", "1")
    assert sent(tmp_path, "push", PUSH)[0] != 0


def test_its_role_puts_these_kinds_of_github_alone_and_builds_no_longer_let_github_in() -> None:
    config = read_workspace(of_table(), where="pyproject.toml")
    assert config.roles is not None
    roles = {role.name: role for role in of_devops_roles(config, config.roles)}
    (grant,) = roles["acme-sender"].grants

    assert grant.condition is not None
    assert grant.condition["ForAllValues:StringEquals"] == {
        "events:source": ["github.com"],
        "events:detail-type": sorted(SENT),
    }
    assert grant.condition["Null"] == {"events:source": "false", "events:detail-type": "false"}
    (trust,) = roles["acme-sender"].trust["Statement"]
    claims = trust["Condition"]["StringEquals"]
    assert claims["token.actions.githubusercontent.com:sub"] == "repo:acme@1/units@2:ref:refs/heads/main"
    assert claims["token.actions.githubusercontent.com:job_workflow_ref"].endswith(f"/{WORKFLOW}@refs/heads/main")
    for name in ("acme-build", "acme-plan"):
        assert "token.actions" not in json.dumps(roles[name].trust)


def test_a_job_that_sends_agrees_to_no_strangers_change() -> None:
    """What a maintainer's review says, only the host itself may say."""
    assert "pull_request_review" not in SENT
    assert set(SENT) - {"workflow_dispatch"} < set(KINDS["github"])


def of_table(**said: Any) -> dict[str, Any]:
    found = table(**said)
    ci = found["tool"]["multi_env_lambda"]["ci"]
    ci["github"]["jobs"] = "send"
    return {
        **found,
        "tool": {
            "multi_env_lambda": {
                **found["tool"]["multi_env_lambda"],
                "ci": {**ci, "repository": "https://github.com/acme/units"},
            }
        },
    }


def test_without_a_stack_there_is_nothing_to_send_to() -> None:
    found = of_table()
    del found["tool"]["multi_env_lambda"]["ci"]["repository"]
    with pytest.raises(ConfigurationError, match="`repository` is missing"):
        read_workspace(found, where="pyproject.toml")


@given(key=st.sampled_from(["repository", "account_id", "region", "prefix", "branch"]), text=HOSTILE)
def test_no_text_of_a_table_becomes_anything_but_a_value(key: str, text: str) -> None:
    try:
        config = read_workspace(of_table(**{key: text}), where="pyproject.toml")
    except ConfigurationError:
        return
    usual = workflow(read_workspace(of_table(), where="pyproject.toml"), LIBRARY, own_decisions=True)
    found = workflow(config, LIBRARY, own_decisions=True)
    assert scripts(found) == scripts(usual)
    assert shape(yaml_in(found)) == shape(yaml_in(usual))
    assert found.count("${{") == usual.count("${{")
