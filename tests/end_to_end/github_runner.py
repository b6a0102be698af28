"""GitHub and its machine, for the workflow that `ci write github` writes: each script is run as a runner would run it.

Played are GitHub's own part: which job an event starts, and the two actions.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs
import yaml

from multi_env_lambda.model.github import ISSUER, TELLING, WORKFLOW

from .bootstrapped import Bootstrapped
from .host_page import HostPage
from .stage import commit, git

__all__ = ["SUBJECT", "Runner"]

SUBJECT = "repo:acme@123456/units@456789:"
PLACES = ("sandbox", "test", "staging", "prod")


@attrs.frozen
class Runner:
    """GitHub and its machine: the workflow on the protected branch, and a folder for what jobs leave."""

    made: Bootstrapped
    page: HostPage
    folder: Path
    origin: Path
    api: str
    answers: dict[str, Any]
    left: dict[str, str] = attrs.field(factory=dict)  # by expression, what jobs have left for later ones

    @property
    def root(self) -> Path:
        return self.made.stage.root

    @property
    def jobs(self) -> dict[str, Any]:
        """Of both files; where strangers' changes are not planned, there is one."""
        files = [file for file in (self.root / WORKFLOW, self.root / TELLING) if file.exists()]
        texts = [file.read_text("utf-8") for file in files]
        return {name: job for text in texts for name, job in yaml.safe_load(text)["jobs"].items()}

    def push(self, text: str, branch: str = "main") -> str:
        path = self.root / "projects/customers/customers/__init__.py"
        path.write_text(f"{path.read_text('utf-8')}# {text}\n", "utf-8")
        commit(self.root)
        git(self.root, "push", "-q", "origin", f"HEAD:refs/heads/{branch}")
        return git(self.root, "rev-parse", "HEAD")

    def credentials(self, role: str, **claims: str) -> dict[str, str]:
        """What the second action leaves in the environment of the job, for a token of these claims."""
        usual = {
            "aud": "sts.amazonaws.com",
            "iss": f"https://{ISSUER}",
            "job_workflow_ref": f"acme/units/{WORKFLOW}@refs/heads/main",
            "repository_id": "456789",
        }
        body = base64.urlsafe_b64encode(json.dumps({**usual, **claims}).encode()).rstrip(b"=").decode()
        client = self.made.root("devops", "sts")
        # On AWS the token alone is enough; the server here talks to nobody whose request is not signed.
        client.meta.events.register_first("choose-signer.sts.AssumeRoleWithWebIdentity", lambda **_: "v4")
        keys = client.assume_role_with_web_identity(
            RoleArn=role, RoleSessionName="github-1-1", WebIdentityToken=f"e30.{body}.e30"
        )["Credentials"]
        return {
            "AWS_ACCESS_KEY_ID": keys["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"],
            "AWS_SESSION_TOKEN": keys["SessionToken"],
            "AWS_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": self.made.stage.cloud.endpoint,
        }

    def run(
        self, job: str, event: str, payload: Mapping[str, Any], *, ref: str = "refs/heads/main", run: int = 0
    ) -> str:
        """All steps of one job, each script by the shell that runners use; what they wrote. ``run``: of which run."""
        number = len(list(self.folder.glob("run-*"))) + 1
        temp, clone = self.folder / f"run-{number}", self.folder / f"clone-{number}"
        temp.mkdir()
        (temp / "event.json").write_text(json.dumps(payload), "utf-8")
        variables = {
            "PATH": f"{self.folder / 'programs'}{os.pathsep}{os.environ['PATH']}",
            "HOME": os.environ["HOME"],
            "GH_SAID": os.fspath(self.folder / "gh"),
            "GITHUB_ACTIONS": "true",
            "GITHUB_API_URL": self.api,
            "GITHUB_EVENT_NAME": event,
            "GITHUB_EVENT_PATH": os.fspath(temp / "event.json"),
            "GITHUB_REF": ref,
            "GITHUB_REPOSITORY": "acme/units",
            "GITHUB_RUN_ATTEMPT": "1",
            "GITHUB_OUTPUT": os.fspath(temp / "output"),
            "GITHUB_RUN_ID": str(run or number),
            "GITHUB_STEP_SUMMARY": os.fspath(self.folder / "summary"),
            "GITHUB_SERVER_URL": f"file://{self.folder}/served",
            "MULTI_ENV_LAMBDA_LOCAL_BUILD": "1",
            "RUNNER_TEMP": os.fspath(temp),
            "RUNNER_TOOL_CACHE": os.fspath(self.folder / "tools"),
            "UV_CACHE_DIR": os.environ.get("UV_CACHE_DIR", os.path.expanduser("~/.cache/uv")),
        }
        said = ""
        for step in self.jobs[job]["steps"]:
            if step.get("uses", "").startswith("actions/checkout@"):
                git(self.folder, "clone", "-q", os.fspath(self.origin), os.fspath(clone))
                if "ref" in step["with"]:
                    theirs = payload["pull_request"]["head"]["sha"]
                    git(clone, "fetch", "-q", "origin", theirs)
                    git(clone, "checkout", "-q", theirs)
            elif "uses" in step:
                name = self.jobs[job].get("environment", {}).get("name", "")
                place = f"environment:{name}" if name else f"ref:{ref}"
                more = {"environment": name} if name else {}
                role = step["with"]["role-to-assume"]
                variables |= self.credentials(role, sub=f"{SUBJECT}{place}", **more)
            else:
                said += self.script(step, variables, payload, clone if clone.exists() else temp)
        for line in (temp / "output").read_text("utf-8").splitlines() if (temp / "output").exists() else ():
            name, _, value = line.partition("=")
            self.left[f"${{{{ needs.{job}.outputs.{name} }}}}"] = value
        return said

    def script(self, step: Mapping[str, Any], variables: dict[str, str], payload: Mapping[str, Any], cwd: Path) -> str:
        expressions = {
            "${{ github.token }}": "a-token-of-github",
            "${{ github.repository }}": "acme/units",
            "${{ github.event.number }}": str(payload.get("number", "")),
            "${{ inputs.pull_request }}": str((payload.get("inputs") or {}).get("pull_request", "")),
            **self.left,
        }
        own = {name: expressions.get(text, text) for name, text in step.get("env", {}).items()}
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
            cwd=cwd,
            env={**variables, **own},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert "a-token-of-github" not in done.stdout + done.stderr
        return done.stdout + done.stderr

    def asked(self) -> list[str]:
        """The words of the last `gh`."""
        file = self.folder / "gh"
        words = file.read_text("utf-8").split("\0")[:-1]
        file.unlink()
        return words

    def runs(self) -> list[str]:
        kept = self.made.run("history", "customers", "--json").answer
        return [kept[place][-1]["commit"] if kept.get(place) else "" for place in PLACES]
