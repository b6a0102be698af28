"""A repository at GitLab, Bitbucket or GitHub that a live test makes, uses and deletes.

Its pipeline prints what the token of its job says: the second part of it, which opens nothing without the third.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from typing import Any, Literal, Protocol
from urllib.parse import quote

import attrs

from multi_env_lambda.host.bitbucket_api import AtBitbucket
from multi_env_lambda.host.github import GitHub
from multi_env_lambda.host.gitlab_api import AtGitLab
from multi_env_lambda.model import github as table
from multi_env_lambda.model.bitbucket import Bitbucket
from multi_env_lambda.model.gitlab import GitLab
from multi_env_lambda.plan.access_trust import AUDIENCE

from .web import Web

__all__ = ["PREFIX", "BitbucketRepository", "Event", "GitHubRepository", "GitLabProject", "LiveRepository"]

PREFIX = "mel-live-"
"""How each of these repositories is called, and no other: what begins like this is deleted by the next run."""

Event = Literal["main", "change", "tag"]
_SAYS = "claims:"
_PRINT = f"""echo "{_SAYS}$(printf '%s' "$PROBE" | cut -d. -f2 | tr '_-' '/+')" """


class LiveRepository(Protocol):
    """One, once it was begun. ``branch`` of a request is ``change``, which begins at ``main``."""

    name: str
    web: Web

    def begin(self) -> None: ...

    def end(self) -> None: ...

    def left(self) -> list[str]: ...

    def commit(self, branch: str, text: str) -> str: ...

    def open(self, branch: str) -> int: ...

    def merge(self, number: int) -> str: ...

    def tag(self, name: str) -> None: ...

    def speaker(self) -> AtGitLab | AtBitbucket | GitHub: ...

    def claims(self, event: Event, commit: str) -> Mapping[str, Any]: ...

    def subjects(self) -> tuple[str, str]:
        """Patterns of the subject: of what may deploy, and of what may be planned."""
        ...


def claims_in(log: str) -> Mapping[str, Any]:
    """What a job has printed; hosts show the command, too."""
    found = re.findall(rf"{_SAYS}([A-Za-z0-9+/=]{{20,}})", log)
    assert found, log[-2000:]
    claims: Mapping[str, Any] = json.loads(base64.b64decode(found[-1] + "=" * (-len(found[-1]) % 4)))
    return claims


@attrs.define(kw_only=True)
class GitLabProject:
    """Cost: up to four minutes of runners. ``owner`` is a group or a user; the token has the scope ``api``."""

    web: Web
    owner: str
    name: str
    api: str

    @property
    def _path(self) -> str:
        return f"projects/{quote(f'{self.owner}/{self.name}', safe='')}"

    def begin(self) -> None:
        space = self.web.call("GET", f"namespaces/{quote(self.owner, safe='')}")["id"]
        said = {"name": self.name, "path": self.name, "namespace_id": space, "visibility": "private"}
        self.web.call("POST", "projects", said)
        job = {
            "id_tokens": {"PROBE": {"aud": AUDIENCE}},
            "rules": [
                {"if": '$CI_PIPELINE_SOURCE == "merge_request_event"'},
                {"if": '$CI_COMMIT_BRANCH == "main"'},
                {"if": "$CI_COMMIT_TAG"},
            ],
            "script": [_PRINT],
        }
        self._write("main", {".gitlab-ci.yml": json.dumps({"probe": job})}, start="")

    def commit(self, branch: str, text: str) -> str:
        return self._write(branch, {f"{branch}.txt": text}, start="" if branch == "main" else "main")

    def _write(self, branch: str, files: Mapping[str, str], *, start: str) -> str:
        actions = [{"action": "create", "file_path": path, "content": text} for path, text in files.items()]
        said = {"branch": branch, "commit_message": "a change", "actions": actions}
        said |= {"start_branch": start} if start else {}
        return str(self.web.call("POST", f"{self._path}/repository/commits", said)["id"])

    def open(self, branch: str) -> int:
        said = {"source_branch": branch, "target_branch": "main", "title": "a change"}
        return int(self.web.call("POST", f"{self._path}/merge_requests", said)["iid"])

    def merge(self, number: int) -> str:
        request = f"{self._path}/merge_requests/{number}"
        merge = lambda: self.web.call("PUT", f"{request}/merge", {}, no=(405, 406, 409, 422))  # noqa: E731
        return str(self.web.until("it can be merged", merge)["merge_commit_sha"])

    def tag(self, name: str) -> None:
        self.web.call("POST", f"{self._path}/repository/tags", {"tag_name": name, "ref": "main"})

    def lint(self, text: str) -> list[str]:
        """What GitLab's own grammar says of a pipeline."""
        return list(self.web.call("POST", f"{self._path}/ci/lint", {"content": text})["errors"])

    def speaker(self) -> AtGitLab:
        return AtGitLab(project=f"{self.owner}/{self.name}", token=self.web.token, api=self.api)

    def claims(self, event: Event, commit: str) -> Mapping[str, Any]:
        source = "merge_request_event" if event == "change" else "push"
        ref = {"main": "&ref=main", "change": "", "tag": f"&ref={TAG}"}[event]
        query = f"sha={commit}&source={source}{ref}"
        (pipeline, *_) = self.web.until(
            "a pipeline is there", lambda: self.web.call("GET", f"{self._path}/pipelines?{query}")
        )
        ended = ("success", "failed", "canceled")
        (job,) = self.web.until(
            "the job has ended",
            lambda: [
                one
                for one in self.web.call("GET", f"{self._path}/pipelines/{pipeline['id']}/jobs")
                if one["status"] in ended
            ],
        )
        return claims_in(self.web.text(f"{self._path}/jobs/{job['id']}/trace"))

    def subjects(self) -> tuple[str, str]:
        project = GitLab(project=f"{self.owner}/{self.name}", image="")
        return project.subject("main"), project.members

    def end(self) -> None:
        self.remove(self.name)

    def remove(self, name: str) -> None:
        """Deleted is first marked, then gone: the second call names it as it is called by then."""
        path = f"projects/{quote(f'{self.owner}/{name}', safe='')}"
        marked = self.web.call("GET", path, no=(404,))
        if marked is not None:
            self.web.call("DELETE", path)
            there = self.web.call("GET", f"projects/{marked['id']}", no=(404,))
            if there is not None:
                words = f"permanently_remove=true&full_path={quote(there['path_with_namespace'], safe='')}"
                self.web.call("DELETE", f"projects/{marked['id']}?{words}", no=(400, 404))

    def left(self) -> list[str]:
        found = self.web.call("GET", f"projects?membership=true&search={PREFIX}&per_page=100")
        own = [one["path_with_namespace"].rpartition("/") for one in found if not one.get("marked_for_deletion_on")]
        return [name for owner, _, name in own if owner == self.owner and name.startswith(PREFIX)]


TAG = "orders-0.1.0"


@attrs.define(kw_only=True)
class BitbucketRepository:
    """Cost: two minutes of Pipelines. ``owner`` is a workspace; the token may create, write and delete repositories."""

    web: Web
    owner: str
    name: str
    api: str
    _ids: dict[str, str] = attrs.field(factory=dict)

    @property
    def _path(self) -> str:
        return f"repositories/{self.owner}/{self.name}"

    def begin(self) -> None:
        made = self.web.call("POST", self._path, {"scm": "git", "is_private": True})
        workspace = self.web.call("GET", f"workspaces/{self.owner}")
        self.web.call("PUT", f"{self._path}/pipelines_config", {"enabled": True})
        place = {"type": "deployment_environment", "name": "probe"}
        kind = {"type": "deployment_environment_type", "name": "Test"}
        deployment = self.web.call("POST", f"{self._path}/environments", {**place, "environment_type": kind})
        given = {"workspace": workspace, "repository": made, "deployment": deployment}
        self._ids = {name: str(one["uuid"]).strip("{}") for name, one in given.items()}
        print_it = _PRINT.replace("$PROBE", "$BITBUCKET_STEP_OIDC_TOKEN")
        step = {"oidc": True, "script": [print_it]}
        pipelines = {
            "branches": {"main": [{"step": {**step, "deployment": "probe"}}]},
            "pull-requests": {"**": [{"step": step}]},
        }
        self._write("main", {"bitbucket-pipelines.yml": json.dumps({"pipelines": pipelines})})

    def commit(self, branch: str, text: str) -> str:
        return self._write(branch, {f"{branch}.txt": text})

    def _write(self, branch: str, files: Mapping[str, str]) -> str:
        at_main = {} if branch == "main" else {"parents": self._head("main")}
        self.web.call("POST", f"{self._path}/src", form={"branch": branch, "message": "a change", **at_main, **files})
        return self._head(branch)

    def _head(self, branch: str) -> str:
        return str(self.web.call("GET", f"{self._path}/refs/branches/{branch}")["target"]["hash"])

    def open(self, branch: str) -> int:
        said = {"title": "a change", "source": {"branch": {"name": branch}}}
        said |= {"destination": {"branch": {"name": "main"}}}
        return int(self.web.call("POST", f"{self._path}/pullrequests", said)["id"])

    def merge(self, number: int) -> str:
        self.web.call("POST", f"{self._path}/pullrequests/{number}/merge", {})
        return self._head("main")

    def tag(self, name: str) -> None:
        self.web.call("POST", f"{self._path}/refs/tags", {"name": name, "target": {"hash": self._head("main")}})

    def speaker(self) -> AtBitbucket:
        return AtBitbucket(repository=f"{self.owner}/{self.name}", token=self.web.token, api=self.api)

    def claims(self, event: Event, commit: str) -> Mapping[str, Any]:
        assert event != "tag", "the pipeline of a tag has no step here"
        kind = "pipeline_pullrequest_target" if event == "change" else "pipeline_ref_target"

        def ended() -> list[Mapping[str, Any]]:
            found = self.web.call("GET", f"{self._path}/pipelines?sort=-created_on")["values"]
            own = [one for one in found if one["target"]["type"] == kind and one["target"]["commit"]["hash"] == commit]
            return [one for one in own if one["state"]["name"] == "COMPLETED"]

        pipeline = quote(self.web.until("the step has ended", ended)[0]["uuid"])
        (step,) = self.web.call("GET", f"{self._path}/pipelines/{pipeline}/steps")["values"]
        return claims_in(self.web.text(f"{self._path}/pipelines/{pipeline}/steps/{quote(step['uuid'])}/log"))

    def subjects(self) -> tuple[str, str]:
        own = Bitbucket(
            repository=f"{self.owner}/{self.name}",
            workspace_id=self._ids["workspace"],
            repository_id=self._ids["repository"],
            deployment="probe",
            deployment_id=self._ids["deployment"],
            image="",
            only_from_branch=False,
        )
        return own.subject, own.members

    def end(self) -> None:
        self.remove(self.name)

    def remove(self, name: str) -> None:
        self.web.call("DELETE", f"repositories/{self.owner}/{name}", no=(404,))

    def left(self) -> list[str]:
        query = quote(f'name ~ "{PREFIX}"')
        found = self.web.call("GET", f"repositories/{self.owner}?q={query}&pagelen=100")["values"]
        return [one["slug"] for one in found if one["slug"].startswith(PREFIX)]


@attrs.define(kw_only=True)
class GitHubRepository:
    """Cost: three minutes of runners. ``owner`` is an organisation; the token may create and delete repositories."""

    web: Web
    owner: str
    name: str
    api: str
    _ids: dict[str, int] = attrs.field(factory=dict)

    @property
    def _path(self) -> str:
        return f"repos/{self.owner}/{self.name}"

    def begin(self) -> None:
        said = {"name": self.name, "private": True, "auto_init": True}
        made = self.web.call("POST", f"orgs/{self.owner}/repos", said)
        self._ids = {"owner_id": int(made["owner"]["id"]), "repository_id": int(made["id"])}
        ask = f'"$ACTIONS_ID_TOKEN_REQUEST_URL&audience={AUDIENCE}"'
        take = (
            f"""PROBE="$(curl -sS -H "Authorization: bearer $ACTIONS_ID_TOKEN_REQUEST_TOKEN" {ask} | jq -r .value)" """
        )
        step = {"run": f"{take}\n{_PRINT}"}
        job = {"runs-on": "ubuntu-latest", "permissions": {"id-token": "write"}, "steps": [step]}
        flow = {"on": {"push": {"branches": ["main"], "tags": ["**"]}, "pull_request": {}}, "jobs": {"probe": job}}
        self._write("main", ".github/workflows/probe.yml", json.dumps(flow))

    def commit(self, branch: str, text: str) -> str:
        if branch != "main":
            head = self.web.call("GET", f"{self._path}/git/ref/heads/main")["object"]["sha"]
            self.web.call("POST", f"{self._path}/git/refs", {"ref": f"refs/heads/{branch}", "sha": head})
        return self._write(branch, f"{branch}.txt", text)

    def _write(self, branch: str, path: str, text: str) -> str:
        said = {"message": "a change", "branch": branch, "content": base64.b64encode(text.encode()).decode()}
        return str(self.web.call("PUT", f"{self._path}/contents/{path}", said)["commit"]["sha"])

    def open(self, branch: str) -> int:
        return int(
            self.web.call("POST", f"{self._path}/pulls", {"title": "a change", "head": branch, "base": "main"})[
                "number"
            ]
        )

    def merge(self, number: int) -> str:
        return str(self.web.call("PUT", f"{self._path}/pulls/{number}/merge", {})["sha"])

    def tag(self, name: str) -> None:
        head = self.web.call("GET", f"{self._path}/git/ref/heads/main")["object"]["sha"]
        self.web.call("POST", f"{self._path}/git/refs", {"ref": f"refs/tags/{name}", "sha": head})

    def speaker(self) -> GitHub:
        return GitHub(repository=f"{self.owner}/{self.name}", token=self.web.token, api=self.api)

    def claims(self, event: Event, commit: str) -> Mapping[str, Any]:
        kind = "pull_request" if event == "change" else "push"
        branch = f"&branch={TAG}" if event == "tag" else ""

        def ended() -> list[Mapping[str, Any]]:
            query = f"head_sha={commit}&event={kind}{branch}"
            found = self.web.call("GET", f"{self._path}/actions/runs?{query}")["workflow_runs"]
            return [one for one in found if one["status"] == "completed"]

        run = self.web.until("the run has ended", ended)[0]["id"]
        (job,) = self.web.call("GET", f"{self._path}/actions/runs/{run}/jobs")["jobs"]
        return claims_in(self.web.text(f"{self._path}/actions/jobs/{job['id']}/logs"))

    def subjects(self) -> tuple[str, str]:
        """A change gets no role by its own token (0059), so the second one is what no role lets in."""
        own = table.GitHub(repository=f"{self.owner}/{self.name}", **self._ids)
        return f"{own.subject_prefix}ref:refs/heads/main", f"{own.subject_prefix}pull_request"

    def end(self) -> None:
        self.remove(self.name)

    def remove(self, name: str) -> None:
        self.web.call("DELETE", f"repos/{self.owner}/{name}", no=(404,))

    def left(self) -> list[str]:
        found = self.web.call("GET", f"orgs/{self.owner}/repos?sort=created&per_page=100")
        return [one["name"] for one in found if one["name"].startswith(PREFIX)]
