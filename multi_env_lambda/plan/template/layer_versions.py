"""A function may have only one version of a layer: Lambda refuses a second one in the middle of a deploy.

Source: https://github.com/DataDog/serverless-plugin-datadog/issues/195 (Lambda's words)
"""

from __future__ import annotations

from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.plan.template.parts import Json

__all__ = ["check_layer_versions"]


def check_layer_versions(resources: Json, where: str) -> None:
    """Raise the first function with two versions of one layer; computed ones are unknown here."""
    for name, body in sorted(resources.items()):
        layers = body.get("Properties", {}).get("Layers", [])
        if body["Type"] != "AWS::Lambda::Function" or not isinstance(layers, list):
            continue
        seen: dict[str, str] = {}
        for arn in layers:
            layer = arn.rpartition(":")[0] if isinstance(arn, str) else ""
            if layer in seen:
                what = f"Resources.{name}.Layers: {seen[layer]} and {arn} are versions of the same layer"
                raise ConfigurationError(where, what, hint="remove one of them")
            if layer:
                seen[layer] = arn
