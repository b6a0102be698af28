"""What a stack made and is still there, by the tags that CloudFormation puts on it and nobody can put on anything else.

They stay on what stays when its stack goes, and go with it when it is deleted.
Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-resource-tags.html
"""

from __future__ import annotations

from typing import Any

from multi_env_lambda.aws.error_codes import aws_errors
from multi_env_lambda.aws.requests import stack_error

__all__ = ["tagged_arns"]

_STACK_NAME = "aws:cloudformation:stack-name"


def tagged_arns(client: Any, where: str, stack_name: str) -> frozenset[str]:
    """The ARNs. The region's index may lag some time behind what is there; no bound is published.

    Raises:
        StackError: it cannot be asked for.
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
