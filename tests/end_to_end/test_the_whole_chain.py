"""From a push to prod through all that `bootstrap` makes: rule, queue, dispatcher, build, approval, next build."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from typing import Any

import attrs
import pytest

from multi_env_lambda.model.ci_stack import JOB_VARIABLE
from multi_env_lambda.testing.local_cloud import eventually
from tests.tools.policies import give

from .bootstrapped import Bootstrapped, bootstrapped
from .stage import Done, commit, git
from .test_stripped_roles import statements

pytestmark = [pytest.mark.local_cloud, pytest.mark.slow]

APPROVED = "approval = true\n"
CI = '\n[tool.multi_env_lambda.ci]\nrepository = "units"\nbuilds = 2\npeople = ["ada@example.org"]\n'
TOPIC = "arn:aws:sns:us-east-1:111111111111:acme-ci"
PLACES = ("sandbox", "test", "staging", "prod")


@attrs.frozen
class Chain:
    made: Bootstrapped
    mailbox: str

    def local(self, *words: str) -> Done:
        return self.made.stage.run("-m", "multi_env_lambda", "local", *words, "--json")

    def change(self, text: str) -> str:
        root = self.made.stage.root
        file = root / "projects/customers/customers/__init__.py"
        file.write_text(f"{file.read_text('utf-8')}# {text}\n", "utf-8")
        commit(root)
        return git(root, "rev-parse", "HEAD")

    def runs(self) -> list[str]:
        """The commit in each place, by the records."""
        kept = self.made.run("history", "customers", "--json").answer
        return [kept[place][-1]["commit"] if kept.get(place) else "" for place in PLACES]

    def mail(self) -> list[str]:
        """The subjects of the messages to people since the last look, but not those of alarms."""
        sqs, found = self.made.root("devops", "sqs"), []
        while messages := sqs.receive_message(QueueUrl=self.mailbox, MaxNumberOfMessages=10).get("Messages", ()):
            for one in messages:
                found.append(str(json.loads(one["Body"]).get("Subject")))
                sqs.delete_message(QueueUrl=self.mailbox, ReceiptHandle=one["ReceiptHandle"])
        return [subject for subject in found if "ALARM" not in subject and "OK:" not in subject]

    def builds(self, project: str = "acme-build") -> list[str]:
        found = self.made.root("devops", "codebuild").list_builds_for_project(projectName=project)["ids"]
        return [str(one) for one in found]

    def started(self, project: str) -> dict[str, Any]:
        """A build whose job nobody wants, once it has ended."""
        client = self.made.root("devops", "codebuild")
        job = [{"name": JOB_VARIABLE, "value": "0" * 32, "type": "PLAINTEXT"}]
        name = client.start_build(projectName=project, environmentVariablesOverride=job)["build"]["id"]

        def found() -> dict[str, Any]:
            one: dict[str, Any] = client.batch_get_builds(ids=[name])["builds"][0]
            return one

        eventually(lambda: found()["buildStatus"] != "IN_PROGRESS", seconds=60)
        return found()


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chain]:
    folder = tmp_path_factory.mktemp("chain") / "workspace"
    with bootstrapped(folder, units=("customers",), table=APPROVED, more=CI) as made:
        again = made.run("bootstrap", "devops", "--plan")
        assert "nothing would change" in again.err, again.err
        made.without_the_organisations_role()
        sqs, sns = made.root("devops", "sqs"), made.root("devops", "sns")
        mailbox = sqs.create_queue(QueueName="mailbox")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=mailbox, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        let = {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": arn}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [let]})
        sqs.set_queue_attributes(QueueUrl=mailbox, Attributes={"Policy": policy})
        sns.subscribe(TopicArn=TOPIC, Protocol="sqs", Endpoint=arn)
        yield Chain(made, mailbox)


def test_doctor_says_that_a_push_is_heard_of(chain: Chain) -> None:
    found = chain.made.run("doctor", "--json")
    said = {(one["place"], one["check"]): one["state"] for one in found.answer}

    assert (found.code, said["devops", "ci"]) == (0, "ok"), found.out


def test_a_push_stops_at_the_approval_with_success_and_somebody_elses_yes_carries_it_on(chain: Chain) -> None:
    first = chain.change("pushed")
    pushed = chain.local("push")

    assert pushed.code == 0, pushed.err
    ending = pushed.answer
    assert (ending["commit"], [wait["environment"] for wait in ending["waits"]]) == (first, ["prod"])
    assert chain.runs() == [first, first, first, ""], pushed.err
    assert [line for line in pushed.err.splitlines() if line.startswith("build: sandbox customers: done")], pushed.err
    (build,) = chain.builds()
    assert chain.mail() == ["branch `main` waits for a yes"], pushed.err
    assert "was not said" not in pushed.err
    assert [line for line in pushed.err.splitlines() if line == "dispatcher: `branch main`: `main` moved"], pushed.err

    agreed = chain.local("approve")
    assert agreed.code == 0, agreed.err
    assert (agreed.answer["outcome"], agreed.answer["waits"]) == ("done", [])
    assert "approved by" in agreed.err and "local-approver" in agreed.err
    assert chain.runs() == [first] * 4, agreed.err
    assert len(chain.builds()) == 2
    kept = chain.made.run("history", "customers", "--json").answer
    assert {":assumed-role/acme-build/" in str(kept[place][-1]) for place in PLACES} == {True}, "nobody else acted"


@pytest.mark.long
def test_what_is_pushed_again_changes_nothing(chain: Chain) -> None:
    chain.local("push")
    chain.local("approve")  # whatever waits, by itself or after the tests above
    before = chain.runs()
    chain.mail()
    pushed = chain.local("push")
    assert chain.mail() == [], "the same look again says nothing"

    assert (pushed.code, pushed.answer["outcome"]) == (0, "nothing to do"), pushed.err
    assert chain.runs() == before


@pytest.mark.long
@pytest.mark.parametrize("branch", ["feat/$(touch${IFS}pwned)", "a\"b'c", "x;id|`id`", "ünï/<detail>"])
def test_another_branch_whatever_it_is_called_leads_to_nothing(chain: Chain, branch: str) -> None:
    before = chain.builds()
    pushed = chain.local("push", branch)

    assert (pushed.code, pushed.answer["outcome"], pushed.answer["branch"]) == (0, "", branch), pushed.err
    assert chain.builds() == before
    assert list(chain.made.stage.root.rglob("pwned")) == []


def test_a_name_that_git_refuses_is_refused_before_anything(chain: Chain) -> None:
    pushed = chain.local("push", "a..b")

    assert (pushed.code, "error[ToolError]: " in pushed.err) == (12, True), pushed.err


@pytest.mark.long
def test_a_push_takes_little_more_than_the_same_deploy_by_hand(chain: Chain) -> None:
    chain.change("by hand")
    began = time.monotonic()
    done = chain.made.run("deploy", "--to", "staging", "--yes")
    by_hand = time.monotonic() - began
    assert done.code == 0, done.err

    chain.change("pushed")
    pushed = chain.local("push")
    assert pushed.code == 0, pushed.err
    beyond = pushed.answer["seconds"] - by_hand
    print(f"by hand {by_hand:.1f} s, pushed {pushed.answer['seconds']:.1f} s")  # noqa: T201
    # The unit's own tests and the dispatcher's start are in it; a queue that is asked too seldom would be seen.
    assert beyond < 30


@pytest.mark.long
def test_what_a_push_found_broken_is_told_and_fails(chain: Chain) -> None:
    before = chain.runs()
    test = chain.made.stage.root / "projects/customers/tests/test_broken.py"
    test.parent.mkdir(exist_ok=True)
    test.write_text("def test_it() -> None:\n    assert False, 'broken on purpose'\n", "utf-8")
    chain.change("with a broken test")
    pushed = chain.local("push")

    assert pushed.code == 1, pushed.err
    assert "broken on purpose" in pushed.err
    assert chain.runs() == before
    test.unlink()
    commit(chain.made.stage.root)


@pytest.mark.long
def test_the_account_that_is_deployed_to_sees_the_job_in_the_name_of_the_session(chain: Chain) -> None:
    """Its role lets in nobody else for as long as this test."""
    iam = chain.made.root("sandbox", "iam")
    trust = iam.get_role(RoleName="acme-sandbox-deploy")["Role"]["AssumeRolePolicyDocument"]
    (statement,) = trust["Statement"]
    named = {"StringLike": {"sts:RoleSessionName": "job-????????????????????????????????-AWSCodeBuild-*"}}
    only = {**trust, "Statement": [{**statement, "Condition": {**statement["Condition"], **named}}]}
    iam.update_assume_role_policy(RoleName="acme-sandbox-deploy", PolicyDocument=json.dumps(only))
    own = chain.change("seen by its job")
    by_hand = chain.made.run("deploy", "sandbox", "--yes")
    pushed = chain.local("push")
    iam.update_assume_role_policy(RoleName="acme-sandbox-deploy", PolicyDocument=json.dumps(trust))

    assert by_hand.code == 6, by_hand.err
    assert (pushed.code, chain.runs()[:3]) == (0, [own] * 3), pushed.err


@pytest.mark.long
@pytest.mark.parametrize(
    ("role", "sid", "said"),
    [
        ("build", "TellPeople", ("what changed was not said: the topic for people: ", "sns:Publish")),
        ("build", "SpeakInPullRequests", ("what was merged was not said: ", "may not assume", "acme-comments")),
        ("comments", "CommentOnPullRequests", ("what was merged was not said: ", "codecommit:ListPullRequests")),
    ],
)
def test_without_the_right_to_speak_a_change_arrives_and_the_log_says_what_is_missing(
    chain: Chain, role: str, sid: str, said: tuple[str, ...]
) -> None:
    iam, name = chain.made.root("devops", "iam"), f"acme-{role}"
    kept = statements(chain.made, name)
    assert sid in {one["Sid"] for one in kept}
    give(iam, name, [one for one in kept if one["Sid"] != sid])
    first = chain.change(f"without {sid}")
    pushed = chain.local("push")
    give(iam, name, kept)

    assert (pushed.code, chain.runs()[:3]) == (0, [first] * 3), pushed.err
    assert [part for part in said if part not in pushed.err] == [], pushed.err


@pytest.mark.long
@pytest.mark.parametrize(
    ("role", "sid", "action"),
    [
        (role, sid, action)
        for role in ("acme-build", "acme-plan")
        for sid, action in (("WriteItsLog", "logs:CreateLogStream"), ("ReadTheRepository", "codecommit:GitPull"))
    ],
)
def test_a_build_without_its_log_or_the_repository_fails_before_it_begins_and_says_which_right_is_missing(
    chain: Chain, role: str, sid: str, action: str
) -> None:
    iam = chain.made.root("devops", "iam")
    kept = statements(chain.made, role)
    give(iam, role, [one for one in kept if one["Sid"] != sid])
    without = chain.started(role)
    give(iam, role, kept)
    having = chain.started(role)

    assert without["buildStatus"] == "FAILED"
    said = [context["message"] for phase in without["phases"] for context in phase.get("contexts", ())]
    assert [action in one for one in said] == [True], said
    assert [phase for phase in having["phases"] if phase.get("contexts")] == [], "with all of it, no right is missing"


_PUSH, _STRIPPED = "tests/end_to_end/test_push.py", "tests/end_to_end/test_stripped_roles.py, of the developer"
_READS = {"ListTheBucket": _STRIPPED, "ReadArtifactsAndRecords": _STRIPPED}
_OF_A_BUILD = {"ReadJobs": _PUSH, "WriteItsLog": "here", "ReadTheRepository": "here", "SpeakInPullRequests": "here"}
TRIED: Mapping[str, Mapping[str, str]] = {
    "acme-build": {
        **_READS,
        **_OF_A_BUILD,
        **dict.fromkeys(("PublishArtifacts", "WriteRecords", "EnterEnvironments"), _STRIPPED),
        "KeepJobs": _PUSH,
        "TellPeople": "here",
    },
    "acme-plan": {**_READS, **_OF_A_BUILD, "KeepItsJobs": _PUSH},
    "acme-dispatcher": {
        **dict.fromkeys(("ReadJobs", "KeepWishes", "ListTheBucket", "StartBuilds", "LookAtBuilds"), _PUSH),
        "TakeEvents": "the mapping is refused when `bootstrap` makes it: tests/local/test_event_sources.py",
        "WriteItsLog": "nobody says that it is missing: docs/adr/0071",
    },
    "acme-comments": {"CommentOnPullRequests": "tests/runs/test_voice.py, by the answers of the service"},
}


def test_every_statement_of_the_ci_is_taken_away_somewhere(chain: Chain) -> None:
    found = {role: {one["Sid"] for one in statements(chain.made, role)} for role in TRIED}

    assert found == {role: set(sids) for role, sids in TRIED.items()}


def test_without_a_table_there_is_nothing_to_push_to(chain: Chain) -> None:
    file = chain.made.stage.root / "pyproject.toml"
    text = file.read_text("utf-8")
    file.write_text(text.replace(CI, ""), "utf-8")
    pushed = chain.local("push")
    file.write_text(text, "utf-8")

    assert (pushed.code, "so no CI runs" in pushed.err) == (3, True), pushed.err
