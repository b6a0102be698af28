"""The names of AWS's managed policies are those that moto publishes."""

from __future__ import annotations

import json
from pathlib import Path

from moto.iam.aws_managed_policies import aws_managed_policies_data

FILE = Path(__file__).parents[2] / "multi_env_lambda/local/emulator/aws_managed_policies.txt"
OF_SERVICES = "/aws-service-role/"


def test_the_names_are_those_of_moto_without_those_that_nobody_may_attach() -> None:
    """Where this fails, moto was updated: write its names into the file, sorted, one a line."""
    policies = json.loads(aws_managed_policies_data).items()
    published = {f"{body['Path']}{name}".lstrip("/") for name, body in policies if body["Path"] != OF_SERVICES}

    assert FILE.read_text("ascii").split() == sorted(published)
