"""One unit that fails lets the others finish, marks its dependents, and only what is missing is done after the fix."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest

from tests.end_to_end.stage import Done
from tests.tools.ranges import some_of

from .shop import ENVIRONMENTS, Shop, open_shop

pytestmark = pytest.mark.local_cloud

POLICY = """
def extend(template, context):
    from cottonformation.res import iam

    statement = {"Effect": "Allow", "Resource": "*"}
    document = {"Version": "2012-10-17", "Statement": [statement]}
    policy = iam.Policy("Malformed", rp_PolicyName="malformed", rp_PolicyDocument=document, p_Roles=["deployer"])
    template.add_one(policy)
"""
BUCKET = """
def extend(template, context):
    from cottonformation.res import s3

    template.add_one(s3.Bucket("Taken", p_BucketName="taken-by-somebody-else"))
"""


@attrs.frozen
class Mistake:
    """What is wrong with `customers`, and the word that the person who reads the reason needs."""

    file: str
    text: str
    reason: str


MISTAKES = {
    "a malformed statement of a role": Mistake("stack.py", POLICY, "Malformed (AWS::IAM::Policy)"),
    "the name of a bucket that is taken": Mistake("stack.py", BUCKET, "taken-by-somebody-else"),
    "a handler that does not exist": Mistake("pyproject.toml", "", "lookup.handle`"),
    "a smoke invocation that fails": Mistake("customers/lookup.py", "", "KeyError"),
}


@attrs.frozen
class Story:
    """Both commands: with the mistake, and after it was corrected."""

    mistake: Mistake
    shop: Shop
    broken: Done
    updates: dict[str, int]
    fixed: Done


def spoil(unit: Path, name: str, mistake: Mistake) -> None:
    path = unit / mistake.file
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    after = before + mistake.text
    if "handler" in name:
        after = before.replace("lookup.handler", "lookup.handle")
    if "smoke" in name:
        after = before.replace('event.get("id")', 'event["no such key"]')
    assert after != before
    path.write_text(after, encoding="utf-8")


@pytest.fixture(scope="module", params=some_of(sorted(MISTAKES), every=2))
def story(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    mistake = MISTAKES[request.param]
    with open_shop(tmp_path_factory.mktemp("shop") / "workspace") as shop:
        unit = shop.stage.root / "projects" / "customers"
        shop.stage.client("prod", "s3").create_bucket(Bucket="taken-by-somebody-else")
        good = {path: path.read_bytes() for path in unit.rglob("*") if path.is_file()}
        spoil(unit, request.param, mistake)
        broken = shop.deploy()
        updates = shop.stage.stacks()
        (unit / "stack.py").unlink(missing_ok=True)
        for path, body in good.items():
            path.write_bytes(body)
        yield Story(mistake, shop, broken, updates, shop.deploy())


def test_the_others_finish_and_the_dependents_are_skipped(story: Story) -> None:
    sandbox = {unit: outcome for (place, unit), outcome in story.broken.outcomes().items() if place == "sandbox"}
    assert sandbox.pop("customers") in ("failed", "blocked")
    assert sandbox == {"orders": "skipped", "search": "deployed"}


def test_what_failed_in_one_environment_does_not_reach_the_next(story: Story) -> None:
    prod = {
        unit for (place, unit), outcome in story.broken.outcomes().items() if (place, outcome) == ("prod", "deployed")
    }
    assert prod == {"search"}


def test_the_reason_is_told_and_the_status_is_not_0(story: Story) -> None:
    assert story.broken.code != 0
    assert (story.mistake.reason in story.broken.err, "Traceback" in story.broken.err.split("log:")[0]) == (
        True,
        False,
    ), story.broken.err


def test_after_the_fix_only_what_is_missing_is_done(story: Story) -> None:
    missing = {(place, unit) for place in ENVIRONMENTS for unit in ("customers", "orders")}
    assert (story.fixed.code, story.fixed.touched()) == (0, missing), story.fixed.err


def test_after_the_fix_the_other_stacks_are_left_alone(story: Story) -> None:
    now = story.shop.stage.stacks()
    assert {name: now[name] for name in ("search-sandbox", "search-prod")} == {
        name: story.updates[name] for name in ("search-sandbox", "search-prod")
    }
