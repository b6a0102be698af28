"""What nothing refers to goes; what a rollback could need stays, whatever happened before."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from multi_env_lambda.aws.index import list_published
from multi_env_lambda.aws.ledger import LEASE_SECONDS
from multi_env_lambda.model.record import Holder
from multi_env_lambda.model.versions import KeptLayer
from multi_env_lambda.operations.destroy import destroy, find_removal
from multi_env_lambda.operations.prune import find_prunable, prune
from multi_env_lambda.plan.prune import GRACE_SECONDS, Candidate
from multi_env_lambda.testing.memory import Killed
from multi_env_lambda.testing.world import FakeTree, FakeWorld, fake_config, fake_world
from tests.faults.mortal import Switch, mortal

from .worlds import deploy, outcomes, promote, rollback, versions

GRACE = Holder(nonce="g", who="grace", host="elsewhere", process="1 1", since="2026", fencing=0)


def world(folder: Path, keep: int = 2, **more: Any) -> FakeWorld:
    config = attrs.evolve(fake_config(), keep=keep)
    return fake_world(FakeTree(content={"search": "s0"}), folder, config=config, **more)


def taken_by_grace(fake: FakeWorld, place: str = "sandbox", toward: str | None = None) -> None:
    running = fake.world.ledger.records(place)["search"].release
    fake.world.ledger.acquire(place, "search", GRACE, running=running, toward=toward)


def with_versions(folder: Path, count: int, keep: int = 2, **more: Any) -> FakeWorld:
    fake = world(folder, keep, **more)
    for number in range(count):
        fake.tree.content["search"] = f"s{number}"
        deploy(fake)
    return fake


def names(fake: FakeWorld) -> list[tuple[str, str]]:
    return [(item.kind, item.name[:12]) for item in find_prunable(fake.world).candidates]


def apply(fake: FakeWorld) -> int:
    return len(prune(fake.world, find_prunable(fake.world)).candidates)


def test_what_is_older_than_the_kept_releases_goes(tmp_path: Path) -> None:
    fake = with_versions(tmp_path, 4)

    assert [kind for kind, _ in names(fake)] == ["function version"] * 2 + ["source"] * 2 + ["release"] * 2
    assert [name for kind, name in names(fake) if kind == "source"] == ["0.1.0", "0.1.0.post1"]


def test_looking_removes_nothing(tmp_path: Path) -> None:
    fake = with_versions(tmp_path, 4)
    fake.store.writes.clear()

    find_prunable(fake.world)

    assert fake.store.writes == []


def test_after_pruning_nothing_is_left_to_prune(tmp_path: Path) -> None:
    fake = with_versions(tmp_path, 4)

    assert apply(fake) == 6
    assert names(fake) == []


def test_records_and_history_stay(tmp_path: Path) -> None:
    fake = with_versions(tmp_path, 4)
    before = {key for key in fake.store.objects if key.startswith("environments/")}
    apply(fake)

    assert before <= fake.store.objects.keys()
    assert len(fake.world.ledger.history("sandbox", "search")) == 4


def test_what_another_environment_runs_stays(tmp_path: Path) -> None:
    fake = world(tmp_path)
    deploy(fake, "test")
    for number in range(1, 5):
        fake.tree.content["search"] = f"s{number}"
        deploy(fake)

    assert ("source", "0.1.0") not in names(fake)


def test_what_a_rollback_without_a_name_would_take_stays(tmp_path: Path) -> None:
    fake = with_versions(tmp_path, 4)
    apply(fake)

    assert rollback(fake, "search", "sandbox").outcome == "deployed"
    assert versions(fake, "sandbox") == {"search": "0.1.0.post2"}


def test_a_pruned_version_is_never_given_to_other_content(tmp_path: Path) -> None:
    fake = with_versions(tmp_path, 4)
    apply(fake)
    fake.tree.content["search"] = "other"
    deploy(fake)

    assert versions(fake, "sandbox") == {"search": "0.1.0.post4"}
    assert list_published(fake.store, "search").sources.keys() >= {"0.1.0", "0.1.0.post1"}


def test_pruned_content_that_comes_back_gets_its_version_and_its_bytes_back(tmp_path: Path) -> None:
    fake = with_versions(tmp_path, 4)
    key = "projects/search/lambda/source/0.1.0/search-0.1.0-py3-none-any.whl"
    before = fake.store.objects[key].body
    apply(fake)
    fake.tree.content["search"] = "s0"

    assert deploy(fake)["search"].outcome == "deployed"
    assert (versions(fake, "sandbox"), fake.store.objects[key].body) == ({"search": "0.1.0"}, before)


def test_a_machine_that_remembers_a_pruned_release_does_not_deploy_it(tmp_path: Path) -> None:
    fake = with_versions(tmp_path, 4)
    apply(fake)

    result = rollback(fake, "search", "sandbox", release="0.1.0")

    assert (result.outcome, result.error, "not in the bucket" in result.detail) == ("failed", "PublishError", True)
    assert versions(fake, "sandbox") == {"search": "0.1.0.post3"}


def published_only(fake: FakeWorld) -> None:
    """Published, but its check in the only environment fails before it ever ran."""
    fake.tree.content["search"] = "never"
    fake.platform.failing["search-sandbox"] = "no"
    deploy(fake)
    fake.platform.failing.clear()
    fake.tree.content["search"] = "s9"
    deploy(fake)


@pytest.mark.parametrize(("age", "goes"), [(GRACE_SECONDS - 1, False), (GRACE_SECONDS, True)])
def test_a_release_that_never_ran_is_kept_for_a_week_by_the_stores_clock(
    tmp_path: Path, age: float, goes: bool
) -> None:
    fake = world(tmp_path)
    published_only(fake)
    fake.store.time += age

    assert (("source", "0.1.0") in names(fake)) is goes


def test_nothing_of_a_unit_that_somebody_is_changing_goes(tmp_path: Path) -> None:
    fake = with_versions(tmp_path, 4, alive=lambda _: True)
    taken_by_grace(fake)

    found = find_prunable(fake.world)
    done = prune(fake.world, found)

    assert (found.candidates, done.candidates) == ((), ())
    assert "grace has been changing it in sandbox" in found.untouched[0].why
    assert done.untouched == found.untouched


@pytest.mark.parametrize("silent", [False, True], ids=["its process is gone", "it was silent for too long"])
def test_a_dead_holder_stops_nothing(tmp_path: Path, silent: bool) -> None:
    fake = with_versions(tmp_path, 4, alive=lambda _: silent)
    taken_by_grace(fake)
    fake.store.time += LEASE_SECONDS + 1 if silent else 0

    assert apply(fake) == 6
    assert fake.world.ledger.holder("sandbox", "search") is None


def test_the_lease_of_a_dead_holder_is_given_back_although_nothing_is_left_to_prune(tmp_path: Path) -> None:
    fake = with_versions(tmp_path, 1)
    taken_by_grace(fake, toward="r9")
    apply(fake)

    record = fake.world.ledger.records("sandbox")["search"]
    assert (record.holder, record.unsure) == (None, "r9")
    assert find_prunable(fake.world).abandoned == ()


def test_what_may_run_because_nobody_saw_how_an_attempt_ended_stays(tmp_path: Path) -> None:
    fake = with_versions(tmp_path, 4)
    oldest = fake.world.ledger.history("sandbox", "search")[0].release
    taken_by_grace(fake, toward=oldest)

    assert ("release", oldest[:12]) not in names(fake)
    assert ("source", "0.1.0") not in names(fake)


def test_what_runs_in_an_environment_that_this_branch_does_not_know_stays(tmp_path: Path) -> None:
    fake = with_versions(tmp_path / "main", 1)
    deploy(fake, "prod")
    for number in range(1, 5):
        fake.tree.content["search"] = f"s{number}"
        deploy(fake)
    config = attrs.evolve(fake.world.config, environments=fake.world.config.environments[:2])
    branch = fake_world(
        fake.tree, tmp_path / "branch", config=config, store=fake.store, platform=fake.platform, alive=lambda _: True
    )

    done = prune(branch.world, find_prunable(branch.world))

    removed = [(item.kind, item.name) for item in done.candidates if item.kind == "source"]
    assert removed == [("source", "0.1.0.post1"), ("source", "0.1.0.post2")]
    assert {item.environment for item in done.candidates} == {"", "sandbox"}
    assert [item.why for item in done.untouched] == [
        "only its functions and layers in prod, staging: this work tree's table has no such environment"
    ]
    assert rollback(fake, "search", "prod", release="0.1.0").outcome == "unchanged"
    fake.platform.stacks.clear()
    assert deploy(fake, "prod", force=True)["search"].outcome == "deployed"


def test_a_unit_is_held_in_environments_that_this_branch_does_not_know(tmp_path: Path) -> None:
    fake = with_versions(tmp_path / "main", 4)
    deploy(fake, "prod")
    config = attrs.evolve(fake.world.config, environments=fake.world.config.environments[:2])
    branch = fake_world(
        fake.tree, tmp_path / "branch", config=config, store=fake.store, platform=fake.platform, alive=lambda _: True
    )
    shown = find_prunable(branch.world)
    taken_by_grace(fake, "prod")

    done = prune(branch.world, shown)

    assert (shown.candidates != (), done.candidates) == (True, ())
    assert any("grace on elsewhere has been deploying it" in item.why for item in done.untouched)


@pytest.mark.parametrize(
    "key",
    [
        "environments/test/current/search.json",
        "environments/sandbox/history/search/00000001.json",
        "projects/search/release/{release}/manifest.json",
        "projects/search/release/{release}/prod.template.json",
    ],
)
@pytest.mark.parametrize("body", [b"{", b"[]", b"{}", b'{"format": 99}'])
def test_nothing_of_a_unit_goes_while_something_of_it_cannot_be_read(tmp_path: Path, key: str, body: bytes) -> None:
    fake = with_versions(tmp_path / "one", 4)
    deploy(fake, "test")
    key = key.format(release=fake.world.ledger.records("test")["search"].release)
    if "template" in key:
        del fake.store.objects[key]
    else:
        fake.store.objects[key].body = body
        fake.store.objects[key].etag = "damaged"
    other = fake_world(fake.tree, tmp_path / "two", config=fake.world.config, store=fake.store, platform=fake.platform)

    found = find_prunable(other.world)
    done = prune(other.world, found)

    assert (found.candidates, done.candidates) == ((), ())
    assert [key in item.why or "history/search" in item.why for item in done.untouched] == [True]


def test_what_cannot_be_read_any_more_when_the_leases_are_held_stops_the_unit(tmp_path: Path) -> None:
    fake = with_versions(tmp_path / "one", 4)
    shown = find_prunable(fake.world)
    running = fake.world.ledger.records("sandbox")["search"].release
    fake.store.objects[f"projects/search/release/{running}/manifest.json"].body = b"{"
    other = fake_world(fake.tree, tmp_path / "two", config=fake.world.config, store=fake.store, platform=fake.platform)

    done = prune(other.world, shown)

    assert (done.candidates, [item.project for item in done.untouched]) == ((), ["search"])
    assert running in done.untouched[0].why


def test_other_units_are_pruned_while_one_cannot_be_read(tmp_path: Path) -> None:
    fake = with_versions(tmp_path / "one", 4)
    fake.tree.content["orders"] = "o"
    both = fake_world(fake.tree, tmp_path / "two", config=fake.world.config, store=fake.store, platform=fake.platform)
    deploy(both)
    fake.store.objects["environments/sandbox/current/orders.json"].body = b"{"
    fake.store.objects["environments/sandbox/current/orders.json"].etag = "damaged"

    done = prune(both.world, find_prunable(both.world))

    assert {item.project for item in done.candidates} == {"search"}
    assert [item.project for item in done.untouched] == ["orders"]


def test_a_prune_that_was_paused_removes_nothing_that_somebody_needs_by_now(tmp_path: Path) -> None:
    fake = with_versions(tmp_path / "one", 4, alive=lambda _: True)
    other = fake_world(
        fake.tree, tmp_path / "two", config=fake.world.config, store=fake.store, platform=fake.platform,
        alive=lambda _: True,
    )  # fmt: skip
    clock = [0.0]

    def paused(_: Candidate) -> None:
        """After the first removal."""
        if not clock[0]:
            clock[0] = fake.store.time = fake.store.time + LEASE_SECONDS + 1
            assert rollback(other, "search", "sandbox", release="0.1.0").outcome == "deployed"

    world = attrs.evolve(fake.world, seconds=lambda: clock[0])
    done = prune(world, find_prunable(world), paused)

    assert len(done.candidates) == 1
    assert "somebody else changed its record" in done.untouched[0].why
    assert rollback(other, "search", "sandbox", release="0.1.0", force=True).outcome == "deployed"


def test_what_was_shown_but_is_needed_by_now_stays(tmp_path: Path) -> None:
    fake = with_versions(tmp_path, 4)
    shown = find_prunable(fake.world)
    rollback(fake, "search", "sandbox", release="0.1.0")

    prune(fake.world, shown)

    assert versions(fake, "sandbox") == {"search": "0.1.0"}
    assert rollback(fake, "search", "sandbox", release="0.1.0.post3").outcome == "deployed"
    assert rollback(fake, "search", "sandbox", release="0.1.0").outcome == "deployed"


def test_nothing_goes_that_was_not_shown(tmp_path: Path) -> None:
    fake = with_versions(tmp_path, 4)
    shown = find_prunable(fake.world)
    part = tuple(candidate for candidate in shown.candidates if candidate.kind == "source")

    done = prune(fake.world, attrs.evolve(shown, candidates=part))

    assert done.candidates == part
    assert set(find_prunable(fake.world).candidates) == set(shown.candidates) - set(part)


def test_a_key_that_only_a_template_names_stays(tmp_path: Path) -> None:
    fake = world(tmp_path)
    fake.store.put_new("projects/search/glue/1/run.py", b"x")
    fake.store.put_new("projects/search/glue/2/run.py", b"x")
    fake.tree.data["search"] = "s3://artifacts/projects/search/glue/1/run.py"
    deploy(fake)
    fake.store.time += GRACE_SECONDS

    assert names(fake) == [("script", "2")]


def test_what_lies_there_without_being_ours_stays(tmp_path: Path) -> None:
    fake = with_versions(tmp_path, 1)
    fake.store.put_new("projects/search/notes.txt", b"x")
    fake.store.put_new("projects/search/lambda/source/9.9/search-9.9-py3-none-any.whl", b"x")
    fake.store.time += GRACE_SECONDS

    assert names(fake) == []


def test_the_claim_of_a_layers_number_stays(tmp_path: Path) -> None:
    fake = with_versions(tmp_path, 1)
    fake.store.put_new("projects/search/lambda/layer/000001/requirements.zip", b"r", {"digest": "d"})
    fake.store.put_new("projects/search/lambda/layer/000001/layer.zip", b"l")
    fake.store.time += GRACE_SECONDS
    apply(fake)

    assert "projects/search/lambda/layer/000001/layer.zip" not in fake.store.objects
    assert list_published(fake.store, "search").layer_digests == {1: "d"}


def test_layer_versions_that_no_function_uses_go(tmp_path: Path) -> None:
    fake = with_versions(tmp_path, 1)
    old = KeptLayer(name="search-sandbox", number=1, arn="arn:1", description="000001 abc")
    fake.platform.layers["sandbox", "search-sandbox"] = [old]
    apply(fake)

    assert fake.platform.layers["sandbox", "search-sandbox"] == []


@pytest.mark.slow
@pytest.mark.parametrize("write", [1, 2, 6, 16, 17])
@pytest.mark.parametrize("seen", [True, False], ids=["on this machine", "elsewhere"])
def test_killed_after_a_write_the_same_command_finishes(tmp_path: Path, write: int, seen: bool) -> None:
    fake = with_versions(tmp_path, 4, alive=lambda _: not seen)
    with pytest.raises(Killed):
        apply(mortal(fake, tmp_path / "killed", Switch(write)))
    assert fake.world.ledger.holder("sandbox", "search") is not None
    fake.store.time += 0 if seen else LEASE_SECONDS + 1
    apply(fake)

    assert names(fake) == []
    assert fake.world.ledger.holder("sandbox", "search") is None
    assert rollback(fake, "search", "sandbox").outcome == "deployed"


# --- random histories ---
UNITS = ("orders", "search")
PLACES = ("sandbox", "test", "staging")
RELEASE = st.tuples(st.just("release"), st.sampled_from(UNITS), st.integers(0, 6))
EVENT = st.one_of(
    RELEASE,
    RELEASE,
    RELEASE,
    st.tuples(st.just("edit"), st.sampled_from(UNITS), st.integers(0, 6)),
    st.tuples(st.just("deploy"), st.sampled_from(UNITS), st.sampled_from(PLACES)),
    st.tuples(st.just("promote"), st.sampled_from(UNITS), st.sampled_from(PLACES[1:])),
    st.tuples(st.just("rollback"), st.sampled_from(UNITS), st.sampled_from(PLACES)),
    st.tuples(st.just("fail"), st.sampled_from(UNITS), st.sampled_from(PLACES)),
    st.tuples(st.just("destroy"), st.sampled_from(UNITS), st.sampled_from(PLACES)),
    st.tuples(st.just("prune"), st.just(""), st.just("")),
    st.tuples(st.just("days"), st.just(""), st.integers(1, 8)),
)


def happen(fake: FakeWorld, event: tuple[str, str, object]) -> None:
    kind, unit, what = event
    match kind:
        case "edit":
            fake.tree.content[unit] = f"{unit} {what}"
        case "release":
            fake.tree.content[unit] = f"{unit} {what}"
            deploy(fake, only=(unit,))
        case "deploy":
            deploy(fake, str(what), only=(unit,))
        case "promote":
            promote(fake, str(what), only=(unit,))
        case "rollback":
            rollback(fake, unit, str(what))
        case "fail":
            fake.platform.failing[f"{unit}-{what}"] = "no"
            deploy(fake, str(what), only=(unit,))
            fake.platform.failing.clear()
        case "destroy":
            destroy(fake.world, find_removal(fake.world, unit, str(what)))
        case "prune":
            apply(fake)
        case "days":
            assert isinstance(what, int)
            fake.store.time += what * 86_400


def newest(fake: FakeWorld, unit: str, place: str) -> list[str]:
    past = fake.world.ledger.history(place, unit)
    releases = dict.fromkeys(item.release for item in reversed(past) if item.outcome == "succeeded")
    return list(releases)[: fake.world.config.keep]


@pytest.mark.slow
@settings(max_examples=25)
@given(events=st.lists(EVENT, min_size=8, max_size=25), keep=st.integers(1, 4))
def test_nothing_referenced_is_removed_and_every_kept_release_can_be_brought_back(
    events: list[tuple[str, str, object]], keep: int
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        config = attrs.evolve(fake_config(), keep=keep)
        tree = FakeTree(content={unit: f"{unit} 0" for unit in UNITS})
        fake = fake_world(tree, Path(folder, "one"), config=config)
        names_given: dict[tuple[str, str], str] = {}
        for event in events:
            happen(fake, event)
            for unit in UNITS:
                for version, digest in list_published(fake.store, unit).source_digests.items():
                    assert names_given.setdefault((unit, version), digest) == digest
        shown = find_prunable(fake.world)
        doomed = {key for candidate in shown.candidates for key, _ in candidate.objects}
        wanted = [(unit, place, release) for unit in UNITS for place in PLACES for release in newest(fake, unit, place)]
        assert not any(f"/{release}/" in key for *_, release in wanted for key in doomed)
        prune(fake.world, shown)
        elsewhere = fake_world(tree, Path(folder, "two"), config=config, store=fake.store, platform=fake.platform)
        for unit, place, release in wanted:
            assert rollback(elsewhere, unit, place, release=release).outcome in ("deployed", "unchanged")
        assert all(outcome in ("deployed", "unchanged", "blocked") for outcome in outcomes(deploy(elsewhere)).values())
