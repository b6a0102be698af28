"""Lambda does not take code or layers from a bucket of another region."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from multi_env_lambda.local.cloud import LocalCloud
from multi_env_lambda.model.workspace import WorkspaceConfig
from multi_env_lambda.testing.local_cloud import client_of
from tests.tools.stacks import create_stack, function_resources

pytestmark = pytest.mark.local_cloud

EMPTY = b"PK\x05\x06" + bytes(18)


@pytest.mark.parametrize("kind", ["code", "layer"])
def test_a_stack_in_another_region_than_the_bucket_is_rolled_back(
    local_cloud: LocalCloud, local_config: WorkspaceConfig, kind: str
) -> None:
    devops = client_of(local_cloud, local_config.devops, "s3")
    where: dict[str, Any] = {"S3Bucket": local_config.devops.bucket, "S3Key": "projects/regions.zip"}
    devops.put_object(Bucket=where["S3Bucket"], Key=where["S3Key"], Body=EMPTY)
    resources = {
        "code": function_resources("regions", where, Runtime="python3.13"),
        "layer": {"Layer": {"Type": "AWS::Lambda::LayerVersion", "Properties": {"Content": where}}},
    }[kind]
    here = local_config.environment("staging")
    found = []
    for place in (here, attrs.evolve(here, region="eu-central-1")):
        found.append(create_stack(client_of(local_cloud, place, "cloudformation"), f"regions-{kind}", resources))

    assert [status for status, _ in found] == ["CREATE_COMPLETE", "ROLLBACK_COMPLETE"]
    assert "Error occurred while GetObject. S3 Error Code: PermanentRedirect." in found[1][1]
