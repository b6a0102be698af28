"""Nothing of a stack changes before all that its release consists of is in the bucket."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from multi_env_lambda.errors import PublishError
from multi_env_lambda.model.store import Body, Written
from multi_env_lambda.testing.memory import MemoryStore

from .worlds import chain, deploy, outcomes


class Closed(MemoryStore):
    """Takes no object whose key ends so."""

    ending = ""

    def put_new(self, key: str, body: Body, metadata: Mapping[str, str] | None = None) -> Written | None:
        if self.ending and key.endswith(self.ending):
            raise PublishError(key, "AccessDenied", hint="may this role write there?")
        return super().put_new(key, body, metadata)


@pytest.mark.parametrize("ending", [".whl", ".tar.gz", ".template.json", "/manifest.json"])
def test_a_stack_stays_as_it_is_while_something_of_the_release_cannot_be_published(tmp_path: Path, ending: str) -> None:
    store = Closed()
    fake = chain(tmp_path, store=store)
    deploy(fake)
    before = fake.platform.stacks["sandbox", "search-sandbox"]
    fake.tree.content["search"] = "s2"
    store.ending = ending

    failed = deploy(fake)["search"]

    assert (failed.outcome, failed.error) == ("failed", "PublishError")
    assert fake.platform.stacks["sandbox", "search-sandbox"] == before
    store.ending = ""
    assert outcomes(deploy(fake)) == {"customers": "unchanged", "orders": "unchanged", "search": "deployed"}
