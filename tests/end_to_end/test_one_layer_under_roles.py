"""The roles that `bootstrap` makes may use the layer of another unit as soon as some unit gets one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .bootstrapped import Bootstrapped, bootstrapped
from .stage import commit
from .test_one_layer import borrow, lend

pytestmark = [pytest.mark.local_cloud, pytest.mark.slow]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bootstrapped]:
    with bootstrapped(tmp_path_factory.mktemp("lent") / "workspace", units=("customers",)) as found:
        yield found


def test_who_deploys_may_find_the_layer_after_the_next_bootstrap(made: Bootstrapped) -> None:
    lend(made.stage.root, "small")
    borrow(made.stage.root, "billing")
    commit(made.stage.root)

    refused = made.run("deploy", "sandbox", "--only", "common", "--only", "billing", "--yes")

    assert refused.code != 0 and "lambda:ListLayerVersions" in refused.err, refused.err
    again = made.run("bootstrap")
    assert again.code == 0, again.err
    made.without_the_organisations_role()
    deployed = made.run("deploy", "sandbox", "--only", "common", "--only", "billing", "--yes")
    assert deployed.code == 0, deployed.err
    assert '"layer": "small"' in made.run("invoke", "billing", "main", "sandbox").out
    promoted = made.run("promote", "test", "--yes")
    assert promoted.code == 0, promoted.err
