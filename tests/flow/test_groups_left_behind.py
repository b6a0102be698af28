"""A deploy does not take a security group from the running version; a rollback does, and says what stays."""

from __future__ import annotations

from pathlib import Path

from multi_env_lambda.testing.world import FakeWorld

from .worlds import chain, deploy, rollback

GROUP = {"Type": "AWS::EC2::SecurityGroup", "Properties": {"VpcId": "vpc-1", "GroupDescription": "out"}}
OUT = {"Fn::GetAtt": ["Out", "GroupId"]}


def deployed(fake: FakeWorld, attached: object, *, group: bool) -> tuple[str, str]:
    """How a deploy ends of a function in this group, with or without the group itself in the stack."""
    fake.tree.properties["search"] = {"VpcConfig": {"SubnetIds": ["subnet-1"], "SecurityGroupIds": [attached]}}
    fake.tree.resources["search"] = {"Out": GROUP} if group else {}
    found = deploy(fake)["search"]
    return found.outcome, found.detail


def test_a_deploy_is_refused_and_a_rollback_is_not(tmp_path: Path) -> None:
    fake = chain(tmp_path)
    assert deployed(fake, "sg-1", group=False)[0] == "deployed"
    assert deployed(fake, OUT, group=True)[0] == "deployed"

    outcome, detail = deployed(fake, "sg-2", group=False)
    assert outcome == "blocked"
    assert "Out is removed, but the published version of MainFunction that runs now uses it until it goes" in detail

    assert rollback(fake, "search", "sandbox").outcome == "deployed"


def test_the_way_around_it_is_not_refused(tmp_path: Path) -> None:
    fake = chain(tmp_path)
    assert deployed(fake, OUT, group=True)[0] == "deployed"
    assert deployed(fake, "sg-1", group=True)[0] == "deployed"
    assert deployed(fake, "sg-1", group=False)[0] == "deployed"
