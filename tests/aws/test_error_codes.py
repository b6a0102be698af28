"""What CloudFormation says under one code is told apart by its words."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from multi_env_lambda.aws.error_codes import is_missing_stack


@pytest.mark.parametrize(
    ("message", "missing"),
    [
        ("Stack with id orders-prod does not exist", True),
        ("Stack [orders-prod] does not exist", True),
        ("Stack:arn:aws:cloudformation:eu-west-1:1:stack/a/b does not exist", True),
        ("Parameter 'P' failed to resolve: SSM parameter '/p' does not exist", False),
        ("Template error: the mapping Stack does not exist", False),
    ],
)
def test_only_a_stack_that_does_not_exist_is_a_missing_stack(message: str, missing: bool) -> None:
    error = ClientError({"Error": {"Code": "ValidationError", "Message": message}}, "CreateChangeSet")

    assert is_missing_stack(error) is missing
