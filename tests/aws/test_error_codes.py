"""What CloudFormation says under one code is told apart by its words."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError
from botocore.parsers import QueryParser, ResponseParserError

from multi_env_lambda.aws.error_codes import aws_errors, is_lost, is_missing_stack, text_of


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


def test_an_answer_that_cannot_be_read_is_a_lost_one_and_none_of_it_is_shown() -> None:
    answer = {"status_code": 200, "headers": {}, "body": b"<a>hunter2 \x1b</a>"}
    with pytest.raises(aws_errors()) as caught:
        QueryParser().parse(answer, None)

    assert isinstance(caught.value, ResponseParserError)
    assert is_lost(caught.value)
    assert text_of(caught.value) == "ResponseParserError: the answer cannot be read"
