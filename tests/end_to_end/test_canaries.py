"""Random values wherever a machine has secrets, every verb with everything logged: no canary is ever seen again."""

from __future__ import annotations

import base64
import json
import os
import secrets
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, quote_plus

import attrs
import pytest

from multi_env_lambda.api.workspace import Workspace
from multi_env_lambda.cli.main import VERBS
from multi_env_lambda.local.server import down
from tests.bad_repositories import copy_of

from .stage import ROOT, Done, Stage, commit, git, runs_here

pytestmark = [pytest.mark.local_cloud, pytest.mark.long]

LOGGED = "import logging; logging.basicConfig(level=logging.DEBUG); "
VERB = LOGGED + "import sys; from multi_env_lambda.cli.main import main; sys.exit(main(sys.argv[1:]))"
PLACES = [
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "GITHUB_TOKEN",
    "CI_JOB_TOKEN",
    "DB_PASSWORD",
    "NPM_TOKEN",
    "UV_INDEX_PRIVATE_PASSWORD",
    "PIP_INDEX_URL",
    "UV_EXTRA_INDEX_URL",
    "netrc",
    "pip.conf",
    "uv.toml",
    "aws",
    "git-remote",
    "commit-message",
    "dotenv",
    "ignored-notes",
    "secret-value",
    "stash",
]
UNREACHABLE = "UV_EXTRA_INDEX_URL"
PRINTS_EVERYTHING = """\
import os, sys
def build_wheel(*_, **__):
    print(dict(os.environ), sys.argv, file=sys.stderr)
    print("looking at", os.environ.get("UV_EXTRA_INDEX_URL"), file=sys.stderr)
    raise SystemExit("this backend fails")
build_sdist = build_wheel
"""
PLANTED_IN = (
    *("home/.netrc", "home/.config/", "home/.aws/", "workspace/.git/"),
    *("event.json", "workspace/projects/customers/.env", "workspace/projects/customers/notes/"),
)
UV_TOML = '[[index]]\nname = "private"\nurl = "{}"\nexplicit = true\n'
CI = """
[tool.multi_env_lambda.roles]
prefix = "acme"

[tool.multi_env_lambda.ci]
github = { repository = "acme/units", owner_id = 1, repository_id = 2 }
"""
GITHUB = {
    "GITHUB_API_URL": "https://127.0.0.1:9",
    "GITHUB_EVENT_NAME": "push",
    "GITHUB_REPOSITORY": "acme/units",
    "GITHUB_RUN_ATTEMPT": "1",
    "GITHUB_RUN_ID": "7",
}
SERVICE = """
service: elsewhere
useDotenv: true
provider: { name: aws, runtime: python3.12 }
functions:
  main: { handler: app.handler, environment: { SAID: "${env:GITHUB_TOKEN}" } }
"""
REFERENCE = 'environment.DB_PASSWORD = { secret = "customers/db", key = "password" }\nenvironment.TABLE = "t"\n'


@attrs.frozen
class Planted:
    """A workspace with a canary in every place, and what each of them may look like."""

    root: Path
    home: Path
    canaries: dict[str, str]

    def forms(self) -> dict[bytes, str]:
        """All that is looked for -> the place that it was planted in."""
        return {form: place for place, value in self.canaries.items() for form in written(value)}

    def seen_in(self, body: bytes) -> set[str]:
        return {place for form, place in self.forms().items() if form in body}

    def environment(self) -> dict[str, str]:
        """What a developer's shell, or a build's, has."""
        named = {name: value for name, value in self.canaries.items() if name.isupper()}
        address = "http://ci:{}@127.0.0.1:9/simple"
        for name in ("PIP_INDEX_URL", UNREACHABLE):
            named[name] = address.format(quote(named[name], safe=""))
        cache = os.environ.get("XDG_CACHE_HOME", os.path.expanduser("~/.cache"))
        return {**named, **GITHUB, "HOME": os.fspath(self.home), "XDG_CACHE_HOME": cache}


def written(value: str) -> set[bytes]:
    """A value as it is, in an address, and in base64 after any number of bytes."""
    inner = set()
    for before in range(3):
        body = base64.b64encode(b"\0" * before + value.encode())
        inner.add(body[(0, 2, 3)[before] : len(body) // 4 * 4 - 4])
    texts = {value, quote(value, safe=""), quote(value), quote_plus(value), json.dumps(value)[1:-1]}
    return {text.encode() for text in texts} | inner | {one.translate(bytes.maketrans(b"+/", b"-_")) for one in inner}


def planted(folder: Path) -> Planted:
    root, home = copy_of(folder / "workspace"), folder / "home"
    home.mkdir()
    shutil.copytree(ROOT / "bin" / "automation", root / "bin" / "automation")
    runs_here(root)
    canaries = {place: f"cnry-{secrets.token_hex(10)}+/?{secrets.token_hex(4)}" for place in PLACES}
    unit = root / "projects/customers/pyproject.toml"
    unit.write_text(unit.read_text(encoding="utf-8") + REFERENCE, encoding="utf-8")
    address = "http://ci:{}@127.0.0.1:9/simple".format
    for path, text in {
        home / ".netrc": f"machine 127.0.0.1 login ci password {canaries['netrc']}\n",
        home / ".config/pip/pip.conf": f"[global]\nextra-index-url = {address(canaries['pip.conf'])}\n",
        home / ".config/uv/uv.toml": UV_TOML.format(address(quote(canaries["uv.toml"], safe=""))),
        root / "notes.md": "to do\n",
        home / ".aws/credentials": f"[default]\naws_access_key_id = a\naws_secret_access_key = {canaries['aws']}\n",
        root / ".gitignore": ".env\nnotes/\n.multi_env_lambda/\nboard.html\n*.json\n",
        root / "projects/customers/.env": f"DB_PASSWORD={canaries['dotenv']}\n",
        root / "projects/customers/notes/todo.txt": canaries["ignored-notes"],
    }.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    commit(root)
    git(root, "commit", "-q", "--allow-empty", "-m", f"rotate {canaries['commit-message']}")
    git(root, "remote", "add", "origin", f"https://ci:{canaries['git-remote']}@git.example.org/acme/units.git")
    (root / "notes.md").write_text(canaries["stash"], encoding="utf-8")
    git(root, "stash")
    return Planted(root=root, home=home, canaries=canaries)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Planted]:
    found = planted(tmp_path_factory.mktemp("canaries"))
    try:
        yield found
    finally:
        down(found.root)


@attrs.define
class Walk:
    """A workspace, and every command that ran in it."""

    place: Planted
    stage: Stage
    done: dict[str, Done] = attrs.field(factory=dict)

    def verb(self, *words: str, local: bool = False, unreachable: bool = False) -> Done:
        """With ``--local`` the shell's AWS_* are canaries, without they lead to the local cloud."""
        variables, cloud = self.place.environment(), self.stage.credentials()
        if not local:
            ours = {name: text for name, text in cloud.items() if name.startswith("AWS_")}
            variables = {**{name: text for name, text in variables.items() if not name.startswith("AWS_")}, **ours}
        if not unreachable:
            del variables[UNREACHABLE]
        found = self.stage.run("-c", VERB, *words, *(["--local"] if local else []), env=variables)
        self.done[" ".join(words)] = found
        return found

    def works(self, *words: str, local: bool = False) -> None:
        found = self.verb(*words, local=local)
        assert found.code == 0, found.err[-2000:]

    def write(self, path: str, old: str, new: str) -> None:
        file = self.place.root / path
        text = file.read_text(encoding="utf-8") if file.exists() else ""
        assert old in text
        file.write_text(text.replace(old, new) if old else text + new, encoding="utf-8")


@pytest.fixture(scope="module")
def walk(place: Planted) -> Walk:
    found = Walk(place, Stage.at(place.root))
    # Started once more from a shell that has all of it.
    found.works("local", "down")
    found.works("local", "up")
    found.stage = Stage.at(place.root)
    value = json.dumps({"password": place.canaries["secret-value"]})
    for name in ("sandbox", "prod"):
        found.stage.client(name, "secretsmanager").create_secret(Name="customers/db", SecretString=value)
    deploys(found)
    looks_and_removes(found)
    adopts(found)
    fails(found)
    pushes(found)
    return found


def deploys(walk: Walk) -> None:
    plan = os.fspath(walk.place.root / "plan.json")
    walk.works("build", local=True)
    walk.works("plan", "--to", "prod", "--out", plan, local=True)
    walk.works("plan", "--to", "prod", "--json")
    walk.works("publish")
    walk.works("deploy", "sandbox", "--yes", "--json")
    walk.works("promote", "--to", "prod", "--yes", "--reason", "a walk", local=True)
    walk.verb("approve", plan)
    walk.write("projects/customers/customers/lookup.py", "", "\nMORE = True\n")
    commit(walk.place.root)
    walk.works("deploy", "sandbox", "--yes")
    walk.works("rollback", "customers", "sandbox", "--yes", "--reason", "again")
    walk.works("freeze", "prod", "--reason", "a walk")
    walk.works("unfreeze", "prod", local=True)


def looks_and_removes(walk: Walk) -> None:
    for words in (
        *("status", "status --json", "history customers --json", "why customers sandbox", "open customers"),
        *(
            "diff customers sandbox prod --json",
            "drift",
            "drift --json",
            "repair sandbox --yes",
            "board --drift",
            "doctor",
            "doctor --json",
        ),
        *("invoke customers lookup sandbox", "logs customers lookup sandbox", "permissions prod", "bootstrap"),
        *("shell sandbox -- true", "shell sandbox -- no-such-program", "explain 9"),
        *("outputs customers sandbox", "outputs customers --json", "event", "event sqs", "test customers"),
        *("prune", "destroy orders prod --out request.json", "destroy orders prod --yes --confirm orders"),
        *("prune --apply", "new invoices", "init", "local status", "demo", "schema workspace"),
    ):
        walk.verb(*words.split())


def adopts(walk: Walk) -> None:
    """A service that wants the shell's variables, beside a file of secrets that is not in Git."""
    folder = walk.place.root / "elsewhere"
    folder.mkdir()
    (folder / ".env").write_text(f"GITHUB_TOKEN={walk.place.canaries['dotenv']}\n", "utf-8")
    (folder / "app.py").write_text("def handler(event, context):\n    return 1\n", "utf-8")
    (folder / "serverless.yml").write_text(SERVICE, "utf-8")
    walk.works("adopt", "elsewhere", "--yes")
    shutil.rmtree(walk.place.root / "projects/elsewhere")
    shutil.rmtree(folder)


def fails(walk: Walk) -> None:
    orders = "projects/orders/pyproject.toml"
    walk.write(orders, "dependencies = []", 'dependencies = ["six"]')
    assert walk.verb("lock", "orders", unreachable=True).code != 0
    walk.write(orders, 'dependencies = ["six"]', "dependencies = []")
    # Not as an address is written: uv shows the line.
    settings = walk.place.home / ".config/uv/uv.toml"
    settings.write_text(UV_TOML.format(f"http://ci:{walk.place.canaries['uv.toml']}@127.0.0.1:9/simple"), "utf-8")
    # A second requirement, since uv builds by itself where its version is the one that is wanted.
    own, more = '["uv_build>=0.9,<1"]', '["uv_build>=0.9,<1", "flit_core"]'
    walk.write(orders, own, more)
    assert "invalid port number" in walk.verb("publish").err
    walk.write(orders, more, own)
    settings.unlink()
    walk.write("projects/orders/broken.py", "", PRINTS_EVERYTHING)
    walk.write(orders, 'requires = ["uv_build>=0.9,<1"]', "requires = []")
    walk.write(orders, '"uv_build"', '"broken"\nbackend-path = ["."]')
    assert walk.verb("build", unreachable=True).code != 0


def pushes(walk: Walk) -> None:
    """By an event whose branch, message and author are canaries; the remote, whose address is one, does not answer."""
    walk.write("pyproject.toml", "", CI)
    commit(walk.place.root)
    walk.works("ci", "write", "github")
    event = walk.place.root.parent / "event.json"
    told = [walk.place.canaries[name] for name in ("commit-message", "stash", "GITHUB_TOKEN")]
    head = {"id": "0" * 40, "message": told[0], "author": {"name": told[1], "email": f"{told[2]}@example.org"}}
    event.write_text(json.dumps({"ref": "refs/heads/main", "after": "0" * 40, "head_commit": head}), "utf-8")
    assert walk.verb("ci", "run", "--event", os.fspath(event), "--json").code != 0
    assert walk.verb("ci", "run", "0" * 32).code != 0
    assert walk.verb("ci", "approve", "prod", "0" * 12).code != 0
    walk.write("pyproject.toml", CI, "")


def test_a_canary_would_be_seen_in_each_form(place: Planted) -> None:
    value = place.canaries["GITHUB_TOKEN"]
    encoded = [base64.urlsafe_b64encode(b"x" * before + value.encode() + b"yz") for before in range(3)]

    assert all(place.seen_in(body) == {"GITHUB_TOKEN"} for body in (value.encode(), quote(value).encode(), *encoded))


def test_every_verb_was_walked(walk: Walk) -> None:
    assert {words.split()[0] for words in walk.done} == set(VERBS)


def test_no_output_and_no_debug_log_has_a_canary(place: Planted, walk: Walk) -> None:
    said = {words: place.seen_in((done.out + done.err).encode()) for words, done in walk.done.items()}

    assert {words: found for words, found in said.items() if found} == {}


def test_the_failing_backend_was_heard(walk: Walk) -> None:
    assert "this backend fails" in walk.done["build"].err and "looking at" in walk.done["build"].err


def test_no_file_has_a_canary_but_those_that_it_was_planted_in(place: Planted, walk: Walk) -> None:
    base = place.root.parent
    files = [path for path in base.rglob("*") if path.is_file() and not path.is_symlink()]
    seen = {path.relative_to(base).as_posix(): place.seen_in(path.read_bytes()) for path in files}
    holding = {name: found for name, found in seen.items() if found and not name.startswith(PLANTED_IN)}

    assert {name: found for name, found in holding.items() if found != {"secret-value"}} == {}
    assert "workspace/board.html" in seen and "workspace/plan.json" in seen and "workspace/request.json" in seen
    # Secrets Manager keeps what it was given; nobody else on this machine may look into its folder.
    local = Path("workspace", ".multi_env_lambda", "local")
    assert [name for name in holding if not Path(name).is_relative_to(local / "state")] == []
    assert stat.S_IMODE((base / local).stat().st_mode) == 0o700


def test_no_object_and_no_template_has_a_canary(place: Planted, walk: Walk) -> None:
    stage = walk.stage
    client, bucket = stage.client("devops", "s3"), stage.config.devops.bucket
    bodies = {key: client.get_object(Bucket=bucket, Key=key)["Body"].read() for key in stage.objects()}
    cloud = stage.client("sandbox", "cloudformation")
    for item in cloud.describe_stacks()["Stacks"]:
        template = cloud.get_template(StackName=item["StackId"])["TemplateBody"]
        bodies[item["StackName"]] = (template if isinstance(template, str) else json.dumps(template)).encode()

    assert any(key.endswith(".whl") for key in bodies) and "customers-sandbox" in bodies
    assert {key: found for key, body in bodies.items() if (found := place.seen_in(body))} == {}


def test_no_picture_of_a_notebook_has_a_canary(place: Planted, walk: Walk) -> None:
    workspace = Workspace.open(place.root, local=True)
    shown = [workspace.status(), workspace.plan("customers", environment="sandbox")]
    text = "".join(f"{one._repr_html_()} {one!r} {one}" for one in shown)

    assert "customers" in text and place.seen_in(text.encode()) == set()
