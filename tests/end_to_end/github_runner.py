"""GitHub and its machine, for the workflow that `ci write github` writes: each script is run as a runner would run it.

Played are GitHub's own part: which job an event starts, and the two actions.
"""

from __future__ import annotations

import base64
import http.server
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs
import yaml

from multi_env_lambda.local.programs import write_programs
from multi_env_lambda.model.github import ISSUER, TELLING, WORKFLOW

from .bootstrapped import Bootstrapped, bootstrapped
from .host_page import HostPage, in_one_stage
from .stage import commit, git

__all__ = ["PLACES", "SUBJECT", "Runner", "github", "push"]

SUBJECT = "repo:acme@123456/units@456789:"
_GH = """#!/bin/sh
for word in "$@"; do printf '%s\\0' "$word"; done >> "$GH_SAID"
"""
_PYTHON = """#!/bin/sh
# what pip would install is there already
if test "$2" = venv; then mkdir -p "$3/bin"; cp "$0" "$3/bin/python"; exit; fi
if test "$2" = pip; then for wheel in "$@"; do :; done; exec test -s "$wheel"; fi
exec {python} "$@"
"""
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


@contextmanager
def github(
    folder: Path, *, more: tuple[str, str] = ("", ""), table: str = "", stage: tuple[str, ...] = ()
) -> Iterator[Runner]:
    """What the page about GitHub leads to up to the first push, and a small server in the place of GitHub's API.

    Args:
        more: a text of the page's table, and what stands there instead.
        table: what the root table says of prod. stage: environments that stand beside each other.
    """
    answers, origin = dict[str, Any](), folder / "units.git"

    class Api(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = answers.get(self.path.partition("?")[0])
            if isinstance(found, str):
                self.send_response(302)
                self.send_header("Location", found)
                return self.end_headers()
            self.send_response(200 if found is not None else 404)
            self.end_headers()
            self.wfile.write(found if isinstance(found, bytes) else json.dumps(found).encode())

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            answers[f"POST {self.path}"] = body
            self.send_response(201)
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: Any) -> None:
            return

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Api)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    write_programs(folder / "programs")
    tool = folder / "tools/Python/3.13.99/x64/bin/python3"
    tool.parent.mkdir(parents=True)
    for path, text in ((folder / "programs/gh", _GH), (tool, _PYTHON.format(python=sys.executable))):
        path.write_text(text, "utf-8")
        path.chmod(0o755)
    page = HostPage.of("github-actions", "github")

    def set_up(made: Bootstrapped) -> None:
        in_one_stage(made, stage)
        page.set_up(made)

    place, tables = folder / "workspace", page.tables.replace(*more)
    with bootstrapped(place, units=("customers",), table=table, roles="", more=tables, set_up=set_up) as made:
        git(folder, "init", "-q", "--bare", "--initial-branch=main", os.fspath(origin))
        (folder / "served/acme").mkdir(parents=True)
        (folder / "served/acme/units").symlink_to(origin)
        git(origin, "config", "uploadpack.allowAnySHA1InWant", "true")
        git(made.stage.root, "remote", "add", "origin", os.fspath(origin))
        for words in (["add", WORKFLOW], ["commit", "-m", "Deploy what is merged"]):
            assert page.next("git", words[0])[1:] == words
            git(made.stage.root, *words)
        assert page.next("git", "push") == ["git", "push"]
        git(made.stage.root, "push", "-q", "origin", "HEAD:refs/heads/main")
        made.without_the_organisations_role()
        yield Runner(made, page, folder, origin, f"http://127.0.0.1:{server.server_address[1]}", answers)
        shutil.rmtree(origin)
    server.shutdown()


def push(commit: str, branch: str = "main") -> dict[str, Any]:
    return {
        "ref": f"refs/heads/{branch}",
        "before": "0" * 40,
        "after": commit,
        "repository": {"full_name": "acme/units", "id": 456789},
        "sender": {"login": "ada"},
    }
