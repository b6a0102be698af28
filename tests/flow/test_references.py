"""What a release refers to must exist in the account before anything is published or changed there."""

from __future__ import annotations

from pathlib import Path

from multi_env_lambda.aws.concurrency import Shortage
from multi_env_lambda.flow.consent import Consent
from multi_env_lambda.model.reference import Reference
from multi_env_lambda.testing.world import FakeTree, FakeWorld, fake_world

from .worlds import deploy, outcomes, promote, rollback, versions

PASSWORD = Reference(function="main", variable="DB_PASSWORD", kind="secret", name="search/db")
URL = Reference(function="main", variable="URL", kind="parameter", name="/search/url")


def world(folder: Path, *references: Reference) -> FakeWorld:
    tree = FakeTree(content={"orders": "o1", "search": "s1"}, references={"search": references})
    return fake_world(tree, folder)


def test_a_missing_secret_stops_its_unit_before_anything_is_written(tmp_path: Path) -> None:
    fake = world(tmp_path, PASSWORD, URL)
    fake.platform.missing.add(("sandbox", "search/db"))

    results = deploy(fake)

    assert outcomes(results) == {"orders": "deployed", "search": "failed"}
    assert [key for _, key in fake.store.writes if "search" in key] == []
    assert ("sandbox", "search-sandbox") not in fake.platform.stacks


def test_the_error_names_unit_function_variable_and_reference(tmp_path: Path) -> None:
    fake = world(tmp_path, PASSWORD)
    fake.platform.missing.add(("sandbox", "search/db"))

    result = deploy(fake)["search"]

    assert result.error == "ConfigurationError"
    assert result.detail == "search in sandbox: main.DB_PASSWORD: secret `search/db`: there is no such secret"


def test_all_that_is_missing_is_told_at_once(tmp_path: Path) -> None:
    fake = world(tmp_path, PASSWORD, URL)
    fake.platform.missing |= {("sandbox", "search/db"), ("sandbox", "/search/url")}

    detail = deploy(fake)["search"].detail

    assert "search/db" in detail and "/search/url" in detail


def test_promotion_looks_in_the_account_of_its_target(tmp_path: Path) -> None:
    fake = world(tmp_path, PASSWORD)
    fake.platform.missing.add(("test", "search/db"))
    deploy(fake)

    assert outcomes(promote(fake, "test")) == {"orders": "deployed", "search": "failed"}
    fake.platform.missing.clear()
    assert outcomes(promote(fake, "test")) == {"orders": "unchanged", "search": "deployed"}


def test_a_rollback_looks_too(tmp_path: Path) -> None:
    fake = world(tmp_path, PASSWORD)
    deploy(fake)
    fake.tree.content["search"] = "s2"
    deploy(fake)
    fake.platform.missing.add(("sandbox", "search/db"))

    assert rollback(fake, "search", "sandbox").error == "ConfigurationError"
    assert versions(fake, "sandbox")["search"] == "0.1.0.post1"


def test_what_the_account_cannot_reserve_stops_its_unit_before_anything_is_written(tmp_path: Path) -> None:
    fake = world(tmp_path)
    fake.tree.properties["search"] = {"ReservedConcurrentExecutions": 5}
    fake.platform.shortages["sandbox"] = Shortage(wanted=5, left=5, limit=10, least=10)

    results = deploy(fake)

    assert outcomes(results) == {"orders": "deployed", "search": "failed"}
    assert "reserve 5 calls at once, which leaves 5 of the account's 10; Lambda keeps 10" in results["search"].detail
    assert "quota" in results["search"].hint
    assert [key for _, key in fake.store.writes if "search" in key] == []


def test_what_was_typed_to_agree_is_written_nowhere(tmp_path: Path) -> None:
    fake = world(tmp_path, PASSWORD)

    deploy(fake, consent=Consent(typed=frozenset({"typed-by-hand"})))
    fake.world.platform.invoke(
        fake.world.config.environment("sandbox"), "search-sandbox-main", "live", b'{"token": "typed-by-hand"}'
    )

    assert [key for key, item in fake.store.objects.items() if b"typed-by-hand" in item.body] == []
    assert [event for event in fake.events if "typed-by-hand" in event.text] == []
