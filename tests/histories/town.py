"""Two clones and three people on a local cloud: commands are processes, and what is there is asked by boto3."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import attrs

from multi_env_lambda.local.config_file import environment_variables
from multi_env_lambda.local.server import down, ensure_running
from multi_env_lambda.model.result import Result
from tests.bad_repositories import copy_of
from tests.end_to_end.stage import ROOT, Done, Stage, git, runs_here
from tests.tools.faults import FaultProxy, KillAfter

from .people import PEOPLE
from .promises import Place, Snapshot, Stack, Table
from .watch import Told

__all__ = ["ENVIRONMENTS", "HANDS", "TABLE", "UNITS", "Town", "open_town", "told_of", "words_of"]

ENVIRONMENTS = ("sandbox", "prod")
UNITS = ("customers", "orders")
FUNCTIONS = {"customers": "lookup", "orders": "create"}
TABLE = "Invoices"
STACK_FILE = f'''
def extend(template, context):
    from cottonformation.res import dynamodb as db

    template.add_one(
        db.Table(
            "{TABLE}",
            rp_KeySchema=[db.PropTableKeySchema(rp_AttributeName="id", rp_KeyType="HASH")],
            p_AttributeDefinitions=[db.PropTableAttributeDefinition(rp_AttributeName="id", rp_AttributeType="S")],
            p_BillingMode="PAY_PER_REQUEST",
            p_TableName=f"invoices-{{context.environment.name}}",
        )
    )
'''
WRITES = "Put*|Create*|Delete*|Update*|Execute*"
_AGREE = re.compile(r"--agree (\S+?)`?(?=[\s`]|$)")


@attrs.frozen
class Town:
    """``bodies``: of each object by ETag, so that each is read once."""

    stage: Stage
    proxy: FaultProxy
    clones: Mapping[str, Path]
    people: Mapping[str, Mapping[str, str]]
    bodies: dict[tuple[str, str], bytes] = attrs.field(factory=dict)

    def script(self, who: str, name: str, *words: str) -> Done:
        argv = (f"bin/automation/{name}.py", *words)
        return self.stage.run(*argv, folder=self.clones[PEOPLE[who]], env=self.people[who])

    def killed(self, who: str, at: int, name: str, *words: str) -> Done:
        """Ended by SIGKILL when so many of its writes were applied; one with fewer comes to its end."""
        started: list[subprocess.Popen[str]] = []
        self.proxy.set_rules(KillAfter(match=WRITES, nth=at, kill=lambda: started[0].kill()))
        argv = [sys.executable, f"bin/automation/{name}.py", *words]
        env, pipe = {**self.people[who], "PYTHONPATH": os.fspath(ROOT)}, subprocess.PIPE
        started.append(
            subprocess.Popen(argv, cwd=self.clones[PEOPLE[who]], env=env, stdout=pipe, stderr=pipe, text=True)
        )
        out, err = started[0].communicate(timeout=300)
        self.proxy.set_rules()
        return Done(started[0].returncode, out, err)

    def edit(self, clone: str, unit: str, text: str) -> None:
        path = self.clones[clone] / "projects" / unit / unit / "__init__.py"
        path.write_text(f'"""{text}"""\n', encoding="utf-8")

    def with_table(self, clone: str, there: bool) -> None:
        path = self.clones[clone] / "projects" / "orders" / "stack.py"
        if there:
            path.write_text(STACK_FILE, encoding="utf-8")
        else:
            path.unlink(missing_ok=True)

    def git(self, clone: str, *words: str) -> None:
        """Refusals are Git's own business: a push that is no fast-forward, a pull over changes."""
        with suppress(subprocess.CalledProcessError):
            git(self.clones[clone], *words)

    def snapshot(self) -> Snapshot:
        stacks = {
            (place, unit): stack for place in ENVIRONMENTS for unit in UNITS if (stack := self._stack(place, unit))
        }
        return Snapshot(objects=self._objects(), stacks=stacks, tables=frozenset(self._tables()))

    def _objects(self) -> dict[str, bytes]:
        client, bucket = self.stage.client("devops", "s3"), self.stage.config.devops.bucket
        there = self.stage.objects()
        for pair in there.items() - self.bodies.keys():
            self.bodies[pair] = client.get_object(Bucket=bucket, Key=pair[0])["Body"].read()
        return {key: self.bodies[key, etag] for key, etag in there.items()}

    def _stack(self, place: str, unit: str) -> Stack | None:
        client = self.stage.client(place, "cloudformation")
        try:
            (found,) = client.describe_stacks(StackName=f"{unit}-{place}")["Stacks"]
        except client.exceptions.ClientError:
            return None
        if found["StackStatus"] == "REVIEW_IN_PROGRESS":
            return None
        template = client.get_template(StackName=found["StackId"])["TemplateBody"]
        function = f"{unit}-{place}-{FUNCTIONS[unit]}"
        return Stack(
            id=found["StackId"],
            template=template if isinstance(template, str) else json.dumps(template),
            tags={item["Key"]: item["Value"] for item in found["Tags"]},
            calls=self._code(place, function, Qualifier="live"),
            sent=self._code(place, function),
            drifted=self._memory(place, function) not in (128, None),
        )

    def _code(self, place: str, function: str, **which: str) -> str:
        client = self.stage.client(place, "lambda")
        try:
            if which and client.get_alias(FunctionName=function, Name="live").get("RoutingConfig"):
                return ""
            return str(client.get_function_configuration(FunctionName=function, **which)["CodeSha256"])
        except client.exceptions.ResourceNotFoundException:
            return ""

    def _memory(self, place: str, function: str) -> int | None:
        client = self.stage.client(place, "lambda")
        try:
            return int(client.get_function_configuration(FunctionName=function)["MemorySize"])
        except client.exceptions.ResourceNotFoundException:
            return None

    def _tables(self) -> Iterator[Table]:
        """Those in which what was written when they were first seen is still there."""
        for place in ENVIRONMENTS:
            client = self.stage.client(place, "dynamodb")
            for name in client.list_tables()["TableNames"]:
                arn = client.describe_table(TableName=name)["Table"]["TableId"]
                item = {"id": {"S": "witness"}}
                if (place, arn) not in self.bodies:
                    client.put_item(TableName=name, Item=item)
                    self.bodies[place, arn] = b""
                if "Item" in client.get_item(TableName=name, Key=item):
                    yield place, "orders", TABLE, f"{name} {arn}"

    def by_hand(self, place: Place, does: str) -> None:
        environment, unit = place
        function, client = f"{unit}-{environment}-{FUNCTIONS[unit]}", self.stage.client(environment, "lambda")
        with suppress(client.exceptions.ResourceNotFoundException):
            HANDS[does](self, client, environment, unit, function)


def _first_version(town: Town, client: Any, environment: str, unit: str, function: str) -> None:
    versions = [item["Version"] for item in client.list_versions_by_function(FunctionName=function)["Versions"]]
    client.update_alias(FunctionName=function, Name="live", FunctionVersion=versions[1], RoutingConfig={})


def _no_alias(town: Town, client: Any, environment: str, unit: str, function: str) -> None:
    client.delete_alias(FunctionName=function, Name="live")


def _code(town: Town, client: Any, environment: str, unit: str, function: str) -> None:
    """That of the other unit."""
    objects = town._objects()
    wheels = sorted(key for key in objects if key.endswith(".whl") and f"projects/{unit}/" not in key)
    client.update_function_code(FunctionName=function, ZipFile=objects[wheels[0]])


def _memory(town: Town, client: Any, environment: str, unit: str, function: str) -> None:
    client.update_function_configuration(FunctionName=function, MemorySize=512)


def _no_stack(town: Town, client: Any, environment: str, unit: str, function: str) -> None:
    stacks = town.stage.client(environment, "cloudformation")
    stacks.delete_stack(StackName=f"{unit}-{environment}")


HANDS: dict[str, Callable[[Town, Any, str, str, str], None]] = {
    "alias": _first_version,
    "no alias": _no_alias,
    "code": _code,
    "memory": _memory,
    "no stack": _no_stack,
}


def told_of(done: Done, *, killed: bool = False) -> Told:
    """What a command said as JSON, and on the terminal."""
    told = Told(killed=killed and done.code == -signal.SIGKILL, tables=[ENVIRONMENTS])
    if "Traceback" in done.err:
        told.unexpected.append(done.err[-2000:])
    if told.killed:
        return told
    try:
        found = json.loads(done.out)
    except ValueError:
        found = []
    results = [item for item in (found if isinstance(found, list) else [found]) if "outcome" in item]
    told.results = [Result(**{field.name: item[field.name] for field in attrs.fields(Result)}) for item in results]
    if not results and done.code:
        told.errors.append(done.err)
    if results and (done.code == 0) != all(result.good for result in told.results):
        told.unexpected.append(
            f"exit code {done.code}: {[(r.project, r.environment, r.outcome) for r in told.results]}"
        )
    return told


def words_of(done: Done) -> list[str]:
    """The agreements that would have let it go on, as its hints say."""
    return list(dict.fromkeys(_AGREE.findall(done.err)))


@contextmanager
def open_town(folder: Path) -> Iterator[Town]:
    """`orders` needs `customers`, and has a table; nothing is deployed yet. The local cloud is the left clone's."""
    left, right, team = folder / "left", folder / "right", folder / "team.git"
    copy_of(left)
    shutil.copytree(ROOT / "bin" / "automation", left / "bin" / "automation")
    runs_here(left)
    table = left / "pyproject.toml"
    table.write_text(table.read_text(encoding="utf-8").rstrip() + "\napproval = true\n", encoding="utf-8")
    (left / ".gitignore").write_text(".multi_env_lambda/\n__pycache__/\n", encoding="utf-8")
    (left / "projects/orders/stack.py").write_text(STACK_FILE, encoding="utf-8")
    git(left, "add", "-A")
    git(left, "commit", "-q", "-m", "the first state")
    subprocess.run(["git", "clone", "-q", "--bare", left, team], check=True)
    git(left, "remote", "add", "origin", str(team))
    subprocess.run(["git", "clone", "-q", team, right], check=True)
    branch = git(left, "rev-parse", "--abbrev-ref", "HEAD")
    for clone in (left, right):
        git(clone, "fetch", "-q", "origin")
        git(clone, "branch", "-q", f"--set-upstream-to=origin/{branch}")
    try:
        stage = Stage.at(left)
        with FaultProxy(stage.cloud.endpoint) as proxy:
            people = {who: _person(stage, folder / "homes" / who, who, proxy.endpoint) for who in PEOPLE}
            yield Town(stage, proxy, {"left": left, "right": right}, people)
    finally:
        down(left)


def _person(stage: Stage, home: Path, who: str, endpoint: str) -> dict[str, str]:
    """With a home of her own; what is downloaded is shared, or each would need the network."""
    home.mkdir(parents=True)
    cloud = ensure_running(stage.root, stage.config, user=who)
    cache = os.environ.get("XDG_CACHE_HOME", os.path.expanduser("~/.cache"))
    mine = {"HOME": os.fspath(home), "XDG_CACHE_HOME": cache, "AWS_ENDPOINT_URL": endpoint}
    return {**environment_variables(cloud), **mine}
