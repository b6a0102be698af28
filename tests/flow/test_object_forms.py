"""A function gets its objects in another form only by a word, in each environment; a way back asks nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from multi_env_lambda.flow.consent import Consent
from multi_env_lambda.testing.world import FakeWorld

from .worlds import chain, deploy, promote, rollback

AGREED = Consent(allowed=frozenset({"form:search"}))
TARGET = {"Ref": "MainAlias"}


def by_eventbridge() -> dict[str, Any]:
    pattern = {"source": ["aws.s3"], "detail": {"bucket": {"name": [{"Ref": "Inbox"}]}}}
    notification = {"EventBridgeConfiguration": {"EventBridgeEnabled": True}}
    return {
        "Inbox": {"Type": "AWS::S3::Bucket", "Properties": {"NotificationConfiguration": notification}},
        "Rule": {"Type": "AWS::Events::Rule", "Properties": {"EventPattern": pattern, "Targets": [{"Arn": TARGET}]}},
    }


def by_s3() -> dict[str, Any]:
    notification = {"LambdaConfigurations": [{"Event": "s3:ObjectCreated:*", "Function": TARGET}]}
    return {"Inbox": {"Type": "AWS::S3::Bucket", "Properties": {"NotificationConfiguration": notification}}}


def deployed(folder: Path) -> FakeWorld:
    fake = chain(folder)
    fake.tree.resources["search"] = by_eventbridge()
    assert deploy(fake, "test")["search"].outcome == "deployed"
    fake.tree.resources["search"] = by_s3()
    return fake


def test_the_other_form_asks_in_each_environment(tmp_path: Path) -> None:
    fake = deployed(tmp_path)

    refused = deploy(fake)["search"]
    assert (refused.outcome, refused.hint) == ("blocked", "agree with `--agree form:search`")
    assert "MainAlias (Inbox)" in refused.detail
    assert deploy(fake, consent=AGREED)["search"].outcome == "deployed"
    assert promote(fake, "test")["search"].outcome == "blocked"
    assert promote(fake, "test", consent=AGREED)["search"].outcome == "deployed"


def test_a_rollback_takes_the_code_along_and_asks_nothing(tmp_path: Path) -> None:
    fake = chain(tmp_path)
    for resources in (by_s3(), by_eventbridge()):
        fake.tree.resources["search"] = resources
        assert deploy(fake)["search"].outcome == "deployed"

    assert rollback(fake, "search", "sandbox").outcome == "deployed"
