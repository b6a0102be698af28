"""What `bootstrap` makes can be read first, removed again, and made again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator

import pytest

from .bootstrapped import Bootstrapped, bootstrapped

pytestmark = [pytest.mark.local_cloud, pytest.mark.slow]

CI = '\n[tool.multi_env_lambda.ci]\nrepository = "units"\n'
DEPLOY = ("deploy", "sandbox", "--only", "customers", "--yes")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bootstrapped]:
    with bootstrapped(tmp_path_factory.mktemp("again") / "workspace", units=("customers",), more=CI) as found:
        assert found.run(*DEPLOY).code == 0
        yield found


def stacks(made: Bootstrapped, place: str) -> set[str]:
    found = made.root(place, "cloudformation").describe_stacks()["Stacks"]
    return {stack["StackName"] for stack in found}


def test_the_template_that_another_team_applies_is_what_bootstrap_has_made(made: Bootstrapped) -> None:
    printed = made.run("bootstrap", "--template", "prod")
    there = made.root("prod", "cloudformation").get_template(StackName="acme-prod-Access")["TemplateBody"]

    assert printed.code == 0, printed.err
    assert json.loads(printed.out) == (json.loads(there) if isinstance(there, str) else there)
    assert len(printed.out.splitlines()) > 100


def test_the_stack_of_the_ci_goes_with_its_table_and_comes_back(made: Bootstrapped) -> None:
    file = made.stage.root / "pyproject.toml"
    text = file.read_text("utf-8")
    logs = made.root("devops", "logs")
    file.write_text(text.replace(CI, ""), "utf-8")
    planned = made.run("bootstrap", "devops", "--plan")
    assert (
        planned.code == 0 and "devops: acme-devops-Ci: would be deleted, with the logs of its builds" in planned.err
    ), planned.err
    assert "acme-devops-Ci" in stacks(made, "devops")
    done = made.run("bootstrap", "devops")
    again = made.run("bootstrap", "devops")
    file.write_text(text, "utf-8")
    back = made.run("bootstrap", "devops")

    assert "devops: acme-devops-Ci: deleted" in done.err, done.err
    assert (done.code, again.code, back.code) == (0, 0, 0), done.err + again.err + back.err
    assert "acme-devops-Ci" not in again.err
    assert "acme-devops-Ci: make Dispatcher (AWS::Lambda::Function)" in back.err
    assert logs.describe_log_groups(logGroupNamePrefix="/aws/codebuild/acme-build")["logGroups"]


def test_what_would_be_removed_is_named_and_nothing_goes(made: Bootstrapped) -> None:
    shown = made.run("bootstrap", "--remove", "--plan")

    assert shown.code == 0
    assert "prod: acme-prod-Access: would be deleted" in shown.err
    assert "devops: acme-devops-Ci: would be deleted" in shown.err
    assert "nothing was changed; `bootstrap --remove` without `--plan` does it" in shown.err
    assert "acme-prod-Access" in stacks(made, "prod")


def test_roles_that_running_stacks_act_as_stay_and_the_others_go(made: Bootstrapped) -> None:
    done = made.run("bootstrap", "--remove")

    assert done.code == 9
    assert "devops: customers in sandbox still runs there" in done.err
    assert "devops: devops" not in done.err
    assert "`destroy.py UNIT ENVIRONMENT` first, for each" in done.err
    assert "acme-sandbox-Access" in stacks(made, "sandbox")
    assert "acme-devops-Access" in stacks(made, "devops")
    assert "acme-prod-Access" not in stacks(made, "prod")


def test_what_was_removed_is_planned_made_and_found_again(made: Bootstrapped) -> None:
    planned = made.run("bootstrap", "--plan")
    one = made.run("bootstrap", "prod")
    again = made.run("bootstrap")
    nothing = made.run("bootstrap", "--plan")

    assert "prod: acme-prod-Access: make DeployRole (AWS::IAM::Role)" in planned.err
    assert (one.code, again.code) == (0, 0)
    assert "prod: acme-prod-Access: make DeployRole (AWS::IAM::Role)" in one.err
    assert "prod: " not in again.err and "test: acme-test-Access: make DeployRole" in again.err
    assert "nothing would change" in nothing.err
    doctor = made.run("doctor")
    assert doctor.code == 0, doctor.out


def test_after_the_last_unit_all_roles_can_go(made: Bootstrapped) -> None:
    destroyed = made.run("destroy", "customers", "sandbox", "--yes", "--confirm", "customers")
    done = made.run("bootstrap", "--remove")

    assert (destroyed.code, done.code) == (0, 0), destroyed.err + done.err
    assert "the roles are gone" in done.err
    bucket = made.stage.config.devops.bucket
    assert f"s3://{bucket} stays, with all artifacts, records and what the CI left in it" in done.err
    made.root("devops", "s3").head_bucket(Bucket=bucket)
    assert "devops: acme-devops-Ci: deleted" in done.err
    assert {place: name for place in ("devops", "sandbox", "prod") for name in stacks(made, place)} == {}


def test_what_devops_gets_is_printed_and_another_team_makes_it_of_that(made: Bootstrapped) -> None:
    folder = made.stage.root.parent / "files"
    printed = made.run("bootstrap", "devops", "--template", "--files", str(folder))
    assert printed.code == 0, printed.err
    document = json.loads(printed.out)
    s3, cloudformation = made.root("devops", "s3"), made.root("devops", "cloudformation")
    bucket = made.stage.config.devops.bucket
    s3.delete_bucket_policy(Bucket=bucket)
    assert set(document["stacks"]) == {"acme-devops-Access", "acme-devops-Ci"}

    for name, settings in document["buckets"].items():
        policy = settings.pop("put-bucket-policy")["Policy"]
        s3.put_bucket_policy(Bucket=name, Policy=json.dumps(policy))
        assert settings.pop("region") == "us-east-1"
        for call, what in settings.items():
            getattr(s3, call.replace("-", "_"))(Bucket=name, **what)
    for key, about in document["objects"].items():
        body = (folder / key).read_bytes()
        assert hashlib.sha256(body).hexdigest() == about["sha256"]
        s3.put_object(Bucket=about["bucket"], Key=key, Body=body)
    for name, template in document["stacks"].items():
        cloudformation.create_stack(
            StackName=name, TemplateBody=json.dumps(template), Capabilities=["CAPABILITY_NAMED_IAM"]
        )
        cloudformation.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig={"Delay": 1})

    found = {one["check"]: one for one in json.loads(made.run("doctor", "--json").out) if one["place"] == "devops"}
    assert {name: found[name]["state"] for name in ("roles", "ci", "bucket")} == {
        "roles": "ok",
        "ci": "ok",
        "bucket": "ok",
    }, found
    assert "nothing would change" in made.run("bootstrap", "devops", "--plan").err
    s3.delete_object(Bucket=bucket, Key=next(key for key in document["objects"] if key.endswith(".zip")))
    found = {one["check"]: one for one in json.loads(made.run("doctor", "--json").out) if one["place"] == "devops"}
    assert (found["ci"]["state"], "not in s3://" in str(found["ci"])) == ("problem", True)
