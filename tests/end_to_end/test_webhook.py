"""From a signed request over HTTP to a deployment, through all that `bootstrap` makes, each part in its own role.

Played are GitHub, which signs and sends, and its machine, whose job only sends the event.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import sys
import uuid
from collections.abc import Iterator
from typing import Any

import attrs
import boto3
import pytest
from botocore.exceptions import ClientError

from multi_env_lambda.host.posting import post
from multi_env_lambda.local.cloud import state_folder
from multi_env_lambda.local.remote import push
from multi_env_lambda.model.ci_stack import DELIVERIES
from multi_env_lambda.testing.local_cloud import eventually
from tests.tools.policies import give

from .bootstrapped import ACCOUNTS, BUCKET, Bootstrapped, bootstrapped, denied
from .github_runner import SUBJECT, Runner
from .host_page import HostPage
from .stage import commit, git
from .test_stripped_roles import statements

pytestmark = [pytest.mark.local_cloud, pytest.mark.slow, pytest.mark.long]

ADDRESS = "https://github.com/acme/units"
CI = f"""
[tool.multi_env_lambda.ci]
repository = "{ADDRESS}"
people = ["ada@example.org"]
webhook = {{ secret = "acme/webhook" }}
github = {{ repository = "acme/units", owner_id = 123456, repository_id = 456789, jobs = "send" }}
"""
OLD, NEW = "the-old-secret-of-this-test", "the-new-secret-of-this-test"
RECEIVER = "acme-receiver"


@attrs.frozen
class Site:
    made: Bootstrapped
    address: str

    def push(self, text: str) -> str:
        root = self.made.stage.root
        file = root / "projects/customers/customers/__init__.py"
        file.write_text(f"{file.read_text('utf-8')}# {text}\n", "utf-8")
        commit(root)
        push(root, state_folder(root), address=ADDRESS, branch="main", protected="main")
        return git(root, "rev-parse", "HEAD")

    def runs(self) -> list[str]:
        """The commit in each of the environments without an approval, by the records."""
        kept = self.made.run("history", "customers", "--json").answer
        return [kept[place][-1]["commit"] if kept.get(place) else "" for place in ("sandbox", "test", "staging")]

    def builds(self) -> list[dict[str, Any]]:
        """Once each has ended."""
        client = self.made.root("devops", "codebuild")

        def found() -> list[dict[str, Any]]:
            ids = client.list_builds_for_project(projectName="acme-build")["ids"]
            return list(client.batch_get_builds(ids=ids)["builds"]) if ids else []

        eventually(lambda: all(one["buildStatus"] != "IN_PROGRESS" for one in found()), seconds=120)
        return found()

    def log(self) -> str:
        logs = self.made.root("devops", "logs")
        found = logs.filter_log_events(logGroupName=f"/aws/lambda/{RECEIVER}")["events"]
        return "\n".join(event["message"] for event in found)

    def marks(self) -> list[str]:
        found = self.made.root("devops", "s3").list_objects_v2(Bucket=BUCKET, Prefix=DELIVERIES)
        return [one["Key"] for one in found.get("Contents", ())]

    def fresh(self) -> None:
        """A process that knows nothing: what it has read it would keep for a minute."""
        client = self.made.root("devops", "lambda")
        variables = client.get_function_configuration(FunctionName=RECEIVER)["Environment"]["Variables"]
        new = {**variables, "FRESH": uuid.uuid4().hex}
        client.update_function_configuration(FunctionName=RECEIVER, Environment={"Variables": new})

    def store(self, *secrets: str) -> None:
        text = "\n".join(secrets)
        self.made.root("devops", "secretsmanager").put_secret_value(SecretId="acme/webhook", SecretString=text)
        self.fresh()


def pushed(commit: str) -> bytes:
    repository = {"full_name": "acme/units", "owner": {"email": "ada@acme.example"}}
    detail = {"ref": "refs/heads/main", "after": commit, "before": "0" * 40, "repository": repository}
    return json.dumps({**detail, "sender": {"login": "ada"}, "head_commit": {"message": "“naïve” ☃"}}).encode()


def delivered(
    site: Site, body: bytes, *, secret: str = OLD, delivery: str = "", kind: str = "push", **headers: str
) -> tuple[int, str]:
    own = {
        "Content-Type": "application/json",
        "User-Agent": "GitHub-Hookshot/7c3f3ce",
        "X-GitHub-Delivery": delivery or str(uuid.uuid4()),
        "X-GitHub-Event": kind,
        "X-Hub-Signature-256": "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest(),
    }
    return post(site.address, body, {**own, **headers})


def looked(made: Bootstrapped) -> Any:
    """What `doctor` says of the receiver."""
    found = json.loads(made.run("doctor", "--json").out)
    return next(one for one in found if (one["place"], one["check"]) == ("devops", "webhook"))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("webhook") / "workspace"
    with bootstrapped(folder, units=("customers",), table="approval = true\n", more=CI) as made:
        before = looked(made)
        assert before["state"] == "problem"
        assert "cannot read secret acme/webhook" in before["what"]
        made.root("devops", "secretsmanager").create_secret(Name="acme/webhook", SecretString=f"{OLD}\n")
        after = looked(made)
        assert after["state"] == "ok", after
        again = made.run("bootstrap", "devops", "--plan")
        assert "nothing would change" in again.err, again.err
        made.without_the_organisations_role()
        yield Site(made, after["what"].rpartition(" ")[2])


def test_a_signed_push_is_built_and_deployed_and_repeating_it_changes_nothing(site: Site) -> None:
    first = site.push("the first")
    delivery, body = str(uuid.uuid4()), pushed(first)
    assert delivered(site, body, delivery=delivery) == (202, '{"message": "received"}')
    eventually(lambda: site.runs() == [first] * 3, seconds=120)
    (build,) = site.builds()
    assert build["buildStatus"] == "SUCCEEDED"

    assert delivered(site, body, delivery=delivery)[0] == 200
    assert len(site.marks()) == 1
    assert len(site.builds()) == 1
    assert delivered(site, b'{"zen": "Design for failure."}', kind="ping")[0] == 200


def test_what_is_forged_cut_or_of_another_form_leads_to_nothing(site: Site) -> None:
    builds, marks, body = len(site.builds()), site.marks(), pushed("1" * 40)
    signature = "sha256=" + hmac.new(OLD.encode(), body, hashlib.sha256).hexdigest()
    found = [
        delivered(site, body, secret="a-secret-of-somebody-else")[0],
        delivered(site, body[:-1], **{"X-Hub-Signature-256": signature})[0],
        delivered(site, body + b" ", **{"X-Hub-Signature-256": signature})[0],
        delivered(site, body, **{"X-Hub-Signature-256": f"{signature}, {signature}"})[0],
        delivered(site, body, **{"Content-Type": "application/x-www-form-urlencoded"})[0],
        delivered(site, b"\xff\xfe", kind="push")[0],
        delivered(site, b"x" * 6_300_000)[0],
        post(f"{site.address}elsewhere", body, {"Content-Type": "application/json"})[0],
    ]

    assert found == [401, 401, 401, 401, 415, 401, 413, 404]
    assert (len(site.builds()), site.marks()) == (builds, marks)


def test_two_secrets_count_while_one_replaces_the_other(site: Site) -> None:
    def answers() -> list[int]:
        return [delivered(site, b"{}", kind="ping", secret=secret)[0] for secret in (OLD, NEW)]

    assert answers() == [200, 401]
    site.store(NEW, OLD)
    assert answers() == [200, 200]
    site.store(NEW)
    assert answers() == [401, 200]
    site.store(OLD)


def test_neither_secret_nor_body_is_in_template_log_record_or_variables(site: Site) -> None:
    delivered(site, pushed("2" * 40))
    cloudformation, functions = site.made.root("devops", "cloudformation"), site.made.root("devops", "lambda")
    template = json.dumps(cloudformation.get_template(StackName="acme-devops-Ci")["TemplateBody"])
    variables = functions.get_function_configuration(FunctionName=RECEIVER)["Environment"]["Variables"]
    s3 = site.made.root("devops", "s3")
    stored = b"".join(s3.get_object(Bucket=BUCKET, Key=key)["Body"].read() for key in site.marks())

    log = site.log()
    assert ": push: 202: received" in log
    for text in (template, json.dumps(variables), stored.decode(), log):
        assert [word for word in (OLD, NEW, "ada@acme.example", "naïve") if word in text] == []
    assert "acme/webhook" in variables.values()


@pytest.mark.parametrize(
    ("sid", "action"),
    [
        ("ReadItsSecret", "secretsmanager:GetSecretValue"),
        ("RememberDeliveries", "s3:PutObject"),
        ("PutEvents", "events:PutEvents"),
    ],
)
def test_without_one_statement_github_sees_an_error_and_the_log_says_which(site: Site, sid: str, action: str) -> None:
    iam, kept = site.made.root("devops", "iam"), statements(site.made, RECEIVER)
    assert {one["Sid"] for one in kept} == {"ReadItsSecret", "RememberDeliveries", "PutEvents", "WriteItsLog"}
    give(iam, RECEIVER, [one for one in kept if one["Sid"] != sid])
    site.fresh()
    delivery, body = str(uuid.uuid4()), pushed("3" * 40)
    refused = delivered(site, body, delivery=delivery)
    give(iam, RECEIVER, kept)
    site.fresh()

    assert refused[0] == 503, refused
    assert action in site.log()
    assert delivered(site, body, delivery=delivery)[0] == 202, "what did not reach the bus is sent when it comes again"


_AWS = """#!{python}
import json, os, sys
import boto3
assert sys.argv[1:3] == ["events", "put-events"], sys.argv
entries = json.load(open(sys.argv[4].removeprefix("file://")))
print(boto3.client("events", os.environ["AWS_REGION"]).put_events(Entries=entries)["FailedEntryCount"])
"""


@pytest.fixture(scope="module")
def runner(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Runner:
    """GitHub's machine: a shell, `aws` that puts events, and the workflow as `ci write github` writes it."""
    folder = tmp_path_factory.mktemp("github")
    (folder / "programs").mkdir()
    for name, text in (("aws", _AWS.format(python=sys.executable)), ("gh", '#!/bin/sh\ncat "$HOME/request.json"\n')):
        (folder / "programs" / name).write_text(text, "utf-8")
        (folder / "programs" / name).chmod(0o755)
    written = site.made.stage.script("ci", "write", "github", local=False)
    assert "written" in written.err, written.err
    page = HostPage(host="github", tables="", left=[])
    return Runner(site.made, page, folder, folder, "http://127.0.0.1:9", {})


def test_a_job_that_only_sends_leads_to_the_same_and_may_do_nothing_else(site: Site, runner: Runner) -> None:
    sent = site.push("sent by a job")
    runner.run("send", "push", json.loads(pushed(sent)))
    eventually(lambda: site.runs() == [sent] * 3, seconds=120)

    role = f"arn:aws:iam::{ACCOUNTS['devops']}:role/acme-sender"
    keys = runner.credentials(role, sub=f"{SUBJECT}ref:refs/heads/main")
    session = boto3.Session(
        keys["AWS_ACCESS_KEY_ID"], keys["AWS_SECRET_ACCESS_KEY"], keys["AWS_SESSION_TOKEN"], "us-east-1"
    )
    events = session.client("events", endpoint_url=keys["AWS_ENDPOINT_URL"])
    entry = {"Source": "github.com", "DetailType": "pull_request_review", "Detail": "{}"}
    assert denied(events, "put_events", Entries=[entry])
    assert denied(session.client("s3", endpoint_url=keys["AWS_ENDPOINT_URL"]), "list_objects_v2", Bucket=BUCKET)
    for claims in (
        {"sub": f"{SUBJECT}pull_request"},
        {"sub": f"{SUBJECT}ref:refs/heads/feature"},
        {"sub": f"{SUBJECT}ref:refs/heads/main", "job_workflow_ref": "acme/units/x.yml@refs/heads/main"},
        {"sub": f"{SUBJECT}ref:refs/heads/main", "repository_id": "23"},
    ):
        with pytest.raises(ClientError, match="Not authorized"):
            runner.credentials(role, **claims)
    with pytest.raises(ClientError, match="Not authorized"):
        runner.credentials(role.replace("sender", "build"), sub=f"{SUBJECT}ref:refs/heads/main")


def test_without_the_right_to_put_events_the_job_fails_and_says_so(site: Site, runner: Runner) -> None:
    iam, kept = site.made.root("devops", "iam"), statements(site.made, "acme-sender")
    assert [one["Sid"] for one in kept] == ["PutEvents"]
    give(iam, "acme-sender", [{**kept[0], "Action": "events:ListRules", "Condition": {}}])
    with pytest.raises(AssertionError, match="events:PutEvents"):
        runner.run("send", "push", json.loads(pushed("4" * 40)))
    give(iam, "acme-sender", kept)


def test_who_has_the_receivers_role_says_what_github_says_and_nothing_else(site: Site) -> None:
    thief = site.made.thief("devops", RECEIVER)
    events, entry = thief.client("events"), {"Source": "github.com", "DetailType": "push", "Detail": "{}"}
    assert not denied(events, "put_events", Entries=[entry])
    for other in (
        [{**entry, "Source": "multi_env_lambda"}],
        [{**entry, "Source": "gitlab.com"}],
        [{**entry, "DetailType": "workflow_dispatch"}],
        [entry, {**entry, "Source": "multi_env_lambda"}],
        [{**entry, "EventBusName": "other"}],
    ):
        assert denied(events, "put_events", Entries=other), other
    s3 = thief.client("s3")
    for key in ("ci/wanted/x.json", "ci/protected.json", "environments/prod/current/x.json", "projects/x/index.json"):
        assert denied(s3, "put_object", Bucket=BUCKET, Key=key, Body=b"{}"), key
        assert denied(s3, "get_object", Bucket=BUCKET, Key=key), key
    assert denied(s3, "list_objects_v2", Bucket=BUCKET)
    assert denied(thief.client("secretsmanager"), "get_secret_value", SecretId="another")
    assert denied(thief.client("codebuild"), "start_build", projectName="acme-build")


def test_a_url_that_the_policy_does_not_open_is_served_to_nobody(site: Site) -> None:
    client = site.made.root("devops", "lambda")
    policy = json.loads(client.get_policy(FunctionName=RECEIVER)["Policy"])["Statement"]
    (one,) = [one for one in policy if one["Action"] == "lambda:InvokeFunction"]
    client.remove_permission(FunctionName=RECEIVER, StatementId=one["Sid"])
    refused = delivered(site, b"{}", kind="ping")[0]
    found = looked(site.made)
    client.add_permission(
        FunctionName=RECEIVER,
        StatementId=one["Sid"],
        Action="lambda:InvokeFunction",
        Principal="*",
        InvokedViaFunctionUrl=True,
    )

    assert (refused, found["state"]) == (403, "problem")
    assert delivered(site, b"{}", kind="ping")[0] == 200
