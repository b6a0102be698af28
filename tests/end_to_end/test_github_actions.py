"""The workflow that `ci write github` writes, each script of it run by a shell as a runner would, on the local cloud.

Played are GitHub's own part: which job an event starts, the two actions, `gh`, and the program that makes a venv.
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
from pathlib import Path
from typing import Any

import attrs
import pytest
import yaml
from botocore.exceptions import ClientError

from multi_env_lambda.local.programs import write_programs
from multi_env_lambda.model.github import ISSUER, PLAN_ENVIRONMENT, TELLING, WORKFLOW

from .bootstrapped import Bootstrapped, bootstrapped
from .host_page import HostPage
from .stage import commit, git

pytestmark = [pytest.mark.local_cloud, pytest.mark.slow]

SUBJECT = "repo:acme@123456/units@456789:"
PLACES = ("sandbox", "test", "staging", "prod")
_OF_PLANS = ("plan", "copy")
HOSTILE = "feat/$(touch${IFS}pwned)`id`;'x"
_GH = """#!/bin/sh
for word in "$@"; do printf '%s\\0' "$word"; done >> "$GH_SAID"
"""
_PYTHON = """#!/bin/sh
# what pip would install is there already
if test "$2" = venv; then mkdir -p "$3/bin"; cp "$0" "$3/bin/python"; exit; fi
if test "$2" = pip; then for wheel in "$@"; do :; done; exec test -s "$wheel"; fi
exec {python} "$@"
"""


@attrs.frozen
class Runner:
    """GitHub and its machine: the workflow on the protected branch, and a folder for what jobs leave."""

    made: Bootstrapped
    page: HostPage
    folder: Path
    origin: Path
    api: str
    answers: dict[str, Any]

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

    def run(self, job: str, event: str, payload: Mapping[str, Any], *, ref: str = "refs/heads/main") -> str:
        """All steps of one job, each script by the shell that runners use; what they wrote."""
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
            "GITHUB_RUN_ID": str(number),
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
                place = f"environment:{PLAN_ENVIRONMENT}" if job in _OF_PLANS else f"ref:{ref}"
                more = {"environment": PLAN_ENVIRONMENT} if job in _OF_PLANS else {}
                role = step["with"]["role-to-assume"]
                variables |= self.credentials(role, sub=f"{SUBJECT}{place}", **more)
            else:
                said += self.script(step, variables, payload, clone if clone.exists() else temp)
        return said

    def script(self, step: Mapping[str, Any], variables: dict[str, str], payload: Mapping[str, Any], cwd: Path) -> str:
        expressions = {
            "${{ github.token }}": "a-token-of-github",
            "${{ github.repository }}": "acme/units",
            "${{ github.event.number }}": str(payload.get("number", "")),
            "${{ inputs.pull_request }}": str((payload.get("inputs") or {}).get("pull_request", "")),
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
        return [kept[place][0]["commit"] if kept.get(place) else "" for place in PLACES]


@pytest.fixture(scope="module")
def runner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runner]:
    folder = tmp_path_factory.mktemp("github")
    origin, answers = folder / "units.git", dict[str, Any]()

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
    tables = page.tables.replace("[tool.multi_env_lambda.ci]\n", '[tool.multi_env_lambda.ci]\nstrangers = "copy"\n')
    place, table = folder / "workspace", "approval = true\n"
    with bootstrapped(place, units=("customers",), table=table, roles="", more=tables, set_up=page.set_up) as made:
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


def started(**inputs: str) -> dict[str, Any]:
    return {"workflow": WORKFLOW, "inputs": inputs, "repository": {"full_name": "acme/units"}, "sender": {"login": "a"}}


def test_a_push_walks_to_the_approval_and_the_hourly_look_goes_on_after_it(runner: Runner) -> None:
    first = runner.push("the first")
    said = runner.run("look", "push", push(first))

    assert runner.runs() == [first, first, first, ""], said
    command = (
        next(line for line in said.splitlines() if "ci.py approve prod" in line).rpartition("ci.py ")[2].strip("`")
    )
    runner.page.approves(command.split())
    yes = runner.made.run("ci", *command.split(), acting="approver", user="grace")
    assert runner.page.next("gh", "workflow", "run")[3:] == [Path(WORKFLOW).name] and runner.page.left == []
    assert yes.code == 0, yes.err
    said = runner.run("look", "schedule", {"schedule": "23 * * * *"})
    assert runner.runs() == [first] * 4, said


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
    run = {"id": 5, "head_branch": "feature", "head_sha": theirs, "head_repository": {"owner": {"login": "eve"}}}
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
        ("dispatcher", {"sub": MAIN}),
    ],
)
def test_no_other_token_opens_a_role(runner: Runner, role: str, claims: dict[str, str]) -> None:
    with pytest.raises(ClientError, match="Not authorized to perform sts:AssumeRoleWithWebIdentity"):
        runner.credentials(f"arn:aws:iam::{'1' * 12}:role/acme-{role}", **claims)


def test_the_stacks_and_the_file_are_as_they_should_be(runner: Runner) -> None:
    again = runner.made.stage.script("ci", "write", "github", "--plan", local=False)
    assert "nothing would change" in again.err
