"""CloudFormation sets and removes a function's dead-letter queue, VPC, key and file systems.

Reason: ministack's CloudFormation ignores them, so failures of a function in a stack never reached its dead-letter
queue, and none of these settings could be seen.
Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-lambda-function.html;
of what is not a queue or topic of the function's account and region
https://docs.aws.amazon.com/lambda/latest/api/API_DeadLetterConfig.html
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from .names import load, original

__all__ = ["patch"]

_FUNCTION = "AWS::Lambda::Function"
_IN_THE_API = {
    "DeadLetterConfig": "DeadLetterConfig",
    "FileSystemConfigs": "FileSystemConfigs",
    "KmsKeyArn": "KMSKeyArn",
    "VpcConfig": "VpcConfig",
}
"""What ministack leaves aside, by its name in a template."""


def patch() -> None:
    """Before the function's version is published, which is a separate resource."""
    functions = load("ministack.services.lambda_svc")
    resources = original(load("ministack.services.cloudformation.provisioners"), "_RESOURCE_HANDLERS")
    stored, refusal = original(functions, "_functions"), original(functions, "_validate_dead_letter_config")
    with_id = original(functions, "_vpc_config_with_id")

    def set_all(config: dict[str, Any], properties: Mapping[str, Any]) -> None:
        for written, name in _IN_THE_API.items():
            config.pop(name, None)
            if properties.get(written):
                config[name] = properties[written]
        if "VpcConfig" in config:
            config["VpcConfig"] = with_id(config["VpcConfig"])

    def setting(run: Callable[..., Any], place: int) -> Callable[..., Any]:
        """``place`` is the position of the new properties among the arguments."""

        def made(*args: Any, **named: Any) -> Any:
            refused = refusal(args[place].get("DeadLetterConfig"))
            if refused is not None:
                text = json.loads(refused[2])["message"]
                raise ValueError(f"{text} (Service: Lambda, Status Code: 400)")
            name, attributes = run(*args, **named)
            set_all(stored[name]["config"], args[place])
            return name, attributes

        return made

    steps = resources[_FUNCTION]
    resources[_FUNCTION] = {
        **steps,
        "create": setting(steps["create"], 1),
        "update": setting(steps["update"], 2),
    }
