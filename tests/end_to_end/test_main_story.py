"""The main job, as the commands that a user types: one story, in which each test has a fact of its own."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest

from .stage import ENVIRONMENTS, Done, Stage, commit, git, sample_stage

pytestmark = [pytest.mark.local_cloud, pytest.mark.network]

UNITS = ("customers", "nightly", "orders", "reports")
ARTIFACT = re.compile(
    r"projects/(?P<unit>[a-z]+)/(lambda/layer/000001/(layer|requirements)\.zip"
    r"|lambda/source/0\.1\.0/(?P=unit)-0\.1\.0(-py3-none-any\.whl|\.tar\.gz)"
    r"|glue/.+"
    r"|published\.json\.gz"
    r"|release/[0-9a-f]{64}/(manifest\.json|(sandbox|test|staging|prod)\.template\.json))"
)


@attrs.frozen
class Step:
    """One command, and how the accounts were before it and after it."""

    stage: Stage
    done: Done
    artifacts_before: dict[str, str]
    artifacts: dict[str, str]
    events_before: dict[str, int]
    events: dict[str, int]

    @property
    def updated(self) -> set[str]:
        return {name for name, count in self.events.items() if count != self.events_before.get(name)}

    @property
    def published(self) -> set[str]:
        return set(self.artifacts) - set(self.artifacts_before)


def step(stage: Stage, script: str, *words: str) -> Step:
    objects, events = stage.artifacts(), stage.stacks()
    done = stage.script(script, *words)
    return Step(stage, done, objects, stage.artifacts(), events, stage.stacks())


def append(path: Path, text: str) -> None:
    path.write_text(path.read_text(encoding="utf-8") + text, encoding="utf-8")


def of(unit: str) -> set[str]:
    return {f"{unit}-{name}" for name in ENVIRONMENTS}


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Step]:
    with sample_stage(tmp_path_factory.mktemp("story") / "workspace") as stage:
        yield step(stage, "deploy", "--to", "prod", "--yes", "--json")


@pytest.fixture(scope="module")
def again(first: Step) -> Step:
    return step(first.stage, "deploy", "--to", "prod")


@pytest.fixture(scope="module")
def one_line(again: Step) -> Step:
    append(again.stage.root / "projects/orders/orders/create.py", "\nREMARK = 'one line'\n")
    return step(again.stage, "deploy", "--to", "prod", "--yes", "--json")


@pytest.fixture(scope="module")
def shared(one_line: Step) -> Step:
    append(one_line.stage.root / "libs/money/money/__init__.py", "\nREMARK = 'one line'\n")
    return step(one_line.stage, "deploy", "--to", "prod", "--yes", "--json")


@pytest.fixture(scope="module")
def loose(shared: Step) -> Step:
    for name in (
        "projects/orders/README.md",
        "projects/reports/tests/test_daily.py",
        "pyproject.toml",
        "libs/money/README.md",
    ):
        append(shared.stage.root / name, "\n# one line\n")
    return step(shared.stage, "deploy", "--to", "prod", "--yes", "--json")


@pytest.fixture(scope="module")
def committed(loose: Step) -> Step:
    commit(loose.stage.root)
    return step(loose.stage, "deploy", "--to", "prod", "--yes", "--json")


@pytest.fixture(scope="module")
def clone(committed: Step, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone of depth 1 on another machine: nothing in its cache."""
    folder = tmp_path_factory.mktemp("clone")
    git(folder, "clone", "-q", "--depth", "1", f"file://{committed.stage.root}", "w")
    return folder / "w"


def test_the_first_deploy_brings_every_unit_to_every_environment(first: Step) -> None:
    assert (first.done.code, first.done.err.count("Traceback")) == (0, 0), first.done.err
    assert first.done.outcomes() == {(place, unit): "deployed" for place in ENVIRONMENTS for unit in UNITS}


def test_the_keys_of_the_bucket_are_the_layout_and_nothing_else(first: Step) -> None:
    assert [key for key in first.artifacts if not ARTIFACT.fullmatch(key)] == []
    others = {key for key in first.stage.objects() if not key.startswith(("projects/", "environments/"))}
    assert others == {"workspace.json"}


@pytest.mark.parametrize("unit", UNITS)
def test_each_unit_has_its_source_under_its_version(first: Step, unit: str) -> None:
    source = f"projects/{unit}/lambda/source/0.1.0/{unit}-0.1.0"
    assert {f"{source}-py3-none-any.whl", f"{source}.tar.gz"} <= set(first.artifacts)


def test_only_units_with_dependencies_have_a_layer(first: Step) -> None:
    layers = {key.split("/")[1] for key in first.artifacts if "/lambda/layer/" in key}
    assert layers == {"orders", "reports"}


@pytest.mark.parametrize("place", ENVIRONMENTS)
def test_lambda_runs_the_bytes_that_were_published(first: Step, place: str) -> None:
    wheel = first.stage.client("devops", "s3").get_object(
        Bucket=first.stage.config.devops.bucket,
        Key="projects/orders/lambda/source/0.1.0/orders-0.1.0-py3-none-any.whl",
    )
    published = base64.b64encode(hashlib.sha256(wheel["Body"].read()).digest()).decode()
    # What the alias points to in the environments that the later steps of the story do not stop before.
    versions = first.stage.client(place, "lambda").list_versions_by_function(FunctionName=f"orders-{place}-create")
    assert published in {version["CodeSha256"] for version in versions["Versions"]}


def test_the_same_command_again_says_that_there_is_nothing_to_do(again: Step) -> None:
    assert (again.done.code, "up to date" in again.done.out) == (0, True), again.done.err


def test_the_same_command_again_writes_nothing(again: Step) -> None:
    assert (again.updated, again.artifacts) == (set(), again.artifacts_before)


def test_one_changed_line_touches_one_unit(one_line: Step) -> None:
    assert one_line.done.touched() == {(place, "orders") for place in ENVIRONMENTS}


def test_one_changed_line_updates_the_stacks_of_one_unit(one_line: Step) -> None:
    assert one_line.updated == of("orders")


def test_one_changed_line_publishes_one_source_and_one_release(one_line: Step) -> None:
    folders = {key.rpartition("/")[0] for key in one_line.published}
    assert {folder for folder in folders if "/release/" not in folder} == {"projects/orders/lambda/source/0.1.0.post1"}
    assert len(folders) == 2


def test_nothing_published_changes(shared: Step) -> None:
    before = {key: etag for key, etag in shared.artifacts_before.items() if not key.endswith("/published.json.gz")}
    assert {key: shared.artifacts[key] for key in before} == before


def test_a_changed_line_of_a_shared_folder_touches_the_units_that_declare_it(shared: Step) -> None:
    assert (shared.updated, shared.done.touched()) == (of("orders"), {(place, "orders") for place in ENVIRONMENTS})


def test_a_test_a_readme_and_a_remark_touch_nothing(loose: Step) -> None:
    assert (loose.done.touched(), loose.updated, loose.published) == (set(), set(), set())


def test_a_commit_of_what_is_deployed_touches_nothing(committed: Step) -> None:
    assert (committed.done.touched(), committed.published) == (set(), set())


def test_a_clone_of_depth_1_comes_to_the_same_decision(committed: Step, clone: Path) -> None:
    stage = committed.stage
    done = stage.run(
        "bin/automation/deploy.py", "--to", "prod", "--yes", "--json", folder=clone, env=stage.credentials()
    )
    assert (done.code, done.touched() if done.code == 0 else done.err) == (0, set())


def test_after_a_forced_push_only_what_differs_is_touched(committed: Step, clone: Path) -> None:
    stage = committed.stage
    append(stage.root / "projects/customers/customers/records.py", "\nREMARK = 'rewritten'\n")
    git(stage.root, "add", "-A")
    git(stage.root, "commit", "-q", "--amend", "-m", "another history")
    git(clone, "fetch", "-q", "--depth", "1", "origin")
    git(clone, "reset", "-q", "--hard", "FETCH_HEAD")

    done = stage.run("bin/automation/deploy.py", "sandbox", "--yes", "--json", folder=clone, env=stage.credentials())

    assert done.touched() == {("sandbox", "customers")}


def test_a_stale_clone_takes_nothing_back_without_a_word(committed: Step, tmp_path: Path) -> None:
    stage = committed.stage
    git(tmp_path, "clone", "-q", f"file://{stage.root}", "stale")
    append(stage.root / "projects/customers/customers/records.py", "\nREMARK = 'newer'\n")
    commit(stage.root)
    assert stage.script("deploy", "sandbox", "--only", "customers", "--yes").code == 0
    runs = stage.versions("customers")[0]

    planned = stage.run("bin/automation/plan.py", "sandbox", folder=tmp_path / "stale", env=stage.credentials())
    assert (planned.code, planned.out.splitlines()[0]) == (
        0,
        "plan for sandbox: nothing to do, 1 left out, 3 unchanged",
    )
    assert f"  ! customers: something newer runs here: {runs} from commit " in planned.out
    done = stage.run("bin/automation/deploy.py", "sandbox", "--yes", folder=tmp_path / "stale", env=stage.credentials())
    assert (done.code, f"! newer runs {runs}" in done.out) == (0, True)
    named = stage.run(
        "bin/automation/deploy.py",
        "sandbox",
        "--yes",
        folder=tmp_path / "stale/projects/customers",
        env=stage.credentials(),
    )
    assert (named.code, "hint: agree with `--agree older:customers`" in named.err) == (9, True)
    assert stage.versions("customers")[0] == runs


def test_the_script_of_a_unit_touches_that_unit_alone(committed: Step) -> None:
    stage, root = committed.stage, committed.stage.root
    for unit in ("orders/orders/create.py", "reports/reports/daily.py"):
        append(root / "projects" / unit, "\nALONE = True\n")

    done = stage.run(
        "bin/automation/deploy.py", "sandbox", "--yes", "--json", "--local", folder=root / "projects/orders"
    )

    assert done.outcomes() == {("sandbox", "orders"): "deployed"}
    assert stage.versions("reports") == ["0.1.0"] * 4


def test_why_names_the_file(committed: Step) -> None:
    done = committed.stage.script("why", "reports", "sandbox")
    assert ("deploy 0.1.0.post1 instead of 0.1.0" in done.out, "reports/daily.py changed" in done.out) == (True, True)


def test_plan_writes_nothing(committed: Step) -> None:
    planned = step(committed.stage, "plan", "--only", "reports", "--to", "test", "--json")
    steps = {(item["environment"], item["project"]): item for item in planned.done.answer["steps"]}
    assert (planned.published, planned.updated, set(steps)) == (
        set(),
        set(),
        {("sandbox", "reports"), ("test", "reports")},
    )


def test_build_makes_files_and_publishes_nothing(committed: Step) -> None:
    built = step(committed.stage, "build", "--only", "reports", "--json")
    files = [Path(item["file"]) for item in built.done.answer["reports"]]
    assert (built.published, all(file.is_file() for file in files), len(files)) == (set(), True, 4)


def test_publish_publishes_and_deploys_nothing(committed: Step) -> None:
    published = step(committed.stage, "publish", "--only", "reports", "--json")
    sources = {key for key in published.published if "/lambda/" in key}
    assert (len(sources), published.updated, published.done.touched()) == (2, set(), {("sandbox", "reports")})


def test_a_published_release_is_deployed_without_publishing_again(committed: Step) -> None:
    committed.stage.script("publish", "--only", "reports", "--json")
    deployed = step(committed.stage, "deploy", "sandbox", "--only", "reports", "--yes", "--json")
    assert (deployed.published, deployed.updated) == (set(), {"reports-sandbox"})


def test_invoke_prints_the_answer_and_nothing_else(committed: Step) -> None:
    words = ("invoke", "customers", "lookup", "prod", "--payload", '{"country": "uk"}')
    done, here = committed.stage.script(*words), committed.stage.script(*words, "--here")
    assert done.answer["code"] == "GB"
    assert here.out == done.out


def test_status_says_what_runs_where(committed: Step) -> None:
    assert committed.stage.versions("orders")[1:] == ["0.1.0.post2"] * 3


def test_history_tells_each_deployment_once(committed: Step) -> None:
    past = committed.stage.script("history", "orders", "prod", "--json").answer["prod"]
    assert [(item["sequence"], item["version"], item["outcome"]) for item in past] == [
        (1, "0.1.0", "succeeded"),
        (2, "0.1.0.post1", "succeeded"),
        (3, "0.1.0.post2", "succeeded"),
    ]


def test_a_rollback_goes_back_to_the_bytes_before(committed: Step) -> None:
    rolled = step(committed.stage, "rollback", "orders", "prod", "--yes", "--json")
    assert (rolled.published, rolled.updated) == (set(), {"orders-prod"})
    assert committed.stage.versions("orders")[3] == "0.1.0.post1"


def test_locking_again_changes_no_byte(committed: Step) -> None:
    lock = committed.stage.root / "projects/orders/pylock.toml"
    codes, texts = [], []
    for _ in range(2):
        codes.append(committed.stage.run("projects/orders/bin/automation/lock.py").code)
        texts.append(lock.read_bytes())
    assert (codes, texts[0] == texts[1]) == ([0, 0], True)


def test_a_new_unit_is_four_files_beside_its_scripts_and_deploys_at_once(committed: Step) -> None:
    stage = committed.stage
    made = stage.run("bin/automation/new.py", "billing")
    folder = stage.root / "projects/billing"
    files = [path for path in folder.rglob("*") if path.is_file() and path.parent.name != "automation"]
    deployed = step(stage, "deploy", "sandbox", "--only", "billing", "--yes", "--json")
    assert (made.code, len(files), deployed.updated) == (0, 4, {"billing-sandbox"}), made.err + deployed.done.err
