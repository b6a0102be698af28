"""Each statement of a generated role, taken away, breaks a verb, which then says what it may not do."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tests.tools.policies import give

from .bootstrapped import ACCOUNTS, Bootstrapped, bootstrapped
from .stage import Done, commit
from .test_permissions import ELSEWHERE as TRIED_BY_ONE_ROLE

pytestmark = [pytest.mark.local_cloud, pytest.mark.slow, pytest.mark.long]

DEPLOY = ("deploy", "sandbox", "--only", "customers", "--yes")
"""Of another line of its code each time."""
NIGHTLY = ("invoke", "nightly", "calendar", "sandbox")
DESTROY = ("destroy", "nightly", "sandbox", "--yes", "--confirm", "nightly")
EXECUTION = "acme-sandbox-execution"
Words = tuple[str, ...]

BREAKS: Mapping[str, Mapping[str, Words]] = {
    "acme-developer": {
        "ListTheBucket": ("status",),
        "ReadArtifactsAndRecords": ("history", "customers", "sandbox"),
        "LookAtTheBucket": ("doctor",),
        "LookAtTheRoles": ("doctor",),
        "PublishArtifacts": DEPLOY,
        "WriteRecords": DEPLOY,
        "EnterEnvironments": DEPLOY,
        "WriteFreezes": ("freeze", "staging", "--reason", "audit"),  # not prod, whose plan waits for an approval
    },
    "acme-approver": {
        "ListTheBucket": ("approve", "plan.json"),
        "ReadArtifactsAndRecords": ("approve", "plan.json"),
        "WriteApprovals": ("approve", "plan.json"),
    },
    "acme-sandbox-deploy": {
        "LookAtStacks": DEPLOY,
        "ChangeStacks": DEPLOY,
        "ChangeStacksInItsRole": DEPLOY,
        "LetCloudFormationAct": DEPLOY,
        "LookAtTheRoles": ("doctor",),
        "TakeWhatIsPublished": ("doctor",),
        "LookAtFunctions": DEPLOY,
        "LookAtQuotas": ("doctor",),
        "CallFunctions": DEPLOY,
        "CompareStacks": ("drift", "sandbox"),
        "WaitForDrift": ("drift", "sandbox"),
        "ReadLogs": ("logs", "customers", "lookup", "sandbox"),
        "LookForParameters": DEPLOY,
        "LookForSecrets": DEPLOY,
        "RunJobs": NIGHTLY,
        "DeleteStacks": DESTROY,
    },
    "acme-sandbox-execution": {
        "TakeCodeAndLayers": DEPLOY,
        "ResolveParameters": DEPLOY,
        "MakeLambda": DEPLOY,
    },
    "acme-prod-read": {
        "LookAtStacks": ("drift", "prod"),
        "CompareStacks": ("drift", "prod"),
        "WaitForDrift": ("drift", "prod"),
        "LookAtQuotas": ("doctor",),
        "ReadLogs": ("logs", "customers", "lookup", "prod"),
        "LookAtTheRoles": ("doctor",),
    },
}
FIRST = {
    "MakeGlue": "nightly",
    "MakeRoles": "nightly",
    "ChangeRoles": "nightly",
    "PassRoles": "nightly",
    "MakeLogs": "customers",
    "MakeLogsAnywhere": "customers",
    "MakeSecurityGroups": "network",
    "ChangeSecurityGroups": "network",
    "MakeEc2Anywhere": "network",
}
"""What CloudFormation needs for the first deploy of this unit."""
LAST = {"DeleteGlue": "nightly", "DeleteLambda": "customers", "DeleteEc2Anywhere": "network"}
"""What it needs at the end of this unit."""

ELSEWHERE = {
    **TRIED_BY_ONE_ROLE,
    "LookAtLayers": "a unit with a layer: tests/end_to_end/test_permissions.py",
    "MoveAliases": "while traffic moves: tests/flow/test_shift.py; in stacks CloudFormation moves them",
    "SendCodeAgain": "after a code that was sent by hand: tests/end_to_end/test_repair.py",
    "LookAtFunctions of acme-prod-read": "drift of a function that was changed by hand",
    "LookAtLayers of acme-prod-read": "drift of a function with a layer",
    "EnterEnvironments of acme-approver": "what a stack is made of is a note of the plan, where nobody may look",
}
REFERENCES = (
    '[tool.multi_env_lambda.functions.lookup]\nenvironment = { URL = { parameter = "/url" }, KEY = { secret = "key" } }'
)


NETWORK = """
[project]
name = "network"
version = "0.1.0"

[tool.multi_env_lambda.security_groups.outbound]
vpc_id = "vpc-0a1b2c3d"
allow_to = [{ cidr = "10.0.0.0/16", port = 443 }, { security_group = "outbound", port = 5432 }]

[tool.multi_env_lambda.functions.reach]
handler = "reach.handler"
vpc = { subnet_ids = ["subnet-0a1b2c3d"], security_groups = ["outbound"] }
"""
"""A unit with a security group, one of whose rules is a resource of its own."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bootstrapped]:
    folder = tmp_path_factory.mktemp("stripped") / "workspace"
    prod = 'approval = true\ndeployed_by = ["build"]\n'
    with bootstrapped(folder, units=("customers", "nightly"), table=prod) as found:
        unit = folder / "projects/customers/pyproject.toml"
        text = unit.read_text("utf-8")
        unit.write_text(text.replace("[tool.multi_env_lambda.functions.lookup]", REFERENCES), "utf-8")
        (folder / "projects/network").mkdir()
        (folder / "projects/network/pyproject.toml").write_text(NETWORK, "utf-8")
        (folder / "projects/network/reach.py").write_text("def handler(event, context):\n    return 1\n", "utf-8")
        commit(folder)
        for place in ACCOUNTS:
            found.root(place, "ssm").put_parameter(Name="/url", Type="String", Value="v")
            found.root(place, "secretsmanager").create_secret(Name="key", SecretString="hidden")
        done = found.run("bootstrap")
        assert done.code == 0, done.err
        yield found


def statements(made: Bootstrapped, role: str) -> list[dict[str, Any]]:
    """Of the policies that `bootstrap` gave a role."""
    iam = made.root(place_of(role), "iam")
    found = []
    for policy in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]:
        version = iam.get_policy(PolicyArn=policy["PolicyArn"])["Policy"]["DefaultVersionId"]
        document = iam.get_policy_version(PolicyArn=policy["PolicyArn"], VersionId=version)["PolicyVersion"]["Document"]
        found += (json.loads(document) if isinstance(document, str) else document)["Statement"]
    return found


def place_of(role: str) -> str:
    if role.endswith("-reviewer"):
        return "devops"
    return next((place for place in ACCOUNTS if f"-{place}-" in role), "devops")


def run(made: Bootstrapped, words: Words) -> Done:
    if words == DEPLOY:
        with (made.stage.root / "projects/customers/customers/__init__.py").open("a") as module:
            module.write("# one more line\n")
    user = "grace" if words[0] == "approve" else ""
    done = made.run(*words, user=user)
    # What a deploy without a right has left half published keeps its name; the same command again takes the next one.
    return made.run(*words, user=user) if done.code == 8 else done


def says_what_is_missing(done: Done, statement: Mapping[str, Any]) -> bool:
    """With the service in front, or as Lambda names what S3 refused to CloudFormation: ``permission to GetObject``."""
    actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
    names = [*actions, *(f"permission to {action.partition(':')[2]} " for action in actions)]
    return done.code != 0 and any(name in done.out + done.err for name in names)


def test_what_cloudformation_needs_first_breaks_a_first_deploy(made: Bootstrapped) -> None:
    role, iam = EXECUTION, made.root("sandbox", "iam")
    kept = statements(made, role)
    unsaid = []
    for sid, unit in FIRST.items():
        give(iam, role, [one for one in kept if one["Sid"] != sid])
        done = made.run("deploy", "sandbox", "--only", unit, "--yes")
        if not says_what_is_missing(done, next(one for one in kept if one["Sid"] == sid)):
            unsaid.append((sid, done.code, done.err[-600:]))
    give(iam, role, kept)
    for unit in dict.fromkeys(FIRST.values()):
        done = made.run("deploy", "sandbox", "--only", unit, "--yes")
        assert done.code == 0, (unit, done.err)
    assert unsaid == [], "\n".join(map(str, unsaid))


def test_each_statement_taken_away_breaks_a_verb_that_names_it(made: Bootstrapped) -> None:
    ready(made)
    unsaid = []
    for role, verbs in BREAKS.items():
        kept, iam = statements(made, role), made.root(place_of(role), "iam")
        for statement in kept:
            if words := verbs.get(statement["Sid"]):
                give(iam, role, [one for one in kept if one is not statement])
                done = run(made, words)
                if not says_what_is_missing(done, statement):
                    unsaid.append((role, statement["Sid"], done.code, done.err[-600:]))
        give(iam, role, kept)
        for words in dict.fromkeys(verbs.values()):
            if words[0] not in ("doctor", "destroy"):
                done = run(made, words)
                assert done.code == 0, f"{role} with all of it: {words}: {done.err}"
    assert unsaid == [], "\n".join(map(str, unsaid))


def test_what_cloudformation_needs_last_breaks_the_end_of_a_unit(made: Bootstrapped) -> None:
    role, iam = EXECUTION, made.root("sandbox", "iam")
    kept = statements(made, role)
    unsaid = []
    for sid, unit in LAST.items():
        made.run("deploy", "sandbox", "--only", unit, "--yes")
        give(iam, role, [one for one in kept if one["Sid"] != sid])
        done = made.run("destroy", unit, "sandbox", "--yes", "--confirm", unit)
        if not says_what_is_missing(done, next(one for one in kept if one["Sid"] == sid)):
            unsaid.append((sid, done.code, done.err[-600:]))
        give(iam, role, kept)
    assert unsaid == [], "\n".join(map(str, unsaid))


def test_every_statement_is_tried_here_or_somewhere_else(made: Bootstrapped) -> None:
    missing = []
    for role, verbs in {
        **BREAKS,
        "acme-sandbox-execution": {**BREAKS["acme-sandbox-execution"], **FIRST, **LAST},
    }.items():
        sids = {statement["Sid"] for statement in statements(made, role)}
        known = {*verbs, *ELSEWHERE, *(key.partition(" of ")[0] for key in ELSEWHERE if key.endswith(role))}
        missing += [(role, sid) for sid in sorted(sids - known)]
        missing += [(role, f"{sid} is not there") for sid in sorted(set(verbs) - sids)]
    assert missing == []


def ready(made: Bootstrapped) -> None:
    """One unit runs everywhere, the other up to prod, where its plan waits for an approval."""
    for words in (
        ("deploy", "sandbox", "--all", "--yes"),
        ("promote", "test", "--yes"),
        ("promote", "staging", "--yes"),
        ("promote", "prod", "--only", "customers", "--out", "customers.json"),
        ("approve", "customers.json"),
        ("deploy", "--plan", "customers.json", "--yes"),
        ("promote", "prod", "--only", "nightly", "--out", "plan.json"),
    ):
        acting = "administrator" if "--plan" in words else ""
        done = made.run(*words, acting=acting, user="grace" if words[0] == "approve" else "")
        assert done.code == 0, f"{words}: {done.err}"
