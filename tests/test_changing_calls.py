"""Every call of AWS that changes something, and what keeps a process that was paused from sending it by mistake."""

from __future__ import annotations

import ast
import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from multi_env_lambda.aws.bucket import Bucket
from multi_env_lambda.aws.functions import Alias, create_alias, send_code, set_alias, unreserve
from multi_env_lambda.aws.poller import Poller
from multi_env_lambda.aws.protection import protect
from multi_env_lambda.aws.stack import Stacks
from multi_env_lambda.aws.versions import delete_function_version, delete_layer_version
from multi_env_lambda.errors import MultiEnvLambdaError
from multi_env_lambda.host.retrying import Retrying
from multi_env_lambda.model.alias import AliasState
from multi_env_lambda.model.versions import ObjectPlace
from multi_env_lambda.testing.lease import FakeHeld
from tests.house import PACKAGE, ROOT, module_paths, nodes
from tests.tools.cloudformation import InMemoryCloudFormation
from tests.tools.faulty_client import FaultyClient, client_error

HELD = "held lease"
CONDITIONAL = "conditional write: an immutable name is created, or the lease itself replaced by its ETag"
UNFINISHED = "changes no object: what is not completed is nowhere, and the bucket's rule deletes it"
TOKEN = "a second build of the same job finds it taken, and ends"
BOOTSTRAP = "bootstrap"
PERSON = "a person's own request: invoke, run job, and the smoke checks of a deploy"
SEED = "local cloud's own seeding, and stacks of tests"
KEYS = "changes nothing, gives keys"
LOOKS = "changes nothing, starts a look"
VERB = "the name of a verb, as a text"
FIELD = "a field of a step: what is to be published"
SAID = "one run of a subject speaks at a time; what comes late is a text, which the next run replaces"
OURS = "a method of ours with that name, which leads to one of the others"

EVENT = "an event only asks for a look; the mark of its delivery, a conditional write, keeps it from being sent again"

GUARDS: dict[tuple[str, str], str] = {
    ("aws/bucket.py", "complete_multipart_upload"): CONDITIONAL,
    ("aws/bucket.py", "create_multipart_upload"): UNFINISHED,
    ("aws/bucket.py", "delete_object"): HELD,
    ("aws/bucket.py", "put_object"): CONDITIONAL,
    ("aws/bucket.py", "upload_part_copy"): UNFINISHED,
    ("aws/bucket_setup.py", "create_bucket"): BOOTSTRAP,
    ("aws/bucket_setup.py", "put_bucket_lifecycle_configuration"): BOOTSTRAP,
    ("aws/bucket_setup.py", "put_bucket_notification_configuration"): BOOTSTRAP,
    ("aws/bucket_setup.py", "put_bucket_policy"): BOOTSTRAP,
    ("aws/event_bus.py", "put_events"): EVENT,
    ("aws/bucket_setup.py", "put_bucket_versioning"): BOOTSTRAP,
    ("aws/bucket_setup.py", "put_public_access_block"): BOOTSTRAP,
    ("aws/pipelines.py", "put_job_failure_result"): "by the id of the job: CodePipeline takes one answer to each",
    ("aws/pipelines.py", "put_job_success_result"): "by the id of the job: CodePipeline takes one answer to each",
    ("aws/builds.py", "start_build"): TOKEN,
    ("aws/change_set.py", "create_change_set"): HELD,
    ("aws/change_set.py", "delete_change_set"): HELD,
    ("aws/change_set.py", "execute_change_set"): HELD,
    ("aws/drift.py", "detect_stack_drift"): LOOKS,
    ("aws/functions.py", "create_alias"): HELD,
    ("aws/functions.py", "delete_function_concurrency"): HELD,
    ("aws/functions.py", "invoke"): PERSON,
    ("aws/protection.py", "update_termination_protection"): HELD,
    ("aws/functions.py", "update_alias"): HELD,
    ("aws/functions.py", "update_function_code"): HELD,
    ("aws/platform.py", "start_job_run"): PERSON,
    ("aws/platform.py", "delete_layer_version"): OURS,
    ("aws/platform.py", "create_alias"): OURS,
    ("aws/platform.py", "invoke"): OURS,
    ("aws/platform.py", "set_alias"): OURS,
    ("aws/pull_requests.py", "post_comment_for_pull_request"): SAID,
    ("aws/pull_requests.py", "update_comment"): SAID,
    ("aws/session.py", "assume_role"): KEYS,
    ("aws/stack.py", "continue_update_rollback"): HELD,
    ("aws/stack.py", "delete_stack"): HELD,
    ("aws/stack.py", "rollback_stack"): HELD,
    ("aws/topic.py", "publish"): SAID,
    ("aws/versions.py", "delete_function"): HELD,
    ("aws/versions.py", "delete_layer_version"): HELD,
    ("api/function.py", "invoke"): OURS,
    ("cli/functions.py", "invoke"): VERB,
    ("flow/check.py", "invoke"): OURS,
    ("operations/prune.py", "delete_layer_version"): OURS,
    ("local/emulator/answers.py", "invoke"): OURS,
    ("local/emulator/function_logs.py", "invoke"): OURS,
    ("local/emulator/function_starts.py", "invoke"): OURS,
    ("model/function.py", "invoke"): FIELD,
    ("model/state_machine.py", "invoke"): FIELD,
    ("model/job.py", "invoke"): FIELD,
    ("model/keys/policy.py", "invoke"): FIELD,
    ("plan/permissions.py", "invoke"): VERB,
    ("plan/template/own_resources.py", "invoke"): FIELD,
    ("local/host_events.py", "put_events"): "an event only says: look; one that comes twice makes no second build",
    ("local/seed.py", "attach_role_policy"): SEED,
    ("local/seed.py", "attach_user_policy"): SEED,
    ("local/seed.py", "create_access_key"): SEED,
    ("local/seed.py", "create_role"): SEED,
    ("local/seed.py", "create_user"): SEED,
    ("local/seed.py", "delete_access_key"): SEED,
    ("local/seed.py", "put_user_policy"): SEED,
    ("local/seed.py", "tag_role"): SEED,
    ("local/seed.py", "update_assume_role_policy"): SEED,
    ("testing/local_cloud.py", "assume_role"): KEYS,
    ("api/build.py", "publish"): OURS,
    ("api/carry_out.py", "publish"): OURS,
    ("api/project.py", "publish"): OURS,
    ("api/workspace.py", "publish"): OURS,
    ("cli/deploy.py", "publish"): OURS,
    ("flow/act.py", "publish"): VERB,
    ("flow/sending.py", "publish"): VERB,
    ("pipeline.py", "publish"): FIELD,
    ("runs/bring.py", "publish"): OURS,
    ("runs/voice.py", "publish"): OURS,
    ("plan/deploy_step.py", "publish"): FIELD,
    ("show/text.py", "publish"): FIELD,
}
"""(module, operation) -> what guards it."""

SERVICES = (
    "cloudformation", "cloudwatch", "codebuild", "codecommit", "codepipeline", "dynamodbstreams", "events", "glue",
    "iam", "kinesis", "lambda", "logs", "resourcegroupstaggingapi", "s3", "secretsmanager", "service-quotas",
    "sns", "sqs", "ssm", "sts",
)  # fmt: skip
READS = ("batch_get_", "describe_", "estimate_", "filter_", "get_", "head_", "list_", "lookup_", "search_", "validate_")


@cache
def changing_operations() -> frozenset[str]:
    """The client methods of the services in use, from botocore's own models, without those that only read."""
    from botocore import xform_name
    from botocore.session import get_session

    session = get_session()
    names = {xform_name(name) for service in SERVICES for name in session.get_service_model(service).operation_names}
    return frozenset(name for name in names if not name.startswith(READS))


def named_operations(source: Sequence[ast.AST]) -> set[str]:
    """What could be a call: an attribute of anything, or a name that is handed to a function (``getattr``, ours)."""
    attributes = {node.attr for node in source if isinstance(node, ast.Attribute)}
    words = {
        argument.value
        for node in source
        if isinstance(node, ast.Call)
        for argument in (*node.args, *(keyword.value for keyword in node.keywords))
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
    }
    return (attributes | words) & changing_operations()


def shown(path: Path) -> str:
    return path.relative_to(ROOT / PACKAGE).as_posix()


def test_every_changing_call_is_guarded_by_something() -> None:
    found = {(shown(path), name) for path in module_paths() for name in named_operations(nodes(path))}

    assert sorted(found - GUARDS.keys()) == [], "say in GUARDS what keeps a paused process from sending it"
    assert sorted(GUARDS.keys() - found) == []


def test_a_new_changing_call_would_be_found() -> None:
    source = (
        "client.put_parameter(Name=n)\nstart = client.start_query\ncall(client, 'delete_secret')\nclient.get_role()"
    )

    assert named_operations(list(ast.walk(ast.parse(source)))) == {"put_parameter", "start_query", "delete_secret"}


def test_the_services_are_those_in_use() -> None:
    from botocore.session import get_session

    known = set(get_session().get_available_services())
    asked = {
        argument.value
        for path in module_paths()
        for node in nodes(path)
        if isinstance(node, ast.Call)
        for argument in node.args
        if isinstance(argument, ast.Constant) and argument.value in known and "client" in ast.unparse(node.func)
    }

    assert asked - set(SERVICES) == set()
    assert {"cloudformation", "lambda", "s3", "sts"} <= asked


# --- what the held lease guards is not sent once it is lost, whenever that is ---
class Account:
    """Lambda and S3 as far as these calls go; ``conditional``: whether the store knows conditional deletions."""

    def __init__(self, *, conditional: bool = True) -> None:
        self._conditional = conditional

    def delete_function(self, **_: Any) -> None: ...

    def delete_layer_version(self, **_: Any) -> None: ...

    def update_alias(self, **_: Any) -> dict[str, Any]:
        return {"FunctionVersion": "2", "RevisionId": "r"}

    def create_alias(self, **_: Any) -> None: ...

    def update_function_code(self, **_: Any) -> None: ...

    def delete_function_concurrency(self, **_: Any) -> None: ...

    def get_function_configuration(self, **_: Any) -> dict[str, Any]:
        return {}

    def update_termination_protection(self, **_: Any) -> None: ...

    def delete_object(self, IfMatch: str | None = None, **_: Any) -> dict[str, Any]:
        if IfMatch is not None and not self._conditional:
            raise client_error("DeleteObject", "NotImplemented", "no", status=501)
        return {}

    def head_object(self, **_: Any) -> dict[str, Any]:
        return {"ETag": "e"}


class Spy:
    """Stands before a client and has the lease lost right after the ``last`` call, whether that one succeeds or not."""

    def __init__(self, client: Any, held: FakeHeld, last: int) -> None:
        self._client = client
        self._held = held
        self._last = last
        self.calls: list[str] = []
        held.lost = last == 0

    def __getattr__(self, operation: str) -> Any:
        found = getattr(self._client, operation)

        def call(**parameters: Any) -> Any:
            self.calls.append(operation)
            try:
                return found(**parameters)
            finally:
                self._held.lost = self._held.lost or len(self.calls) == self._last

        return call


TEMPLATE = json.dumps({"Resources": {"Function": {"Type": "AWS::Lambda::Function"}}})


AT_ONCE = Retrying(sleep=lambda _: None)


def stacks(client: Any) -> Stacks:
    clock = [0.0]

    def sleep(seconds: float) -> None:
        clock[0] += seconds

    poller = Poller(client, clock=lambda: clock[0], sleep=sleep, jitter=lambda: 1.0)
    return Stacks(client, poller, place="test", retrying=Retrying(sleep=sleep))


def deploys(client: Any, held: FakeHeld) -> None:
    stacks(client).deploy("s", TEMPLATE, held=held, token="t")


def destroys(client: Any, held: FakeHeld) -> None:
    stacks(client).delete("s", held=held, token="t")


def deletes_an_object(client: Any, held: FakeHeld) -> None:
    Bucket(client, "b", "1" * 12, retrying=AT_ONCE).delete("k", etag="e", held=held)


def stack_in(status: str, *then: str, template: str = "{}") -> Callable[[], FaultyClient]:
    def cloud() -> FaultyClient:
        found = InMemoryCloudFormation()
        if status:
            found.put_stack("s", status, then=then, template=template)
        return FaultyClient(found)

    return cloud


def refusing() -> FaultyClient:
    """Refuses the template of a stack that is not there yet."""
    client = FaultyClient(InMemoryCloudFormation())
    client.answer("describe_change_set", lambda answer: {**answer, "Status": "FAILED", "StatusReason": "bad macro"})
    return client


Scenario = tuple[str, Callable[[], FaultyClient], Callable[[Any, FakeHeld], None]]

SCENARIOS: dict[str, Scenario] = {
    "a first deploy": ("create_change_set", stack_in(""), deploys),
    "an update": ("execute_change_set", stack_in("UPDATE_COMPLETE"), deploys),
    "a deploy without changes": ("delete_change_set", stack_in("UPDATE_COMPLETE", template=TEMPLATE), deploys),
    "an update after somebody else's": (
        "execute_change_set",
        stack_in("UPDATE_IN_PROGRESS", *["UPDATE_IN_PROGRESS"] * 3, "UPDATE_COMPLETE"),
        deploys,
    ),
    "a refused first deploy": ("delete_stack", refusing, deploys),
    "a destroy": ("delete_stack", stack_in("UPDATE_COMPLETE"), destroys),
    "a destroy after somebody else's update": (
        "delete_stack",
        stack_in("UPDATE_IN_PROGRESS", *["UPDATE_IN_PROGRESS"] * 3, "UPDATE_COMPLETE"),
        destroys,
    ),
    "a repair: made anew": ("delete_stack", stack_in("ROLLBACK_COMPLETE"), deploys),
    "a repair: rolled back": ("rollback_stack", stack_in("UPDATE_FAILED"), deploys),
    "a repair: rollback continued": ("continue_update_rollback", stack_in("UPDATE_ROLLBACK_FAILED"), deploys),
    "an object": ("delete_object", lambda: FaultyClient(Account()), deletes_an_object),
    "an object without conditions": (
        "delete_object",
        lambda: FaultyClient(Account(conditional=False)),
        deletes_an_object,
    ),
    "a function version": (
        "delete_function",
        lambda: FaultyClient(Account()),
        lambda client, held: delete_function_version(client, "f", "1", held),
    ),
    "a layer version": (
        "delete_layer_version",
        lambda: FaultyClient(Account()),
        lambda client, held: delete_layer_version(client, "l", 1, held),
    ),
    "a protection": (
        "update_termination_protection",
        lambda: FaultyClient(Account()),
        lambda client, held: protect(client, "s", "stack s", held, AT_ONCE),
    ),
    "an alias": (
        "update_alias",
        lambda: FaultyClient(Account()),
        lambda client, held: (
            set_alias(client, "f", "live", Alias(version="2", weights=(), revision_id="r"), held) and None
        ),
    ),
    "a deleted alias": (
        "create_alias",
        lambda: FaultyClient(Account()),
        lambda client, held: create_alias(client, "f", "live", AliasState(version="2", weights=()), held),
    ),
    "send code again": (
        "update_function_code",
        lambda: FaultyClient(Account()),
        lambda client, held: send_code(client, "f", ObjectPlace(bucket="b", key="k"), held, AT_ONCE),
    ),
    "a reservation": (
        "delete_function_concurrency",
        lambda: FaultyClient(Account()),
        lambda client, held: unreserve(client, "f", held, AT_ONCE),
    ),
}
GUARDED = {operation for (_, operation), guard in GUARDS.items() if guard == HELD}


def sent(scenario: Scenario, last: int, *, throttled: bool = False) -> list[str]:
    """All calls, with the lease lost after ``last`` of them; ``throttled``: the call in question must be repeated."""
    operation, make, run = scenario
    client, held = make(), FakeHeld()
    if throttled:
        client.fail(operation, code="Throttling", status=400, message="Rate exceeded")
    spy = Spy(client, held, last)
    with suppress(MultiEnvLambdaError):
        run(spy, held)
    return spy.calls


@pytest.mark.parametrize("throttled", [False, True], ids=["at once", "throttled"])
@pytest.mark.parametrize("name", SCENARIOS)
def test_once_the_lease_is_lost_no_changing_call_is_sent(name: str, throttled: bool) -> None:
    scenario = SCENARIOS[name]
    undisturbed = sent(scenario, -1, throttled=throttled)
    assert scenario[0] in undisturbed

    for last in range(len(undisturbed)):
        late = sent(scenario, last, throttled=throttled)[last:]
        assert [call for call in late if call in changing_operations()] == [], last


def test_every_call_that_the_lease_guards_is_shown_to_be_guarded() -> None:
    seen = {call for scenario in SCENARIOS.values() for call in sent(scenario, -1)}

    assert GUARDED - seen == set()
