"""The server's life: started once, found again, stopped, started again with what it knew."""

from __future__ import annotations

import pytest

from multi_env_lambda.local.cloud import LocalCloud, places
from multi_env_lambda.model.workspace import WorkspaceConfig
from multi_env_lambda.testing.local_cloud import client_of

pytestmark = pytest.mark.local_cloud


def test_each_environment_is_an_account_of_its_own(local_cloud: LocalCloud, local_config: WorkspaceConfig) -> None:
    for place in places(local_config):
        arn = client_of(local_cloud, place, "sts").get_caller_identity()["Arn"]
        assert arn.startswith(f"arn:aws:sts::{place.account_id}:assumed-role/OrganizationAccountAccessRole/")
