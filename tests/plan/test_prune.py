"""What must stay, as values: each reason on its own, with nothing else that would keep it too."""

from __future__ import annotations

import attrs
import pytest

from multi_env_lambda.model.artifact import LibraryArtifact
from multi_env_lambda.model.record import Deployment, Holder, Outcome, Record, RolledBack
from multi_env_lambda.model.store import Listed
from multi_env_lambda.model.versions import KeptFunction, KeptLayer, KeptVersion
from multi_env_lambda.plan.prune import GRACE_SECONDS, Inventory, in_flight, kept_releases, named_keys, prunable
from tests.plan.record_values import deployment
from tests.plan.test_pins import RELEASE

NOW = 1_000_000_000.0
LONG_AGO = NOW - 2 * GRACE_SECONDS
HOLDER = Holder(nonce="n", who="ada", host="laptop", process="1 1", since="2026-01-01T00:00:00Z", fencing=1)


def item(sequence: int, release: str, outcome: Outcome = "succeeded") -> Deployment:
    return deployment(release, sequence=sequence, outcome=outcome)


EMPTY = Record(project="orders", environment="prod")
OLD = "0" * 64
LIBRARY = LibraryArtifact(project="orders", digest="b" * 64, python="3.9", architecture="x86_64")
PAST = tuple(item(number, f"r{number}") for number in range(1, 5))


def kept(record: Record, past: tuple[Deployment, ...] = (), *, keep: int = 1, **published: float) -> set[str]:
    return set(kept_releases({"prod": record}, {"prod": past}, published, keep=keep, now=NOW))


def test_what_runs_stays_although_no_history_tells_of_it() -> None:
    assert kept(attrs.evolve(EMPTY, running=item(9, "r9"), latest=item(10, "x", "failed"))) == {"r9", "x"}


def test_what_was_tried_last_stays() -> None:
    assert "x" in kept(attrs.evolve(EMPTY, latest=item(9, "x", "failed")))


def test_what_may_run_because_nobody_saw_the_end_stays() -> None:
    assert kept(attrs.evolve(EMPTY, unsure="r7")) == {"r7"}


def test_everything_that_was_rolled_back_since_the_last_step_forward_stays() -> None:
    marks = [RolledBack(release=name, version="0.1.0", who="ada", when="") for name in ("a", "b", "c")]

    assert kept(attrs.evolve(EMPTY, rolled_back=marks[0], rolled_back_before=tuple(marks[1:]))) == {"a", "b", "c"}


@pytest.mark.parametrize(("keep", "stay"), [(1, {"r4"}), (3, {"r4", "r3", "r2"})])
def test_the_newest_that_ran_well_stay(keep: int, stay: set[str]) -> None:
    assert kept(EMPTY, PAST, keep=keep) == stay


def test_what_failed_does_not_count_among_the_newest() -> None:
    past = (*PAST, item(5, "bad", "failed"), item(6, "worse", "went back"))

    assert kept(EMPTY, past) & {"r4", "bad", "worse"} == {"r4"}


def test_a_release_that_ran_twice_counts_once() -> None:
    assert {"r4", "r3", "r2"} <= kept(EMPTY, (*PAST, item(5, "r4"), item(6, "r4")), keep=3)


def test_what_a_rollback_from_here_would_take_stays() -> None:
    # A rollback brought r2 back as the newest: from there one goes back to r1.
    back = item(5, "r2")
    record = attrs.evolve(EMPTY, running=back, latest=back)

    assert kept(record, (item(1, "r1"), item(2, "r2"), back)) == {"r2", "r1"}


@pytest.mark.parametrize(("age", "stays"), [(0.0, True), (GRACE_SECONDS - 1, True), (GRACE_SECONDS, False)])
def test_what_was_published_and_never_ran_stays_for_a_week(age: float, stays: bool) -> None:
    assert ("new" in kept(EMPTY, PAST, new=NOW - age)) is stays


def test_the_week_is_for_what_never_ran() -> None:
    assert "r1" not in kept(EMPTY, PAST, r1=NOW)


@pytest.mark.parametrize(
    ("record", "why"),
    [
        (EMPTY, None),
        (attrs.evolve(EMPTY, running=item(1, "r1"), latest=item(2, "x", "failed")), None),
        (attrs.evolve(EMPTY, holder=HOLDER), "ada has been changing it in prod since 2026-01-01T00:00:00Z"),
        (attrs.evolve(EMPTY, latest=item(1, "r1", "shifting")), "its traffic is being moved in prod"),
    ],
    ids=["nothing", "failed", "held", "shifting"],
)
def test_nothing_of_a_unit_goes_while_it_changes(record: Record, why: str | None) -> None:
    assert in_flight([EMPTY, record]) == why


def test_a_version_that_an_alias_points_at_stays_whatever_code_it_runs() -> None:
    versions = tuple(KeptVersion(number=str(number), code_sha256=f"c{number}") for number in range(1, 6))
    function = KeptFunction(name="orders-prod-main", versions=versions, aliased=frozenset({"1", "3"}))
    holdings = Inventory(
        project="orders",
        objects=(),
        claims={},
        records={"prod": EMPTY},
        histories={},
        releases={},
        named=frozenset(),
        functions={"prod": (function,)},
        layers={},
        keep=1,
        now=NOW,
    )

    # 5 is the newest: a deploy may be about to point the alias at it.
    assert [candidate.name for candidate in prunable(holdings)] == ["orders-prod-main:2", "orders-prod-main:4"]


def gone(past: tuple[Deployment, ...], age: float) -> set[str]:
    """What goes of a release with a library that no template names, when its deployments were these."""
    keys = (LIBRARY.library_key, LIBRARY.requirements_key, f"projects/orders/release/{OLD}/manifest.json")
    holdings = Inventory(
        project="orders",
        objects=tuple(Listed(key=key, etag="e", size=1, modified=NOW - age) for key in keys),
        claims={},
        records={"prod": attrs.evolve(EMPTY, running=past[-1])},
        histories={"prod": past},
        releases={OLD: attrs.evolve(RELEASE, artifacts=(*RELEASE.artifacts, LIBRARY))},
        named=frozenset(),
        functions={},
        layers={},
        keep=1,
        now=NOW,
    )
    return {candidate.kind for candidate in prunable(holdings)}


def test_the_library_of_a_job_stays_with_its_release() -> None:
    assert gone((item(1, OLD),), age=2 * GRACE_SECONDS) == set()


def test_the_library_of_a_job_goes_with_its_release_however_young_it_is() -> None:
    assert gone((item(1, OLD), item(2, "r2"), item(3, "r3")), age=60) == {"library", "release"}


def test_a_layer_version_that_the_template_of_another_unit_names_stays() -> None:
    layers = tuple(
        KeptLayer(name="orders-prod", number=number, arn=f"arn:{number}", description=f"00000{digest} {digest * 12}")
        for number, digest in enumerate("abb", 1)
    )
    holdings = Inventory(
        project="orders",
        objects=(),
        claims={},
        records={"prod": attrs.evolve(EMPTY, running=item(1, "r1"))},
        histories={},
        releases={},
        named=frozenset({f"projects/orders/lambda/layer/{'b' * 64}", f"projects/search/lambda/layer/{'a' * 64}"}),
        functions={},
        layers={"prod": layers},
        keep=1,
        now=NOW,
    )

    # A deploy takes the newest with this content, but functions may use the other one.
    assert [candidate.name for candidate in prunable(holdings)] == ["orders-prod:1"]


def test_a_key_is_found_anywhere_in_a_template() -> None:
    text = '{"A": "projects/a/x.zip", "B": "s3://bucket/projects/b/y+1.whl", "C": "see projects/c/z.py."}'

    assert named_keys(text) >= {"projects/a/x.zip", "projects/b/y+1.whl", "projects/c/z.py"}
