"""What EC2, or CloudFormation for it, would refuse from one form of a security group to the next.

A group that is replaced is created under its name while the old one still has it; and a group does not go while a
function or one of its published versions is attached to it.
Sources: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ec2-securitygroup.html
(what replaces a group), https://repost.aws/knowledge-center/lambda-hyperplane-vpc (versions) and
https://github.com/aws/aws-sam-cli/issues/5084 (the update that hangs)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from multi_env_lambda.plan.resources import resources_of

__all__ = ["impossible_group"]

Json = Mapping[str, Any]
_GROUP, _FUNCTION = "AWS::EC2::SecurityGroup", "AWS::Lambda::Function"
_REPLACING = {"VpcId": "its VPC", "GroupName": "its name", "GroupDescription": "its description"}


def impossible_group(old: str | None, new: str | None) -> tuple[str, str] | None:
    """What would be refused of one group, and the way around it."""
    before, after = resources_of(old), resources_of(new)
    groups = (name for name, body in before.items() if body["Type"] == _GROUP)
    return next((found for name in sorted(groups) for found in _problems(name, before, after)), None)


def _problems(name: str, before: Mapping[str, Json], after: Mapping[str, Json]) -> Iterator[tuple[str, str]]:
    if after.get(name, {}).get("Type") == _GROUP:
        old, new = (each[name].get("Properties", {}) for each in (before, after))
        for key, word in _REPLACING.items():
            if old.get(key) != new.get(key):
                what = (
                    f"{name}: {word} changes from {old.get(key)} to {new.get(key)}, which replaces the group; the old"
                )
                hint = "give the new one another key, let the functions name that one, and remove the old one later"
                yield f"{what} one could not go while a version of a function uses it", hint
        return
    for function in _attached(name, before):
        if after.get(function, {}).get("Type") == _FUNCTION:
            what = f"{name} is removed, but the published version of {function} that runs now uses it until it goes"
            hint = "keep the group and take it out of `vpc`; remove it when `prune` has deleted the old versions"
            yield what, hint


def _attached(group: str, resources: Mapping[str, Json]) -> Iterator[str]:
    """The functions that name it."""
    for name, body in sorted(resources.items()):
        found = body.get("Properties", {}).get("VpcConfig") if body["Type"] == _FUNCTION else None
        groups = found.get("SecurityGroupIds") if isinstance(found, Mapping) else None
        if any(each in ({"Fn::GetAtt": [group, "GroupId"]}, {"Ref": group}) for each in _items(groups)):
            yield name


def _items(found: object) -> list[Any]:
    return found if isinstance(found, list) else []
