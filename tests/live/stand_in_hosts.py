"""GitLab, Bitbucket and GitHub on this machine, as far as the live tests of Git hosts ask them, by their documentation.

Source: https://docs.gitlab.com/api/projects/, https://docs.gitlab.com/api/commits/, https://docs.gitlab.com/api/lint/,
https://docs.gitlab.com/ci/secrets/id_token_authentication/, https://developer.atlassian.com/cloud/bitbucket/rest/,
https://docs.github.com/en/rest and https://docs.github.com/en/actions/reference/security/oidc
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import unquote

import attrs
import yaml

from tests.tools import bitbucket_server, gitlab_server
from tests.tools.bitbucket_server import BitbucketServer
from tests.tools.github_server import GitHubServer
from tests.tools.gitlab_server import GitLabServer
from tests.tools.rest_server import serving

__all__ = ["TOKEN", "bitbucket", "github", "gitlab"]

TOKEN = "a-token-of-a-stand-in"
_UUIDS = {
    name: f"{{{digit * 8}-{digit * 4}-{digit * 4}-{digit * 4}-{digit * 12}}}"
    for name, digit in zip("wrds", "1234", strict=True)
}
Said = tuple[int, Any]


@attrs.define
class Runs:
    """What a repository has: branches, requests by number with their branch, and what each job has printed."""

    branches: dict[str, str] = attrs.field(factory=dict)
    requests: dict[int, dict[str, Any]] = attrs.field(factory=dict)
    logs: list[dict[str, Any]] = attrs.field(factory=list)
    made: int = 0

    def commit(self, branch: str) -> str:
        self.made += 1
        self.branches[branch] = hashlib.sha1(f"{self.made} {branch}".encode(), usedforsecurity=False).hexdigest()
        return self.branches[branch]

    def ran(self, kind: str, ref: str, commit: str, subject: str) -> None:
        body = base64.b64encode(json.dumps({"sub": subject}).encode()).rstrip(b"=").decode()
        text = f'$ echo "claims:$(printf \'%s\' "$PROBE")"\nclaims:{body}\n'
        self.logs.append({"kind": kind, "ref": ref, "commit": commit, "text": text})

    def opened(self, branch: str) -> int:
        self.requests[len(self.requests) + 1] = {"branch": branch, "open": True}
        return len(self.requests)

    def merged(self, number: int) -> str:
        self.requests[number]["open"] = False
        return self.commit("main")


@attrs.define
class _GitLab(GitLabServer):
    name: str = ""
    runs: Runs = attrs.field(factory=Runs)

    def answer(self, method: str, path: str, query: dict[str, str], body: Any, token: str) -> Said:
        if token != f"Bearer {TOKEN}":
            return 401, {"message": "401 Unauthorized"}
        path = path.removeprefix("/api/v4/")
        prefix = f"projects/acme%2F{self.name}"
        match method, path:
            case "GET", "user":
                return 200, {"id": gitlab_server.ME}
            case "GET", "namespaces/acme":
                return 200, {"id": 5}
            case "POST", "projects":
                self.name = body["path"]
                return 201, {"id": 99}
            case "GET", "projects":
                return 200, [{"path_with_namespace": f"acme/{self.name}"}] if self.name else []
            case "GET", "projects/99":
                return (200, {"path_with_namespace": f"acme/{self.name}"}) if self.name else (404, {})
        if not self.name or not path.startswith(prefix):
            return 404, {"message": "404 Project Not Found"}
        if path == prefix:
            if method == "DELETE":
                self.name = ""
            return 202, {"id": 99}
        own = path.removeprefix(f"{prefix}/")
        found = self._changed(method, own, body) or self._ran(own, query, body)
        usual = f"/api/v4/projects/acme%2Funits/{own}"
        return found or super().answer(method, usual, query, body, f"Bearer {gitlab_server.TOKEN}")

    def _subject(self, kind: str, ref: str) -> str:
        return f"project_path:acme/{self.name}:ref_type:{kind}:ref:{ref}"

    def _changed(self, method: str, path: str, body: Any) -> Said | None:
        if path == "repository/commits":
            if {one["action"] for one in body["actions"]} != {"create"}:
                return 400, {"message": "action is invalid"}
            commit = self.runs.commit(body["branch"])
            if body["branch"] == "main":
                self.runs.ran("push", "main", commit, self._subject("branch", "main"))
            return 201, {"id": commit}
        if path == "repository/tags":
            main = self.runs.branches["main"]
            self.runs.ran("push", body["tag_name"], main, self._subject("tag", body["tag_name"]))
            return 201, {}
        if (method, path) == ("POST", "merge_requests"):
            branch = body["source_branch"]
            number, head = self.runs.opened(branch), self.runs.branches[branch]
            self.runs.ran("merge_request_event", "", head, self._subject("branch", branch))
            self.open.append(
                {"iid": number, "state": "opened", "target_branch": "main", "sha": head}
                | {"source_project_id": 99, "target_project_id": 99}
            )
            return 201, {"iid": number}
        if found := re.fullmatch(r"merge_requests/(\d+)/merge", path):
            self.open = [one for one in self.open if one["iid"] != int(found[1])]
            commit = self.runs.merged(int(found[1]))
            self.requests[commit] = [{"iid": int(found[1]), "state": "merged", "target_branch": "main"}]
            return 200, {"merge_commit_sha": commit}
        return None

    def _ran(self, path: str, query: dict[str, str], body: Any) -> Said | None:
        if path == "ci/lint":
            jobs = yaml.safe_load(body["content"]).values()
            return 200, {"errors": [] if all(isinstance(job.get("rules"), list) for job in jobs) else ["rules"]}
        if path == "pipelines":
            wanted = (query["source"], query["sha"], query.get("ref", ""))
            there = [(one["kind"], one["commit"], one["ref"]) for one in self.runs.logs]
            return 200, [{"id": number} for number, one in enumerate(there) if one == wanted]
        if found := re.fullmatch(r"pipelines/(\d+)/jobs", path):
            return 200, [{"id": int(found[1]), "status": "success"}]
        if found := re.fullmatch(r"jobs/(\d+)/trace", path):
            return 200, self.runs.logs[int(found[1])]["text"].encode()
        return None


@attrs.define
class _Bitbucket(BitbucketServer):
    name: str = ""
    runs: Runs = attrs.field(factory=Runs)

    def answer(self, method: str, path: str, query: dict[str, str], body: Any, token: str) -> Said:
        if token != f"Bearer {TOKEN}":
            return 401, {"error": {"message": "Token is invalid"}}
        path = path.removeprefix("/2.0/")
        own = re.fullmatch(r"repositories/acme/([^/]+)(?:/(.*))?", path)
        if path == "workspaces/acme":
            return 200, {"uuid": _UUIDS["w"]}
        if path == "repositories/acme":
            return 200, {"values": [{"slug": self.name}] if self.name else []}
        if own is None or (own[1] != self.name and method != "POST"):
            return 404, {"error": {"message": "not found"}}
        if not own[2]:
            self.name = own[1] if method == "POST" else ""
            return (200, {"uuid": _UUIDS["r"]}) if method == "POST" else (204, None)
        found = self._changed(method, own[2], body) or self._ran(own[2])
        return found or super().answer(
            method, f"/2.0/repositories/acme/units/{own[2]}", query, body, f"Bearer {bitbucket_server.TOKEN}"
        )

    def _changed(self, method: str, path: str, body: Any) -> Said | None:
        if path == "src":
            if body["branch"] != "main" and body["parents"] not in self.runs.branches.values():
                return 400, {"error": {"message": "parents"}}
            commit = self.runs.commit(body["branch"])
            if body["branch"] == "main":
                subject = f"{_UUIDS['r']}:{_UUIDS['d']}:{_UUIDS['s']}"
                self.runs.ran("pipeline_ref_target", "main", commit, subject)
            return 201, None
        if found := re.fullmatch(r"refs/branches/(\w+)", path):
            return 200, {"target": {"hash": self.runs.branches[found[1]]}}
        if (method, path) == ("POST", "pullrequests"):
            branch = body["source"]["branch"]["name"]
            number, head = self.runs.opened(branch), self.runs.branches[branch]
            self.runs.ran("pipeline_pullrequest_target", "", head, f"{_UUIDS['r']}:{_UUIDS['s']}")
            source = {"commit": {"hash": head[:12]}, "repository": {"full_name": f"acme/{self.name}"}}
            more = {"source": source, "destination": body["destination"]}
            self.requests.append({"id": number, "state": "OPEN", **more})
            return 201, {"id": number}
        if found := re.fullmatch(r"pullrequests/(\d+)/merge", path):
            commit = self.runs.merged(int(found[1]))
            (one,) = [one for one in self.requests if one["id"] == int(found[1])]
            one |= {"state": "MERGED", "merge_commit": {"hash": commit[:12]}}
            return 200, one
        return None

    def _ran(self, path: str) -> Said | None:
        if path == "pipelines_config":
            return 200, {"enabled": True}
        if path == "environments":
            return 201, {"uuid": _UUIDS["d"]}
        if path == "pipelines":
            runs = [
                {
                    "uuid": f"{{{number}}}",
                    "state": {"name": "COMPLETED"},
                    "target": {"type": one["kind"], "commit": {"hash": one["commit"]}},
                }
                for number, one in enumerate(self.runs.logs)
            ]
            return 200, {"values": runs[::-1]}
        if found := re.fullmatch(r"pipelines/\{(\d+)\}/steps(/.*/log)?", unquote(path)):
            log = self.runs.logs[int(found[1])]["text"].encode()
            return 200, log if found[2] else {"values": [{"uuid": _UUIDS["s"]}]}
        return None


@attrs.define
class _GitHub:
    name: str = ""
    runs: Runs = attrs.field(factory=Runs)
    server: GitHubServer = attrs.field(factory=GitHubServer)

    def answer(self, method: str, path: str, query: dict[str, str], body: Any, token: str) -> Said:
        if token != f"Bearer {TOKEN}":
            return 401, {"message": "Bad credentials"}
        if path == "/orgs/acme/repos":
            if method == "GET":
                return 200, [{"name": self.name}] if self.name else []
            self.name, self.server.repository = body["name"], f"acme/{body['name']}"
            self.runs.commit("main")
            return 201, {"id": 8, "owner": {"id": 7}}
        prefix = f"/repos/acme/{self.name}"
        if not self.name or not path.startswith(prefix):
            return 404, {"message": "Not Found"}
        if path == prefix:
            self.name = "" if method == "DELETE" else self.name
            return 204, None
        own = path.removeprefix(f"{prefix}/")
        found = self._changed(method, own, body) or self._ran(own, query)
        listed = {name: [value] for name, value in query.items()}
        return found or self.server.answer(method, path, listed, body)

    def _changed(self, method: str, path: str, body: Any) -> Said | None:
        subject = f"repo:acme@7/{self.name}@8:"
        if path == "git/ref/heads/main":
            return 200, {"object": {"sha": self.runs.branches["main"]}}
        if path == "git/refs":
            kind, _, name = body["ref"].removeprefix("refs/").partition("/")
            if kind == "tags":
                self.runs.ran("push", name, body["sha"], f"{subject}ref:refs/tags/{name}")
            else:
                self.runs.branches[name] = body["sha"]
            return 201, {}
        if path.startswith("contents/"):
            base64.b64decode(body["content"], validate=True)
            commit = self.runs.commit(body["branch"])
            if body["branch"] == "main":
                self.runs.ran("push", "main", commit, f"{subject}ref:refs/heads/main")
            return 201, {"commit": {"sha": commit}}
        if (method, path) == ("POST", "pulls"):
            head = self.runs.branches[body["head"]]
            self.runs.ran("pull_request", body["head"], head, f"{subject}pull_request")
            return 201, {"number": self.runs.opened(body["head"])}
        if found := re.fullmatch(r"pulls/(\d+)/merge", path):
            commit = self.runs.merged(int(found[1]))
            pull = {"number": int(found[1]), "merged_at": "2026-01-01", "base": {"ref": "main"}}
            self.server.pulls[commit] = [pull]
            return 200, {"sha": commit}
        return None

    def _ran(self, path: str, query: dict[str, str]) -> Said | None:
        if path == "actions/runs":
            runs = [
                {"id": number, "status": "completed"}
                for number, one in enumerate(self.runs.logs)
                if (one["commit"], one["kind"]) == (query["head_sha"], query["event"])
                and query.get("branch", one["ref"]) == one["ref"]
            ]
            return 200, {"workflow_runs": runs}
        if found := re.fullmatch(r"actions/runs/(\d+)/jobs", path):
            return 200, {"jobs": [{"id": int(found[1])}]}
        if found := re.fullmatch(r"actions/jobs/(\d+)/logs", path):
            return 200, self.runs.logs[int(found[1])]["text"].encode()
        return None


@contextmanager
def gitlab() -> Iterator[str]:
    """The address of its API, as of the two others."""
    with serving(_GitLab().answer) as address:
        yield f"{address}/api/v4"


@contextmanager
def bitbucket() -> Iterator[str]:
    with serving(_Bitbucket().answer) as address:
        yield f"{address}/2.0"


@contextmanager
def github() -> Iterator[str]:
    with serving(_GitHub().answer) as address:
        yield address
