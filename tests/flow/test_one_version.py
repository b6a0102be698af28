"""What is not in the wheel keeps the version: two such releases are told apart wherever somebody looks."""

from __future__ import annotations

from pathlib import Path

import attrs
import pytest

from multi_env_lambda import pipeline
from multi_env_lambda.flow.consent import Consent
from multi_env_lambda.model.plan import Origin, Plan
from multi_env_lambda.model.record import Deployment
from multi_env_lambda.model.request import Request
from multi_env_lambda.model.settings import Smoke
from multi_env_lambda.operations.why import explain
from multi_env_lambda.plan.release_rules import breaches
from multi_env_lambda.show.render import text_of
from multi_env_lambda.show.text import results_table
from multi_env_lambda.testing.world import FakeWorld, fake_config
from tests.api.stage import opened

from .worlds import chain, deploy, outcomes, promote, rollback, ruled, versions

RELEASES_ONLY = fake_config(prod={"releases_only": True})


def with_timeout(fake: FakeWorld, seconds: int) -> FakeWorld:
    """A setting of the function, which is in the template and not in the wheel."""
    fake.tree.properties["search"] = {"Timeout": seconds}
    return fake


def two_of_one_version(folder: Path) -> FakeWorld:
    fake = chain(folder)
    deploy(fake)
    return with_timeout(fake, 9)


def past(fake: FakeWorld, environment: str = "sandbox") -> tuple[Deployment, ...]:
    return fake.world.ledger.history(environment, "search")


def short(fake: FakeWorld) -> list[str]:
    """The names of the releases of `search` in sandbox, oldest first."""
    return [item.release[:4] for item in past(fake)]


def plan_of(fake: FakeWorld, target: str = "sandbox") -> Plan:
    return pipeline.plan(fake.world, Request(verb="deploy", target=target, through=True)).plan


def test_a_plan_its_page_and_why_tell_them_apart(tmp_path: Path) -> None:
    fake = two_of_one_version(tmp_path)
    old = short(fake)[0]
    draft = pipeline.plan(fake.world, Request(verb="deploy", target="sandbox"))
    (step,) = draft.plan.deploys
    new = step.release.digest[:4]

    assert f"search 0.1.0 ({old}) → 0.1.0 ({new}): projects/search changed" in draft.plan.text()
    assert f"0.1.0 ({old}) → 0.1.0 ({new})" in draft.plan._repr_html_()
    told = explain(draft.plan, draft.known, draft.looked_at, "search")
    assert told.decision == f"deploy 0.1.0 ({new}) instead of 0.1.0 ({old})"


def test_a_plan_says_which_one_the_environment_before_will_run(tmp_path: Path) -> None:
    fake = chain(tmp_path)
    deploy(fake, "test")
    with_timeout(fake, 9)

    (_, step) = plan_of(fake, "test").deploys

    assert step.why == (f"sandbox runs {step.label}",) and step.label != "0.1.0"


def test_a_promotion_says_which_one_the_environment_before_runs(tmp_path: Path) -> None:
    fake = chain(tmp_path)
    deploy(fake, "test")
    deploy(with_timeout(fake, 9))

    (step,) = pipeline.plan(fake.world, Request(verb="promote", target="test", only=("search",))).plan.deploys

    assert step.why == (f"sandbox runs {step.label}",) and step.label != "0.1.0"
    (alone,) = pipeline.plan(fake.world, Request(verb="promote", target="staging", only=("customers",))).plan.deploys
    assert alone.why == ("test runs 0.1.0",)


def test_another_version_is_called_by_its_version_alone(tmp_path: Path) -> None:
    fake = chain(tmp_path)
    deploy(fake)
    fake.tree.content["search"] = "s2"

    assert "search 0.1.0 → 0.1.0.post1:" in plan_of(fake).text()


def test_results_and_every_view_of_the_matrix_tell_them_apart(tmp_path: Path) -> None:
    fake = chain(tmp_path)
    deploy(fake, "test")
    results = deploy(with_timeout(fake, 9))
    old, new = short(fake)
    workspace = opened(fake.world, tmp_path)

    status = workspace.status("search")

    assert f"✓ deployed 0.1.0 ({new})" in text_of(results_table(results.values()))
    for shown in (status.text(), status._repr_html_()):
        assert f"0.1.0 ({new})" in shown and f"0.1.0 ({old})" in shown
    assert f"0.1.0 ({new})" in workspace.board().html()
    assert "customers" in workspace.status().text() and workspace.status("customers").text().count("(") == 0


def test_what_was_rolled_back_and_what_failed_are_told_from_what_runs(tmp_path: Path) -> None:
    fake = two_of_one_version(tmp_path)
    deploy(fake)
    old, new = short(fake)
    result = rollback(fake, "search", "sandbox")
    assert result.label == f"0.1.0 ({old})"
    assert f"0.1.0 ({old}) " in (text := opened(fake.world, tmp_path).status("search").text())
    assert f"↩ 0.1.0 ({new})" in text

    asked = deploy(fake)["search"]
    assert f"search 0.1.0 ({new}) was rolled back in sandbox" in asked.detail
    again = rollback(fake, "search", "sandbox")
    assert again.detail.startswith(f"it was already rolled back to 0.1.0 ({old}) at ")

    fake.tree.smoke["search"] = Smoke(payload="{}", expect='{"ok":true}')
    fake.platform.answers["search-sandbox-main"] = lambda _: {"ok": False}
    failed = deploy(with_timeout(fake, 10))["search"]
    assert f"sandbox was rolled back to 0.1.0 ({old})" in failed.detail
    assert f"✗ 0.1.0 ({past(fake)[-1].release[:4]}) failed" in opened(fake.world, tmp_path).status("search").text()


def test_a_rollback_to_a_version_of_several_releases_says_which_ones(tmp_path: Path) -> None:
    fake = two_of_one_version(tmp_path)
    deploy(fake)
    deploy(with_timeout(fake, 10))
    first, second, third = (item.release for item in past(fake))

    refused = rollback(fake, "search", "sandbox", release="0.1.0")

    assert (refused.outcome, refused.error) == ("blocked", "ConfigurationError")
    assert "3 releases that ran there match `0.1.0`" in refused.detail
    for release in (first, second, third):
        assert f"{release[:12]} deployed 2026-01-01T00:00:00Z by user/ada" in refused.detail
    assert refused.hint == f"name one by its digest, as in `--to {first[:12]}`"
    assert rollback(fake, "search", "sandbox", release=second[:7]).release == second


def test_an_environment_for_releases_only_takes_one_release_of_a_number(tmp_path: Path) -> None:
    fake = chain(tmp_path, config=RELEASES_ONLY)
    deploy(fake, "prod")
    deploy(with_timeout(fake, 9), "staging")
    old, new = short(fake)

    refused = promote(fake, "prod")["search"]

    assert refused.detail == (
        f"prod accepts only releases, but the number of 0.1.0 ({new}) is taken: "
        f"0.1.0 ({old}) was deployed there at 2026-01-01T00:00:00Z"
    )
    assert refused.hint.startswith("raise `version`")
    assert versions(fake, "staging")["search"] == "0.1.0"


def test_a_number_stays_taken_after_others_and_its_owner_may_come_back(tmp_path: Path) -> None:
    fake = chain(tmp_path, config=RELEASES_ONLY)
    deploy(fake, "prod")
    owner = past(fake, "prod")[0].release
    fake = numbered(fake, tmp_path, "0.2.0")
    assert deploy(fake, "prod")["search"].label == "0.2.0"
    fake = numbered(with_timeout(fake, 9), tmp_path, "0.1.0")
    deploy(fake, "staging")

    assert "is taken" in promote(fake, "prod")["search"].detail
    assert rollback(fake, "search", "prod", release="0.1.0").release == owner


def test_what_ran_there_before_the_rule_may_come_back(tmp_path: Path) -> None:
    before = chain(tmp_path)
    deploy(before, "prod")
    deploy(with_timeout(before, 9), "prod")
    deploy(with_timeout(before, 10), "prod")
    second = past(before, "prod")[1].release
    fake = ruled(before, tmp_path, prod={"releases_only": True})

    rollback(fake, "search", "staging", release=second[:12])
    assert promote(fake, "prod", Consent(allowed=frozenset({"older:search"})))["search"].release == second
    first = past(before, "prod")[0].release
    assert rollback(fake, "search", "prod", release=first[:12]).release == first


def numbered(fake: FakeWorld, folder: Path, version: str) -> FakeWorld:
    """The same work tree, in which the unit has another number."""
    projects = [attrs.evolve(item, version=version) for item in fake.world.projects]
    fake.tree.loose = {name: version for name in fake.tree.content}
    return attrs.evolve(fake, world=attrs.evolve(fake.world, projects=tuple(projects)))


def test_what_only_the_library_has_changed_is_the_same_under_its_number(tmp_path: Path) -> None:
    fake = chain(tmp_path, config=RELEASES_ONLY)
    deploy(fake, "prod")
    fake.tree.traffic["search"] = ("canary", 10, 1)
    upgraded = attrs.evolve(fake, world=attrs.evolve(fake.world, library="0.2.0"))

    assert deploy(upgraded, "prod")["search"].outcome == "deployed"


@pytest.mark.parametrize("rule", ["committed_only", "releases_only"])
@pytest.mark.parametrize("file", ["projects/search/main.py", "pyproject.toml"])
def test_an_uncommitted_tree_gets_no_further_than_the_rule_lets_it(tmp_path: Path, rule: str, file: str) -> None:
    fake = chain(tmp_path, config=fake_config(test={rule: True}))
    fake.tree.changed = {file}

    results = deploy(fake, "test")

    others = "blocked" if file == "pyproject.toml" else "deployed"
    assert (results["search"].outcome, results["customers"].outcome) == ("blocked", others)
    assert results["search"].detail.endswith("0.1.0 was made from uncommitted changes on top of cccccccccc")
    assert "search" in versions(fake, "sandbox")


def test_the_hint_of_an_uncommitted_release_leads_through_all_environments_before(tmp_path: Path) -> None:
    fake = chain(tmp_path, config=fake_config(staging={"committed_only": True}))
    fake.tree.changed = {"projects/search/main.py"}
    refused = deploy(fake, "staging", only=("search",))["search"]
    assert refused.hint == (
        "commit, and redeploy it to the first environment with `--force`; "
        "then, with `--force` as well, to every other one before staging that runs it"
    )

    fake.tree.changed = set()
    deploy(fake, only=("search",), force=True)
    promote(fake, "test", only=("search",), force=True)

    assert outcomes(promote(fake, "staging", only=("search",))) == {"search": "deployed"}


@pytest.mark.parametrize(
    ("origin", "said"),
    [
        (Origin(commit="c" * 40, dirty=True, committed="2026-01-01T00:00:00+00:00"), "changes on top of cccccccccc"),
        (Origin(commit="c" * 40, dirty=True), "cccccccccc, of this unit or of another: 0.1.1 did not note whose"),
        (Origin(), "a repository without a commit"),
    ],
    ids=["of this unit", "0.1.1", "no commit"],
)
def test_uncommitted_changes_are_called_the_units_where_the_record_says_whose_they_were(
    tmp_path: Path, origin: Origin, said: str
) -> None:
    (step, *_) = plan_of(chain(tmp_path)).deploys

    found = breaches("prod", step.release, origin, step.inputs, ())

    assert {breach.rule for breach in found} == {"releases_only", "committed_only"}
    assert all(breach.what.endswith(said) for breach in found)


def test_a_rollback_is_not_held_up_by_a_rule_that_is_younger_than_the_release(tmp_path: Path) -> None:
    before = chain(tmp_path)
    before.tree.changed = {"projects/search/main.py"}
    for content in ("s1", "s2", "s3"):
        before.tree.content["search"] = content
        deploy(before, "prod", only=("search",))
    fake = ruled(before, tmp_path, prod={"releases_only": True})

    assert rollback(fake, "search", "prod").label == "0.1.0.post1"


def test_a_rule_about_uncommitted_trees_is_remembered_as_others_are(tmp_path: Path) -> None:
    strict = ruled(chain(tmp_path), tmp_path, test={"committed_only": True})
    deploy(strict, "test")
    loose = ruled(strict, tmp_path)
    loose.tree.content["search"] = "s2"
    loose.tree.changed = {"projects/search/main.py"}

    refused = deploy(loose, "test")["search"]

    assert "test accepts only what is committed, but 0.1.0.post1 was made from uncommitted changes" in refused.detail
    assert outcomes(deploy(loose, "test", Consent(typed=frozenset({"test"}))))["search"] == "blocked"
