"""A large made-up team: what the board is tested and looked at with. The same every time."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import attrs

from multi_env_lambda.model.environment import Environment
from multi_env_lambda.model.function import Function
from multi_env_lambda.model.project import Project
from multi_env_lambda.model.record import Deployment, Holder, Record, RolledBack
from multi_env_lambda.model.settings import Settings
from multi_env_lambda.model.status import Status, make_status
from multi_env_lambda.model.workspace import WorkspaceConfig
from multi_env_lambda.testing.world import fake_config

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
PEOPLE = tuple(f"arn:aws:sts::111111111111:assumed-role/team/{name}" for name in ("ada", "grace", "alan", "barbara"))
WORDS = ("orders", "billing", "search", "reports", "customers", "nightly", "stock", "prices", "returns", "mail")

Histories = dict[tuple[str, str], tuple[Deployment, ...]]
Walk = dict[str, tuple[Deployment, ...]]


@attrs.frozen(kw_only=True)
class Team:
    """All that ``board_html`` takes."""

    config: WorkspaceConfig
    projects: tuple[Project, ...]
    status: Status
    histories: Histories

    @property
    def now(self) -> str:
        return iso(NOW)


def iso(when: datetime) -> str:
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")


def five_environments() -> WorkspaceConfig:
    config = fake_config()
    extra = Environment(name="canary", account_id="777777777777", region="us-east-1", position=3)
    last = attrs.evolve(config.environments[3], position=4)
    return attrs.evolve(config, environments=(*config.environments[:3], extra, last))


def team(units: int, *, past: int = 12) -> Team:
    """``units`` units × 5 environments, each with about ``past`` deployments in every environment."""
    dice = random.Random(1)
    config = five_environments()
    names = [f"{WORDS[index % len(WORDS)]}-{index:03d}" for index in range(units)]
    projects = tuple(_project(dice, config, names, index) for index in range(units))
    records: dict[tuple[str, str], Record] = {}
    histories: Histories = {}
    for name in (*names, "gone-000"):
        for environment, entries in _walk(dice, name, config, past).items():
            histories[name, environment] = entries
            records[environment, name] = _record(dice, name, environment, entries)
    status = make_status(config, tuple(names), records)
    return Team(config=config, projects=projects, status=_drifted(status), histories=histories)


def _project(dice: random.Random, config: WorkspaceConfig, names: list[str], index: int) -> Project:
    needs = tuple(sorted(dice.sample(names[:index], k=min(index, dice.choice((0, 0, 1, 2))))))
    function = Function(key="main", handler="main.handler")
    settings = {environment.name: Settings(functions=(function,)) for environment in config.environments}
    name = names[index]
    return Project(name=name, folder=f"projects/{name}", version="0.1.0", needs=needs, settings=settings)


def _walk(dice: random.Random, name: str, config: WorkspaceConfig, past: int) -> Walk:
    """Releases that wander through the chain; some fail, some stay behind."""
    found: dict[str, list[Deployment]] = {environment.name: [] for environment in config.environments}
    start = NOW - timedelta(days=100)
    for number in range(dice.choice((past, past, past // 2, 1 if past > 1 else 0))):
        when = start + timedelta(days=number * 100 / max(past, 1), hours=dice.random() * 20)
        committed = iso(when - timedelta(minutes=dice.randint(3, 300)))
        for position, environment in enumerate(found):
            outcome = dice.choices(("succeeded", "failed", "went back"), (14, 1, 1))[0]
            found[environment].append(
                Deployment(
                    sequence=len(found[environment]) + 1,
                    action="promote" if position else "deploy",
                    outcome=outcome,  # type: ignore[arg-type]
                    release=f"{name}{number:04d}".encode().hex()[-64:],
                    version=f"0.{number}.0",
                    layer=1,
                    who=dice.choice(PEOPLE),
                    when=iso(when),
                    commit="" if position else f"{dice.getrandbits(160):040x}",
                    committed="" if position else committed,
                    detail="" if outcome == "succeeded" else f"stack {name}: no permission for <s3:PutObject>",
                    seconds=round(dice.random() * 90, 1),
                )
            )
            if outcome != "succeeded" or dice.random() < 0.25:
                break
            when += timedelta(hours=dice.random() * 60)
    return {environment: tuple(entries) for environment, entries in found.items() if entries}


def _record(dice: random.Random, name: str, environment: str, entries: tuple[Deployment, ...]) -> Record:
    good = [item for item in entries if item.outcome == "succeeded"]
    holder = Holder(nonce="n", who=PEOPLE[0], host="laptop", process="1", since=iso(NOW), fencing=1)
    back = RolledBack(release="r", version="9.9.9", who=PEOPLE[1], when=iso(NOW))
    return Record(
        project=name,
        environment=environment,
        running=good[-1] if good else None,
        latest=entries[-1],
        holder=holder if dice.random() < 0.01 else None,
        rolled_back=back if dice.random() < 0.02 else None,
    )


def _drifted(status: Status) -> Status:
    cells = [
        attrs.evolve(cell, drift=("MainFunction/MemorySize",)) if index % 53 == 7 and cell.version else cell
        for index, cell in enumerate(status.cells)
    ]
    return attrs.evolve(status, cells=tuple(cells))
