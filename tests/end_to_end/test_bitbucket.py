"""The pipelines that `ci write bitbucket` writes, each script of them run by a shell, on the local cloud.

Played are Bitbucket's own part, which is the clone, the variables and the token, and the programs of the image.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import attrs
import pytest
import yaml
from botocore.exceptions import ClientError

from multi_env_lambda.model.bitbucket import PIPELINES, PULL_REQUEST
from tests.plan.test_bitbucket_pipeline import BITBUCKET, DEPLOYMENT, ISSUER, REPOSITORY, STEP
from tests.plan.test_bitbucket_pipeline import steps as steps_of
from tests.tools.bitbucket_server import TOKEN, bitbucket_server

from .host_machine import BUILD, PLAN, HostMachine, host_machine
from .stage import commit, git

pytestmark = [pytest.mark.local_cloud, pytest.mark.slow, pytest.mark.long]

SUBJECT = f"{{{REPOSITORY}}}:{{{DEPLOYMENT}}}:{{{STEP}}}"


@attrs.frozen
class Runner:
    """Bitbucket and its machine."""

    machine: HostMachine

    def keys(self, role: str = BUILD, **claims: str) -> dict[str, str]:
        usual = {"aud": BITBUCKET.audience, "iss": f"https://{ISSUER}", "sub": SUBJECT}
        return self.machine.keys(role, "bitbucket-1", {**usual, **claims})

    def run(self, event: str, **more: str) -> subprocess.CompletedProcess[str]:
        """The one step; what it wrote."""
        number, clone = self.machine.clone()
        step = steps_of((self.machine.root / PIPELINES).read_text("utf-8"))[event]
        variables = {
            "BITBUCKET_BRANCH": "main",
            "BITBUCKET_BUILD_NUMBER": str(number),
            "BITBUCKET_COMMIT": git(clone, "rev-parse", "HEAD"),
            "BITBUCKET_REPO_FULL_NAME": "acme/units",
            "BITBUCKET_STEP_OIDC_TOKEN": "an-id-token",
        }
        role, keys = BUILD, self.keys()
        if event == PULL_REQUEST:
            git(clone, "checkout", "-q", f"origin/{more['BITBUCKET_BRANCH']}")
            role, keys = PLAN, self.keys(PLAN, sub=f"{{{REPOSITORY}}}:{{{STEP}}}")
        return self.machine.run(step["script"], clone, keys, {**variables, **more}, ("an-id-token", TOKEN), role)


@pytest.fixture(scope="module")
def runner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runner]:
    with host_machine(tmp_path_factory.mktemp("bitbucket"), "bitbucket") as machine:
        assert yaml.safe_load((machine.root / PIPELINES).read_text("utf-8"))
        yield Runner(machine)


def test_a_push_walks_to_the_approval_and_is_followed_by_one_comment_and_a_status(runner: Runner) -> None:
    root = runner.machine.root
    commit(root)
    git(root, "push", "-q", "origin", "HEAD:refs/heads/main")
    first = git(root, "rev-parse", "HEAD")
    with bitbucket_server() as api:
        merge = {"merge_commit": {"hash": first[:12]}, "destination": {"branch": {"name": "main"}}}
        api.requests.append({"id": 7, "state": "MERGED", **merge})
        more = {"MULTI_ENV_LAMBDA_BITBUCKET_TOKEN": TOKEN, "MULTI_ENV_LAMBDA_BITBUCKET_API": api.address}
        done = runner.run("push", **more)
        assert done.returncode == 0, done.stdout + done.stderr
        assert runner.machine.runs() == [first, first, first, ""], done.stderr
        runner.machine.agree(done)
        done = runner.run("schedule", **more)
    assert runner.machine.page.left == [], "each command of the page was followed"
    assert runner.machine.runs() == [first] * 4, done.stderr
    assert len(api.comments[7]) == 1 and api.statuses[first, "multi-env-lambda"]["state"] == "SUCCESSFUL", done.stderr


def test_a_pull_request_is_planned_without_the_environment_and_said_by_the_step_that_has_it(runner: Runner) -> None:
    root, before = runner.machine.root, runner.machine.runs()
    git(root, "checkout", "-q", "-b", "feature")
    path = root / "projects/customers/customers/__init__.py"
    path.write_text(f"{path.read_text('utf-8')}# not merged\n", "utf-8")
    commit(root)
    git(root, "push", "-q", "origin", "HEAD:refs/heads/feature")
    theirs = git(root, "rev-parse", "HEAD")
    git(root, "checkout", "-q", "-")
    request = {"BITBUCKET_BRANCH": "feature", "BITBUCKET_PR_ID": "9", "BITBUCKET_PR_DESTINATION_BRANCH": "main"}
    done = runner.run(PULL_REQUEST, **request)

    assert done.returncode == 0, done.stdout + done.stderr
    assert f"pull request 9 at {theirs[:12]}, plan " in done.stderr and "was not said" not in done.stderr
    with bitbucket_server() as api:
        source = {"commit": {"hash": theirs[:12]}, "repository": {"full_name": "acme/units"}}
        api.requests = [
            {"id": 9, "state": "OPEN", "source": source, "destination": {"branch": {"name": "main"}}},
        ]
        more = {"MULTI_ENV_LAMBDA_BITBUCKET_TOKEN": TOKEN, "MULTI_ENV_LAMBDA_BITBUCKET_API": api.address}
        done = runner.run("schedule", **more)
    assert done.returncode == 0, done.stdout + done.stderr
    (comment,) = api.comments[9]
    assert "### Merging this changes\n" in comment["content"]["raw"] and runner.machine.runs() == before


def test_another_branch_is_refused(runner: Runner) -> None:
    done = runner.run("push", BITBUCKET_BRANCH="feature")
    assert done.returncode != 0 and "expected the protected branch `main`" in done.stderr


@pytest.mark.parametrize(
    ("role", "claims"),
    [
        ("build", {"sub": f"{{{REPOSITORY}}}:{{{STEP}}}"}),
        ("build", {"sub": f"{{{REPOSITORY}}}:{{{STEP}}}:{{{STEP}}}"}),
        ("build", {"sub": f"{{{STEP}}}:{{{DEPLOYMENT}}}:{{{STEP}}}"}),
        ("build", {"aud": "sts.amazonaws.com"}),
        ("build", {"iss": f"https://{ISSUER.replace('acme', 'mallory')}"}),
        ("plan", {"sub": f"{{{STEP}}}:{{{STEP}}}"}),
        ("plan", {"aud": "sts.amazonaws.com"}),
        ("developer", {}),
        ("approver", {}),
        ("dispatcher", {}),
    ],
)
def test_no_other_token_opens_a_role(runner: Runner, role: str, claims: dict[str, str]) -> None:
    with pytest.raises(ClientError, match="AssumeRoleWithWebIdentity"):
        runner.keys(f"arn:aws:iam::{'1' * 12}:role/acme-{role}", **claims)
