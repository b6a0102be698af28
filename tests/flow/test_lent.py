"""A stack gets the version of another unit's layer that has the content which was released."""

from __future__ import annotations

import json

import pytest

from multi_env_lambda.errors import ConfigurationError, DocumentError
from multi_env_lambda.flow.lent import lent_parameters
from multi_env_lambda.model.artifact import base64_sha256
from multi_env_lambda.model.environment import Environment
from multi_env_lambda.model.lent import LentLayer
from multi_env_lambda.model.versions import KeptLayer
from multi_env_lambda.plan.lent import describe, lent_digests, lent_in, lent_pin
from multi_env_lambda.plan.pins import is_pin
from multi_env_lambda.plan.prune import named_keys
from multi_env_lambda.testing.memory import MemoryPlatform

PLACE = Environment(name="prod", account_id="5" * 12, region="us-east-1")
LAYER = LentLayer(unit="common", digest="a1" * 32, sha256="b2" * 32)
PIN = "LentLayera1a1a1a1a1a1"
TEMPLATE = json.dumps({"Parameters": {PIN: {"Type": "String", "Description": describe(LAYER)}}, "Resources": {}})


class Account(MemoryPlatform):
    """Has versions of the layer, all with the same bytes."""

    sha256 = base64_sha256(LAYER.sha256)

    def layer_sha256(self, environment: Environment, arn: str) -> str | None:
        return self.sha256


def account(*digests: str) -> Account:
    found = Account(lambda _: "")
    found.layers["prod", "common-prod"] = [
        KeptLayer(name="common-prod", number=number, arn=f"arn:{number}", description=f"{number:06d} {digest[:12]}")
        for number, digest in enumerate(digests, 1)
    ]
    return found


def test_a_template_says_whose_layer_it_names_and_its_content() -> None:
    assert (lent_pin(LAYER), lent_in(TEMPLATE), is_pin(PIN)) == (PIN, LAYER, True)
    assert lent_in('{"Resources": {}}') is None
    assert lent_in(TEMPLATE.replace("LentLayera1", "LentLayera2")) is None


def test_prune_reads_it_among_the_keys_that_templates_name() -> None:
    named = named_keys(TEMPLATE)

    assert lent_digests(named, "common") == {LAYER.digest}
    assert lent_digests(named, "billing") == frozenset()


def test_the_newest_version_with_this_content_is_taken() -> None:
    there = account("0" * 64, LAYER.digest, LAYER.digest, "f" * 64)

    assert lent_parameters(there, PLACE, TEMPLATE) == {PIN: "arn:3"}
    assert lent_parameters(there, PLACE, '{"Resources": {}}') == {}


@pytest.mark.parametrize("digests", [(), ("0" * 64,)])
def test_a_layer_that_was_never_there_is_refused_with_the_way_to_it(digests: tuple[str, ...]) -> None:
    with pytest.raises(ConfigurationError, match="of common, but account 555555555555 has .* common-prod") as caught:
        lent_parameters(account(*digests), PLACE, TEMPLATE)
    assert caught.value.hint == "bring common there first, or both together: `deploy.py common prod`"


def test_other_bytes_that_say_that_they_are_this_layer_are_refused() -> None:
    there = account(LAYER.digest)
    there.sha256 = base64_sha256("c3" * 32)

    with pytest.raises(DocumentError, match="expected the released"):
        lent_parameters(there, PLACE, TEMPLATE)
