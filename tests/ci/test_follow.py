"""Following a push to its end, or to where nobody goes on by himself: moto has the queue and the logs."""

from __future__ import annotations

from collections.abc import Iterator

import attrs
import pytest

from multi_env_lambda.ci.wanted import Wanted, place_of
from multi_env_lambda.errors import LocalCloudError
from multi_env_lambda.model.roles import Roles
from multi_env_lambda.operations.follow import Watch, follow
from multi_env_lambda.testing.memory_store import MemoryStore

NOW = 1_800_000_000.0
ROLES = Roles(prefix="acme")
WANTED = Wanted(key="branch main", asked=2, seen=1, run=7, since=NOW)


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Iterator[Watch]:
    import boto3
    from moto import mock_aws

    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with mock_aws():
        logs, sqs = (boto3.client(service, region_name="us-east-1") for service in ("logs", "sqs"))
        sqs.create_queue(QueueName=ROLES.of_devops("dispatcher"))
        clock = iter(NOW + 0.1 * tick for tick in range(1000))
        yield Watch(
            store=MemoryStore(), logs=logs, sqs=sqs, roles=ROLES, say=print, now=clock.__next__, sleep=lambda _: None
        )


def stored(watch: Watch, wanted: Wanted) -> None:
    watch.store.put_new(place_of_main(), wanted.to_bytes())


def place_of_main() -> str:
    from multi_env_lambda.ci.subject import Branch

    return place_of(Branch(name="main").key)


def test_it_ends_with_the_result_of_the_run(watch: Watch) -> None:
    stored(watch, attrs.evolve(WANTED, state="done", result="nothing to do"))
    assert follow(watch, "main", NOW, 1).outcome == "nothing to do"


def test_an_event_that_nobody_wants_leads_to_nothing(watch: Watch) -> None:
    assert follow(watch, "main", NOW, 1).outcome == ""


def test_builds_that_die_again_and_again_are_told_instead_of_waited_for(watch: Watch) -> None:
    stored(watch, attrs.evolve(WANTED, state="wanted", deaths=3))
    with pytest.raises(LocalCloudError) as caught:
        follow(watch, "main", NOW, 1)
    assert str(caught.value) == (
        "push: 3 builds ended without a result, and the next one starts in 2 min at the earliest\n"
        "hint: read above what the builds wrote; push again to start one now"
    )


def test_one_build_that_died_is_followed_by_the_next(watch: Watch) -> None:
    stored(watch, attrs.evolve(WANTED, state="wanted", deaths=1))

    def finished(_: float) -> None:
        there = watch.store.get(place_of_main())
        assert there is not None
        done = attrs.evolve(WANTED, state="done", result="released orders")
        watch.store.replace(place_of_main(), done.to_bytes(), etag=there.etag)

    assert follow(attrs.evolve(watch, sleep=finished), "main", NOW, 1).outcome == "released orders"
