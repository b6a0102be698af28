"""What a stack created and still exists, by the tags that CloudFormation puts on it and nobody else can set.

They stay on what is retained when its stack is deleted, and disappear with it.
Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-resource-tags.html
"""

from __future__ import annotations

from typing import Any

from multi_env_lambda.aws.error_codes import aws_errors
from multi_env_lambda.aws.requests import stack_error

__all__ = ["stack_of", "tagged_arns"]

_STACK_NAME = "aws:cloudformation:stack-name"


def tagged_arns(client: Any, where: str, stack_name: str) -> frozenset[str]:
    """The ARNs. The region's index may lag behind reality for some time; no bound is published.

    Raises:
        StackError: it cannot be read.
    """
    pages = client.get_paginator("get_resources")
    try:
        return frozenset(
            item["ResourceARN"]
            for page in pages.paginate(TagFilters=[{"Key": _STACK_NAME, "Values": [stack_name]}])
            for item in page["ResourceTagMappingList"]
        )
    except aws_errors() as error:
        raise stack_error(where, error) from error


def stack_of(client: Any, arn: str) -> str:
    """The name of the stack that created it; empty: none did, or the caller may not know."""
    try:
        answer = client.get_resources(ResourceARNList=[arn])
    except aws_errors():
        return ""
    tags = (tag for item in answer["ResourceTagMappingList"] for tag in item["Tags"])
    return next((str(tag["Value"]) for tag in tags if tag["Key"] == _STACK_NAME), "")
