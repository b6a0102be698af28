"""The pipelines that `ci write bitbucket` writes, each script of them run by a shell, on the local cloud.

Played are Bitbucket's own part, which is the clone, the variables and the token, and the programs of the image.
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

import attrs
import pytest
import yaml
from botocore.exceptions import ClientError

from multi_env_lambda.local.programs import write_programs
from multi_env_lambda.model.bitbucket import PIPELINES
from tests.plan.test_bitbucket_pipeline import BITBUCKET, DEPLOYMENT, IMAGE, ISSUER, REPOSITORY, STEP, WORKSPACE
from tests.plan.test_bitbucket_pipeline import steps as steps_of
from tests.tools.bitbucket_server import TOKEN, bitbucket_server

from .bootstrapped import Bootstrapped, bootstrapped
from .stage import commit, git
from .test_gitlab import _AWS, _PYTHON, BUILD, PLACES

pytestmark = [pytest.mark.local_cloud, pytest.mark.slow, pytest.mark.long]

CI = f"""
[tool.multi_env_lambda.ci.bitbucket]
repository = "acme/units"
workspace_id = "{WORKSPACE}"
repository_id = "{REPOSITORY}"
deployment_id = "{DEPLOYMENT}"
image = "{IMAGE}"
only_from_branch = false
"""
SUBJECT = f"{{{REPOSITORY}}}:{{{DEPLOYMENT}}}:{{{STEP}}}"


@attrs.frozen
class Runner:
    """Bitbucket and its machine: the repository, and a folder for what steps leave."""

    made: Bootstrapped
    folder: Path
    origin: Path

    def keys(self, role: str = BUILD, **claims: str) -> dict[str, str]:
        """What STS gives for a token of these claims."""
        usual = {"aud": BITBUCKET.audience, "iss": f"https://{ISSUER}", "sub": SUBJECT}
        body = base64.urlsafe_b64encode(json.dumps({**usual, **claims}).encode()).rstrip(b"=").decode()
        client = self.made.root("devops", "sts")
        client.meta.events.register_first("choose-signer.sts.AssumeRoleWithWebIdentity", lambda **_: "v4")
        found: dict[str, str] = client.assume_role_with_web_identity(
            RoleArn=role, RoleSessionName="bitbucket-1", WebIdentityToken=f"e30.{body}.e30"
        )["Credentials"]
        return found

    def run(self, event: str, **more: str) -> subprocess.CompletedProcess[str]:
        """The one step, all of its scripts in one shell; what it wrote."""
        number = len(list(self.folder.glob("clone-*"))) + 1
        clone = self.folder / f"clone-{number}"
        git(self.folder, "clone", "-q", os.fspath(self.origin), os.fspath(clone))
        keys = self.keys()
        words = (keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
        (self.folder / "keys").write_text("\t".join(words) + "\n", "utf-8")
        step = steps_of((self.made.stage.root / PIPELINES).read_text("utf-8"))[event]
        variables = {
            "AWS_ENDPOINT_URL": self.made.stage.cloud.endpoint,
            "BITBUCKET_BRANCH": "main",
            "BITBUCKET_BUILD_NUMBER": str(number),
            "BITBUCKET_COMMIT": git(clone, "rev-parse", "HEAD"),
            "BITBUCKET_REPO_FULL_NAME": "acme/units",
            "BITBUCKET_STEP_OIDC_TOKEN": "an-id-token",
            "HOME": os.environ["HOME"],
            "MULTI_ENV_LAMBDA_LOCAL_BUILD": "1",
            "PATH": f"{self.folder / 'programs'}{os.pathsep}{os.environ['PATH']}",
            "UV_CACHE_DIR": os.environ.get("UV_CACHE_DIR", os.path.expanduser("~/.cache/uv")),
        }
        done = subprocess.run(
            ["sh", "-e", "-c", "\n".join(step["script"])],
            cwd=clone,
            env={**variables, **more},
            capture_output=True,
            text=True,
            check=False,
        )
        for secret in ("an-id-token", TOKEN, *words[1:]):
            assert secret not in done.stdout + done.stderr
        return done

    def runs(self) -> list[str]:
        kept = self.made.run("history", "customers", "--json").answer
        return [kept[place][0]["commit"] if kept.get(place) else "" for place in PLACES]


@pytest.fixture(scope="module")
def runner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runner]:
    folder = tmp_path_factory.mktemp("bitbucket")
    origin, programs = folder / "units.git", folder / "programs"
    write_programs(programs)
    (programs / "aws").rename(folder / "aws")
    names = {"role": BUILD, "keys": shlex.quote(os.fspath(folder / "keys")), "aws": shlex.quote(f"{folder}/aws")}
    for name, text in (("aws", _AWS.format(**names)), ("python3", _PYTHON.format(python=sys.executable))):
        (programs / name).write_text(text, "utf-8")
        (programs / name).chmod(0o755)
    with bootstrapped(folder / "workspace", units=("customers",), table="approval = true\n", more=CI) as made:
        root = made.stage.root
        git(folder, "init", "-q", "--bare", "--initial-branch=main", os.fspath(origin))
        git(root, "remote", "add", "origin", os.fspath(origin))
        written = made.stage.script("ci", "write", "bitbucket", local=False)
        assert "written" in written.err, written.err
        assert yaml.safe_load((root / PIPELINES).read_text("utf-8"))
        made.without_the_organisations_role()
        yield Runner(made, folder, origin)


def test_a_push_walks_to_the_approval_and_is_followed_by_one_comment_and_a_status(runner: Runner) -> None:
    root = runner.made.stage.root
    commit(root)
    git(root, "push", "-q", "origin", "HEAD:refs/heads/main")
    first = git(root, "rev-parse", "HEAD")
    with bitbucket_server() as api:
        merge = {"merge_commit": {"hash": first[:12]}, "destination": {"branch": {"name": "main"}}}
        api.requests.append({"id": 7, "state": "MERGED", **merge})
        more = {"MULTI_ENV_LAMBDA_BITBUCKET_TOKEN": TOKEN, "MULTI_ENV_LAMBDA_BITBUCKET_API": api.address}
        done = runner.run("push", **more)
        assert done.returncode == 0, done.stdout + done.stderr
        assert runner.runs() == [first, first, first, ""], done.stderr
        line = next(line for line in done.stderr.splitlines() if "ci.py approve prod" in line)
        yes = runner.made.run("ci", *line.rpartition("ci.py ")[2].strip("`").split(), acting="approver", user="grace")
        assert yes.code == 0, yes.err
        done = runner.run("schedule", **more)
    assert runner.runs() == [first] * 4, done.stderr
    assert len(api.comments[7]) == 1 and api.statuses[first, "multi-env-lambda"]["state"] == "SUCCESSFUL", done.stderr


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
        ("plan", {}),
        ("developer", {}),
        ("approver", {}),
        ("dispatcher", {}),
    ],
)
def test_no_other_token_opens_a_role(runner: Runner, role: str, claims: dict[str, str]) -> None:
    with pytest.raises(ClientError, match="AssumeRoleWithWebIdentity"):
        runner.keys(f"arn:aws:iam::{'1' * 12}:role/acme-{role}", **claims)
