"""Several folders with one module name in a unit that nothing builds: each function runs its own, and only its own."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import attrs
import pytest

from multi_env_lambda import pipeline
from multi_env_lambda.api.workspace import Workspace
from multi_env_lambda.aws.index import list_published, read_published, read_release, read_running_template
from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.model.release import Release
from multi_env_lambda.model.request import Request
from multi_env_lambda.model.result import Result
from multi_env_lambda.model.store import Listed
from multi_env_lambda.operations.drift import find_drift
from multi_env_lambda.plan.prune import Inventory, prunable
from multi_env_lambda.plan.scaffold import WORKSPACE_TABLE
from multi_env_lambda.testing.memory import MemoryPlatform
from multi_env_lambda.testing.world import code_sha256
from multi_env_lambda.world import World
from tests.bad_repositories import world_of

UNIT = """[tool.multi_env_lambda.functions.make]
handler = "app.handler"
root = "make-order"
[tool.multi_env_lambda.functions.send]
handler = "app.handler"
root = "send"
[tool.multi_env_lambda.functions.check]
handler = "checks/all.handler"
"""
FILES = {
    "pyproject.toml": '[tool.multi_env_lambda]\nid = "0fa4e0000001"\nunits = "lambdas"\n' + WORKSPACE_TABLE,
    "lambdas/shop_orders/pyproject.toml": UNIT,
    "lambdas/shop_orders/make-order/app.py": "import helper\n\ndef handler(event, context):\n    return helper.A\n",
    "lambdas/shop_orders/make-order/helper.py": "A = 1\n",
    "lambdas/shop_orders/send/app.py": "def handler(event, context):\n    return 'sent'\n",
    "lambdas/shop_orders/checks/all.py": "def handler(event, context):\n    return 'checked'\n",
}


def repository(root: Path) -> Path:
    for name, text in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    subprocess.run(["git", "init", "-q"], cwd=root, check=True)
    return root


@attrs.frozen
class Shop:
    """A work tree over accounts in memory, which know what Lambda would report of each key."""

    root: Path
    world: World

    def deploy(self) -> Result:
        ask = Request(verb="deploy", target="sandbox")
        (result,) = pipeline.apply(self.world, pipeline.plan(self.world, ask, soon=True))
        return result

    def write(self, path: str, text: str) -> None:
        (self.root / "lambdas" / "shop_orders" / path).write_text(text, encoding="utf-8")

    @property
    def running(self) -> Release:
        record = self.world.ledger.read("sandbox").records["shop-orders"]
        assert record.running is not None
        return read_release(self.world.store, self.world.cache, "shop-orders", record.running.release)

    @property
    def template(self) -> Any:
        record = self.world.ledger.read("sandbox").records["shop-orders"]
        text = read_running_template(self.world.store, self.world.cache, "shop-orders", "sandbox", record.running)
        return json.loads(text or "{}")

    def codes(self) -> dict[str, Any]:
        """What the template says about each function's code."""
        resources = self.template["Resources"]
        return {name: body["Properties"]["Code"] for name, body in resources.items() if name.endswith("Function")}

    def versions(self) -> set[str]:
        return {name for name, body in self.template["Resources"].items() if body["Type"] == "AWS::Lambda::Version"}


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    root = repository(tmp_path / "r")
    world, store = world_of(Workspace.open(root, local=False), tmp_path / "cache")
    platform = MemoryPlatform(lambda key: code_sha256(store, key))
    return Shop(root, attrs.evolve(world, platform=platform))


def test_each_function_runs_the_wheel_of_its_root_and_is_checked_for_it(shop: Shop) -> None:
    assert shop.deploy().outcome == "deployed"

    folder = "projects/shop-orders/lambda/source/0.1.0/shop_orders-0.1.0"
    assert {name: code["S3Key"] for name, code in shop.codes().items()} == {
        "CheckFunction": f"{folder}-py3-none-any.whl",
        "MakeFunction": f"{folder}-1_make_order-py3-none-any.whl",
        "SendFunction": f"{folder}-2_send-py3-none-any.whl",
    }
    assert len({json.dumps(code["S3ObjectVersion"]) for code in shop.codes().values()}) == 3
    assert {"make-order/app.py", "send/app.py", "checks/all.py"} <= shop.running.files.keys()


def test_a_change_in_one_root_leaves_the_functions_of_the_others_as_they_are(shop: Shop) -> None:
    shop.deploy()
    before, versions = shop.codes(), shop.versions()
    shop.write("send/app.py", "def handler(event, context):\n    return 'changed'\n")
    result = shop.deploy()
    after = shop.codes()

    assert (result.outcome, result.version) == ("deployed", "0.1.0.post1")
    assert after["MakeFunction"] == before["MakeFunction"]
    assert after["SendFunction"]["S3Key"].endswith("/0.1.0.post1/shop_orders-0.1.0.post1-2_send-py3-none-any.whl")
    assert len([name for name in shop.versions() & versions if name.startswith("Make")]) == 1
    assert not [name for name in shop.versions() & versions if name.startswith("Send")]


def test_the_index_says_of_roots_what_the_listing_says(shop: Shop) -> None:
    shop.deploy()
    shop.write("send/app.py", "def handler(event, context):\n    return 'changed'\n")
    shop.deploy()
    store = shop.world.store
    saved, listed = read_published(store, "shop-orders"), list_published(store, "shop-orders")

    assert saved.roots == listed.roots != {}
    assert saved.source_digests == listed.source_digests


def test_a_version_whose_root_still_runs_is_not_pruned(shop: Shop) -> None:
    for text in ("changed", "changed again"):
        shop.write("send/app.py", f"def handler(event, context):\n    return {text!r}\n")
        shop.deploy()
    old, running = "projects/shop-orders/lambda/source/0.1.0", shop.running
    listed = [Listed(key=item.key, etag="e", size=1, modified=0.0) for item in shop.world.store.list(f"{old}/")]
    holdings = Inventory(
        project="shop-orders",
        releases={running.digest: running},
        records={"sandbox": shop.world.ledger.read("sandbox").records["shop-orders"]},
        objects=tuple(listed),
        claims={"0.1.0": "d"},
        histories={},
        named=frozenset(),
        functions={},
        layers={},
        keep=1,
        now=1e9,
    )

    assert len(listed) == 4
    assert [item.name for item in prunable(holdings) if item.kind == "source"] == []


def test_code_of_another_root_is_not_what_a_function_should_run(shop: Shop) -> None:
    shop.deploy()
    platform: Any = shop.world.platform
    make, send = shop.running.roots
    platform.uploaded["shop-orders-sandbox-make"] = send.code_sha256
    (found,) = find_drift(shop.world, "shop-orders", "sandbox")

    assert not found.problem
    changed = [(item.logical_id, one.expected, one.actual) for item in found.resources for one in item.differences]
    assert ("MakeFunction", make.code_sha256, send.code_sha256) in changed


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            'root = "send"',
            "",
            r'no module `app` in the wheel\n.*it is in `make-order`, `send`: .* set `root = "make-order"`',
        ),
        (
            'handler = "app.handler"\nroot = "make-order"',
            'handler = "make-order.app.handler"',
            r'`helper` is missing.*\n.*set `root = "make-order"` and `handler = "app.handler"`',
        ),
        ('"app.handler"\nroot = "send"', '"ap.handler"\nroot = "send"', r"root `send`: .*\n.*did you mean `app`"),
    ],
)
def test_a_handler_that_is_not_in_its_root_is_told_where_it_is(shop: Shop, old: str, new: str, said: str) -> None:
    shop.write("pyproject.toml", UNIT.replace(old, new))
    world, _ = world_of(Workspace.open(shop.root, local=False), shop.world.cache)
    with pytest.raises(ConfigurationError, match=said):
        world.maker.make(world.projects[0], (), read_published(world.store, "shop-orders"))
