"""What CloudFormation accepts as a deletion or replacement policy; an unknown word retains nothing.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-deletionpolicy.html and
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-updatereplacepolicy.html
"""

from __future__ import annotations

from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.model.reading import did_you_mean, enumerated
from multi_env_lambda.plan.template.parts import Json

__all__ = ["check_deletion_policies"]

_WORDS = {
    "DeletionPolicy": ("Delete", "Retain", "RetainExceptOnCreate", "Snapshot"),
    "UpdateReplacePolicy": ("Delete", "Retain", "Snapshot"),
}
_WITH_SNAPSHOTS = (
    "AWS::DocDB::DBCluster",
    "AWS::EC2::Volume",
    "AWS::ElastiCache::CacheCluster",
    "AWS::ElastiCache::ReplicationGroup",
    "AWS::Neptune::DBCluster",
    "AWS::RDS::DBCluster",
    "AWS::RDS::DBInstance",
    "AWS::Redshift::Cluster",
)


def check_deletion_policies(resources: Json, where: str) -> None:
    """Raise the first policy that CloudFormation would refuse.

    The result of an intrinsic function is not known here.
    """
    for name, body in sorted(resources.items()):
        for attribute, words in _WORDS.items():
            policy = body.get(attribute)
            if isinstance(policy, str):
                _check(policy, words, body["Type"], f"Resources.{name}.{attribute}", where)


def _check(policy: str, words: tuple[str, ...], type_: str, place: str, where: str) -> None:
    if policy not in words:
        what = f'{place} is "{policy}"; expected {enumerated(words)}'
        raise ConfigurationError(where, what, hint=did_you_mean(policy, words, listed=True))
    if policy == "Snapshot" and type_ not in _WITH_SNAPSHOTS:
        what = f'{place} is "Snapshot", but CloudFormation takes no snapshot of {type_}, only of '
        hint = "to keep it, write `Retain`"
        raise ConfigurationError(where, what + enumerated(_WITH_SNAPSHOTS), hint=hint)
