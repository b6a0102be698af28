"""A unit and an environment as handles: what a notebook user types."""

from __future__ import annotations

import inspect
import json
import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs
import pytest

from multi_env_lambda import (
    Asked,
    ConfigurationError,
    Consent,
    LogLine,
    ProgressEvent,
    Project,
    Refused,
    Removal,
    UnitsFailed,
    Workspace,
)
from multi_env_lambda import Plan as PlanValue
from multi_env_lambda.api.opened import Opened
from multi_env_lambda.errors import PublishError
from multi_env_lambda.model.rules import rules_key
from multi_env_lambda.show.progress import Report
from multi_env_lambda.testing.world import FakeTree, FakeWorld, fake_config, fake_world
from tests.bad_repositories import copy_of, world_of

from .stage import opened


@pytest.fixture
def fake(tmp_path: Path) -> FakeWorld:
    return fake_world(FakeTree(content={"customers": "c1", "orders": "o1"}, needs={"orders": ("customers",)}), tmp_path)


@pytest.fixture
def workspace(fake: FakeWorld, tmp_path: Path) -> Workspace:
    return opened(fake.world, tmp_path)


def test_a_unit_goes_through_the_chain_by_itself(workspace: Workspace) -> None:
    customers = workspace["customers"]

    assert [step.project for step in customers.plan("sandbox").deploys] == ["customers"]
    assert [result.outcome for result in customers.deploy("sandbox")] == ["deployed"]
    assert [result.outcome for result in customers.promote(to="staging")] == ["deployed", "deployed"]
    assert workspace.environments["staging"].units() == {"customers": "0.1.0"}
    assert workspace.environments["prod"].units() == {}


def test_a_unit_that_is_nowhere_has_no_history_and_one_that_ran_elsewhere_has_an_empty_one(
    workspace: Workspace, fake: FakeWorld
) -> None:
    workspace["customers"].deploy("sandbox")
    fake.tree.content.pop("customers")

    assert len(workspace["customers"].history("prod")) == 0
    with pytest.raises(ConfigurationError) as caught:
        workspace.unit("custmers").history("sandbox")
    assert (caught.value.what, caught.value.hint) == ("there is no unit `custmers`", "did you mean `customers`?")


def test_a_unit_plans_its_own_promotion_and_rollback_and_has_a_row_of_its_own(
    workspace: Workspace, fake: FakeWorld
) -> None:
    customers = workspace["customers"]
    customers.deploy("sandbox")
    fake.tree.content["customers"] = "c2"
    customers.deploy("sandbox")
    workspace["orders"].deploy("sandbox")

    assert [(step.project, step.environment) for step in customers.plan_promotion("test").deploys] == [
        ("customers", "test")
    ]
    assert [step.release.version for step in customers.plan_rollback("sandbox").deploys] == ["0.1.0"]
    assert customers.status().units == ("customers",)


def test_what_was_lifted_says_so_and_so_does_nothing(workspace: Workspace) -> None:
    test = workspace.environments["test"]
    test.freeze(reason="audit")

    assert test.unfreeze().text().startswith("lifted: test is frozen by ")
    assert test.unfreeze().text() == "nothing is frozen there"


def test_what_was_published_only_runs_nowhere(workspace: Workspace) -> None:
    assert [result.outcome for result in workspace["customers"].publish()] == ["published"]
    assert workspace.environments["sandbox"].units() == {}


def test_a_unit_goes_back_and_its_history_says_why(workspace: Workspace, fake: FakeWorld) -> None:
    customers = workspace["customers"]
    customers.deploy("sandbox")
    fake.tree.content["customers"] = "c2"
    customers.deploy("sandbox")

    customers.rollback("sandbox", reason="too slow")

    past = customers.history("sandbox")
    assert [(item.action, item.version, item.reason) for item in past] == [
        ("deploy", "0.1.0", ""),
        ("deploy", "0.1.0.post1", ""),
        ("rollback", "0.1.0", "too slow"),
    ]
    assert "too slow" in past.text()
    assert past.to_dict()["items"][2]["reason"] == "too slow"


def test_a_unit_whose_folder_is_gone_is_still_a_handle(workspace: Workspace, fake: FakeWorld, tmp_path: Path) -> None:
    workspace["orders"].deploy("sandbox", agree=[])
    workspace["customers"].deploy("sandbox")
    del fake.tree.content["orders"]
    later = opened(fake_world(fake.tree, tmp_path, store=fake.store, platform=fake.platform).world, tmp_path)

    with pytest.raises(ConfigurationError, match="there is no unit `orders` in this work tree") as absent:
        later.project("orders")

    assert "check the folder out first: its settings are needed" in absent.value.hint
    gone = later.unit("orders")
    assert gone.destroy("sandbox", confirm="orders").outcome == "destroyed"


@pytest.mark.parametrize(
    ("environment", "to", "text"),
    [("sandbox", "test", "found both"), ("sandbx", None, "there is no environment `sandbx`")],
)
def test_a_wrong_environment_is_refused_before_anything_is_built(
    workspace: Workspace, fake: FakeWorld, environment: str, to: str | None, text: str
) -> None:
    with pytest.raises(ConfigurationError, match=text):
        workspace["customers"].deploy(environment, to=to)
    assert fake.tree.made == []


def test_the_results_of_a_run_that_failed_are_with_the_error(workspace: Workspace, fake: FakeWorld) -> None:
    fake.platform.failing["orders-sandbox"] = "policy malformed"

    with pytest.raises(UnitsFailed) as error:
        workspace.deploy()

    assert {item.project: item.outcome for item in error.value.results} == {"customers": "deployed", "orders": "failed"}
    assert error.value.kinds == {"StackError"}
    again = pickle.loads(pickle.dumps(error.value))
    assert (str(again), again.results, again.kinds) == (str(error.value), error.value.results, error.value.kinds)


def test_results_are_a_table_for_people_and_a_document_for_machines(workspace: Workspace) -> None:
    results = workspace["customers"].deploy("sandbox")

    assert "customers  ✓ deployed 0.1.0" in results.text()
    assert "<table>" in results._repr_html_()
    assert json.loads(json.dumps(results.to_dict()))["items"][0]["outcome"] == "deployed"


def test_a_run_says_how_often_calls_were_sent_again(workspace: Workspace, fake: FakeWorld) -> None:
    fake.world.retries.note("ListObjectsV2", "SlowDown", "SlowDown: reduce your request rate")
    send = fake.platform.deploy

    def throttled_once(*words: Any) -> str:
        fake.world.retries.note("CreateChangeSet", "Throttling", "Throttling: Rate exceeded")
        return send(*words)

    object.__setattr__(fake.platform, "deploy", throttled_once)
    first, second = workspace["customers"].deploy("sandbox"), workspace["customers"].deploy("sandbox")

    assert first.text().endswith("\n1 call was retried (Throttling 1)")
    assert first.to_dict()["notes"] == ["1 call was retried (Throttling 1)"]
    assert second.notes == ()


def test_every_value_has_a_text_and_a_document(workspace: Workspace, fake: FakeWorld) -> None:
    customers = workspace["customers"]
    customers.deploy("sandbox")
    customers.promote("test")
    values = [
        workspace.plan(),
        workspace.status(),
        workspace.drift(),
        workspace.prune(),
        workspace.board(),
        customers.why(),
        customers.history("test"),
        customers.difference("sandbox", "test"),
        customers.build(),
        customers.destroy("test", confirm="customers"),
    ]

    assert [value for value in values if not value.text()] == []
    assert all(json.dumps(value.to_dict()) for value in values)
    assert all("<" in value._repr_html_() for value in values)


def test_an_error_in_a_notebook_is_its_own_lines(workspace: Workspace) -> None:
    with pytest.raises(ConfigurationError) as error:
        workspace.project("custmers")

    assert error.value._render_traceback_() == [
        "ConfigurationError: units: there is no unit `custmers` in this work tree\n"
        "hint: did you mean `customers`? (if it is deployed but its folder is gone, check the folder out first: "
        "its settings are needed)"
    ]


def test_a_saved_plan_is_applied_from_its_file(workspace: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    path.write_text(json.dumps(workspace.plan("customers").to_dict()))

    assert [result.outcome for result in workspace.apply(path)] == ["deployed"]
    assert [result.outcome for result in workspace.apply(path)] == ["unchanged"]


def test_a_rule_of_an_environment_is_answered_with_its_name(fake: FakeWorld, tmp_path: Path) -> None:
    config = fake_config(approvals_by_author=True, test={"approval": True})
    there = opened(
        fake_world(fake.tree, tmp_path, config=config, store=fake.store, platform=fake.platform).world, tmp_path
    )
    there["customers"].deploy("sandbox")

    with pytest.raises(UnitsFailed, match="has not been approved"):
        there["customers"].promote("test")
    assert [result.outcome for result in there["customers"].promote("test", approve=["test"])] == ["deployed"]


@attrs.frozen
class Colleague:
    """Says no, and remembers what was shown."""

    seen: list[object] = attrs.field(factory=list)

    def show(self, plan: PlanValue | Removal) -> None:
        self.seen.append(plan)

    def agree(self, asked: Asked) -> Consent:
        raise Refused("the plan", "not today", hint="ask again tomorrow")


def test_a_dialog_sees_every_plan_and_may_say_no(fake: FakeWorld, tmp_path: Path) -> None:
    colleague = Colleague()
    asked = opened(fake.world, tmp_path, dialog=colleague)

    with pytest.raises(Refused, match="not today"):
        asked["customers"].deploy("sandbox")

    (plan,) = colleague.seen
    assert isinstance(plan, PlanValue)
    assert [step.project for step in plan.deploys] == ["customers"]
    assert asked.environments["sandbox"].units() == {}


@attrs.frozen
class Agreeable:
    """Agrees to whatever is asked for."""

    def show(self, plan: PlanValue | Removal) -> None:
        return None

    def agree(self, asked: Asked) -> Consent:
        assert isinstance(asked.plan, PlanValue)
        return Consent(allowed=frozenset(question.answer for question in asked.plan.questions))


def test_a_unit_that_is_opened_by_its_folder_takes_what_its_workspace_would() -> None:
    given = inspect.signature(Project.open).parameters.keys() - {"folder"}

    assert given == inspect.signature(Workspace.open).parameters.keys() - {"path"}


def test_a_unit_that_is_opened_by_its_folder_shows_its_plans_to_the_dialog(tmp_path: Path) -> None:
    root, dialog = copy_of(tmp_path / "repository"), Agreeable()
    said: list[str] = []
    unit = Project.open(root / "projects" / "orders", progress=said.append, dialog=dialog)

    assert unit._opened.dialog is dialog
    assert unit._opened.progress == said.append


def test_what_a_dialog_agrees_to_counts(fake: FakeWorld, tmp_path: Path) -> None:
    asked = opened(fake.world, tmp_path, dialog=Agreeable())
    customers = asked["customers"]
    for content in ("c1", "c2"):
        fake.tree.content["customers"] = content
        customers.deploy("sandbox")
    customers.rollback("sandbox")

    # What was rolled back is asked for.
    assert [result.outcome for result in customers.deploy("sandbox")] == ["deployed"]
    with pytest.raises(UnitsFailed, match="was rolled back"):
        customers.rollback("sandbox")
        opened(fake.world, tmp_path)["customers"].deploy("sandbox")


@pytest.mark.parametrize("name", ["CODEBUILD_BUILD_ID", "GITHUB_ACTIONS"])
def test_a_build_cannot_approve(workspace: Workspace, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "true")

    with pytest.raises(Refused, match="a build cannot approve"):
        workspace.approve(workspace.plan())


@pytest.fixture
def approved(tmp_path: Path) -> FakeWorld:
    """Sandbox takes what somebody else has approved."""
    return fake_world(FakeTree(content={"customers": "c1"}), tmp_path, config=fake_config(sandbox={"approval": True}))


def test_an_approval_is_of_published_bytes_and_makes_nothing(approved: FakeWorld, tmp_path: Path) -> None:
    ada = opened(approved.world, tmp_path)
    plan = ada.plan(publish=True)
    assert [step.publish for step in plan.deploys] == [()]
    approved.tree.made.clear()
    approved.platform.who = "arn:aws:iam::111111111111:user/grace"
    given = opened(approved.world, tmp_path).approve(plan)
    assert ([item.digest for item in given], approved.tree.made) == ([plan.digest], [])

    approved.platform.who = "arn:aws:iam::111111111111:user/ada"
    assert [result.outcome for result in ada.apply(plan)] == ["deployed"]


def test_who_has_not_pulled_the_rule_approves_what_the_plan_asks_for(approved: FakeWorld, tmp_path: Path) -> None:
    ada = opened(approved.world, tmp_path)
    first = ada.plan(publish=True)
    approved.platform.who = "arn:aws:iam::111111111111:user/grace"
    stale = fake_world(approved.tree, tmp_path / "stale", store=approved.store, platform=approved.platform)
    grace = opened(stale.world, tmp_path)
    assert [item.environment for item in grace.approve(json.loads(json.dumps(first.to_dict())))] == ["sandbox"]

    approved.platform.who = "arn:aws:iam::111111111111:user/ada"
    assert [result.outcome for result in ada.apply(first)] == ["deployed"]
    removal = ada["customers"].plan_removal("sandbox")
    del approved.store.objects[rules_key("sandbox")]
    approved.platform.who = "arn:aws:iam::111111111111:user/grace"
    assert [item.digest for item in grace.approve(removal.to_dict())] == [removal.digest]
    assert len(grace.approve({**removal.to_dict(), "asks": "sandbox"})) == 0, "Only a list says so."


def test_a_plan_writes_nothing_that_nobody_asked_for(approved: FakeWorld, tmp_path: Path) -> None:
    ada = opened(approved.world, tmp_path)
    plan, before = ada.plan(), dict(approved.store.objects)
    with pytest.raises(PublishError, match="customers"):
        ada.approve(plan)
    assert approved.store.objects == before == {}

    # Where nobody waits for an approval, nothing is published for one.
    fake = fake_world(FakeTree(content={"customers": "c1"}), tmp_path / "other")
    opened(fake.world, tmp_path).plan(publish=True)
    assert fake.store.objects == {}


def test_events_are_reported_and_shown_while_they_happen(fake: FakeWorld, tmp_path: Path) -> None:
    shown: list[ProgressEvent] = []
    totals: list[int] = []

    @contextmanager
    def live(total: int) -> Iterator[Report]:
        totals.append(total)
        yield shown.append

    opened(fake.world, tmp_path, live=live)["customers"].deploy("sandbox")

    assert totals == [1]
    assert [event.phase for event in shown][-1] == "done"


def test_what_a_function_has_written_is_shown_line_by_line(real: Workspace) -> None:
    platform: Any = real.world.platform
    platform.logged["customers-sandbox-lookup"] = [LogLine(when="2026-01-01T00:00:00.000+00:00", text="[red]hello[/]")]

    lines = real["customers"].functions["lookup"].logs()

    assert lines.text() == "2026-01-01T00:00:00.000+00:00 [red]hello[/]"
    assert lines.to_dict() == {
        "items": [{"when": "2026-01-01T00:00:00.000+00:00", "function": "lookup", "text": "[red]hello[/]"}]
    }


def test_links_lead_to_the_console(workspace: Workspace) -> None:
    links = workspace["customers"].links("prod")

    assert "roleName=OrganizationAccountAccessRole" in links["switch role"]
    assert "customers-prod" in links["stack"]
    assert workspace.environments["prod"].links()["switch role"] == links["switch role"]


@pytest.mark.parametrize("environment", ["", "sandbx"])
@pytest.mark.parametrize("verb", ["deploy", "promote", "rollback", "history", "links", "why"])
def test_an_environment_that_there_is_not_is_never_the_first_one(
    workspace: Workspace, verb: str, environment: str
) -> None:
    with pytest.raises(ConfigurationError, match="there is no environment"):
        getattr(workspace["customers"], verb)(environment)


def test_no_unit_is_not_every_unit(workspace: Workspace) -> None:
    with pytest.raises(ConfigurationError, match="no unit is named"):
        workspace.rollback([], "sandbox")


def test_one_word_is_a_word_and_not_its_letters(workspace: Workspace, fake: FakeWorld) -> None:
    customers = workspace["customers"]
    for content in ("c1", "c2"):
        fake.tree.content["customers"] = content
        customers.deploy("sandbox")
    customers.rollback("sandbox")

    assert [result.outcome for result in customers.deploy("sandbox", agree="again:customers")] == ["deployed"]
    with pytest.raises(ConfigurationError, match="there is no environment `prdo`"):
        customers.deploy("sandbox", approve="prdo")


@pytest.mark.parametrize("wrong", [["customers"], 5])
def test_what_is_no_name_of_a_unit_is_an_error_of_ours(workspace: Workspace, wrong: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"where a unit's name was expected") as error:
        workspace.deploy(wrong)

    assert error.value.hint == 'pass each name on its own: `deploy("orders", "reports")`'


@pytest.mark.parametrize("newest", [0, -1])
def test_no_deployments_are_not_asked_for(workspace: Workspace, newest: int) -> None:
    workspace["customers"].deploy("sandbox")

    with pytest.raises(ConfigurationError, match=f"found {newest}; expected a number from 1"):
        workspace["customers"].history("sandbox", newest=newest)
    assert len(workspace["customers"].history("sandbox", newest=1)) == 1


@pytest.mark.parametrize("payload", [{1, 2}, float("nan")])
def test_a_payload_that_is_not_json_is_an_error_of_ours(real: Workspace, payload: Any) -> None:
    with pytest.raises(ConfigurationError, match="payload: it cannot be written as JSON"):
        next(iter(real["customers"].functions.values())).invoke(payload)


def test_who_looks_on_does_not_stop_a_deploy(fake: FakeWorld, tmp_path: Path) -> None:
    def broken(_: ProgressEvent) -> None:
        raise RuntimeError("no screen")

    @contextmanager
    def live(total: int) -> Iterator[Report]:
        yield broken

    there = opened(attrs.evolve(fake.world, reported=broken), tmp_path, live=live)

    assert [result.outcome for result in there["customers"].deploy("sandbox")] == ["deployed"]
    assert there.environments["sandbox"].units() == {"customers": "0.1.0"}


def test_a_workspace_is_a_collection_of_its_units(workspace: Workspace) -> None:
    assert ([unit.name for unit in workspace], len(workspace)) == (["customers", "orders"], 2)
    assert ("orders" in workspace, "nothing" in workspace) == (True, False)
    assert len({workspace["orders"], workspace["orders"], workspace["customers"]}) == 2


@pytest.mark.parametrize("what", ["projects", "environments"])
def test_a_name_that_there_is_not_is_an_error_of_ours(workspace: Workspace, what: str) -> None:
    found = getattr(workspace, what)

    with pytest.raises(ConfigurationError, match="there is no .* `nothing`"):
        found["nothing"]
    assert found.get("nothing") is None


# --- with real building ---
@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    folder = tmp_path_factory.mktemp("handles")
    found = Opened.at(copy_of(folder / "repository"), local=False)
    found.__dict__["world"] = world_of(Workspace(found), folder / "cache")[0]
    return Workspace(found)


def test_a_project_is_found_by_its_folder(real: Workspace) -> None:
    folder = Path(real.root) / "projects" / "customers" / "customers"

    assert Project.open(folder, local=False).name == "customers"
    with pytest.raises(ConfigurationError, match="belongs to no unit"):
        Project.open(Path(real.root), local=False)


def test_a_folder_that_is_not_there_belongs_to_nothing(real: Workspace) -> None:
    with pytest.raises(ConfigurationError, match="there is no such folder"):
        Workspace.open(Path(real.root) / "projects" / "nothing", local=False)


def test_what_the_files_say_is_read_again_when_asked(tmp_path: Path) -> None:
    first = Workspace.open(copy_of(tmp_path / "repository"), local=False)
    made = first.new("billing")

    assert "projects/billing/pyproject.toml" in made
    assert ("billing" in first, "billing" in first.reload()) == (False, True)


@pytest.mark.parametrize(("runtime", "architecture"), [("python2", "arm64"), ("python3.13", "z80")])
def test_a_unit_that_nothing_can_run_is_not_made(tmp_path: Path, runtime: str, architecture: str) -> None:
    workspace = Workspace.open(copy_of(tmp_path / "repository"), local=False)

    with pytest.raises(ConfigurationError, match="found the (runtime|architecture)"):
        workspace.new("billing", runtime=runtime, architecture=architecture)
    assert not (tmp_path / "repository" / "projects" / "billing").exists()


def test_the_source_of_a_unit_is_a_wheel_that_can_be_looked_at_and_published(real: Workspace) -> None:
    source = real["customers"].source

    assert source.path.exists()
    assert source.size == Path(source.path).stat().st_size
    assert source.uri.endswith(f"/projects/customers/lambda/source/0.1.0/{source.path.basename}")
    assert any(name.endswith(".py") for name in source.files)
    assert not source.exists()
    assert source.publish() == source.uri
    assert source.exists()


def test_folders_and_files_are_paths_of_pathlib_mate(real: Workspace) -> None:
    import pathlib_mate

    customers = real["customers"]

    assert isinstance(real.root, pathlib_mate.Path)
    assert isinstance(customers.dir, pathlib_mate.Path)
    assert customers.dir.joinpath("pyproject.toml").exists()
    assert isinstance(customers.source.path, pathlib_mate.Path)


def test_the_template_of_a_unit_is_read_and_changed_by_its_types(real: Workspace) -> None:
    template = real["customers"].template("prod")
    (name,) = [key for key, each in template.Resources.items() if type(each).__name__ == "Function"]

    assert template.Resources[name].p_FunctionName.startswith("customers-prod-")
    template.Resources[name].p_MemorySize = 512
    assert template.to_dict()["Resources"][name]["Properties"]["MemorySize"] == 512
    assert real["customers"].template("prod").Resources[name].p_MemorySize != 512


def test_an_environment_in_the_place_of_a_unit_is_told_where_it_belongs(workspace: Workspace) -> None:
    with pytest.raises(ConfigurationError) as caught:
        workspace.plan("sandbox")

    assert str(caught.value) == (
        'units: there is no unit `sandbox`\nhint: it is an environment; pass it as `environment="sandbox"`'
    )
    assert caught.value.hint == "it is an environment; `deploy.py sandbox` deploys to it"
