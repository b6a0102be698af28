"""Stacks that are not ours: named in the plan, refused without consent, and looked at once more before each change."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import attrs
import pytest

from multi_env_lambda import pipeline
from multi_env_lambda.errors import ConfigurationError, Refused, StackError
from multi_env_lambda.flow.consent import Consent
from multi_env_lambda.flow.gate import approve
from multi_env_lambda.model.plan import DeployStep, Plan
from multi_env_lambda.model.record import Record, current_key
from multi_env_lambda.model.request import Request
from multi_env_lambda.model.status import make_status
from multi_env_lambda.operations.destroy import destroy, find_removal
from multi_env_lambda.operations.without_record import without_record
from multi_env_lambda.plan.ownership import stack_tags
from multi_env_lambda.testing.world import FakeTree, FakeWorld, fake_config
from multi_env_lambda.world import ProgressEvent

from .worlds import chain, deploy, outcomes, promote, rollback

OURS = fake_config().id
TABLE = json.dumps({"Resources": {"Ledger": {"Type": "AWS::DynamoDB::Table", "Properties": {"TableName": "ledger"}}}})
AGREED = Consent(allowed=frozenset({"take-over:search-sandbox"}))
PLACE = ("sandbox", "search-sandbox")
TAGS = stack_tags(OURS, "search", "sandbox")


def plan_of(fake: FakeWorld, **ask: object) -> Plan:
    return pipeline.plan(fake.world, Request(verb="deploy", target="sandbox", **ask)).plan  # type: ignore[arg-type]


def step_of(plan: Plan, project: str = "search") -> DeployStep:
    return next(step for step in plan.deploys if step.project == project)


def with_foreign(folder: Path, tags: dict[str, str] | None = None) -> FakeWorld:
    fake = chain(folder)
    fake.platform.put_stack(*PLACE, TABLE, tags)
    return fake


def forget_the_record(fake: FakeWorld) -> None:
    del fake.store.objects[current_key("sandbox", "search")]


def as_0_1_1_left_it(fake: FakeWorld) -> None:
    """The stacks have two tags, the records are of format 1 and say no workspace."""
    for (place, name), stack in fake.platform.stacks.items():
        stack.tags = stack_tags("", name.removesuffix(f"-{place}"), place)
    for key, item in list(fake.store.objects.items()):
        if "/current/" in key:
            document = {**json.loads(item.body), "format": 1}
            del document["workspace"]
            fake.store.replace(key, json.dumps(document).encode(), etag=item.etag)
    del fake.store.objects["workspace.json"]


def test_the_plan_asks_and_names_whose_it_is_and_all_that_would_be_lost(tmp_path: Path) -> None:
    (question,) = step_of(plan_of(with_foreign(tmp_path))).questions

    assert (question.kind, question.answer) == ("take over", "take-over:search-sandbox")
    assert "it has no tag of this tool" in question.text
    assert "AWS::DynamoDB::Table Ledger (search-sandbox-Ledger) would be deleted, with the data in it" in question.text


def test_the_plan_counts_what_would_be_removed(tmp_path: Path) -> None:
    step = step_of(plan_of(with_foreign(tmp_path)))

    assert [(item.action, item.destructive) for item in step.changes if item.logical_id == "Ledger"] == [
        ("remove", True)
    ]


def test_without_consent_nothing_of_it_changes_and_the_other_units_go_on(tmp_path: Path) -> None:
    fake = with_foreign(tmp_path)
    results = deploy(fake)

    assert outcomes(results) == {"customers": "deployed", "orders": "deployed", "search": "blocked"}
    assert (results["search"].error, results["search"].hint) == (
        "Refused", "agree with `--agree take-over:search-sandbox`",
    )  # fmt: skip
    assert (fake.platform.stacks[PLACE].template, fake.platform.stacks[PLACE].updates) == (TABLE, 1)
    assert current_key("sandbox", "search") not in fake.store.objects


def test_with_consent_it_is_taken_over_and_ours_from_then_on(tmp_path: Path) -> None:
    fake = with_foreign(tmp_path)

    assert deploy(fake, consent=AGREED)["search"].outcome == "deployed"
    assert fake.platform.stacks[PLACE].tags == TAGS
    fake.tree.content["search"] = "s2"
    assert deploy(fake)["search"].outcome == "deployed"


def test_two_workspaces_with_one_unit_name_in_one_account_do_not_meet(tmp_path: Path) -> None:
    first = chain(tmp_path / "one")
    deploy(first)
    theirs = attrs.evolve(fake_config(), id="theirs")
    second = chain(tmp_path / "two", FakeTree(content={"search": "other"}), config=theirs)
    second = attrs.evolve(second, world=attrs.evolve(second.world, platform=first.platform))
    before = first.platform.stacks[PLACE]

    refused = deploy(second)["search"]

    assert (refused.outcome, refused.error) == ("blocked", "Refused")
    assert f"it belongs to workspace {OURS}, unit search, environment sandbox" in refused.detail
    assert first.platform.stacks[PLACE] == before
    assert deploy(first)["search"].outcome == "unchanged"


@pytest.mark.parametrize(
    "tags",
    [stack_tags(OURS, "orders", "sandbox"), stack_tags(OURS, "search", "prod"), stack_tags("", "search", "sandbox")],
)
def test_a_name_and_the_right_workspace_are_not_enough(tmp_path: Path, tags: dict[str, str]) -> None:
    assert step_of(plan_of(with_foreign(tmp_path, tags))).questions != ()


def test_a_stack_with_our_tags_of_which_the_bucket_has_no_record_is_a_question(tmp_path: Path) -> None:
    fake = chain(tmp_path)
    deploy(fake)
    forget_the_record(fake)

    (question,) = step_of(plan_of(fake)).questions
    assert (question.kind, question.answer) == ("take over", "take-over:search-sandbox")
    assert "has the tags of this unit, but s3://artifacts has no record of it" in question.text
    assert "a hold after a rollback is lost, and the commit that runs" in question.text
    before = fake.platform.stacks[PLACE]
    assert (deploy(fake)["search"].outcome, fake.platform.stacks[PLACE]) == ("blocked", before)
    assert deploy(fake, consent=AGREED)["search"].outcome == "deployed"
    assert deploy(fake)["search"].outcome == "unchanged"


def test_a_stack_of_ours_that_another_bucket_made_after_the_plan_is_refused(tmp_path: Path) -> None:
    fake = chain(tmp_path)
    refused = deploy(between(fake, lambda: fake.platform.put_stack(*PLACE, TABLE, TAGS)))["search"]

    assert (refused.error, "the plan then asks" in refused.hint) == ("Refused", True)
    assert fake.platform.stacks[PLACE].template == TABLE


def test_a_stack_of_0_1_1_is_ours_without_a_question_and_gets_the_third_tag_when_it_is_deployed(tmp_path: Path) -> None:
    fake = chain(tmp_path / "one")
    deploy(fake)
    as_0_1_1_left_it(fake)
    upgraded = chain(tmp_path / "two", fake.tree, store=fake.store, platform=fake.platform)
    upgraded.tree.content["search"] = "s2"

    assert step_of(plan_of(upgraded)).questions == ()
    assert deploy(upgraded)["search"].outcome == "deployed"
    assert fake.platform.stacks[PLACE].tags == TAGS
    assert upgraded.world.ledger.records("sandbox")["search"].workspace == OURS


def test_a_stack_of_0_1_1_without_a_record_asks(tmp_path: Path) -> None:
    fake = chain(tmp_path / "one")
    deploy(fake)
    as_0_1_1_left_it(fake)
    forget_the_record(fake)

    (question,) = step_of(plan_of(fake)).questions
    assert "it belongs to no workspace, unit search, environment sandbox" in question.text


def test_a_rollback_to_where_nothing_runs_any_more_asks_too(tmp_path: Path) -> None:
    fake = chain(tmp_path)
    deploy(fake)
    destroy(fake.world, find_removal(fake.world, "search", "sandbox"))
    fake.platform.put_stack(*PLACE, TABLE)

    again = rollback(fake, "search", "sandbox", release="0.1.0")
    assert (again.outcome, again.hint) == ("blocked", "agree with `--agree take-over:search-sandbox`")


def test_a_promotion_into_an_account_where_the_name_is_taken_asks_too(tmp_path: Path) -> None:
    fake = chain(tmp_path)
    deploy(fake)
    fake.platform.put_stack("test", "search-test", TABLE)

    assert outcomes(promote(fake, "test")) == {"customers": "deployed", "orders": "deployed", "search": "blocked"}


def between(fake: FakeWorld, change: Callable[[], object]) -> FakeWorld:
    """Something happens after the plan was made, before the stack is changed."""
    happened: list[object] = []

    def reported(event: ProgressEvent) -> None:
        if event.project == "search" and event.phase == "publish" and not happened:
            happened.append(change())

    return attrs.evolve(fake, world=attrs.evolve(fake.world, reported=reported))


def test_a_foreign_stack_that_came_after_the_plan_is_refused_before_it_is_changed(tmp_path: Path) -> None:
    fake = chain(tmp_path)
    refused = deploy(between(fake, lambda: fake.platform.put_stack(*PLACE, TABLE)))["search"]

    assert (refused.outcome, refused.error) == ("blocked", "Refused")
    assert "run the same command again" in refused.hint
    assert fake.platform.stacks[PLACE].template == TABLE


def test_what_was_refused_is_not_recorded_as_an_attempt_of_ours(tmp_path: Path) -> None:
    fake = chain(tmp_path)
    theirs = stack_tags("", "search", "sandbox")
    deploy(between(fake, lambda: fake.platform.put_stack(*PLACE, TABLE, theirs)))

    record = fake.world.ledger.records("sandbox")["search"]
    assert (record.latest, record.unsure, record.holder) == (None, None, None)
    assert step_of(plan_of(fake)).questions != ()


def test_a_stack_of_ours_that_was_replaced_by_a_foreign_one_is_refused_though_the_record_says_running(
    tmp_path: Path,
) -> None:
    fake = chain(tmp_path)
    deploy(fake)
    fake.platform.put_stack(*PLACE, TABLE, stack_tags("theirs", "search", "sandbox"))
    fake.tree.content["search"] = "s2"

    refused = deploy(fake)["search"]
    assert (refused.error, fake.platform.stacks[PLACE].template) == ("Refused", TABLE)
    assert "workspace theirs" in refused.detail and "--force" in refused.hint
    assert [item.kind for item in step_of(plan_of(fake, force=True)).questions] == ["take over"]
    assert deploy(fake, force=True, consent=AGREED)["search"].outcome == "deployed"


def test_consent_is_to_the_stack_that_was_shown_and_no_other(tmp_path: Path) -> None:
    fake = with_foreign(tmp_path)
    more = json.dumps({"Resources": {"Users": {"Type": "AWS::Cognito::UserPool", "Properties": {}}}})

    stale = deploy(between(fake, lambda: fake.platform.put_stack(*PLACE, more)), consent=AGREED)["search"]

    assert (stale.error, fake.platform.stacks[PLACE].template) == ("PlanStale", more)
    assert "AWS::Cognito::UserPool Users" in stale.detail


def test_an_approved_plan_in_which_the_question_stood_needs_no_other_word(tmp_path: Path) -> None:
    fake = chain(tmp_path, config=fake_config(sandbox={"approval": True}))
    fake.platform.put_stack(*PLACE, TABLE)
    plan = plan_of(fake)
    author, fake.platform.who = fake.platform.who, "arn:aws:iam::111111111111:user/grace"
    approve(fake.world, "sandbox", plan.digest_of("sandbox"))
    fake.platform.who = author

    results = pipeline.apply(fake.world, pipeline.same_again(fake.world, plan))

    assert {result.project: result.outcome for result in results}["search"] == "deployed"
    assert fake.platform.stacks[PLACE].tags == TAGS


def test_destroy_deletes_no_foreign_stack_and_says_whose_it_is(tmp_path: Path) -> None:
    fake = chain(tmp_path)
    deploy(fake)
    fake.platform.put_stack(*PLACE, TABLE, stack_tags("theirs", "search", "sandbox"))
    before = fake.world.ledger.records("sandbox")["search"]

    with pytest.raises(Refused, match="workspace theirs, unit search, environment sandbox"):
        destroy(fake.world, find_removal(fake.world, "search", "sandbox"))
    assert fake.platform.stacks[PLACE].template == TABLE
    after = fake.world.ledger.records("sandbox")["search"]
    assert (after.latest, after.holder) == (before.latest, None)


def test_destroy_finds_a_stack_of_ours_whose_record_is_lost_and_all_that_is_in_it(tmp_path: Path) -> None:
    fake = chain(tmp_path)
    deploy(fake)
    forget_the_record(fake)
    fake.platform.put_stack(*PLACE, TABLE, TAGS)
    removal = find_removal(fake.world, "search", "sandbox")

    assert (removal.gone, removal.version, [item.logical_id for item in removal.lost]) == (False, None, ["Ledger"])
    assert destroy(fake.world, removal).outcome == "destroyed"
    assert PLACE not in fake.platform.stacks
    latest = fake.world.ledger.records("sandbox")["search"].latest
    assert latest is not None and (latest.outcome, latest.version) == ("destroyed", "")
    assert find_removal(fake.world, "search", "sandbox").gone


def test_destroy_says_what_is_in_the_stack_and_not_only_what_was_released(tmp_path: Path) -> None:
    fake = chain(tmp_path)
    deploy(fake)
    fake.platform.put_stack(*PLACE, TABLE, TAGS)

    assert [item.logical_id for item in find_removal(fake.world, "search", "sandbox").lost] == ["Ledger"]


def test_destroy_says_nothing_runs_only_where_somebody_could_look(tmp_path: Path) -> None:
    fake = chain(tmp_path)

    def denied(*_: object) -> None:
        raise StackError("stack search-sandbox in sandbox", "AccessDenied", hint="allow it")

    fake.platform.look = denied  # type: ignore[method-assign, assignment]
    with pytest.raises(StackError, match="AccessDenied"):
        find_removal(fake.world, "search", "sandbox")
    fake.platform.look = lambda *_: None  # type: ignore[method-assign]
    assert find_removal(fake.world, "search", "sandbox").gone


def test_destroy_deletes_a_stack_of_0_1_1(tmp_path: Path) -> None:
    fake = chain(tmp_path)
    deploy(fake)
    as_0_1_1_left_it(fake)

    assert destroy(fake.world, find_removal(fake.world, "search", "sandbox")).outcome == "destroyed"


def test_only_what_is_deployed_where_nothing_runs_is_looked_at_by_the_plan(tmp_path: Path) -> None:
    fake = chain(tmp_path)
    deploy(fake)
    assert fake.platform.listed == [("sandbox", 3)]
    fake.tree.content["search"] = "s2"
    deploy(fake, to="test", only=("search",))

    assert fake.platform.listed == [("sandbox", 3), ("test", 1)]


def test_who_may_not_look_is_told_so_and_the_deploy_looks(tmp_path: Path) -> None:
    fake = with_foreign(tmp_path)

    def denied(*_: object) -> None:
        raise StackError("stack * in sandbox", "AccessDenied", hint="allow it")

    fake.platform.find_stacks = denied  # type: ignore[method-assign, assignment]
    step = step_of(plan_of(fake))

    assert step.questions == ()
    assert step.why[-1] == "its stack could not be checked (stack * in sandbox: AccessDenied)"
    assert deploy(fake)["search"].error == "Refused"
    assert fake.platform.stacks[PLACE].template == TABLE


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        ("take-over:serch-sandbox", "did you mean `take-over:search-sandbox`?"),
        ("search", "there is only `take-over:search-sandbox`"),
    ],
)
def test_an_answer_that_no_question_asks_is_refused_before_anything_is_written(
    tmp_path: Path, answer: str, hint: str
) -> None:
    fake = with_foreign(tmp_path)

    with pytest.raises(ConfigurationError, match="no question of this plan asks for") as caught:
        deploy(fake, consent=Consent(allowed=frozenset({answer})))
    assert (caught.value.hint, fake.store.writes) == (hint, [])


def test_the_same_command_may_be_given_again_when_all_is_done(tmp_path: Path) -> None:
    fake = with_foreign(tmp_path)
    deploy(fake, consent=AGREED)

    assert deploy(fake, consent=AGREED)["search"].outcome == "unchanged"


def test_a_record_is_written_with_the_id_from_the_first_lease_on(tmp_path: Path) -> None:
    fake = chain(tmp_path)
    deploy(fake)

    assert [
        Record.from_bytes(item.body, where=key).workspace
        for key, item in fake.store.objects.items()
        if "/current/" in key
    ] == [OURS] * 3


def lines_of(fake: FakeWorld) -> tuple[str, ...]:
    records = fake.world.ledger.records("sandbox")
    units = tuple(project.name for project in fake.world.projects)
    there = {("sandbox", name): record for name, record in records.items()}
    return without_record(fake.world, make_status(fake.world.config, units, there))


def test_the_status_names_a_stack_of_ours_that_the_bucket_has_no_record_of(tmp_path: Path) -> None:
    fake = chain(tmp_path)
    deploy(fake)
    assert lines_of(fake) == ()
    forget_the_record(fake)

    (line,) = lines_of(fake)
    assert (
        line
        == "sandbox: the stack search-sandbox exists and says that it is search, but s3://artifacts has no record of it"
    )
    fake.platform.put_stack(*PLACE, TABLE, stack_tags("theirs", "search", "sandbox"))
    assert lines_of(fake) == ()


def test_the_status_says_where_nobody_could_look(tmp_path: Path) -> None:
    fake = chain(tmp_path)

    def denied(*_: object) -> None:
        raise StackError("stack * in sandbox", "AccessDenied", hint="allow it")

    fake.platform.find_stacks = denied  # type: ignore[method-assign, assignment]
    assert lines_of(fake)[0] == "sandbox: whether a stack without a record exists could not be checked (AccessDenied)"
