"""From a push to prod on the local cloud: real messages, builds, roles, commits; only the queue is played."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest

from multi_env_lambda.ci.read import JOB_VARIABLE
from multi_env_lambda.ci.wanted import place_of_id
from multi_env_lambda.runs.proofs import ENVIRONMENT_VARIABLE
from tests.tools.policies import give

from .bootstrapped import ACCOUNTS, BUCKET, Bootstrapped, bootstrapped
from .stage import ROOT, git
from .test_stripped_roles import statements

pytestmark = [pytest.mark.local_cloud, pytest.mark.slow]

PROJECT, PLANS = "acme-build", "acme-plan"
TABLE = "approval = true\n"
BUILDSPEC = f"""version: 0.2
phases:
  build:
    commands:
      - export PYTHONPATH={ROOT}
      - {sys.executable} -m multi_env_lambda ci run
"""
_HANDLE = """
import json, sys
from multi_env_lambda.dispatcher import handler
print(json.dumps(handler(json.load(sys.stdin), None)))
"""


@attrs.frozen
class Yard:
    """The workspace of a person, the bare repository that she pushes to, and the CI around it."""

    made: Bootstrapped
    origin: Path
    dispatcher: dict[str, str]

    @property
    def root(self) -> Path:
        return self.made.stage.root

    def push(self, branch: str = "main", *, message: str = "a change", **texts: str) -> str:
        for unit, text in texts.items():
            path = self.root / "projects" / unit / unit / f"{unit}_said.py"
            path.write_text(f'SAID = "{text}"\n', "utf-8")
        git(self.root, "add", "-A")
        git(self.root, "commit", "-q", "--allow-empty", "-m", message)
        git(self.root, "push", "-q", "--force", "origin", f"HEAD:refs/heads/{branch}")
        return git(self.root, "rev-parse", "HEAD")

    def handle(self, *events: dict[str, Any]) -> None:
        """One batch for the dispatcher, after which none has to come again."""
        failures, said = self.answer(*events)
        assert failures == [], said

    def answer(self, *events: dict[str, Any]) -> tuple[list[str], str]:
        """Which of a batch have to come again, and what the dispatcher logs: a process of its own with its own role."""
        records = {"Records": [{"messageId": event["id"], "body": json.dumps(event)} for event in events]}
        clean = {key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "MULTI_ENV"))}
        done = subprocess.run(
            [sys.executable, "-c", _HANDLE],
            cwd=self.origin,
            env={**clean, **self.dispatcher, "PYTHONPATH": os.fspath(ROOT)},
            input=json.dumps(records),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return [one["itemIdentifier"] for one in json.loads(done.stdout)["batchItemFailures"]], done.stderr

    def lie_running(self, job: str) -> None:
        """As if the last run were still going on: then somebody has to ask CodeBuild."""
        s3, key = self.made.root("devops", "s3"), place_of_id(job)
        wanted = json.loads(s3.get_object(Bucket=BUCKET, Key=key)["Body"].read())
        s3.put_object(Bucket=BUCKET, Key=key, Body=json.dumps({**wanted, "state": "running"}).encode())

    def builds(self, project: str = PROJECT) -> list[dict[str, Any]]:
        """All that there were, oldest first, once each has ended."""
        client = self.made.root("devops", "codebuild")
        for _ in range(1800):
            names = client.list_builds_for_project(projectName=project)["ids"]
            found = client.batch_get_builds(ids=names)["builds"] if names else []
            if all(one["buildStatus"] != "IN_PROGRESS" for one in found):
                return sorted(found, key=lambda one: one["buildNumber"])
            time.sleep(0.1)
        raise AssertionError("a build does not end")

    def log(self, build: dict[str, Any]) -> str:
        where = {"logGroupName": build["logs"]["groupName"], "logStreamName": build["logs"]["streamName"]}
        events = self.made.root("devops", "logs").get_log_events(**where)["events"]
        return "\n".join(event["message"] for event in events)

    def keys(self, prefix: str) -> list[str]:
        found = self.made.root("devops", "s3").list_objects_v2(Bucket=BUCKET, Prefix=prefix)
        return [item["Key"] for item in found.get("Contents", ())]

    def runs(self, place: str) -> dict[str, str]:
        """Unit -> commit, by the records."""
        s3, found = self.made.root("devops", "s3"), {}
        for key in self.keys(f"environments/{place}/current/"):
            record = json.loads(s3.get_object(Bucket=BUCKET, Key=key)["Body"].read())
            if record["running"]:
                found[record["project"]] = record["running"]["commit"]
        return found


def message(source: str, kind: str, detail: dict[str, Any], name: str) -> dict[str, Any]:
    return {"id": name, "source": source, "kind": kind, "detail": detail}


def pushed(commit: str, branch: str = "main", name: str = "") -> dict[str, Any]:
    detail = {
        "event": "referenceUpdated",
        "repositoryName": "units",
        "referenceType": "branch",
        "referenceName": branch,
        "referenceFullName": f"refs/heads/{branch}",
        "commitId": commit,
        "callerUserArn": "arn:aws:iam::111111111111:user/ada",
    }
    return message("multi_env_lambda.codecommit", "CodeCommit Repository State Change", detail, name or commit)


@pytest.fixture(scope="module")
def yard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Yard]:
    folder = tmp_path_factory.mktemp("push")
    origin = folder / "units.git"
    with bootstrapped(folder / "workspace", units=("customers", "nightly"), table=TABLE) as made:
        git(folder, "init", "-q", "--bare", "--initial-branch=main", os.fspath(origin))
        git(made.stage.root, "remote", "add", "origin", os.fspath(origin))
        for name in (PROJECT, PLANS):
            made.root("devops", "codebuild").create_project(
                name=name,
                source={"type": "CODECOMMIT", "location": f"file://{origin}", "buildspec": BUILDSPEC},
                artifacts={"type": "NO_ARTIFACTS"},
                environment={"type": "LINUX_CONTAINER", "image": "none", "computeType": "BUILD_GENERAL1_SMALL"},
                serviceRole=f"arn:aws:iam::{ACCOUNTS['devops']}:role/{name}",
            )
        made.without_the_organisations_role()
        thief = made.thief("devops", "acme-dispatcher", session="dispatcher")
        variables = {
            "AWS_ACCESS_KEY_ID": thief.keys["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": thief.keys["SecretAccessKey"],
            "AWS_SESSION_TOKEN": thief.keys["SessionToken"],
            "AWS_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": thief.endpoint,
            "MULTI_ENV_LAMBDA_BUCKET": BUCKET,
            "MULTI_ENV_LAMBDA_ACCOUNT": ACCOUNTS["devops"],
            "MULTI_ENV_LAMBDA_PROJECT": PROJECT,
            "MULTI_ENV_LAMBDA_PLAN_PROJECT": PLANS,
            "MULTI_ENV_LAMBDA_REPOSITORY": f"file://{origin}",
        }
        yield Yard(made, origin, variables)
        shutil.rmtree(origin)


def test_a_push_arrives_waits_for_somebody_else_and_goes_on_with_her_yes(yard: Yard) -> None:
    commit = yard.push()
    yard.handle(pushed(commit))
    (build,) = yard.builds()

    log = yard.log(build)
    assert build["buildStatus"] == "SUCCEEDED", log
    everything = dict.fromkeys(("customers", "nightly"), commit)
    assert [yard.runs(place) for place in ("sandbox", "test", "staging", "prod")] == [everything] * 3 + [{}], log
    variables = {one["name"]: one["value"] for one in build["environment"]["environmentVariables"]}
    assert list(variables) == [JOB_VARIABLE]

    command = next(line for line in log.splitlines() if "ci.py approve prod" in line).rpartition("ci.py ")[2].strip("`")
    yes = yard.made.run("ci", *command.split(), acting="approver", user="grace")
    assert yes.code == 0, yes.err
    (key,) = yard.keys("environments/prod/approvals/")
    detail = {"bucket": {"name": BUCKET}, "object": {"key": key}}
    yard.handle(message("aws.s3", "Object Created", detail, "yes"))
    last = yard.builds()[-1]
    assert last["buildStatus"] == "SUCCEEDED", yard.log(last)
    assert yard.runs("prod") == everything, yard.log(last)


@pytest.mark.long
def test_twenty_quick_pushes_and_doubled_events_are_few_builds_and_the_newest_runs(yard: Yard) -> None:
    before = len(yard.builds())
    commits = [yard.push(nightly=f"v{number}") for number in range(20)]
    yard.handle(*map(pushed, (*commits, *reversed(commits[:5]))))
    builds = yard.builds()[before:]

    assert {build["buildStatus"] for build in builds} == {"SUCCEEDED"}, [yard.log(build) for build in builds]
    assert len(builds) <= 2
    assert yard.runs("staging")["nightly"] == commits[-1], yard.log(builds[-1])


@pytest.mark.long
def test_two_builds_at_once_take_nothing_back_and_lose_nothing(yard: Yard) -> None:
    """Started by hand with an id that was never given: what is not its own, a build leaves alone."""
    client = yard.made.root("devops", "codebuild")
    newest = yard.push(nightly="two at once")
    yard.handle(pushed(newest))
    variables = [{"name": JOB_VARIABLE, "value": "f" * 32, "type": "PLAINTEXT"}]
    client.start_build(projectName=PROJECT, environmentVariablesOverride=variables)
    job = yard.builds()[-2]["environment"]["environmentVariables"][0]
    client.start_build(projectName=PROJECT, environmentVariablesOverride=[job])
    *_, strange, again = yard.builds()

    assert [one["buildStatus"] for one in (strange, again)] == ["SUCCEEDED", "SUCCEEDED"]
    assert "there is nothing to do" in yard.log(strange)
    assert yard.runs("staging")["nightly"] == newest, [yard.log(one) for one in yard.builds()[-3:]]


@pytest.mark.long
def test_what_fails_its_own_tests_or_the_command_between_two_environments_goes_no_further(yard: Yard) -> None:
    before = yard.runs("sandbox")
    tests = yard.root / "projects" / "nightly" / "tests" / "test_red.py"
    tests.write_text("def test_red():\n    assert 1 == 2\n", "utf-8")
    yard.handle(pushed(yard.push(nightly="red")))
    red = yard.builds()[-1]
    assert (red["buildStatus"], yard.runs("sandbox")) == ("FAILED", before)
    assert "nightly: its tests failed" in yard.log(red)
    assert "1 failed" in yard.log(red)

    tests.unlink()
    table = yard.root / "pyproject.toml"
    text = table.read_text("utf-8")
    code = f"import os, sys; sys.exit('no orders arrive' if os.environ['{ENVIRONMENT_VARIABLE}'] == 'test' else 0)"
    verify = json.dumps([sys.executable, "-c", code])
    table.write_text(f"{text}\n[tool.multi_env_lambda.ci]\nverify = {verify}\n", "utf-8")
    commit = yard.push(nightly="not verified")
    yard.handle(pushed(commit))
    stopped = yard.builds()[-1]
    assert stopped["buildStatus"] == "FAILED"
    assert "no orders arrive" in yard.log(stopped)
    assert [yard.runs(place)["nightly"] == commit for place in ("sandbox", "test", "staging")] == [True, True, False]

    table.write_text(text, "utf-8")
    commit = yard.push(nightly="verified")
    yard.handle(pushed(commit))
    assert yard.builds()[-1]["buildStatus"] == "SUCCEEDED", yard.log(yard.builds()[-1])
    assert yard.runs("staging")["nightly"] == commit


HOSTILE = (
    "feat/$(touch${IFS}pwned)",
    'a"b',
    "a`id`b",
    "-rf",
    "--upload-pack=touch pwned",
    "x;id",
    "a'b",
    "main|x",
    "é",
)


def test_names_of_branches_are_texts_and_nothing_else(yard: Yard) -> None:
    before = len(yard.builds())
    for name in HOSTILE:
        if not name.startswith("-") and " " not in name:
            git(yard.root, "push", "-q", "origin", f"HEAD:refs/heads/{name}")
    commit = yard.push(nightly="among hostile names")
    yard.handle(*(pushed("1" * 40, name, f"hostile-{number}") for number, name in enumerate(HOSTILE)), pushed(commit))
    builds = yard.builds()[before:]

    assert [build["buildStatus"] for build in builds] == ["SUCCEEDED"], [yard.log(build) for build in builds]
    assert yard.runs("sandbox")["nightly"] == commit
    assert [path for path in (*yard.root.rglob("pwned"), *yard.origin.rglob("pwned"))] == []


def test_a_job_that_is_no_id_is_refused_before_anything(yard: Yard) -> None:
    variables = [{"name": JOB_VARIABLE, "value": "$(id)", "type": "PLAINTEXT"}]
    yard.made.root("devops", "codebuild").start_build(projectName=PROJECT, environmentVariablesOverride=variables)
    last = yard.builds()[-1]

    assert last["buildStatus"] == "FAILED"
    assert "is no id of a job" in yard.log(last)


def test_a_pull_request_is_planned_by_a_role_that_may_only_read_and_a_strangers_is_not(yard: Yard) -> None:
    git(yard.root, "checkout", "-q", "-b", "feature")
    before = yard.runs("sandbox")
    commit = yard.push("feature", nightly="not merged")
    git(yard.root, "push", "-q", "origin", "HEAD:refs/pull/7/head", "HEAD:refs/pull/8/head")
    git(yard.root, "checkout", "-q", "-")
    yard.handle(message("github.com", "pull_request", request(7, "units"), "7"))
    yard.handle(message("github.com", "pull_request", request(8, "mallory/units"), "8"))
    (build,) = yard.builds(PLANS)

    log = yard.log(build)
    assert build["buildStatus"] == "SUCCEEDED", log
    assert f"pull request 7 at {commit[:12]}, plan " in log
    assert "nightly: its own tests" in log
    assert yard.runs("sandbox") == before


@pytest.mark.long
@pytest.mark.parametrize("sid", ["ReadJobs", "KeepWishes", "ListTheBucket", "StartBuilds", "LookAtBuilds"])
def test_without_one_statement_of_the_dispatcher_its_message_comes_again_and_says_which(yard: Yard, sid: str) -> None:
    name, kept = "acme-dispatcher", statements(yard.made, "acme-dispatcher")
    job = yard.builds()[-1]["environment"]["environmentVariables"][0]["value"]
    if sid == "LookAtBuilds":
        yard.lie_running(job)
    commit = yard.push(nightly=f"without {sid}")
    iam = yard.made.root("devops", "iam")
    give(iam, name, [one for one in kept if one["Sid"] != sid])
    failures, said = yard.answer(pushed(commit))
    give(iam, name, kept)

    (missing,) = [one for one in kept if one["Sid"] == sid]
    actions = missing["Action"] if isinstance(missing["Action"], list) else [missing["Action"]]
    assert failures == [commit], said
    # S3 answers a HEAD without a text.
    assert any(action in said for action in (*actions, *(["403"] if sid == "ListTheBucket" else []))), said
    yard.handle(pushed(commit))
    yard.builds()
    assert yard.runs("staging")["nightly"] == commit


@pytest.mark.long
@pytest.mark.parametrize(
    ("role", "sid"),
    [("acme-build", "ReadJobs"), ("acme-build", "KeepJobs"), ("acme-plan", "KeepItsJobs"), ("acme-plan", "ReadJobs")],
)
def test_without_its_jobs_a_build_does_nothing_and_says_why(yard: Yard, role: str, sid: str) -> None:
    kept, iam = statements(yard.made, role), yard.made.root("devops", "iam")
    commit, before = yard.push(nightly=f"{role} without {sid}"), yard.runs("sandbox")
    git(yard.root, "push", "-q", "--force", "origin", "HEAD:refs/pull/7/head")
    merged = role == "acme-build"
    wish = pushed(commit) if merged else message("github.com", "pull_request", request(7, "units"), f"7 {sid}")
    give(iam, role, [one for one in kept if one["Sid"] != sid])
    yard.handle(wish)
    build = yard.builds(PROJECT if merged else PLANS)[-1]
    give(iam, role, kept)

    assert build["buildStatus"] == "FAILED"
    assert {"ReadJobs": "s3:GetObject"}.get(sid, "s3:PutObject") in yard.log(build), yard.log(build)
    assert yard.runs("sandbox") == before


def request(number: int, of: str) -> dict[str, Any]:
    own, head = {"id": 1, "full_name": "units"}, {"id": len(of), "full_name": of}
    return {
        "action": "opened",
        "number": number,
        "repository": own,
        "pull_request": {
            "number": number,
            "head": {"ref": "feature", "sha": "1" * 40, "repo": own if of == "units" else head},
            "base": {"ref": "main", "sha": "2" * 40, "repo": own},
        },
        "sender": {"login": "ada"},
    }
