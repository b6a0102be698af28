"""cottonformation: loaded without what it deploys with, and a template of its types that has lost nothing."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from multi_env_lambda import Workspace
from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.make.stack_run import load_extend
from multi_env_lambda.plan.template import render
from multi_env_lambda.plan.template.cotton import document_of, typed
from tests.plan.template_values import BUCKET, JOB, LAYER, SMALL, SOURCE, SPARK_JOB, maximal, project, template

pytestmark = pytest.mark.story

ROOT = Path(__file__).parents[2]
DEPLOYS = {"aws_cloudformation", "boto3", "boto_session_manager"}
LEAN = "from multi_env_lambda.plan.template.cotton import import_cottonformation; cf = import_cottonformation()\n"


def answer(program: str, *, all_of_it: bool = False) -> Any:
    """What a fresh interpreter prints; it may warn of nothing, and takes the package that is tested here (``-P``).

    ``all_of_it``: the real package is imported, which says something where one of its dependencies is not to its taste.
    """
    command = [sys.executable, "-P", "-W", "always", "-c", f"import json, sys\n{program}"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return json.loads(done.stdout.splitlines()[-1] if all_of_it else done.stdout)


# --- loaded without what it deploys with ---
def test_every_name_of_the_package_is_there_and_is_the_same_thing() -> None:
    kept, real = answer(
        "import warnings\nwith warnings.catch_warnings():\n"
        "    warnings.simplefilter('ignore')\n    import cottonformation as before\n"
        f"{LEAN}"
        "print(json.dumps([cf is before and 'Env' in vars(cf), [name for name in dir(before) if name[0] != '_']]))",
        all_of_it=True,
    )
    offered, different, missing = answer(
        f"""{LEAN}
offered = dir(cf)
light = [name for name in offered if name[0].isupper() and name not in ("Env", "ParameterValue", "Stack")]
before = {{name: getattr(cf, name) for name in light}}
everything = {{}}
exec("from cottonformation import *", everything)
different = [name for name in light if before[name] is not everything[name]]
print(json.dumps([offered, different, [name for name in {real!r} + ["__license__"] if not hasattr(cf, name)]]))
""",
        all_of_it=True,
    )

    assert kept
    assert set(real) - set(offered) <= {"core", "res"}
    assert different == []
    assert missing == []


def test_what_a_stack_py_takes_loads_nothing_that_deploys() -> None:
    program = """
import cottonformation as cf
from cottonformation.res import s3
template = cf.Template()
bucket = s3.Bucket("Results", p_BucketName=cf.Sub("x-${AWS::Region}", {}), p_Tags=cf.Tag.make_many(a="b"))
template.add(cf.Output("Arn", Value=bucket.rv_Arn, DependsOn=bucket))
print(json.dumps([sorted(template.to_dict()["Resources"]), cf.__version__[0], sorted(name for name in sys.modules)]))
"""
    resources, version, modules = answer(LEAN + program)

    assert (resources, version) == (["Results"], "1")
    assert set(modules) & DEPLOYS == set()


# --- a template that has lost nothing ---
def rendered() -> Iterator[Any]:
    workspace = Workspace.open(ROOT, local=False)
    for unit in workspace.configs:
        extend = load_extend(ROOT, unit)
        for place in workspace.config.environments:
            yield json.loads(render(unit, place, bucket=BUCKET, source=SOURCE, layer=LAYER, extend=extend))
    yield from (template(project(SMALL, jobs=(job,))) for job in (JOB, SPARK_JOB))


def of_every_section(template: Any, context: Any) -> None:
    import cottonformation as cf

    size = cf.Parameter("Size", Type="Number", Default="1")
    template.add(size)
    template.add(cf.Equals("Small", value_one=size.ref().serialize(), value_two="1"))
    template.add(cf.Output("Exported", Value="x", Export=cf.Export(Name="orders-x"), Description="for others"))
    template.Metadata["Owner"] = {"Team": "sales"}
    context.merge("Bare", {"Type": "AWS::S3::Bucket", "Condition": "Small", "Metadata": {}, "DependsOn": "CreateRole"})
    context.merge("New", {"Type": "AWS::CodeConnections::Connection", "Properties": {"ConnectionName": "x"}})
    context.merge("Own", {"Type": "Custom::Thing", "Properties": {"ServiceToken": "arn", "my-key": 1, "my_key": 2}})


def test_every_template_of_the_sample_units_comes_out_as_it_went_in() -> None:
    found = list(rendered())

    assert [document_of(typed(document)) for document in found] == found
    assert len(found) > 10


@pytest.mark.parametrize("extend", [None, of_every_section], ids=["plain", "extended"])
def test_a_template_with_everything_comes_out_as_it_went_in(extend: Any) -> None:
    document = template(maximal(), extend=extend)

    assert document_of(typed(document)) == document
    assert json.loads(typed(document).to_json()) == document


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)
WORD = st.from_regex(r"[A-Z][a-zA-Z]{0,5}", fullmatch=True)
TYPES = st.sampled_from(["AWS::S3::Bucket", "AWS::Lambda::Function", "AWS::New::Thing", "Custom::Thing", "A::B::C::D"])
PROPERTIES = st.dictionaries(st.sampled_from(["BucketName", "Code", "Tags", "LoggingConfig"]) | st.text(), JSON)
RESOURCE = st.fixed_dictionaries(
    {"Type": TYPES},
    optional={
        "Properties": PROPERTIES,
        "DependsOn": WORD | st.lists(WORD, max_size=2),
        "Metadata": st.dictionaries(st.text(), JSON, max_size=2),
        "DeletionPolicy": WORD,
        "FutureAttribute": JSON,
        "Condition": WORD,
    },
)
SECTIONS = {
    name: st.dictionaries(WORD, st.dictionaries(WORD, JSON, max_size=2), min_size=1, max_size=2)
    for name in ("Parameters", "Outputs", "Conditions", "Mappings", "Rules", "Metadata", "Hooks")
}
DOCUMENT = st.fixed_dictionaries(
    {"Resources": st.dictionaries(WORD, RESOURCE, min_size=1, max_size=2)},
    optional={"Description": st.text(), "AWSTemplateFormatVersion": st.just("2010-09-09"), **SECTIONS},
)


@given(DOCUMENT)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_document_comes_out_as_it_went_in(document: Any) -> None:
    before = copy.deepcopy(document)

    assert document_of(typed(document)) == before
    assert document == before


def test_what_cottonformation_does_not_know_is_read_and_changed_like_the_rest() -> None:
    from cottonformation.res import awslambda, s3

    document = template(maximal())
    changed = copy.deepcopy(document)
    changed["Resources"]["CreateFunction"]["Properties"]["MemorySize"] = 512
    changed["Resources"]["CreateFunction"]["Properties"]["LoggingConfig"]["LogFormat"] = "Text"
    changed["Resources"]["Results"] = {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "acme-results"}}
    del changed["Outputs"]["CreateUrl"]

    found = typed(document)
    function = found.Resources["CreateFunction"]
    function.p_MemorySize = 512
    function.p_LoggingConfig["LogFormat"] = "Text"
    found.add(s3.Bucket("Results", p_BucketName="acme-results"))
    found.remove(found.Outputs["CreateUrl"])

    assert isinstance(function, awslambda.Function)
    assert document_of(found) == changed


def test_a_resource_of_a_type_that_cottonformation_does_not_know_is_changed_and_copied() -> None:
    document = {
        "Resources": {"Own": {"Type": "Custom::Thing", "Properties": {"my-key": 1, "my_key": 0, "Size": 2, "Of": {}}}}
    }
    found = typed(document)
    found.Resources["Own"].p_Size = 3
    found.Resources["Own"].p_Of["a"] = "b"
    other = copy.copy(found.Resources["Own"])
    other.p_Size = 4

    assert document_of(found)["Resources"]["Own"]["Properties"] == {
        "my-key": 1,
        "my_key": 0,
        "Size": 3,
        "Of": {"a": "b"},
    }
    assert other.serialize()["Properties"]["Size"] == 4
    assert document["Resources"]["Own"]["Properties"]["Of"] == {}


def test_a_change_from_one_to_true_is_a_change() -> None:
    found = typed({"Resources": {"A": {"Type": "AWS::S3::Bucket", "Properties": {"ObjectLockEnabled": 1}}}})
    found.Resources["A"].p_ObjectLockEnabled = True

    assert document_of(found)["Resources"]["A"]["Properties"]["ObjectLockEnabled"] is True


def test_the_words_of_a_condition_are_there_to_be_changed() -> None:
    document = template(project(SMALL), extend=of_every_section)
    found = typed(document)
    found.Conditions["Small"].body["Fn::Equals"][1] = "2"

    assert document_of(found)["Conditions"]["Small"]["Fn::Equals"][1] == "2"
    assert found.Parameters["Size"].Default == "1"


@pytest.mark.parametrize(
    "document",
    [
        {"Resources": {}, "x=print('ran')": 1},
        {"Resources": {}, "Parameters": {"A": {"Type": "String", "x=print('ran')": 1}}},
        {"Resources": {}, "Outputs": {"A": {"Value": "1", "class": 1}}},
    ],
)
def test_a_word_of_a_template_is_never_run(document: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ConfigurationError, match="is not a valid property name"):
        typed(document)
    assert capsys.readouterr().out == ""
