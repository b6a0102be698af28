"""What does not fit into an account is refused before anything is written, with one message for all units."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from pathlib import Path
from typing import Any

import attrs
import pytest
from inline_snapshot import snapshot

from multi_env_lambda import pipeline
from multi_env_lambda.errors import AccountError, Refused
from multi_env_lambda.model.artifact import base64_sha256
from multi_env_lambda.model.environment import Environment
from multi_env_lambda.model.plan import Plan
from multi_env_lambda.model.quota import QuotaKind, Unread, Usage
from multi_env_lambda.model.request import Request
from multi_env_lambda.testing.memory import Killed, MemoryPlatform, MemoryStore
from multi_env_lambda.testing.world import FakeTree, FakeWorld, fake_config, fake_world

ROLE = {"Type": "AWS::IAM::Role", "Properties": {}}
ALL = Request(verb="deploy", target="prod", through=True)
SANDBOX = Request(verb="deploy", target="sandbox")


class Accounts(MemoryPlatform):
    """Counts what is asked of the quotas."""

    def __init__(self) -> None:
        self.store = MemoryStore()
        super().__init__(lambda key: base64_sha256(hashlib.sha256(self.store.objects[key].body).hexdigest()))
        self.asked = list[tuple[str, tuple[QuotaKind, ...]]]()
        self.closed: str = ""

    def quotas(self, environment: Environment, kinds: Collection[QuotaKind]) -> tuple[Usage | Unread, ...]:
        self.asked.append((environment.name, tuple(sorted(kinds))))
        if environment.name == self.closed:
            raise AccountError(environment.name, "may not be entered", hint="ask")
        return super().quotas(environment, kinds)


def world(folder: Path, units: int = 2, roles: int = 1, **more: Any) -> FakeWorld:
    names = [f"unit-{number}" for number in range(units)]
    resources: dict[str, Any] = {name: {f"Role{one}": ROLE for one in range(roles)} for name in names}
    tree, platform = FakeTree(dict.fromkeys(names, "one"), resources=resources), Accounts()
    return fake_world(tree, folder, platform=platform, store=platform.store, **more)


def fitted(fake: FakeWorld, request: Request = SANDBOX) -> Plan:
    return pipeline.fitting(fake.world, pipeline.plan(fake.world, request)).plan


def accounts(fake: FakeWorld) -> Accounts:
    assert isinstance(fake.platform, Accounts)
    return fake.platform


def full(fake: FakeWorld, used: int, limit: int, environment: str = "sandbox") -> None:
    fake.platform.used[environment, "roles"] = Usage(kind="roles", used=used, limit=limit)


def test_what_does_not_fit_is_refused_before_the_first_write(tmp_path: Path) -> None:
    fake = world(tmp_path)
    full(fake, used=9, limit=10)

    with pytest.raises(Refused) as caught:
        pipeline.apply(fake.world, pipeline.plan(fake.world, SANDBOX))

    assert (caught.value.exit_code, fake.store.objects, fake.platform.stacks) == (9, {}, {})
    assert str(caught.value) == snapshot(
        "account 222222222222 (sandbox): this plan adds 2 IAM roles: 9 of 10 are in use\n"
        "hint: ask for more with `aws service-quotas request-service-quota-increase --service-code iam "
        "--quota-code L-FE177D64 --desired-value 11 --region us-east-1`"
    )


def test_an_environment_later_in_the_chain_is_counted_before_the_first_is_changed(tmp_path: Path) -> None:
    fake = world(tmp_path)
    full(fake, used=9, limit=10, environment="prod")

    with pytest.raises(Refused, match=r"account 555555555555 \(prod\)"):
        pipeline.apply(fake.world, pipeline.plan(fake.world, ALL))
    assert fake.platform.stacks == {}


def test_what_fits_to_the_last_role_is_deployed(tmp_path: Path) -> None:
    fake = world(tmp_path)
    full(fake, used=8, limit=10)

    results = pipeline.apply(fake.world, pipeline.plan(fake.world, SANDBOX))
    assert {result.outcome for result in results} == {"deployed"}


def test_an_account_is_asked_once_however_many_units_there_are(tmp_path: Path) -> None:
    fake = world(tmp_path, units=20)
    fitted(fake, ALL)

    kinds = ("code", "roles", "stacks")
    assert sorted(accounts(fake).asked) == [(name, kinds) for name in ("prod", "sandbox", "staging", "test")]


def test_environments_of_one_account_are_counted_together_and_roles_over_its_regions(tmp_path: Path) -> None:
    config = fake_config()
    one = "222222222222"
    places = [attrs.evolve(place, account_id=one) for place in config.environments]
    places[1] = attrs.evolve(places[1], region="eu-west-1")
    config = attrs.evolve(config, environments=tuple(places))
    fake = world(tmp_path, config=config)
    fitted(fake, ALL)

    assert sorted(accounts(fake).asked) == [("sandbox", ("code", "roles", "stacks")), ("test", ("code", "stacks"))]
    full(fake, used=0, limit=7)
    with pytest.raises(Refused, match=rf"account {one} \(sandbox, test, staging, prod\): this plan adds 8 IAM roles"):
        fitted(fake, ALL)


def test_a_plan_without_changes_asks_nothing_and_one_line_asks_for_its_bytes(tmp_path: Path) -> None:
    fake = world(tmp_path)
    pipeline.apply(fake.world, pipeline.plan(fake.world, SANDBOX))
    accounts(fake).asked.clear()

    fitted(fake)
    assert accounts(fake).asked == []
    fake.tree.content["unit-0"] = "two"
    fitted(fake)
    assert accounts(fake).asked == [("sandbox", ("code",))]


def test_what_cannot_be_read_is_a_note_and_what_can_be_read_is_judged(tmp_path: Path) -> None:
    fake = world(tmp_path)
    fake.platform.used["sandbox", "roles"] = Unread(kind="roles", what="AccessDenied: iam:GetAccountSummary")
    notes = [note for step in fitted(fake).deploys for note in step.notes]
    assert notes == snapshot(
        [
            "whether its account has room for what this plan adds could not be checked: "
            "IAM roles (AccessDenied: iam:GetAccountSummary)"
        ]
    )

    fake.platform.used["sandbox", "stacks"] = Usage(kind="stacks", used=1, limit=2)
    with pytest.raises(Refused, match=r"account 222222222222 in us-east-1 \(sandbox\): this plan adds 2 CloudForm"):
        fitted(fake)


def test_an_account_that_cannot_be_entered_is_a_note(tmp_path: Path) -> None:
    fake = world(tmp_path, units=1)
    accounts(fake).closed = "sandbox"

    (step,) = fitted(fake).deploys
    assert step.notes[0].count("may not be entered") == 3


def test_all_that_is_full_is_said_at_once(tmp_path: Path) -> None:
    fake = world(tmp_path, units=1)
    full(fake, used=3, limit=3)
    fake.platform.used["sandbox", "code"] = Usage(kind="code", used=10, limit=10)

    with pytest.raises(Refused) as caught:
        fitted(fake)
    assert caught.value.what.count("this plan adds") == 2
    assert caught.value.hint.count("--quota-code") == 2


@pytest.mark.parametrize("again", [False, True], ids=["the first deploy", "the second deploy"])
def test_what_a_killed_run_has_created_is_not_counted_twice(tmp_path: Path, again: bool) -> None:
    """The stack is changed, the record is not written, and the account is exactly full."""
    fake = world(tmp_path, units=1)
    if again:
        pipeline.apply(fake.world, pipeline.plan(fake.world, SANDBOX))
        fake.tree.resources["unit-0"]["More"] = ROLE
        fake.tree.content["unit-0"] = "two"

    def die(kind: str, name: str) -> None:
        if kind == "stack":
            raise Killed

    fake.platform.after_write = die
    with pytest.raises(Killed):
        pipeline.apply(fake.world, pipeline.plan(fake.world, SANDBOX))
    fake.platform.after_write = None
    roles = 2 if again else 1
    full(fake, used=roles, limit=roles)
    fake.platform.used["sandbox", "stacks"] = Usage(kind="stacks", used=1, limit=1, names=frozenset({"unit-0-sandbox"}))

    (result,) = pipeline.apply(fake.world, pipeline.plan(fake.world, SANDBOX))
    assert result.outcome == "deployed"
