"""An uncommitted line in the table moves no environment away from its approvals, and opens none."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import attrs
import pytest

from multi_env_lambda import pipeline
from multi_env_lambda.errors import ConfigurationError, Refused
from multi_env_lambda.flow.consent import Consent
from multi_env_lambda.flow.gate import approve
from multi_env_lambda.flow.rules import bound_of, remember_all, with_rules
from multi_env_lambda.make.tree import TreeMaker
from multi_env_lambda.model.bounds import Bounds
from multi_env_lambda.model.plan import Plan
from multi_env_lambda.model.request import Request
from multi_env_lambda.model.rules import rules_key
from multi_env_lambda.model.workspace import WorkspaceConfig
from multi_env_lambda.operations.destroy import destroy, find_removal
from multi_env_lambda.testing.world import FakeWorld, fake_config, fake_world

from .worlds import chain, deploy, outcomes, promote, rollback, ruled, versions

GRACE = "arn:aws:iam::111111111111:user/grace"


def with_another_table(folder: Path, *, approval: bool, **devops: str) -> FakeWorld:
    """Prod runs; then only the work tree's table says another place, and that nobody is asked."""
    fake = chain(folder)
    deploy(fake, "prod")
    committed = fake_config(prod={"approval": approval})
    fake.tree.committed = attrs.evolve(committed, devops=attrs.evolve(committed.devops, **devops))
    fake.tree.content["search"] = "s2"
    deploy(fake, "staging")
    return fake


@pytest.mark.parametrize("devops", [{"bucket": "others"}, {"account_id": "9" * 12}, {"region": "eu-central-1"}])
def test_an_environment_with_approvals_waits_until_the_table_is_committed(
    tmp_path: Path, devops: dict[str, str]
) -> None:
    fake = with_another_table(tmp_path, approval=True, **devops)
    refused = promote(fake, "prod")["search"]

    assert (refused.outcome, refused.error) == ("blocked", "Refused")
    assert "s3://artifacts in account 111111111111" in refused.detail and "the committed one says" in refused.detail
    assert refused.hint.startswith("commit the change")
    with pytest.raises(Refused, match="the committed one says"):
        destroy(fake.world, find_removal(fake.world, "search", "prod"))


def test_where_the_committed_table_asks_for_nothing_or_names_the_same_nobody_waits_for_a_commit(tmp_path: Path) -> None:
    free = with_another_table(tmp_path / "one", approval=False, bucket="others")
    assert promote(free, "prod")["search"].outcome == "deployed"

    same = with_another_table(tmp_path / "two", approval=True)
    detail = promote(same, "prod")["search"].detail
    assert detail.startswith("prod: plan ") and " has not been approved (prod: approval = true is committed" in detail


def with_committed_rules(folder: Path, by_author: bool = False, **rules: bool) -> FakeWorld:
    """Everything runs in staging; the committed table has these rules for prod, the work tree's has none."""
    fake = chain(folder)
    deploy(fake, "staging")
    fake.tree.committed = fake_config(approvals_by_author=by_author, prod=rules)
    return fake


def shown(fake: FakeWorld) -> Plan:
    return with_rules(fake.world, pipeline.plan(fake.world, Request(verb="promote", target="prod")).plan)


def approved(fake: FakeWorld, digest: str, who: str) -> None:
    """As `approve` does it."""
    bound, own = bound_of(fake.world, "prod"), fake.platform.who
    fake.platform.who = who
    approve(fake.world, "prod", digest, weaker=bound.table if bound.weaker else None)
    fake.platform.who = own


def test_an_uncommitted_line_opens_no_environment_whose_rules_nobody_has_remembered_yet(tmp_path: Path) -> None:
    fake = with_committed_rules(tmp_path, approval=True)
    plan = shown(fake)
    said = "prod: approval = true is committed, but this work tree's table says false"
    assert said in plan.to_dict()["rules"]

    refused = promote(fake, "prod")

    assert set(outcomes(refused).values()) == {"blocked", "skipped"}
    assert said in refused["search"].detail
    assert versions(fake, "prod") == {}
    assert json.loads(fake.store.objects[rules_key("prod")].body)["approval"] is True


def test_an_uncommitted_weaker_line_has_the_consent_of_somebody_else_who_saw_it(tmp_path: Path) -> None:
    fake = with_committed_rules(tmp_path, approval=True)
    digest = shown(fake).digest_of("prod")

    approved(fake, digest, fake.platform.who)
    assert set(outcomes(promote(fake, "prod")).values()) == {"blocked", "skipped"}

    approved(fake, digest, GRACE)
    assert set(outcomes(promote(fake, "prod")).values()) == {"deployed"}


def test_a_weaker_line_that_was_agreed_to_opens_the_environment_when_it_is_committed(tmp_path: Path) -> None:
    fake = with_committed_rules(tmp_path, approval=True)
    approved(fake, shown(fake).digest_of("prod"), GRACE)
    promote(fake, "prod")
    assert bound_of(fake.world, "prod").weaker == ("approval",)

    fake.tree.committed = fake_config()
    fake.tree.content["search"] = "s2"

    assert deploy(fake, "prod", only=("search",))["search"].outcome == "deployed"


def test_an_uncommitted_weaker_line_opens_no_destroy_and_no_rollback(tmp_path: Path) -> None:
    fake = chain(tmp_path)
    deploy(fake, "prod")
    fake.tree.content["search"] = "s2"
    deploy(fake, "prod", only=("search",))
    fake.tree.committed = fake_config(prod={"approval": True})

    assert rollback(fake, "search", "prod").outcome == "blocked"
    with pytest.raises(Refused, match="approval = true"):
        destroy(fake.world, find_removal(fake.world, "search", "prod"))


@pytest.mark.parametrize(
    ("committed", "table", "weaker"),
    [
        ({"approval": True}, {"approval": True}, ()),
        ({}, {"approval": True, "releases_only": True}, ()),
        ({"releases_only": True}, {"approval": True}, ("releases_only",)),
        ({"approval": True, "releases_only": True}, {}, ("approval", "releases_only")),
    ],
)
def test_the_stricter_of_committed_and_work_tree_stands_rule_by_rule(
    tmp_path: Path, committed: dict[str, bool], table: dict[str, bool], weaker: tuple[str, ...]
) -> None:
    fake = ruled(with_committed_rules(tmp_path, **committed), tmp_path, prod=table)
    bound = bound_of(fake.world, "prod")

    assert bound.weaker == weaker
    assert bound.rules.approval is (committed | table).get("approval", False)
    assert bound.rules.releases_only is (committed | table).get("releases_only", False)


def test_nobody_makes_herself_an_approver_by_an_uncommitted_line(tmp_path: Path) -> None:
    before = with_committed_rules(tmp_path, approval=True)
    fake = ruled(before, tmp_path, by_author=True, prod={"approval": True})

    results = promote(fake, "prod", Consent(typed=frozenset({"prod"})))

    assert set(outcomes(results).values()) == {"blocked", "skipped"}


def test_a_rule_that_was_committed_after_another_was_remembered_counts_as_well(tmp_path: Path) -> None:
    fake = chain(tmp_path)
    deploy(fake, "staging")
    remember_all(ruled(fake, tmp_path, prod={"releases_only": True}).world)
    fake.tree.committed = fake_config(prod={"approval": True})

    lines = "\n".join(bound_of(fake.world, "prod").lines())
    assert "approval = true is committed" in lines and "releases_only = true is remembered" in lines
    assert set(outcomes(promote(fake, "prod")).values()) == {"blocked", "skipped"}


def test_the_strictest_rules_do_not_say_which_order_is_committed(tmp_path: Path) -> None:
    fake = ruled(chain(tmp_path), tmp_path, prod={"approval": True, "releases_only": True})
    fake.tree.committed = ConfigurationError("pyproject.toml as committed", "broken", hint="commit it")

    for name in ("prod", "staging"):
        assert "pyproject.toml as committed: broken" in bound_of(fake.world, name).unreadable


def test_a_committed_table_that_cannot_be_read_closes_the_environment_by_name(tmp_path: Path) -> None:
    fake = chain(tmp_path)
    deploy(fake, "staging")
    fake.tree.committed = ConfigurationError("pyproject.toml as committed", "broken", hint="commit it")

    results = promote(fake, "prod")

    assert set(outcomes(results).values()) == {"blocked", "skipped"}
    assert "pyproject.toml as committed: broken" in results["search"].detail
    assert shown(fake).rules[0].lines() == ("prod: cannot be changed: pyproject.toml as committed: broken; commit it",)


def test_an_environment_that_the_committed_table_lacks_is_new_and_has_the_work_trees_rules(tmp_path: Path) -> None:
    fake = chain(tmp_path)
    deploy(fake, "staging")
    committed = fake_config(prod={"approval": True})
    fake.tree.committed = attrs.evolve(committed, environments=committed.environments[:-1])

    assert set(outcomes(promote(fake, "prod")).values()) == {"deployed"}


def test_an_environment_that_was_moved_to_another_account_keeps_its_committed_rules(tmp_path: Path) -> None:
    fake = with_committed_rules(tmp_path, approval=True)
    committed = fake.tree.committed
    assert isinstance(committed, WorkspaceConfig)
    places = tuple(attrs.evolve(place, account_id="9" * 12) for place in committed.environments)
    fake.tree.committed = attrs.evolve(committed, environments=places)

    assert set(outcomes(promote(fake, "prod")).values()) == {"blocked", "skipped"}


def beside_prod(folder: Path, committed: WorkspaceConfig) -> FakeWorld:
    """Everything runs in staging; this is committed, and the work tree's table calls the last environment ``prod2``."""
    tree, table = chain(folder).tree, fake_config()
    places = (*table.environments[:-1], attrs.evolve(table.environments[-1], name="prod2"))
    fake = fake_world(tree, folder, config=attrs.evolve(table, environments=places))
    deploy(fake, "staging")
    fake.tree.committed = committed
    return fake


def bounded(config: WorkspaceConfig) -> WorkspaceConfig:
    prod = attrs.evolve(config.environments[-1], bounds=Bounds())
    return attrs.evolve(config, environments=(*config.environments[:-1], prod))


@pytest.mark.parametrize(
    "committed",
    [
        fake_config(prod={"approval": True}),
        fake_config(prod={"releases_only": True}),
        fake_config(prod={"committed_only": True}),
        bounded(fake_config()),
    ],
    ids=["approval", "releases_only", "committed_only", "bounds"],
)
def test_an_uncommitted_environment_is_no_second_way_into_an_account_that_has_rules(
    tmp_path: Path, committed: WorkspaceConfig
) -> None:
    fake = beside_prod(tmp_path, committed)
    plan = with_rules(fake.world, pipeline.plan(fake.world, Request(verb="promote", target="prod2")).plan)
    said = (
        "only this work tree's table has prod2 in account 555555555555, where the committed one has prod, which has "
        "rules"
    )
    assert said in plan.text()

    refused = promote(fake, "prod2", Consent(typed=frozenset({"prod2"})))

    assert set(outcomes(refused).values()) == {"blocked", "skipped"}
    assert (refused["search"].error, said in refused["search"].detail) == ("Refused", True)
    assert refused["search"].hint.startswith("commit the table")
    assert versions(fake, "prod2") == {}


def test_rules_that_are_only_remembered_guard_their_account_as_well(tmp_path: Path) -> None:
    fake = beside_prod(tmp_path, fake_config())
    rules = {"approval": True, "releases_only": False, "committed_only": False, "approvals_by_author": False}
    fake.store.put_new(rules_key("prod"), json.dumps({"format": 1, **rules}).encode())
    assert set(outcomes(promote(fake, "prod2")).values()) == {"blocked", "skipped"}

    stored = fake.store.get(rules_key("prod"))
    assert stored is not None
    agreed = {**rules, "approval": False}
    fake.store.replace(rules_key("prod"), json.dumps({"format": 1, **agreed}).encode(), etag=stored.etag)
    assert set(outcomes(promote(fake, "prod2")).values()) == {"deployed"}


def test_an_environment_without_rules_is_not_moved_into_an_account_that_has_them(tmp_path: Path) -> None:
    fake = chain(tmp_path)
    deploy(fake, "staging")
    fake.tree.committed = fake_config(prod={"approval": True})
    table = fake.world.config
    moved = attrs.evolve(table.environment("prod"), name="sandbox", position=0)
    other = attrs.evolve(fake.world, config=attrs.evolve(table, environments=(moved,)))
    step = deploy(attrs.evolve(fake, world=other), "sandbox")["search"]

    assert step.outcome == "blocked"


def test_a_second_environment_of_an_account_is_free_once_it_is_committed_or_nothing_has_rules(tmp_path: Path) -> None:
    free = beside_prod(tmp_path / "one", fake_config())
    assert set(outcomes(promote(free, "prod2")).values()) == {"deployed"}

    fake = beside_prod(tmp_path / "two", fake_config())
    ruled_prod = fake_config(prod={"approval": True})
    second = fake.world.config.environment("prod2")
    fake.tree.committed = attrs.evolve(
        ruled_prod, environments=(*ruled_prod.environments[:-1], second, ruled_prod.environments[-1])
    )
    assert set(outcomes(promote(fake, "prod2")).values()) == {"deployed"}


TABLE = """
[tool.multi_env_lambda.devops]
account_id = "111111111111"
region = "us-east-1"
bucket = "artifacts"
[[tool.multi_env_lambda.environments]]
name = "prod"
account_id = "222222222222"
approval = true
"""


def tree(root: Path, committed: bytes | None) -> TreeMaker:
    """A work tree whose table asks for nothing; the last commit, if there is one, has this table."""
    table = root / "pyproject.toml"
    words = ("git", "-c", "user.name=t", "-c", "user.email=t@t", "-c", "commit.gpgsign=false")
    subprocess.run([*words, "init", "-q"], cwd=root, check=True)
    if committed is not None:
        table.write_bytes(committed)
        subprocess.run([*words, "add", "pyproject.toml"], cwd=root, check=True)
        subprocess.run([*words, "commit", "-qm", "x"], cwd=root, check=True)
        subprocess.run([*words, "checkout", "-q", "--detach"], cwd=root, check=True)
    table.write_text(TABLE.replace("approval = true", ""), encoding="utf-8")
    config = fake_config()
    return TreeMaker(root=root, cache=root, config=config, interpreter=lambda _: None, fetch=lambda _: None)


def test_the_committed_table_is_that_of_the_last_commit_on_a_branch_or_not(tmp_path: Path) -> None:
    found = tree(tmp_path, TABLE.encode()).committed()

    assert found is not None and found.environment("prod").approval is True


@pytest.mark.parametrize("committed", [None, b"", b'[project]\nname = "x"\n'], ids=["no commit", "empty", "no table"])
def test_where_no_table_is_committed_yet_there_is_nothing_to_compare_with(
    tmp_path: Path, committed: bytes | None
) -> None:
    assert tree(tmp_path, committed).committed() is None


def test_without_a_repository_there_is_nothing_to_compare_with(tmp_path: Path) -> None:
    maker = attrs.evolve(tree(tmp_path, None), root=tmp_path / "elsewhere")
    maker.root.mkdir()

    assert maker.committed() is None


@pytest.mark.parametrize(
    "committed",
    [b"[tool", b"\xff", b"tool = 3", TABLE.replace("true", '"no"').encode(), b"[tool.multi_env_lambda]"],
    ids=["no TOML", "no text", "no tool table", "no flag", "no devops"],
)
def test_a_committed_table_that_says_nothing_that_can_be_read_is_named(tmp_path: Path, committed: bytes) -> None:
    with pytest.raises(ConfigurationError, match=r"^pyproject\.toml of the last commit") as refused:
        tree(tmp_path, committed).committed()

    assert refused.value.hint == "correct it, and commit the correction"
