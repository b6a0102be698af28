"""What a region does not have, and what must be in the same region: refused before anything is written.

Sources: the resource types of each region in CloudFormation's schemas, which a test compares through cfn-lint;
https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html, with-kinesis.html and with-ddb.html for event sources;
https://docs.aws.amazon.com/lambda/latest/dg/adding-layers.html for layers;
https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html for failed events;
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html for the actions of alarms.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.model.environment import Environment

__all__ = ["LACKING", "check_offered", "check_same_region"]

LACKING: Mapping[str, frozenset[str]] = {
    "AWS::Lambda::Url": frozenset(
        {
            *("ap-east-2", "ap-south-2", "ap-southeast-4", "ap-southeast-5", "ap-southeast-6", "ap-southeast-7"),
            *("ca-west-1", "eu-central-2", "il-central-1", "me-central-1", "mx-central-1"),
        }
    ),
}
"""By type of resource that this library creates, the supported regions that do not have it."""


def check_offered(resources: Mapping[str, Mapping[str, Any]], environment: Environment, *, where: str) -> None:
    """Check that the environment's region has every type of a template.

    Raises:
        ConfigurationError: one is not.
    """
    for name, body in sorted(resources.items()):
        if environment.region in LACKING.get(body.get("Type", ""), ()):
            what = f"{name} is of type {body['Type']}, which {environment.region} ({environment.name}) does not have"
            raise ConfigurationError(where, what, hint="leave it out there, or choose another region")


def check_same_region(arns: Iterable[str], environment: Environment, *, where: str, what: str) -> None:
    """Check that ``what``, which Lambda and CloudWatch need in their own region, is there; the account may differ.

    Raises:
        ConfigurationError: it does not.
    """
    for arn in arns:
        parts = arn.split(":")
        if len(parts) > 4 and parts[3] and parts[3] != environment.region:
            found = f"{what} {arn} is in {parts[3]}, but {environment.name} is in {environment.region}"
            hint = "it must be in the same region; the ARN may contain `${region}`"
            raise ConfigurationError(where, found, hint=hint)
