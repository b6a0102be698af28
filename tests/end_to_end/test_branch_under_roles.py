"""The environment of a branch where `bootstrap` made roles: made by a push, used, and gone with the branch."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import attrs
import pytest

from multi_env_lambda.ci.names import environment_of_branch
from multi_env_lambda.local.cloud import state_folder
from multi_env_lambda.model.freeze import freeze_key

from .bootstrapped import BUCKET, Bootstrapped, bootstrapped, denied
from .stage import Done, commit, git

pytestmark = [pytest.mark.local_cloud, pytest.mark.slow]

CI = '\n[tool.multi_env_lambda.ci]\nrepository = "units"\nbranch_environments = { branches = ["feature/*"] }\n'
HEARD, LOST = "feature/heard", "feature/lost"
SECONDS = 180


@attrs.frozen
class Yard:
    made: Bootstrapped

    def push(self, branch: str, text: str) -> Done:
        root = self.made.stage.root
        file = root / "projects/customers/customers/__init__.py"
        file.write_text(f"{file.read_text('utf-8')}# {text}\n", "utf-8")
        commit(root)
        return self.made.stage.run("-m", "multi_env_lambda", "local", "push", branch, "--json")

    def delete(self, branch: str) -> None:
        """Of the repository alone: whether anybody hears of it is another matter."""
        bare = state_folder(self.made.stage.root) / "remote.git"
        git(bare, "update-ref", "-d", f"refs/heads/{branch}")

    def stacks(self) -> set[str]:
        found = self.made.root("sandbox", "cloudformation").describe_stacks()["Stacks"]
        return {stack["StackName"] for stack in found}

    def is_gone(self, stack: str) -> bool:
        """Waits for the build that removes it."""
        until = time.monotonic() + SECONDS
        while stack in self.stacks():
            if time.monotonic() > until:
                return False
            self.made.run("status", "--json")
        return True


@pytest.fixture(scope="module")
def yard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Yard]:
    folder = tmp_path_factory.mktemp("branches") / "workspace"
    with bootstrapped(folder, units=("customers",), more=CI) as made:
        made.without_the_organisations_role()
        found = Yard(made)
        pushed = found.push("main", "of main")
        assert pushed.code == 0, pushed.err
        yield found


def stack_of(branch: str) -> str:
    return f"customers-{environment_of_branch(branch)}"


def test_a_push_makes_it_and_status_shows_it(yard: Yard) -> None:
    for branch in (HEARD, LOST):
        pushed = yard.push(branch, branch)
        assert pushed.code == 0, pushed.err
        assert stack_of(branch) in yard.stacks(), pushed.err

    found = yard.made.run("status", "--json")
    assert [(one["branch"], one["units"]) for one in found.answer["own"]] == [
        (HEARD, ["customers"]),
        (LOST, ["customers"]),
    ], found.err
    functions = yard.made.root("sandbox", "lambda").list_functions()["Functions"]
    assert [one for one in functions if environment_of_branch(HEARD) in one["FunctionName"]]


def test_it_goes_with_the_branch(yard: Yard) -> None:
    yard.delete(HEARD)
    detail = {
        "event": "referenceDeleted",
        "repositoryName": "units",
        "repositoryId": "local",
        "referenceType": "branch",
        "referenceName": HEARD,
        "referenceFullName": f"refs/heads/{HEARD}",
        "oldCommitId": "1" * 40,
    }
    entry = {
        "Source": "multi_env_lambda.codecommit",
        "DetailType": "CodeCommit Repository State Change",
        "Detail": json.dumps(detail),
    }
    yard.made.root("devops", "events").put_events(Entries=[entry])

    assert yard.is_gone(stack_of(HEARD))
    assert stack_of(LOST) in yard.stacks() and "customers-sandbox" in yard.stacks()


def test_the_scheduled_look_removes_what_nobody_heard_of(yard: Yard) -> None:
    yard.delete(LOST)
    sqs = yard.made.root("devops", "sqs")
    (queue,) = [url for url in sqs.list_queues()["QueueUrls"] if url.endswith("/acme-dispatcher")]
    event = {
        "id": "a-look",
        "source": "aws.events",
        "detail-type": "Scheduled Event",
        "account": "1" * 12,
        "region": "us-east-1",
        "time": "2026-01-01T00:00:00Z",
        "resources": [],
        "detail": {},
    }
    sqs.send_message(QueueUrl=queue, MessageBody=json.dumps(event))

    assert yard.is_gone(stack_of(LOST))
    assert "customers-sandbox" in yard.stacks()
    assert yard.made.run("status", "--json").answer["own"] == []


def test_a_developer_freezes_where_builds_deploy_and_no_build_lifts_it(yard: Yard) -> None:
    frozen = yard.made.run("freeze", "sandbox", "--reason", "audit")
    assert frozen.code == 0, frozen.err
    pushed = yard.push("main", "while it is frozen")
    assert pushed.code == 0 and "sandbox is frozen" in pushed.err, pushed.err

    s3 = yard.made.thief("devops", "acme-build").client("s3")
    assert denied(s3, "put_object", Bucket=BUCKET, Key=freeze_key("sandbox"), Body=b"{}")
    assert denied(s3, "delete_object", Bucket=BUCKET, Key=freeze_key("sandbox"))

    lifted = yard.made.run("unfreeze", "sandbox")
    assert lifted.code == 0 and lifted.err.startswith("lifted: sandbox is frozen by "), lifted.err
