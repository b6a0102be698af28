"""What a unit's ``stack.py`` can add, and what is said when it goes wrong."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import attrs
import pytest

from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.model.settings import Existing, Topic
from tests.plan.template_values import JOB, SMALL, maximal, of_type, one, project, statements, template, text


def add_bucket(template: Any, context: Any) -> None:
    """The example of the documentation."""
    from cottonformation.res import s3

    bucket = s3.Bucket("Results", p_BucketName=f"acme-results-{context.environment.name}")
    template.add_one(bucket)
    context.allow("create", ["s3:PutObject"], [bucket.rv_Arn])
    context.set_environment("create", "RESULTS", bucket.ref())


def version_of(document: Any) -> str:
    (name,) = of_type(document, "AWS::Lambda::Version")
    return name


def nothing(template: Any, context: Any) -> None:
    """Leave everything as it is."""


def test_going_through_cottonformation_changes_no_byte() -> None:
    assert text(maximal(), extend=nothing) == text(maximal())


def test_a_stack_py_adds_a_resource_and_the_access_to_it() -> None:
    found = template(project(SMALL), extend=add_bucket)

    assert one(found, "AWS::S3::Bucket") == {"BucketName": "acme-results-sandbox"}
    assert statements(found)[-1] == {
        "Effect": "Allow",
        "Action": ["s3:PutObject"],
        "Resource": [{"Fn::GetAtt": ["Results", "Arn"]}],
    }
    assert one(found, "AWS::Lambda::Function")["Environment"] == {"Variables": {"RESULTS": {"Ref": "Results"}}}


def test_the_result_is_the_same_each_time() -> None:
    assert text(maximal(), extend=add_bucket) == text(maximal(), extend=add_bucket)


def test_what_cottonformation_does_not_know_is_merged() -> None:
    def extend(template: Any, context: Any) -> None:
        context.merge("CreateFunction", {"Properties": {"RecursiveLoop": "Allow", "MemorySize": None}})
        context.merge("Connection", {"Type": "AWS::CodeConnections::Connection", "Properties": {"ConnectionName": "x"}})

    found = template(project(SMALL), extend=extend)

    function = one(found, "AWS::Lambda::Function")
    assert function["RecursiveLoop"] == "Allow"
    assert "MemorySize" not in function
    assert one(found, "AWS::CodeConnections::Connection") == {"ConnectionName": "x"}


def test_a_property_changed_through_cottonformation_makes_a_new_version() -> None:
    def extend(template: Any, context: Any) -> None:
        template.Resources["CreateFunction"].p_MemorySize = 2048

    found = template(project(SMALL), extend=extend)

    assert one(found, "AWS::Lambda::Function")["MemorySize"] == 2048
    assert version_of(found) != version_of(template(project(SMALL)))


def test_another_name_of_a_resource_in_a_variable_makes_a_new_version() -> None:
    def renamed(template: Any, context: Any) -> None:
        add_bucket(template, context)
        template.Resources["Results"].p_BucketName = "acme-other-results"

    def tagged(template: Any, context: Any) -> None:
        add_bucket(template, context)
        context.merge("Results", {"Properties": {"Tags": [{"Key": "a", "Value": "b"}]}})

    before, other_name, other_tags = (
        version_of(template(project(SMALL), extend=extend)) for extend in (add_bucket, renamed, tagged)
    )

    assert other_name != before
    assert other_tags == before


def test_references_to_everything_of_the_unit() -> None:
    seen: dict[str, Any] = {}

    def extend(template: Any, context: Any) -> None:
        seen.update(
            function=context.function("create"),
            function_arn=context.function_arn("create"),
            alias=context.alias("create"),
            role=context.role("create"),
            role_arn=context.role_arn("create"),
            job=context.job("nightly"),
            job_role=context.role("nightly"),
        )

    text(project(SMALL, jobs=(JOB,)), extend=extend)

    assert seen == {
        "function": {"Ref": "CreateFunction"},
        "function_arn": {"Fn::GetAtt": ["CreateFunction", "Arn"]},
        "alias": {"Ref": "CreateAlias"},
        "role": {"Ref": "CreateRole"},
        "role_arn": {"Fn::GetAtt": ["CreateRole", "Arn"]},
        "job": {"Ref": "NightlyJob"},
        "job_role": {"Ref": "NightlyJobRole"},
    }


def test_a_reference_is_accepted_as_a_property() -> None:
    def extend(template: Any, context: Any) -> None:
        from cottonformation.res import events

        target = events.PropRuleTarget(rp_Arn=context.alias("create"), rp_Id="function")
        template.add_one(events.Rule("Extra", p_ScheduleExpression="rate(1 hour)", p_Targets=[target]))

    rule = one(template(project(SMALL), extend=extend), "AWS::Events::Rule")

    assert rule["Targets"] == [{"Arn": {"Ref": "CreateAlias"}, "Id": "function"}]


def unknown_function(template: Any, context: Any) -> None:
    context.function("creat")


def unknown_type_of_property(template: Any, context: Any) -> None:
    from cottonformation.res import s3

    template.add_one(s3.Bucket("Results", p_BucketName=7))


def one_name_twice(template: Any, context: Any) -> None:
    from cottonformation.res import s3

    template.add_one(s3.Bucket("CreateFunction"))


def resource_instead_of_arn(template: Any, context: Any) -> None:
    from cottonformation.res import s3

    context.allow("create", ["s3:GetObject"], [s3.Bucket("Results")])


def removed_role(template: Any, context: Any) -> None:
    template.remove(template.Resources["CreateFunction"])


def dangling(template: Any, context: Any) -> None:
    context.set_environment("create", "TABLE", {"Ref": "Nowhere"})


def bad_logical_id(template: Any, context: Any) -> None:
    context.merge("my-bucket", {"Type": "AWS::S3::Bucket"})


def merge_into_nothing(template: Any, context: Any) -> None:
    context.merge("Nowhere", {"Properties": {}})


def circle(template: Any, context: Any) -> None:
    add_bucket(template, context)
    context.merge("Results", {"DependsOn": ["CreateAlias"]})


def parameter_without_value(template: Any, context: Any) -> None:
    import cottonformation as cf

    template.add_one(cf.Parameter("Size", Type="String"))


def variable_twice(template: Any, context: Any) -> None:
    context.set_environment("create", "A", "1")
    context.set_environment("create", "A", "2")


def raises(template: Any, context: Any) -> None:
    raise KeyError("some key")


def exits(template: Any, context: Any) -> None:
    sys.exit(3)


def a_set(template: Any, context: Any) -> None:
    context.merge("CreateFunction", {"Properties": {"Layers": {"a", "b"}}})


@pytest.mark.parametrize(
    ("extend", "message"),
    [
        (unknown_function, "orders has no 'creat' in sandbox"),
        (unknown_type_of_property, "extend.. failed for sandbox with TypeError"),
        (one_name_twice, "extend.. failed for sandbox with"),
        (resource_instead_of_arn, "resources a list of ARNs"),
        (removed_role, "CreateFunction was removed"),
        (dangling, "refers to 'Nowhere', which is not in the template"),
        (bad_logical_id, "'my-bucket' is not a logical id"),
        (merge_into_nothing, "there is no resource 'Nowhere'"),
        (circle, "circular dependency between resources: .*Results"),
        (parameter_without_value, "parameter Size has no default"),
        (variable_twice, "already has the variable A"),
        (raises, "with KeyError: 'some key'"),
        (exits, "failed for sandbox with SystemExit: 3"),
        (a_set, "that JSON cannot represent: Object of type set"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_mistake_in_stack_py_is_named_with_its_file(extend: Any, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message) as caught:
        text(project(SMALL), extend=extend)

    assert caught.value.where == "projects/orders/stack.py"


def test_unknown_properties_survive_a_removed_resource() -> None:
    def extend(template: Any, context: Any) -> None:
        name = next(name for name in template.Resources if name.endswith("Subscription"))
        template.remove(template.Resources[name])

    subscribed = attrs.evolve(
        SMALL, events=(Topic(source=Existing(identifier="arn:aws:sns:us-east-1:222222222222:x")),)
    )

    assert of_type(template(project(subscribed), extend=extend), "AWS::SNS::Subscription") == {}


def test_cottonformation_is_imported_without_a_word() -> None:
    program = "from multi_env_lambda.plan.template.cotton import import_cottonformation as f; print(f().__name__)"
    root = str(Path(__file__).parents[2])

    finished = subprocess.run(
        [sys.executable, "-W", "always", "-c", program], env={"PYTHONPATH": root}, capture_output=True, check=True
    )

    assert (finished.stdout, finished.stderr) == (b"cottonformation\n", b"")
