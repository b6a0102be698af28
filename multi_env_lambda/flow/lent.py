"""The version of another unit's layer that a stack gets: found by its content in the account, and compared."""

from __future__ import annotations

from multi_env_lambda.aws.account import Platform
from multi_env_lambda.errors import ConfigurationError, DocumentError
from multi_env_lambda.model.artifact import base64_sha256
from multi_env_lambda.model.environment import Environment
from multi_env_lambda.model.lent import LentLayer
from multi_env_lambda.plan.lent import lent_in, lent_pin
from multi_env_lambda.wording import advice, unit_call

__all__ = ["lent_parameters"]


def lent_parameters(platform: Platform, environment: Environment, template: str) -> dict[str, str]:
    """The value of the parameter with which a template names another unit's layer; nothing if it names none.

    Raises:
        ConfigurationError: that unit has not published the layer there.
        DocumentError: a version that says that it is this layer has different bytes.
    """
    layer = lent_in(template)
    return {} if layer is None else {lent_pin(layer): _arn(platform, environment, layer)}


def _arn(platform: Platform, environment: Environment, layer: LentLayer) -> str:
    """Of the newest version with this content: ``prune`` keeps that one."""
    name = f"{layer.unit}-{environment.name}"
    there = [one for one in platform.kept_layers(environment, name) if one.description.endswith(layer.digest[:12])]
    where = f"the layer {layer.digest[:12]} of {layer.unit} in {environment.name}"
    newest = max(there, key=lambda one: one.number, default=None)
    found = None if newest is None else platform.layer_sha256(environment, newest.arn)
    if newest is None or found is None:
        what = f"account {environment.account_id} has no version of {name} with this content"
        ways = (unit_call("deploy", layer.unit, environment.name), unit_call("promote", layer.unit, environment.name))
        raise ConfigurationError(where, what, hint=advice("deploy that unit there first: `{}` or `{}`", *ways))
    if found != base64_sha256(layer.sha256):
        what = f"{newest.arn} has the SHA-256 {found}, expected the released {base64_sha256(layer.sha256)}"
        raise DocumentError(where, what, hint="somebody published it by hand; delete that version")
    return newest.arn
