"""The pipeline that `ci write gitlab` writes, each script of it run by a shell as a runner would, on the local cloud.

Played are GitLab's own part, which is the clone, the variables and the token, and the programs of the image.
"""

from __future__ import annotations

import base64
import json
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest
import yaml
from botocore.exceptions import ClientError

from multi_env_lambda.local.programs import write_programs
from multi_env_lambda.model.gitlab import GITLAB, PIPELINE
from multi_env_lambda.plan.gitlab_pipeline import JOB
from tests.tools.gitlab_server import TOKEN, gitlab_server

from .bootstrapped import Bootstrapped, bootstrapped
from .stage import commit, git

pytestmark = [pytest.mark.local_cloud, pytest.mark.slow]

CI = f"""
[tool.multi_env_lambda.ci.gitlab]
project = "acme/units"
image = "public.ecr.aws/sam/build-python3.13@sha256:{"0" * 64}"
"""
SUBJECT = "project_path:acme/units:ref_type:branch:ref:main"
BUILD = f"arn:aws:iam::{'1' * 12}:role/acme-build"
PLACES = ("sandbox", "test", "staging", "prod")
HOSTILE = "feat/$(touch${IFS}pwned)`id`;'x"
_AWS = """#!/bin/sh
# the server here talks to nobody whose request is not signed, so the keys for this token are there already
if test "$1" = sts; then
  test -s "${{8#file://}}" || exit 9
  test "$4" = {role} || exit 8
  exec cat {keys}
fi
exec {aws} "$@"
"""
_PYTHON = """#!/bin/sh
# what pip would install is there already
if test "$2" = venv; then mkdir -p "$3/bin"; cp "$0" "$3/bin/python"; exit; fi
if test "$2" = pip; then for wheel in "$@"; do :; done; exec test -s "$wheel"; fi
exec {python} "$@"
"""


@attrs.frozen
class Runner:
    """GitLab and its machine: the project, and a folder for what jobs leave."""

    made: Bootstrapped
    folder: Path
    origin: Path

    @property
    def root(self) -> Path:
        return self.made.stage.root

    def push(self, text: str, branch: str = "main") -> str:
        path = self.root / "projects/customers/customers/__init__.py"
        path.write_text(f"{path.read_text('utf-8')}# {text}\n", "utf-8")
        commit(self.root)
        git(self.root, "push", "-q", "origin", f"HEAD:refs/heads/{branch}")
        return git(self.root, "rev-parse", "HEAD")

    def keys(self, role: str = BUILD, **claims: str) -> dict[str, str]:
        """What STS gives for a token of these claims."""
        usual = {"aud": "sts.amazonaws.com", "iss": f"https://{GITLAB}", "sub": SUBJECT}
        body = base64.urlsafe_b64encode(json.dumps({**usual, **claims}).encode()).rstrip(b"=").decode()
        client = self.made.root("devops", "sts")
        client.meta.events.register_first("choose-signer.sts.AssumeRoleWithWebIdentity", lambda **_: "v4")
        found: dict[str, str] = client.assume_role_with_web_identity(
            RoleArn=role, RoleSessionName="gitlab-1", WebIdentityToken=f"e30.{body}.e30"
        )["Credentials"]
        return found

    def run(self, source: str, **more: str) -> subprocess.CompletedProcess[str]:
        """The one job, all of its scripts in one shell; what it wrote."""
        number = len(list(self.folder.glob("clone-*"))) + 1
        clone = self.folder / f"clone-{number}"
        git(self.folder, "clone", "-q", os.fspath(self.origin), os.fspath(clone))
        keys = self.keys()
        words = (keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
        (self.folder / "keys").write_text("\t".join(words) + "\n", "utf-8")
        job: dict[str, Any] = yaml.safe_load((self.root / PIPELINE).read_text("utf-8"))[JOB]
        variables = {
            "AWS_ENDPOINT_URL": self.made.stage.cloud.endpoint,
            "CI_COMMIT_BRANCH": "main",
            "CI_JOB_ID": str(number),
            "CI_JOB_TOKEN": "a-token-of-gitlab",
            "CI_PIPELINE_SOURCE": source,
            "CI_COMMIT_BEFORE_SHA": "0" * 40,
            "CI_COMMIT_SHA": git(clone, "rev-parse", "HEAD"),
            "CI_PROJECT_PATH": "acme/units",
            "CI_PROJECT_URL": f"file://{os.fspath(self.origin).removesuffix('.git')}",
            "CI_SERVER_URL": "https://gitlab.com",
            "GITLAB_CI": "true",
            "HOME": os.environ["HOME"],
            "MULTI_ENV_LAMBDA_LOCAL_BUILD": "1",
            "MULTI_ENV_LAMBDA_TOKEN": "an-id-token",
            "PATH": f"{self.folder / 'programs'}{os.pathsep}{os.environ['PATH']}",
            "UV_CACHE_DIR": os.environ.get("UV_CACHE_DIR", os.path.expanduser("~/.cache/uv")),
        }
        done = subprocess.run(
            ["sh", "-e", "-c", "\n".join(job["script"])],
            cwd=clone,
            env={**variables, **job["variables"], **more},
            capture_output=True,
            text=True,
            check=False,
        )
        for secret in ("a-token-of-gitlab", "an-id-token", TOKEN, *words[1:]):
            assert secret not in done.stdout + done.stderr
        return done

    def runs(self) -> list[str]:
        kept = self.made.run("history", "customers", "--json").answer
        return [kept[place][0]["commit"] if kept.get(place) else "" for place in PLACES]


@pytest.fixture(scope="module")
def runner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runner]:
    folder = tmp_path_factory.mktemp("gitlab")
    origin, programs = folder / "units.git", folder / "programs"
    write_programs(programs)
    (programs / "aws").rename(folder / "aws")
    names = {"role": BUILD, "keys": shlex.quote(os.fspath(folder / "keys")), "aws": shlex.quote(f"{folder}/aws")}
    for name, text in (("aws", _AWS.format(**names)), ("python3", _PYTHON.format(python=sys.executable))):
        (programs / name).write_text(text, "utf-8")
        (programs / name).chmod(0o755)
    with bootstrapped(folder / "workspace", units=("customers",), table="approval = true\n", more=CI) as made:
        git(folder, "init", "-q", "--bare", "--initial-branch=main", os.fspath(origin))
        git(made.stage.root, "remote", "add", "origin", os.fspath(origin))
        written = made.stage.script("ci", "write", "gitlab", local=False)
        assert "written" in written.err, written.err
        made.without_the_organisations_role()
        yield Runner(made, folder, origin)


def test_a_push_walks_to_the_approval_and_the_schedule_goes_on_after_it(runner: Runner) -> None:
    first = runner.push("the first")
    done = runner.run("push")

    assert done.returncode == 0, done.stdout + done.stderr
    assert runner.runs() == [first, first, first, ""], done.stderr
    line = next(line for line in done.stderr.splitlines() if "ci.py approve prod" in line)
    yes = runner.made.run("ci", *line.rpartition("ci.py ")[2].strip("`").split(), acting="approver", user="grace")
    assert yes.code == 0, yes.err
    # What a merge request brought is followed there, by the token that only this job has.
    link = {"CI_JOB_URL": "https://gitlab.com/acme/units/-/jobs/77"}
    with gitlab_server() as api:
        api.requests[first] = [{"iid": 7, "state": "merged", "target_branch": "main"}]
        done = runner.run("schedule", MULTI_ENV_LAMBDA_GITLAB_TOKEN=TOKEN, CI_API_V4_URL=api.address, **link)
    assert done.returncode == 0, done.stdout + done.stderr
    assert runner.runs() == [first] * 4, done.stderr
    assert api.statuses[first][0]["status"] == "success", done.stderr
    assert len(api.notes[7]) == 1, done.stderr


def test_a_branch_of_any_name_changes_nothing_and_its_name_is_run_by_nobody(runner: Runner) -> None:
    before = runner.runs()
    git(runner.root, "checkout", "-q", "-b", "feature")
    runner.push("not merged", HOSTILE)
    git(runner.root, "checkout", "-q", "-")
    done = runner.run("schedule", CI_COMMIT_MESSAGE="$(touch pwned)", CI_COMMIT_REF_NAME=HOSTILE)

    assert done.returncode == 0, done.stdout + done.stderr
    assert runner.runs() == before
    assert [*runner.folder.rglob("pwned"), *runner.root.rglob("pwned")] == []


def test_a_wheel_that_is_another_one_is_not_installed_and_another_branch_is_refused(runner: Runner) -> None:
    assert "did NOT match" in runner.run("push", MULTI_ENV_LAMBDA_SHA256="0" * 64).stderr
    done = runner.run("push", CI_COMMIT_BRANCH="feature")
    assert done.returncode != 0 and "expected the protected branch `main`" in done.stderr


@pytest.mark.parametrize(
    ("role", "claims"),
    [
        ("build", {"sub": "project_path:acme/units:ref_type:branch:ref:feature"}),
        ("build", {"sub": "project_path:acme/units:ref_type:tag:ref:main"}),
        ("build", {"sub": "project_path:mallory/units:ref_type:branch:ref:main"}),
        ("build", {"aud": "https://gitlab.com"}),
        ("build", {"iss": "https://gitlab.example.org"}),
        ("plan", {}),
        ("developer", {}),
        ("approver", {}),
        ("dispatcher", {}),
    ],
)
def test_no_other_token_opens_a_role(runner: Runner, role: str, claims: dict[str, str]) -> None:
    with pytest.raises(ClientError, match="AssumeRoleWithWebIdentity"):
        runner.keys(f"arn:aws:iam::{'1' * 12}:role/acme-{role}", **claims)


def test_the_file_is_as_it_should_be(runner: Runner) -> None:
    again = runner.made.stage.script("ci", "write", "gitlab", "--plan", local=False)
    assert "nothing would change" in again.err
