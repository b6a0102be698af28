"""What the stories share: a chain in memory, and the verbs as one-liners."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from multi_env_lambda import pipeline
from multi_env_lambda.aws.drift import StackDrift
from multi_env_lambda.aws.requests import stack_error
from multi_env_lambda.errors import StackError
from multi_env_lambda.flow.consent import NO_CONSENT, Consent
from multi_env_lambda.model.environment import Environment
from multi_env_lambda.model.request import Request
from multi_env_lambda.model.result import Result
from multi_env_lambda.testing.memory import MemoryPlatform
from multi_env_lambda.testing.world import FakeTree, FakeWorld, fake_config, fake_world


def three_units() -> FakeTree:
    """`orders` needs `customers` and is made from `libs/money`; `search` stands alone."""
    return FakeTree(
        content={"customers": "c1", "orders": "o1", "search": "s1"},
        needs={"orders": ("customers",)},
        shared={"orders": ("libs/money",)},
        libraries={"libs/money": "m1"},
    )


def chain(folder: Path, tree: FakeTree | None = None, **more: Any) -> FakeWorld:
    return fake_world(three_units() if tree is None else tree, folder, **more)


def ruled(fake: FakeWorld, folder: Path, by_author: bool = False, **rules: dict[str, bool]) -> FakeWorld:
    """The same accounts and bucket, seen by a work tree whose table has these rules."""
    config = fake_config(approvals_by_author=by_author, **rules)
    return fake_world(fake.tree, folder, config=config, store=fake.store, platform=fake.platform)


def deploy(fake: FakeWorld, to: str = "sandbox", consent: Consent = NO_CONSENT, **ask: Any) -> dict[str, Result]:
    """Deploy through all environments up to `to`; the results of the last one by unit."""
    return _apply(fake, Request(verb="deploy", target=to, through=True, **ask), consent)


def promote(fake: FakeWorld, to: str, consent: Consent = NO_CONSENT, **ask: Any) -> dict[str, Result]:
    return _apply(fake, Request(verb="promote", target=to, **ask), consent)


def rollback(fake: FakeWorld, unit: str, environment: str, consent: Consent = NO_CONSENT, **ask: Any) -> Result:
    return _apply(fake, Request(verb="rollback", target=environment, only=(unit,), **ask), consent)[unit]


def repair(fake: FakeWorld, environment: str, *units: str, consent: Consent = NO_CONSENT) -> dict[str, Result]:
    return _apply(fake, Request(verb="repair", target=environment, only=units), consent)


def _apply(fake: FakeWorld, ask: Request, consent: Consent) -> dict[str, Result]:
    results = pipeline.apply(fake.world, pipeline.plan(fake.world, ask, soon=True), consent)
    return {result.project: result for result in results if result.environment == ask.target}


def outcomes(results: dict[str, Result]) -> dict[str, str]:
    return {name: result.outcome for name, result in results.items()}


def versions(fake: FakeWorld, environment: str) -> dict[str, str]:
    """What the records say runs."""
    records = fake.world.ledger.records(environment)
    return {name: record.running.version for name, record in sorted(records.items()) if record.running is not None}


class StillDescribed(MemoryPlatform):
    """Somebody has deleted the stacks, which are described as they were a moment ago; all else says that they went."""

    def drift(self, environment: Environment, stack_name: str) -> StackDrift:
        raise _missing(environment, stack_name)

    def template(self, environment: Environment, stack_name: str, *, processed: bool = False) -> str:
        raise _missing(environment, stack_name)


def _missing(environment: Environment, stack_name: str) -> StackError:
    said = {"Code": "ValidationError", "Message": f"Stack [{stack_name}] does not exist"}
    cause = ClientError({"Error": said}, "GetTemplate")
    error = stack_error(f"stack {stack_name} in {environment.name}", cause)
    error.__cause__ = cause
    return error
