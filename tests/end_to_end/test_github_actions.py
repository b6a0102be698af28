"""The workflow that `ci write github` writes, each script of it run by a shell as a runner would, on the local cloud.

Played are GitHub's own part: which job an event starts, the two actions, `gh`, and the program that makes a venv.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest
from botocore.exceptions import ClientError

from multi_env_lambda.model.github import PLAN_ENVIRONMENT, WORKFLOW

from .bootstrapped import BUCKET, denied
from .github_runner import SUBJECT, Runner, github, push
from .stage import git
from .test_stripped_roles import give, statements

pytestmark = [pytest.mark.local_cloud, pytest.mark.slow]

_MORE = ("repository_id = 456789 }", 'repository_id = 456789, reviewed = ["prod"] }\nstrangers = "copy"')
"""What the page says of further down."""
HOSTILE = "feat/$(touch${IFS}pwned)`id`;'x"


@pytest.fixture(scope="module")
def runner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runner]:
    with github(tmp_path_factory.mktemp("github"), more=_MORE, table="approval = true\n") as found:
        yield found


@attrs.frozen
class Shown:
    """What `look` of a push wrote and which commits ran then, the digest for prod, and what its job wrote."""

    commit: str
    looked: str
    runs: list[str]
    digest: str
    said: str


def started(**inputs: str) -> dict[str, Any]:
    return {"workflow": WORKFLOW, "inputs": inputs, "repository": {"full_name": "acme/units"}, "sender": {"login": "a"}}


def reviewed(runner: Runner, commit: str, digest: str) -> None:
    """What GitHub's API says once grace has let a job of the run 77 start that ada's push has led to."""
    grace, ada = ({"login": name, "id": number, "type": "User"} for name, number in (("grace", 12), ("ada", 11)))
    asks = {
        "type": "required_reviewers",
        "prevent_self_review": True,
        "reviewers": [{"type": "User", "reviewer": grace}],
    }
    api = "/repos/acme/units"
    started = {"run_attempt": 1, "head_sha": commit, "head_branch": "main", "actor": ada, "triggering_actor": ada}
    there = {
        f"{api}/environments/prod": {"id": 5, "protection_rules": [asks], "can_admins_bypass": False},
        f"{api}/actions/workflows/{Path(WORKFLOW).name}/runs": {"workflow_runs": []},
        f"{api}/actions/runs/77": started,
        f"{api}/actions/runs/77/jobs": {"jobs": [{"name": f"prod {digest}", "status": "in_progress"}]},
        f"{api}/actions/runs/77/approvals": [
            {"state": "approved", "user": grace, "environments": [{"id": 5, "name": "prod"}]}
        ],
        f"{api}/activity": [{"after": commit, "actor": ada}],
    }
    runner.answers.update(there)


@pytest.fixture(scope="module")
def shown(runner: Runner) -> Shown:
    """The run 77, of the first push, up to the review of what it shows of prod."""
    first = runner.push("the first")
    looked = runner.run("look", "push", push(first), run=77)
    runs, digest = runner.runs(), runner.left["${{ needs.look.outputs.prod }}"]
    reviewed(runner, first, digest)
    return Shown(first, looked, runs, digest, runner.run("show-prod", "push", push(first), run=77))


def test_a_push_walks_to_the_review_and_what_was_shown_goes_on_after_it(runner: Runner, shown: Shown) -> None:
    first, digest = shown.commit, shown.digest
    assert shown.runs == [first, first, first, ""], shown.looked
    assert runner.left["${{ needs.show-prod.outputs.digest }}"] == digest
    page = (runner.folder / "summary").read_text("utf-8")
    assert digest in page and "| `customers` | `prod` |" in page and "AWS::Lambda::Function" in page, shown.said

    said = runner.run("approve-prod", "push", push(first), run=77)
    assert f"plan {digest[:12]} approved by grace at GitHub" in said
    said = runner.run("deploy-prod", "push", push(first), run=77)
    assert runner.runs() == [first] * 4, said
    (record, *_) = runner.made.run("history", "customers", "--json").answer["prod"]
    assert record["approved"] == "github.com:12:grace"


@pytest.mark.long
@pytest.mark.usefixtures("shown")
def test_the_rest_of_the_page_is_a_yes_by_command_and_a_run_that_somebody_starts(runner: Runner) -> None:
    pushed = runner.push("agreed to by a command")
    said = runner.run("look", "push", push(pushed))
    (words, *_) = [line.rpartition("ci.py ")[2].strip("`").split() for line in said.splitlines() if "ci.py app" in line]
    runner.page.approves(words)
    yes = runner.made.run("ci", *words, acting="approver", user="grace")
    assert yes.code == 0, yes.err
    assert runner.page.next("gh", "workflow", "run")[3:] == [Path(WORKFLOW).name] and runner.page.left == []
    said = runner.run("look", "workflow_dispatch", started())

    assert runner.runs() == [pushed] * 4, said


def test_a_members_pull_request_asks_for_a_run_that_plans_it_and_changes_nothing(runner: Runner) -> None:
    before = runner.runs()
    git(runner.root, "checkout", "-q", "-b", "feature")
    theirs = runner.push("not merged", "feature")
    git(runner.root, "push", "-q", "origin", "HEAD:refs/pull/7/head")
    git(runner.root, "checkout", "-q", "-")
    runner.run("ask", "pull_request", {"number": 7}, ref="refs/pull/7/merge")
    assert runner.asked() == ["workflow", "run", Path(WORKFLOW).name, "--ref", "main", "--raw-field", "pull_request=7"]

    own = {"id": 456789, "full_name": "acme/units"}
    head, base = {"ref": "feature", "sha": theirs, "repo": own}, {"ref": "main", "sha": "2" * 40, "repo": own}
    request = {"number": 7, "state": "open", "user": {"login": "ada"}, "head": head, "base": base}
    runner.answers["/repos/acme/units/pulls/7"] = request
    said = runner.run("plan", "workflow_dispatch", started(pull_request="7"))
    assert f"pull request 7 at {theirs[:12]}, plan " in said
    assert runner.runs() == before


def test_a_strangers_pull_request_is_planned_by_a_copy_and_told_by_a_job_that_believes_nothing(runner: Runner) -> None:
    git(runner.root, "checkout", "-q", "feature")
    theirs = git(runner.root, "rev-parse", "HEAD")
    git(runner.root, "checkout", "-q", "-")
    runner.run("copy", "push", push(git(runner.origin, "rev-parse", "main")))
    before = runner.made.run("history", "customers", "--json").answer
    head = {"ref": "feature", "sha": theirs, "repo": {"id": 33}}
    event = {"number": 8, "pull_request": {"head": head}}

    log = runner.run("stranger", "pull_request", event, ref="refs/pull/8/merge")
    with_credentials = runner.run("plan", "workflow_dispatch", started(pull_request="7"))

    api = "/repos/acme/units"
    about = {
        f"{api}/pulls": [{"number": 8, "head": head}],
        f"{api}/actions/runs/5/jobs": {"jobs": [{"id": 6, "name": "stranger"}]},
        f"{api}/actions/jobs/6/logs": f"{runner.api}/blob",
        "/blob": log.encode(),
        f"{api}/issues/8/comments": [],
    }
    runner.answers.update(about)
    run = {
        "id": 5,
        "head_branch": "feature",
        "head_sha": theirs,
        "head_repository": {"id": 33, "owner": {"login": "eve"}},
    }
    assert "pull request 8: said" in runner.run("tell", "workflow_run", {"workflow_run": run})
    text = runner.answers[f"POST {api}/issues/8/comments"]["body"]
    digest = with_credentials.partition(f"pull request 7 at {theirs[:12]}, plan ")[2][:12]
    assert len(digest) == 12 and f"Pull request 8 at `{theirs[:12]}`, plan `{digest}`" in text
    assert "planned without credentials" in text and "nobody has to believe" in text
    assert runner.made.run("history", "customers", "--json").answer == before


def test_a_branch_or_tag_is_asked_for_by_its_name_whatever_that_is(runner: Runner) -> None:
    for ref, wish in (
        (f"refs/heads/{HOSTILE}", f"branch={HOSTILE}"),
        ("refs/tags/customers-0.1.0", "tag=customers-0.1.0"),
    ):
        runner.run("ask", "push", {}, ref=ref)
        assert runner.asked()[-1] == wish
    said = runner.run("look", "workflow_dispatch", started(branch=HOSTILE))

    assert "touch" in said
    assert [path for path in (*runner.folder.rglob("pwned"), *runner.root.rglob("pwned"))] == []


@pytest.mark.network
@pytest.mark.long
def test_the_library_is_installed_as_the_job_says(runner: Runner, tmp_path: Path) -> None:
    """With the Python of this machine, which is no stand-in, and the versions that the wheel asks for."""
    install = next(step for step in runner.jobs["look"]["steps"] if step.get("name") == "Install the library")
    role = f"arn:aws:iam::{'1' * 12}:role/acme-build"
    programs = f"{runner.folder / 'programs'}{os.pathsep}{os.environ['PATH']}"
    variables = {"PATH": programs, "HOME": os.environ["HOME"], "RUNNER_TEMP": os.fspath(tmp_path)}
    variables |= {"RUNNER_TOOL_CACHE": os.fspath(tmp_path / "none"), **runner.credentials(role, sub=MAIN)}
    runner.script(install, variables, {}, tmp_path)
    python = tmp_path / "multi-env-lambda/bin/python"
    words = [python, "-P", "-m", "multi_env_lambda", "--version"]
    said = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=True, env={"PATH": os.defpath})
    assert said.stdout.startswith("multi-env-lambda")

    wrong = {**install, "env": {**install["env"], "SHA256": "0" * 64}}
    with pytest.raises(AssertionError, match="WARNING: 1 computed checksum did NOT match"):
        runner.script(wrong, variables, {}, tmp_path)


MAIN, PLAN = f"{SUBJECT}ref:refs/heads/main", f"{SUBJECT}environment:{PLAN_ENVIRONMENT}"
PROD = f"{SUBJECT}environment:prod"
FEATURE = f"acme/units/{WORKFLOW}@refs/heads/feature"


@pytest.mark.parametrize(
    ("role", "claims"),
    [
        ("build", {"sub": f"{SUBJECT}pull_request"}),
        ("plan", {"sub": f"{SUBJECT}pull_request"}),
        ("build", {"sub": f"{SUBJECT}ref:refs/heads/feature", "job_workflow_ref": FEATURE}),
        ("build", {"sub": f"{SUBJECT}ref:refs/tags/customers-9"}),
        ("build", {"sub": MAIN, "job_workflow_ref": "acme/units/.github/workflows/other.yml@refs/heads/main"}),
        ("build", {"sub": MAIN, "aud": "https://github.com/acme"}),
        ("build", {"sub": MAIN, "repository_id": "23"}),
        ("build", {"sub": "repo:acme/units:ref:refs/heads/main"}),
        ("build", {"sub": PLAN, "environment": PLAN_ENVIRONMENT}),
        ("plan", {"sub": MAIN}),
        ("plan", {"sub": PLAN, "environment": PLAN_ENVIRONMENT, "job_workflow_ref": FEATURE}),
        ("developer", {"sub": MAIN}),
        ("approver", {"sub": MAIN}),
        ("approver", {"sub": PROD, "environment": "prod"}),
        ("build", {"sub": PROD, "environment": "prod"}),
        ("plan", {"sub": PROD, "environment": "prod"}),
        ("prod-reviewer", {"sub": MAIN}),
        ("prod-reviewer", {"sub": PLAN, "environment": PLAN_ENVIRONMENT}),
        ("prod-reviewer", {"sub": f"{SUBJECT}environment:staging", "environment": "staging"}),
        ("prod-reviewer", {"sub": PROD, "environment": "prod", "job_workflow_ref": FEATURE}),
        ("prod-reviewer", {"sub": PROD, "environment": "prod", "repository_id": "23"}),
        ("dispatcher", {"sub": MAIN}),
    ],
)
def test_no_other_token_opens_a_role(runner: Runner, role: str, claims: dict[str, str]) -> None:
    with pytest.raises(ClientError, match="Not authorized to perform sts:AssumeRoleWithWebIdentity"):
        runner.credentials(f"arn:aws:iam::{'1' * 12}:role/acme-{role}", **claims)


@pytest.mark.long
def test_nobody_else_writes_an_approval_as_a_reviewer_s_job_does_and_it_writes_nothing_else(runner: Runner) -> None:
    folder = f"environments/prod/approvals/{'0' * 64}/{'0' * 16}"
    mine = runner.made.thief("devops", "acme-prod-reviewer").client("s3")
    for role in ("build", "plan", "dispatcher", "approver"):
        thief = runner.made.thief("devops", f"acme-{role}").client("s3")
        assert denied(thief, "put_object", Bucket=BUCKET, Key=f"{folder}/github.json", Body=b"{}"), role
    for key in (
        f"{folder}/AROAX:grace.json",
        f"{folder}/witness.json",
        "environments/staging/approvals/0/0/github.json",
        "environments/prod/current/customers.json",
        "ci/plans/prod/0.json",
        "ci/library/x/y.whl",
    ):
        assert denied(mine, "put_object", Bucket=BUCKET, Key=key, Body=b"{}"), key
    assert denied(mine, "delete_object", Bucket=BUCKET, Key=f"{folder}/github.json")
    assert not denied(mine, "put_object", Bucket=BUCKET, Key=f"{folder}/github.json", Body=b"{}")


@pytest.mark.long
@pytest.mark.usefixtures("shown")
def test_a_yes_to_one_plan_is_none_to_another(runner: Runner) -> None:
    name = "${{ needs.show-prod.outputs.digest }}"
    digest, runner.left[name] = runner.left[name], "f" * 64
    with pytest.raises(AssertionError, match=f"GitHub shows no plan {'f' * 12}"):
        runner.run("approve-prod", "push", {}, run=77)
    runner.left[name] = digest


@pytest.mark.long
@pytest.mark.usefixtures("shown")
@pytest.mark.parametrize("sid", ["FetchTheLibrary", "ListTheBucket", "WriteApprovals"])
def test_each_statement_of_a_reviewer_s_job_is_needed(runner: Runner, sid: str) -> None:
    role, iam, s3 = "acme-prod-reviewer", runner.made.root("devops", "iam"), runner.made.root("devops", "s3")
    for there in s3.list_objects_v2(Bucket=BUCKET, Prefix="environments/prod/approvals/").get("Contents", ()):
        s3.delete_object(Bucket=BUCKET, Key=there["Key"])
    kept = statements(runner.made, role)
    assert {one["Sid"] for one in kept} == {"FetchTheLibrary", "ListTheBucket", "WriteApprovals"}
    give(iam, role, [one for one in kept if one["Sid"] != sid])
    try:
        with pytest.raises(AssertionError, match="AccessDenied|Access Denied|403|Forbidden|not authorized|may not"):
            runner.run("approve-prod", "push", {}, run=77)
    finally:
        give(iam, role, kept)
    assert "approved by grace" in runner.run("approve-prod", "push", {}, run=77)


def test_the_stacks_and_the_file_are_as_they_should_be(runner: Runner) -> None:
    again = runner.made.stage.script("ci", "write", "github", "--plan", local=False)
    assert "nothing would change" in again.err
