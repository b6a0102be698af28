"""A repository in memory, the accounts that it is deployed to, and a CI whose builds are the real runs.

Units are texts; a commit is a state of all of them. What is under test is real: dispatcher, run, plan and deploy.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import attrs

from multi_env_lambda.aws.ledger import Ledger
from multi_env_lambda.ci.read import JOB_VARIABLE
from multi_env_lambda.ci.wanted import FOLDER, Wanted
from multi_env_lambda.flow.gate import approve
from multi_env_lambda.host.branches import Ref
from multi_env_lambda.model.ancestry import Kin, Past, State
from multi_env_lambda.model.ci import CiRules
from multi_env_lambda.model.project import Project
from multi_env_lambda.model.record import Hold, current_key
from multi_env_lambda.model.workspace import WorkspaceConfig
from multi_env_lambda.operations.messages import Desk, answer_records
from multi_env_lambda.runs.hands import Hands
from multi_env_lambda.runs.report import Report
from multi_env_lambda.runs.run import run_job
from multi_env_lambda.runs.voice import Voice
from multi_env_lambda.testing.memory import MemoryStore
from multi_env_lambda.testing.world import FakeTree, FakeWorld, fake_config, fake_world
from multi_env_lambda.world import World

__all__ = ["BUILDER", "Proofs", "Repository", "Village"]

ALL = {"billing": "b1", "orders": "o1"}
BUILDER = "arn:aws:sts::111111111111:assumed-role/mel-build/AWSCodeBuild-1"
GRACE = "arn:aws:iam::111111111111:user/grace"
_EPOCH = 1_000_000.0


@attrs.frozen
class Commit:
    content: dict[str, str]
    parent: str = ""
    message: str = "a change"
    files: dict[str, bytes] = attrs.field(factory=dict)


def _iso(number: int) -> str:
    return f"2026-01-01T00:{number // 60:02d}:{number % 60:02d}Z"


class Repository:
    """The remote and a clone in one: what is pushed is seen with the next ``fetch``."""

    def __init__(self, content: dict[str, str]) -> None:
        self.commits: dict[str, Commit] = {}
        self.remote: dict[str, str] = {}
        self.marks: dict[str, str] = {}
        self.requests: dict[int, str] = {}
        self.made = _EPOCH
        self.seen: dict[str, str] = {}
        self.lost: set[str] = set()
        self.fetched = 0
        self.checked_out = ""
        self.meanwhile: list[Callable[[], object]] = []
        self.push("main", **content)

    def push(self, branch: str, *, message: str = "a change", onto: str | None = None, **content: str) -> str:
        """Commit changed units onto a branch, or onto ``onto``; a file is ``ci_py=…``."""
        parent = self.remote.get(branch, "") if onto is None else onto
        before = self.commits[parent] if parent else Commit({})
        files = {**before.files, **({"ci.py": content.pop("ci_py").encode()} if "ci_py" in content else {})}
        made = Commit({**before.content, **content}, parent, message, files)
        name = hashlib.sha1(f"{len(self.commits)} {made}".encode(), usedforsecurity=False).hexdigest()
        self.commits[name] = made
        self.remote[branch] = name
        return name

    def past(self, commit: str) -> Iterator[str]:
        while commit:
            yield commit
            commit = self.commits[commit].parent

    # --- what a run asks ---
    def fetch(self) -> None:
        self.fetched += 1
        self.seen = dict(self.remote)

    def heads(self) -> Mapping[str, Ref]:
        return {name: Ref(commit=commit, made=self.made) for name, commit in self.seen.items()}

    def tags(self) -> Mapping[str, Ref]:
        return {name: Ref(commit=commit, made=self.made) for name, commit in self.marks.items()}

    def head_now(self, branch: str) -> str:
        return self.remote.get(branch, "")

    def request(self, number: int) -> str:
        return self.requests.get(number, "")

    def log(self, commit: str) -> Iterator[tuple[str, str]]:
        return ((name, self.commits[name].message) for name in self.past(commit))

    def author(self, commit: str) -> str:
        return "Ada <ada@example.org>"

    def file(self, commit: str, path: str) -> bytes | None:
        return self.commits[commit].files.get(path)

    def has(self, tip: str, commit: str) -> bool:
        return commit in self.past(tip)

    def kin(self, there: str, mine: str) -> Kin:
        if there in self.past(mine):
            return "ancestor"
        if there not in self.commits or there in self.lost:
            return "unknown"
        return "newer" if mine in self.past(there) else "diverged"

    def check_out(self, commit: str) -> Path:
        self.checked_out = commit
        while self.meanwhile:
            self.meanwhile.pop()()
        return Path(commit)

    # --- what Git says to a plan ---
    def pasts(self, head: str, ids: Callable[[str], dict[str, str]]) -> dict[str, Past]:
        order = list(self.commits)
        found = {}
        for name in self.commits:
            common = next((one for one in self.past(head) if one in self.past(name)), "")
            since = [one for one in self.past(head) if one not in set(self.past(common))] if common else []
            found[name] = Past(
                kin=self.kin(name, head),
                there=ids(name),
                common=ids(common) if common else {},
                since=tuple(State(committed=_iso(order.index(one)), ids=ids(one)) for one in since),
            )
        return found


@attrs.define
class Proofs:
    """Which units' tests fail, and after which environments the command; what was asked for."""

    bad_units: set[str] = attrs.field(factory=set)
    bad_places: set[str] = attrs.field(factory=set)
    asked: list[str] = attrs.field(factory=list)

    def unit(self, root: Path, unit: Project) -> str:
        self.asked.append(unit.name)
        return "1 failed" if unit.name in self.bad_units else ""

    def environment(self, root: Path, command: tuple[str, ...], environment: str) -> str:
        self.asked.append(f"{command[0]} {environment}")
        return "the order never arrived" if environment in self.bad_places else ""


@attrs.define
class Village:
    """Everything; ``builds`` are those that were started and have not run, as (id, job).

    ``most``: how many run at once; ``spreads``: whether cells get builds of their own. ``tables``: by commit that has
    another one than ``config``. ``unmerged``: the jobs of what is not merged.
    """

    folder: Path
    repository: Repository
    config: WorkspaceConfig = attrs.field(factory=lambda: fake_config(prod={"approval": True}))
    needs: dict[str, tuple[str, ...]] = attrs.field(factory=dict)
    lent: dict[str, str] = attrs.field(factory=dict)
    store: MemoryStore = attrs.field(factory=MemoryStore)
    proofs: Proofs = attrs.field(factory=Proofs)
    most: int = 10
    spreads: bool = False
    queue: list[tuple[str, dict[str, Any]]] = attrs.field(factory=list)
    builds: list[tuple[str, str]] = attrs.field(factory=list)
    over: set[str] = attrs.field(factory=set)
    tables: dict[str, WorkspaceConfig] = attrs.field(factory=dict)
    unmerged: list[str] = attrs.field(factory=list)
    started: int = 0
    address: str = "https://github.com/acme/units.git"
    said: list[str] = attrs.field(factory=list)
    slept: list[float] = attrs.field(factory=list)
    voice: Voice = attrs.field(factory=Voice)
    mail: list[tuple[str, ...]] = attrs.field(factory=list)
    home: FakeWorld = attrs.field(init=False)

    @home.default
    def _home(self) -> FakeWorld:
        return fake_world(self._tree(self.repository.remote["main"]), self.folder, config=self.config, store=self.store)

    # --- the accounts ---
    def _tree(self, commit: str) -> FakeTree:
        repository = self.repository

        def ids(name: str) -> dict[str, str]:
            found = repository.commits[name].content.items()
            return {f"projects/{unit}": hashlib.sha1(text.encode()).hexdigest() for unit, text in found}  # noqa: S324

        content = repository.commits[commit].content
        needs = {unit: wanted for unit, wanted in self.needs.items() if unit in content}
        pasts = repository.pasts(commit, ids)
        at = _iso(list(repository.commits).index(commit))
        layers = dict.fromkeys(self.lent.values(), "packages")
        return FakeTree(
            content=dict(content),
            needs=needs,
            commit=commit,
            committed_at=at,
            pasts=pasts,
            locked=layers,
            lent=self.lent,
        )

    def opens(self, path: Path) -> World:
        commit = path.name if path.name in self.repository.commits else self.repository.remote["main"]
        config = self.tables.get(commit, self.config)
        found = fake_world(
            self._tree(commit), self.folder, config=config, store=self.store, platform=self.home.platform
        )
        self.home.platform.who = BUILDER
        return attrs.evolve(found.world, sleep=self.slept.append, ledger=Ledger(self.store, self.folder))

    def opens_own(self, path: Path, name: str) -> World:
        own = attrs.evolve(self.config.environments[0], name=name)
        config = attrs.evolve(self.config, environments=(own,))
        found = fake_world(
            self._tree(path.name), self.folder, config=config, store=self.store, platform=self.home.platform
        )
        return attrs.evolve(found.world, sleep=self.slept.append)

    def runs(self, environment: str) -> dict[str, str]:
        """What answers there: the text that each unit was made from, by its record."""
        found = {}
        for unit, record in sorted(self.home.world.ledger.records(environment).items()):
            if record.running is not None:
                found[unit] = self.repository.commits[record.running.commit].content[unit]
        return found

    def ruled(self, **more: Any) -> None:
        """Another table on the protected branch."""
        self.config = attrs.evolve(self.config, ci=attrs.evolve(CiRules(), **more))

    # --- people ---
    def approve(self, environment: str) -> str:
        """Grace agrees to whatever waits there; the S3 event follows."""
        digest = next(digest for one in self.wanted() for place, digest in one.waits if place == environment)
        self.home.platform.who = GRACE
        approve(self.home.world, environment, digest)
        key = next(item.key for item in self.store.list(f"environments/{environment}/approvals/{digest}/"))
        detail = {"bucket": {"name": "artifacts"}, "object": {"key": key}}
        self.send("aws.s3", "Object Created", detail)
        return digest

    def hold(self, unit: str, environment: str, *, lifted: bool = False) -> None:
        key = current_key(environment, unit)
        there = self.store.get(key)
        record = self.home.world.ledger.records(environment)[unit]
        hold = None if lifted else Hold(who="ada", when="2026-01-01T00:00:00Z", reason="rolled back")
        assert there is not None
        assert self.store.replace(key, attrs.evolve(record, hold=hold).to_bytes(), etag=there.etag)

    def pushed(self, branch: str = "main", *, push: bool = True, **content: str) -> str:
        """Push, and let the event be sent."""
        commit = self.repository.push(branch, **content) if push else self.repository.remote.get(branch, "")
        self.send("github.com", "push", push_event(branch, commit))
        return commit

    # --- the queue, the dispatcher, the builds ---
    def send(self, source: str, kind: str, detail: Any) -> None:
        name = f"event-{len(self.queue)}-{self.started}-{len(self.store.writes)}"
        self.queue.append((name, {"id": name, "source": source, "kind": kind, "detail": detail}))

    def start(self, job: str, *, merged: bool) -> str | None:
        if len(self.builds) >= self.most:
            return None
        self.started += 1
        self.unmerged += [] if merged else [job]
        self.builds.append((f"build:{self.started}", job))
        return f"build:{self.started}"

    def is_over(self, build: str) -> bool:
        return all(build != name for name, _ in self.builds)

    @property
    def desk(self) -> Desk:
        return Desk(store=self.store, builds=self, bucket="artifacts", repository=self.address)

    def deliver(self) -> None:
        """Each message once; those that have to come again stay in the queue."""
        waiting, self.queue = self.queue, []
        for name, event in waiting:
            self.take(name, event)

    def take(self, name: str, event: dict[str, Any], desk: Desk | None = None) -> bool:
        records = {"Records": [{"messageId": name, "body": json.dumps(event)}]}
        again = answer_records(self.desk if desk is None else desk, records)["batchItemFailures"]
        self.queue += [(name, event)] if again else []
        return not again

    def build(self, place: int = 0) -> Report:
        """One build runs to its end, which is told."""
        name, job = self.builds[place]
        try:
            return run_job(self.hands(name, job), Path("clone"))
        finally:
            self.builds = [one for one in self.builds if one[0] != name]
            self.send("aws.codebuild", "CodeBuild Build State Change", ended_event(name, job))

    def hands(self, name: str, job: str) -> Hands:
        return Hands(
            repository=self.repository,
            opens=self.opens,
            opens_own=self.opens_own,
            proofs=self.proofs,
            say=self.said.append,
            job=job,
            build=name,
            voice=lambda _: self.voice,
            spreads=self.spreads,
        )

    def settle(self) -> list[Report]:
        """Deliver and build until nothing moves."""
        found = []
        for _ in range(200):
            self.deliver()
            if self.builds:
                found.append(self.build())
            elif not self.queue:
                return found
            self.store.time += 60
        raise AssertionError("it does not come to rest")

    def scheduled(self) -> None:
        self.send("aws.events", "Scheduled Event", {})

    def wanted(self) -> list[Wanted]:
        there = (self.store.get(item.key) for item in self.store.list(FOLDER))
        return [Wanted.from_bytes(one.body, where=one.key) for one in there if one is not None]


def push_event(branch: str, commit: str) -> dict[str, Any]:
    zeros = "0" * 40
    return {
        "ref": f"refs/heads/{branch}",
        "before": zeros,
        "after": commit or zeros,
        "deleted": not commit,
        "repository": {"full_name": "acme/units"},
        "sender": {"login": "ada"},
    }


def ended_event(build: str, job: str) -> dict[str, Any]:
    variable = {"name": JOB_VARIABLE, "value": job, "type": "PLAINTEXT"}
    return {
        "build-status": "SUCCEEDED",
        "project-name": "units-ci",
        "build-id": build,
        "additional-information": {"environment": {"environment-variables": [variable]}},
    }


def tag_event(tag: str) -> dict[str, object]:
    return {
        "ref": f"refs/tags/{tag}",
        "before": "0" * 40,
        "after": "1" * 40,
        "repository": {"full_name": "acme/units"},
    }


def request_event(number: int, *, stranger: bool = False) -> dict[str, object]:
    own, theirs = {"id": 1, "full_name": "acme/units"}, {"id": 2, "full_name": "mallory/units"}
    return {
        "action": "synchronize",
        "number": number,
        "repository": own,
        "pull_request": {
            "number": number,
            "head": {"ref": "feature", "sha": "1" * 40, "repo": theirs if stranger else own},
            "base": {"ref": "main", "sha": "2" * 40, "repo": own},
        },
        "sender": {"login": "mallory"},
    }


def review_event(number: int, commit: str) -> dict[str, object]:
    event = request_event(number, stranger=True)
    return {
        **event,
        "action": "submitted",
        "review": {"state": "approved", "commit_id": commit, "user": {"login": "grace"}},
        "sender": {"login": "grace"},
    }
