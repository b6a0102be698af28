"""Roles that have what `permissions` printed can do every verb; each statement, taken away, breaks one that it names.

CloudFormation acts with the rights of the role that deploys, by the rule `caller-rights`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import attrs
import pytest

from multi_env_lambda.host.files import read_json
from multi_env_lambda.local.cloud import state_folder
from multi_env_lambda.local.seed import RootKey, root_client
from multi_env_lambda.local.server import down, ensure_running
from multi_env_lambda.local.strict import VARIABLE
from tests.tools.policies import give

from .stage import Done, Stage, sample_workspace

pytestmark = [pytest.mark.local_cloud, pytest.mark.slow, pytest.mark.long]

ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
DEPLOY = ("deploy", "sandbox", "--only", "orders", "--yes")
"""Of a unit with a layer, and of another line of its code each time."""

BREAKS: dict[str, tuple[str, ...]] = {
    "ListTheBucket": ("status",),
    "ReadArtifactsAndRecords": ("history", "orders", "sandbox"),
    "WriteArtifactsAndRecords": DEPLOY,
    "LookAtTheBucket": ("doctor",),
    "LookAtStacks": DEPLOY,
    "ChangeStacks": DEPLOY,
    "CompareStacks": ("drift", "sandbox"),
    "WaitForDrift": ("drift", "sandbox"),
    "TakeWhatIsPublished": ("doctor",),
    "LookAtFunctions": DEPLOY,
    "CallFunctions": ("invoke", "orders", "create", "sandbox", "--payload", "{}"),
    "ReadLogs": ("logs", "orders", "create", "sandbox"),
    "LookForParameters": DEPLOY,
    "LookForSecrets": DEPLOY,
    "MakeLambda": DEPLOY,
    "MoveAliases": DEPLOY,
    "SendCodeAgain": DEPLOY,
    "PassRoles": DEPLOY,
    "ResolveParameters": DEPLOY,
    "RunJobs": ("invoke", "nightly", "calendar", "sandbox"),
    "FindOldVersions": ("prune",),
    "FindOldLayers": ("prune",),
    "DeleteStacks": ("destroy", "nightly", "sandbox", "--yes", "--confirm", "nightly"),
}
FIRST = {
    "LookAtLayers": "orders",
    "MakeSqs": "orders",
    "MakeLambdaAnywhere": "orders",
    "MakeGlue": "nightly",
    "MakeIam": "nightly",
    "MakeLogs": "customers",
    "MakeLogsAnywhere": "customers",
    "MakeS3": "reports",
    "MakeS3Objects": "reports",
    "MakeEvents": "reports",
    "MakeCloudwatch": "reports",
}
"""What only a first deploy needs, of this unit."""

LAST = {
    "DeleteEvents": "reports",
    "DeleteCloudwatch": "reports",
    "DeleteLambda": "orders",
    "DeleteGlue": "nightly",
    "DeleteIam": "nightly",
}
"""What the end of this unit needs."""

ELSEWHERE = {
    "FindFunctions": "without it, `--all` says what it could not look at: tests/flow/test_existence.py",
    "AssumeTheRoles": "without it nothing is reached: tests/local/test_seed.py",
    "DeleteWhatIsPruned": "needs something that is older than a week",
    "DeleteLogs": "logs outlive their function, unless its creation fails, as a queue does",
    "DeleteS3": "a bucket outlives its stack; of a queue: tests/local/test_caller_rights.py",
    "DeleteSqs": "a queue outlives its stack, unless its creation fails: tests/local/test_caller_rights.py",
    "LookAtQuotas": "without it, a plan says what it could not count: tests/flow/test_quotas.py",
    "LookAtEvents": "after an early validation that failed: tests/local/test_caller_rights.py",
    "LookAtWhatWasKept": "when what was kept comes back: tests/local/test_caller_rights.py",
    "DeleteVersions": "needs something that is older than a week",
    "SetUpTheBucket": "the local cloud makes the bucket itself",
    "SwitchOnAgain": "after a reservation by hand: tests/end_to_end/test_repair.py",
    "WatchAlarms": "while traffic moves: tests/flow/test_shift.py",
    "WatchMetrics": "while traffic moves: tests/flow/test_shift.py",
}
REFERENCES = 'environment = { CURRENCY = "EUR", URL = { parameter = "/url" }, KEY = { secret = "key" } }'


@attrs.frozen
class Guarded:
    """A workspace whose two roles have just the statements that they were given."""

    stage: Stage
    policies: dict[str, list[dict[str, Any]]]
    clients: dict[str, Any]

    def first(self, unit: str) -> Done:
        return self.run("deploy", "sandbox", "--only", unit, "--yes")

    def last(self, unit: str) -> Done:
        return self.run("destroy", unit, "sandbox", "--yes", "--confirm", unit)

    def names_what_is_missing(self, sid: str, done: Done) -> bool:
        """Whether it failed, and for want of what the statement allows."""
        statements = [one for some in self.policies.values() for one in some if one["Sid"] == sid]
        actions = [action for one in statements for action in one["Action"]]
        return done.code != 0 and any(action in done.out + done.err for action in actions)

    def allow(self, without: str = "") -> None:
        for role, statements in self.policies.items():
            kept = [statement for statement in statements if statement["Sid"] != without]
            give(self.clients[role], role, kept)

    def run(self, verb: str, *words: str) -> Done:
        if (verb, *words) == DEPLOY:
            with (self.stage.root / "projects/orders/orders/__init__.py").open("a") as module:
                module.write("# one more line\n")
        return self.stage.script(verb, *words, local=False, env=self.stage.credentials())


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    root = sample_workspace(tmp_path_factory.mktemp("permissions") / "workspace")
    table, unit = root / "pyproject.toml", root / "projects/orders/pyproject.toml"
    text = table.read_text("utf-8")
    for account_id, role in (("1" * 12, "artifacts"), ("2" * 12, "deployer")):
        line = f'account_id = "{account_id}"'
        text = text.replace(line, f'{line}\nrole_name = "{role}"')
    table.write_text(text, "utf-8")
    unit.write_text(unit.read_text("utf-8").replace('environment.CURRENCY = "EUR"', REFERENCES), "utf-8")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv(VARIABLE, "caller-rights")
        try:
            yield prepared(Stage.at(root))
        finally:
            down(root)


def prepared(stage: Stage) -> Guarded:
    config = stage.config
    places = (attrs.evolve(config.environments[0], role_name="deployer"), *config.environments[1:])
    config = attrs.evolve(config, devops=attrs.evolve(config.devops, role_name="artifacts"), environments=places)
    stage = attrs.evolve(stage, config=config, cloud=ensure_running(stage.root, config))
    stage.client("sandbox", "ssm").put_parameter(Name="/url", Type="String", Value="v")
    stage.client("sandbox", "secretsmanager").create_secret(Name="key", SecretString="hidden")
    said = read_json(state_folder(stage.root) / "listening.json", {})
    root_key = RootKey(endpoint=stage.cloud.endpoint, secret=said["secret"])
    clients, policies = {}, {}
    for place, role, account_id in (("devops", "artifacts", "1" * 12), ("sandbox", "deployer", "2" * 12)):
        printed = stage.script("permissions", place, "--json", local=False).answer
        policies[role] = [statement for document in printed["policies"] for statement in document["Statement"]]
        clients[role] = root_client(root_key, account_id, "us-east-1", "iam")
        clients[role].detach_role_policy(RoleName=role, PolicyArn=ADMINISTRATOR)
    return Guarded(stage, policies, clients)


def test_what_only_a_first_deploy_needs_breaks_it(guarded: Guarded) -> None:
    for sid, unit in FIRST.items():
        guarded.allow(without=sid)
        done = guarded.first(unit)
        assert guarded.names_what_is_missing(sid, done), (sid, done.err, done.out)
    guarded.allow()
    for unit in dict.fromkeys(FIRST.values()):
        done = guarded.first(unit)
        assert done.code == 0, (unit, done.err, done.out)


def test_roles_with_what_is_printed_can_do_every_verb_and_without_a_statement_one_fails(guarded: Guarded) -> None:
    guarded.allow()
    for verb, *words in dict.fromkeys(BREAKS.values()):
        if verb != "destroy":
            done = guarded.run(verb, *words)
            assert done.code == 0, (verb, words, done.err, [line for line in done.out.splitlines() if "✗" in line])
    broken = {}
    for sid, (verb, *words) in BREAKS.items():
        guarded.allow(without=sid)
        broken[sid] = guarded.run(verb, *words)
    assert {sid for sid, done in broken.items() if done.code == 0} == set()
    assert all(
        guarded.names_what_is_missing(sid, broken[sid])
        for sid in ("MakeLambda", "MoveAliases", "PassRoles", "SendCodeAgain")
    )


def test_what_the_end_of_a_unit_needs_breaks_it(guarded: Guarded) -> None:
    for sid, unit in LAST.items():
        guarded.allow()
        assert guarded.first(unit).code == 0
        guarded.allow(without=sid)
        done = guarded.last(unit)
        assert guarded.names_what_is_missing(sid, done), (sid, done.err, done.out)
        guarded.allow()
        done = guarded.last(unit)
        assert done.code == 0, (sid, done.err, done.out)


def test_every_statement_is_tried_here_or_somewhere_else(guarded: Guarded) -> None:
    printed = {statement["Sid"] for statements in guarded.policies.values() for statement in statements}

    tried = {*BREAKS, *FIRST, *LAST}
    assert printed - tried - set(ELSEWHERE) == set()
    assert tried - printed == set()
