"""What a person types, as mypy reads it: each line marked ``wrong`` is one that it must refuse.

Those that are marked ``Any`` say what nobody can know before. Never executed.
"""

from __future__ import annotations

from pathlib import Path

from multi_env_lambda import (
    Build,
    FilePath,
    LayerArtifact,
    Listing,
    Plan,
    Project,
    Result,
    SourceArtifact,
    UnitsFailed,
    Workspace,
)

ws = Workspace.open(local=True)
orders: Project = ws["orders"]
again: Project = Project.open("projects/orders")

source: SourceArtifact = orders.build().source
layer: LayerArtifact | None = orders.layer
size: int = source.size
wheel: FilePath = source.path
digest: str = wheel.sha256
beside: Path = Path(wheel.parent / "notes.txt")
names: tuple[str, ...] = source.files
address: str = source.publish()
there: bool = source.exists()

plan: Plan = orders.plan("sandbox")
results: Listing[Result] = ws.apply(plan, agree=["replace:orders/Table"], approve=["prod"], wait=60)
outcomes: list[str] = [result.outcome for result in orders.deploy(to="prod", reason="the fix")]
answer = orders.functions["create"].invoke({"customer": 1}, "sandbox")  # Any: JSON
versions: dict[str, str] = ws.environments["prod"].units()
text: str = ws.status().text()
newest: Listing[Result] = results[:2]
first: Result = results[0]
document = orders.history("prod", newest=3).to_dict()  # Any: JSON
memory: int = orders.template("prod").Resources["MainFunction"].p_MemorySize  # Any: a class of cottonformation

try:
    ws.build()
except UnitsFailed as failed:
    outcomes = [result.outcome for result in failed.results]
    built: list[Build] = list(failed.built)
    hint = failed.results[0].hnit  # wrong

digest = wheel.sha265  # wrong
resources = orders.template("prod").Resource  # wrong
orders.deploy(environmnt="sandbox")  # wrong
orders.deploy("sandbox", agree=1)  # wrong
ws.promote("orders", enviroment="test")  # wrong
packages = layer.packages  # wrong: there may be none
results.items.append(1)  # wrong
wrong: int = ws.status()  # wrong
one: Result = results[:1]  # wrong: a part of a listing is a listing
