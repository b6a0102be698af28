"""Each place gets credentials of its own account, and nothing else."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from multi_env_lambda.api.opening import sessions as sessions_of
from multi_env_lambda.aws.access import Profile
from multi_env_lambda.aws.pull_requests import SESSION
from multi_env_lambda.aws.session import Sessions, assume_role_request, role_hint
from multi_env_lambda.errors import AccountError
from multi_env_lambda.host import parallel
from multi_env_lambda.host.timing import listening
from multi_env_lambda.model.ci_stack import JOB_VARIABLE
from multi_env_lambda.model.environment import Devops, Environment
from multi_env_lambda.model.principal import session_of_job
from multi_env_lambda.model.timing import Span

SANDBOX = Environment(name="sandbox", account_id="222222222222", region="eu-west-1")
PROD = Environment(name="prod", account_id="555555555555", region="us-east-1")
DEVOPS = Devops(account_id="111111111111", region="us-east-1", bucket="b")


@pytest.fixture
def cloud(aws_environment: dict[str, str]) -> Iterator[None]:
    from moto import mock_aws

    with mock_aws():
        yield


def test_each_place_is_reached_in_its_own_account(cloud: None) -> None:
    sessions = Sessions()
    accounts = [sessions.client(place, "sts").get_caller_identity()["Account"] for place in (SANDBOX, PROD, DEVOPS)]
    assert accounts == [SANDBOX.account_id, PROD.account_id, DEVOPS.account_id]


def test_the_right_account_is_verified_by_the_answer_that_gives_the_role(cloud: None) -> None:
    calls: list[tuple[str, str, str]] = []
    sessions = Sessions(on_call=lambda *call: calls.append(call))
    sessions.verify(SANDBOX)
    sessions.verify(SANDBOX)
    assert [operation for _, _, operation in calls] == ["GetCallerIdentity", "AssumeRole"]


def test_every_call_is_told_with_its_place(cloud: None) -> None:
    calls: list[tuple[str, str, str]] = []
    Sessions(on_call=lambda *call: calls.append(call)).client(SANDBOX, "s3").list_buckets()
    assert ("sandbox", "s3", "ListBuckets") in calls
    assert ("caller", "sts", "AssumeRole") in calls


def test_a_client_is_made_once_and_for_the_region_of_the_place(cloud: None) -> None:
    sessions = Sessions()
    client = sessions.client(SANDBOX, "cloudformation")
    assert client is sessions.client(SANDBOX, "cloudformation")
    assert client.meta.region_name == "eu-west-1"
    assert client is not sessions.client(PROD, "cloudformation")


def test_a_role_is_assumed_once_for_all_services(cloud: None) -> None:
    calls: list[tuple[str, str, str]] = []
    sessions = Sessions(on_call=lambda *call: calls.append(call))
    sessions.client(SANDBOX, "s3").list_buckets()
    sessions.client(SANDBOX, "sts").get_caller_identity()
    assert [operation for _, _, operation in calls].count("AssumeRole") == 1


def test_threads_share_one_client_and_one_assumed_role(cloud: None) -> None:
    calls: list[tuple[str, str, str]] = []
    sessions = Sessions(on_call=lambda *call: calls.append(call))
    clients: set[int] = set()

    def work() -> None:
        for place in (SANDBOX, PROD, DEVOPS):
            client = sessions.client(place, "s3")
            client.list_buckets()
            sessions.verify(place)
            clients.add(id(client))

    threads = [threading.Thread(target=work) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(clients) == 3
    assert [operation for _, _, operation in calls].count("AssumeRole") == 3
    assert [operation for place, _, operation in calls if place == "prod"].count("GetCallerIdentity") == 0


def become_the_deployer_of_devops() -> Devops:
    """From here on this process acts as the role ``deployer`` of the devops account."""
    deployer = Devops(account_id="111111111111", region="us-east-1", bucket="b", role_name="ci/deployer")
    keys = (
        Sessions()
        .client(deployer, "sts")
        .assume_role(RoleArn="arn:aws:iam::111111111111:role/deployer", RoleSessionName="build-7")["Credentials"]
    )
    os.environ["AWS_ACCESS_KEY_ID"] = keys["AccessKeyId"]
    os.environ["AWS_SECRET_ACCESS_KEY"] = keys["SecretAccessKey"]
    os.environ["AWS_SESSION_TOKEN"] = keys["SessionToken"]
    return deployer


def test_who_already_is_the_role_does_not_assume_it_again(cloud: None) -> None:
    deployer = become_the_deployer_of_devops()
    calls: list[tuple[str, str, str]] = []
    sessions = Sessions(on_call=lambda *call: calls.append(call))
    sessions.verify(deployer)
    assert "AssumeRole" not in [operation for _, _, operation in calls]


def test_a_role_of_the_same_name_in_another_account_is_another_role(cloud: None) -> None:
    become_the_deployer_of_devops()
    prod = Environment(name="prod", account_id="555555555555", region="us-east-1", role_name="deployer")
    sessions = Sessions()
    sessions.verify(prod)

    assert sessions.client(prod, "sts").get_caller_identity()["Account"] == "555555555555"


def test_credentials_of_another_account_are_refused_with_both_numbers_and_no_traceback_beside_it(
    cloud: None, caplog: pytest.LogCaptureFixture
) -> None:
    class Elsewhere(Environment):
        @property
        def role_arn(self) -> str:
            return "arn:aws:iam::999999999999:role/deployer"

    elsewhere = Elsewhere(name="test", account_id="333333333333", region="us-east-1")
    with pytest.raises(AccountError) as caught:
        Sessions().verify(elsewhere)
    assert caught.value.where == "environment test"
    assert "999999999999" in caught.value.what and "333333333333" in caught.value.what
    assert caplog.text == ""


def test_every_call_of_all_units_at_once_has_its_connection(cloud: None) -> None:
    pool = Sessions().client(SANDBOX, "s3").meta.config.max_pool_connections

    assert pool >= parallel.UNITS_AT_ONCE * parallel.WORKERS


@pytest.mark.parametrize(
    ("told", "action", "words"),
    [
        ({}, "sts:AssumeRole", "trusts only the organisation's management account"),
        ({}, "sts:SetSourceIdentity", "this session has one, which AWS keeps; the role's trust policy"),
        ({"source_identity": "ada"}, "sts:SetSourceIdentity", "`source_identity` names one; the role's trust policy"),
        ({"role_name": "ci"}, "sts:AssumeRole", "if it asks for sts:ExternalId, write `external_id` into the table"),
        ({"role_name": "ci", "external_id": "a-7"}, "sts:AssumeRole", "does it ask for the `external_id` of the table"),
    ],
)
def test_the_hint_follows_what_the_refusal_of_a_role_names(told: dict[str, str], action: str, words: str) -> None:
    place = attrs.evolve(PROD, **told)  # type: ignore[arg-type]
    said = f"User: arn:aws:iam::111111111111:user/ada is not authorized to perform: {action} on resource: r"

    assert words in role_hint(place, said)


def test_the_caller_is_an_arn(cloud: None) -> None:
    assert Sessions().caller().startswith("arn:aws:")


def test_no_credentials_are_explained(aws_environment: dict[str, str]) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        os.environ.pop(name, None)
    with pytest.raises(AccountError, match="NoCredentialsError") as caught:
        Sessions().client(SANDBOX, "s3")
    assert "AWS_PROFILE" in caught.value.hint


def test_an_unknown_profile_is_named(aws_environment: dict[str, str]) -> None:
    os.environ["AWS_PROFILE"] = "acme-dev"
    with pytest.raises(AccountError, match=r"acme-dev"):
        Sessions().caller()


def test_a_named_profile_comes_before_keys_in_variables(aws_environment: dict[str, str], tmp_path: Path) -> None:
    file = tmp_path / "credentials"
    file.write_text("[acme-dev]\naws_access_key_id = AKIDEV\naws_secret_access_key = test\n")
    os.environ["AWS_SHARED_CREDENTIALS_FILE"] = str(file)
    own = attrs.evolve(SANDBOX, role_name="")

    found = [sessions.client(own, "sts") for sessions in (Sessions(Profile(name="acme-dev")), Sessions())]

    assert [client._request_signer._credentials.access_key for client in found] == ["AKIDEV", "testing"]


def test_an_unknown_profile_that_was_named_is_an_error_of_ours(aws_environment: dict[str, str]) -> None:
    with pytest.raises(AccountError, match="acme-dev") as caught:
        Sessions(Profile(name="acme-dev")).caller()
    assert "`aws configure list-profiles`" in caught.value.hint


def test_an_endpoint_that_does_not_answer_is_named(aws_environment: dict[str, str], tmp_path: Path) -> None:
    # AWS_MAX_ATTEMPTS does not reach a client with a configuration of its own; a closed port answers at once.
    config = tmp_path / "config"
    config.write_text("[profile local]\naws_access_key_id=111111111111\naws_secret_access_key=test\nregion=us-east-1\n")
    with config.open("a") as file:
        file.write("endpoint_url=http://127.0.0.1:9\n")
    os.environ.update(AWS_CONFIG_FILE=str(config), AWS_PROFILE="local")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        os.environ.pop(name, None)
    sessions = Sessions(attempts=1)
    with pytest.raises(AccountError, match=r"127\.0\.0\.1:9"):
        sessions.caller()


def test_making_sessions_imports_no_sdk() -> None:
    import subprocess
    import sys

    code = "import sys; from multi_env_lambda.aws.session import Sessions; Sessions(); print('botocore' in sys.modules)"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "False"


@pytest.mark.parametrize("place", [SANDBOX, DEVOPS])
def test_a_session_is_called_after_whoever_runs_this(cloud: None, place: Environment | Devops) -> None:
    sessions = Sessions()
    name = sessions.caller().rpartition("/")[2]

    arn = sessions.client(place, "sts").get_caller_identity()["Arn"]

    assert arn.endswith(f"assumed-role/OrganizationAccountAccessRole/{name}") and name not in ("", "multi-env-lambda")


ADA = "arn:aws:iam::111111111111:user/team/ada"


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({}, {}),
        ({"external_id": "acme:7"}, {"ExternalId": "acme:7"}),
        ({"source_identity": "caller"}, {"SourceIdentity": "ada"}),
        ({"source_identity": "payments"}, {"SourceIdentity": "payments"}),
    ],
)
def test_a_role_is_told_what_its_trust_policy_may_ask(more: dict[str, str], told: dict[str, str]) -> None:
    for place in (attrs.evolve(SANDBOX, **more), attrs.evolve(DEVOPS, **more)):
        assert assume_role_request(place, ADA) == {"RoleArn": place.role_arn, "RoleSessionName": "ada", **told}


def test_the_accounts_own_logs_name_the_job_of_a_build(cloud: None, monkeypatch: pytest.MonkeyPatch) -> None:
    job = "0123456789abcdef" * 2
    for variable, name in ((job, f"job-{job}-"), ("", "")):
        monkeypatch.setenv(JOB_VARIABLE, variable)
        arn = sessions_of(None).client(SANDBOX, "sts").get_caller_identity()["Arn"]
        session = arn.rpartition("/")[2]

        assert session.startswith(name) and len(session) <= 64
        assert session.startswith("job-") is bool(variable)


def test_all_who_speak_as_one_have_the_same_session(cloud: None) -> None:
    arns = {
        Sessions(session_name=lambda _: SESSION).client(SANDBOX, "sts").get_caller_identity()["Arn"] for _ in range(2)
    }
    (arn,) = arns

    assert arn.endswith(f"/{SESSION}")


@given(arn=st.sampled_from((ADA, "arn:aws:sts::111111111111:assumed-role/ci/" + "b" * 64)), job=st.text(max_size=80))
def test_the_session_of_a_job_has_a_name_that_aws_takes(arn: str, job: str) -> None:
    assert re.fullmatch(r"[\w+=,.@-]{2,64}", session_of_job(job, arn), re.ASCII)


def test_a_place_that_is_reached_in_another_way_gets_other_credentials(cloud: None) -> None:
    calls: list[tuple[str, str, str]] = []
    sessions = Sessions(on_call=lambda *call: calls.append(call))
    for place in (SANDBOX, attrs.evolve(SANDBOX, external_id="acme"), attrs.evolve(SANDBOX, source_identity="caller")):
        sessions.verify(place)

    assert [operation for _, _, operation in calls].count("AssumeRole") == 3


def test_without_a_role_the_own_credentials_are_used_and_their_account_is_checked(cloud: None) -> None:
    calls: list[tuple[str, str, str]] = []
    sessions = Sessions(on_call=lambda *call: calls.append(call))
    account_id = sessions.caller().split(":")[4]
    own = Environment(name="sandbox", account_id=account_id, region="eu-west-1", role_name="")
    sessions.verify(own)

    assert sessions.client(own, "sts").get_caller_identity()["Arn"] == sessions.caller()
    assert "AssumeRole" not in [operation for _, _, operation in calls]
    with pytest.raises(AccountError, match=rf"{account_id}, but the configuration says 999999999999"):
        sessions.verify(attrs.evolve(own, account_id="999999999999"))


def test_the_writer_is_known_by_the_own_id_where_no_role_is_assumed(cloud: None) -> None:
    sessions = Sessions()
    own = Devops(account_id=sessions.caller().split(":")[4], region="us-east-1", bucket="b", role_name="")

    assert sessions.user_id(own) == sessions.client(own, "sts").get_caller_identity()["UserId"]


def test_each_call_is_timed_also_one_that_fails(cloud: None) -> None:
    spans: list[Span] = []
    with listening(spans):
        client = Sessions().client(SANDBOX, "s3")
        client.list_buckets()
        with pytest.raises(client.exceptions.NoSuchBucket):
            client.list_objects_v2(Bucket="none-of-ours")
    assert [span.what for span in spans][-2:] == ["s3 ListBuckets", "s3 ListObjectsV2"]
    assert {span.kind for span in spans} == {"call"}


def test_a_client_takes_the_model_of_its_service_and_no_look_at_the_others() -> None:
    """botocore looks into the folders of all 400, twice for each kind of client."""
    code = """
import json, sys
listed = []
sys.addaudithook(lambda event, told: listed.append(str(told[0])) if event == "os.listdir" else None)
from multi_env_lambda.aws.session import Sessions
from multi_env_lambda.model.environment import Devops
place = Devops(account_id="1" * 12, region="us-east-1", bucket="artifacts", role_name="")
Sessions().client(place, "s3")
print(json.dumps([folder for folder in listed if "/botocore/data/" in folder]))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert {Path(folder).name for folder in json.loads(done.stdout)} == {"s3"}
