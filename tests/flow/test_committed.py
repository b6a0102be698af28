"""An uncommitted line in the table moves no environment away from its approvals."""

from __future__ import annotations

from pathlib import Path

import attrs
import pytest

from multi_env_lambda.errors import Refused
from multi_env_lambda.flow.remove import destroy, find_removal
from multi_env_lambda.testing.world import FakeWorld, fake_config

from .worlds import chain, deploy, promote


def with_another_table(folder: Path, *, approval: bool, **devops: str) -> FakeWorld:
    """Prod runs; then only the work tree's table says another place, and that nobody is asked."""
    fake = chain(folder)
    deploy(fake, "prod")
    committed = fake_config(prod={"approval": approval})
    fake.tree.committed = attrs.evolve(committed, devops=attrs.evolve(committed.devops, **devops))
    fake.tree.content["search"] = "s2"
    deploy(fake, "staging")
    return fake


@pytest.mark.parametrize("devops", [{"bucket": "others"}, {"account_id": "9" * 12}, {"region": "eu-central-1"}])
def test_an_environment_with_approvals_waits_until_the_table_is_committed(
    tmp_path: Path, devops: dict[str, str]
) -> None:
    fake = with_another_table(tmp_path, approval=True, **devops)
    refused = promote(fake, "prod")["search"]

    assert (refused.outcome, refused.error) == ("blocked", "Refused")
    assert "s3://artifacts in account 111111111111" in refused.detail and "the committed one says" in refused.detail
    assert refused.hint.startswith("commit the change")
    with pytest.raises(Refused, match="the committed one says"):
        destroy(fake.world, find_removal(fake.world, "search", "prod"))


def test_where_the_committed_table_asks_for_nothing_or_names_the_same_nobody_waits(tmp_path: Path) -> None:
    free = with_another_table(tmp_path / "one", approval=False, bucket="others")
    assert promote(free, "prod")["search"].outcome == "deployed"

    same = with_another_table(tmp_path / "two", approval=True)
    assert promote(same, "prod")["search"].outcome == "deployed"
