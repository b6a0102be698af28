"""After a deploy: the code, the layer and the answer are those of the release, or the check has failed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import attrs
import pytest

from multi_env_lambda.aws.account import Invocation
from multi_env_lambda.errors import CheckFailed
from multi_env_lambda.flow.check import Asking, check, matches
from multi_env_lambda.flow.code import check_untouched
from multi_env_lambda.model.artifact import LayerArtifact, SourceArtifact, base64_sha256
from multi_env_lambda.model.environment import Environment
from multi_env_lambda.model.record import LayerReceipt
from multi_env_lambda.model.release import Release, ReleasedFunction, ReleaseTemplate
from multi_env_lambda.model.settings import Smoke
from multi_env_lambda.model.versions import FunctionCode
from multi_env_lambda.testing.lease import FakeHeld
from multi_env_lambda.testing.memory import MemoryPlatform
from multi_env_lambda.testing.world import FakeTree, fake_world

from .callers import Clock

PROD = Environment(name="prod", account_id="5" * 12, region="us-east-1", position=0)
NAME = "orders-prod-main"
LAYER_ARN = "arn:aws:lambda:us-east-1:555555555555:layer:orders-prod:7"
FOREIGN_ARN = "arn:aws:lambda:us-east-1:999999999999:layer:insights:3"
SOURCE = SourceArtifact(project="orders", version="0.1.0", digest="d" * 64, wheel_sha256="a" * 64)
LAYER = LayerArtifact(
    project="orders", number=7, digest="e" * 64, python="3.13", architecture="arm64", layer_sha256="2" * 64
)
OURS = {"S3Bucket": "b", "S3Key": SOURCE.wheel_key}


def template(code: object = OURS, layers: tuple[object, ...] | None = ({"Ref": "Layer"},)) -> str:
    function = {"FunctionName": NAME, "Code": code, **({} if layers is None else {"Layers": list(layers)})}
    resources = {
        "Main": {"Type": "AWS::Lambda::Function", "Properties": function},
        "Layer": {"Type": "AWS::Lambda::LayerVersion", "Properties": {}},
    }
    return json.dumps({"Resources": resources})


class Lambda(MemoryPlatform):
    """One function: what it runs, the bytes of its layers, and what it answers."""

    def __init__(
        self,
        code_sha256: str = SOURCE.code_sha256,
        layers: tuple[str, ...] = (LAYER_ARN,),
        layer_sha256: str = base64_sha256(LAYER.layer_sha256),
        answer: Invocation | None = None,
    ) -> None:
        super().__init__(lambda key: key)
        self.runs = FunctionCode(code_sha256=code_sha256, layers=layers, version="7")
        self.layer, self.answer = layer_sha256, answer
        self.asked: list[str] = []

    def code(self, environment: Environment, function_name: str) -> FunctionCode:
        return self.runs

    def layer_sha256(self, environment: Environment, arn: str) -> str | None:
        self.asked.append(arn)
        return self.layer

    def invoke(self, environment: Environment, function_name: str, alias: str, payload: bytes) -> Invocation:
        assert self.answer is not None
        return self.answer


def released(smoke: Smoke | None = None) -> Release:
    """A release of one function, for prod alone."""
    function = ReleasedFunction(key="main", name=NAME, smoke=smoke)
    stage = ReleaseTemplate(
        environment="prod",
        account_id=PROD.account_id,
        region=PROD.region,
        stack_name="orders-prod",
        template_sha256="f" * 64,
        functions=(function,),
    )
    return Release(project="orders", artifacts=(SOURCE, LAYER), stages=(stage,))


def checked(
    platform: Lambda, smoke: Smoke | None = None, text: str = template(), known: tuple[LayerReceipt, ...] = ()
) -> tuple[LayerReceipt, ...]:
    release = released(smoke)
    return check(asking(platform), release, release.stages[0], text, known=known)


def asking(platform: Lambda) -> Asking:
    """Who asks where no right has changed: what is wrong is believed at once."""
    clock = Clock()
    world = fake_world(FakeTree(content={}), Path("nothing is kept"), platform=platform).world
    world = attrs.evolve(world, seconds=clock.seconds, sleep=clock.sleep)
    return Asking(world=world, held=FakeHeld(), environment=PROD, say=lambda _: None)


def test_what_was_published_passes_and_the_layer_is_remembered() -> None:
    assert checked(Lambda()) == (LayerReceipt(arn=LAYER_ARN, sha256=base64_sha256(LAYER.layer_sha256)),)


def test_code_that_nobody_published_fails_with_both_digests() -> None:
    with pytest.raises(CheckFailed) as caught:
        checked(Lambda(code_sha256="EVIL"))
    assert caught.value.where == f"{NAME} in prod"
    assert caught.value.what == f"Lambda runs code EVIL, expected the published {SOURCE.code_sha256}"


def test_code_that_a_stack_file_has_set_is_not_compared() -> None:
    checked(Lambda(code_sha256="THEIRS"), text=template(code={"ZipFile": "x = 1"}))


def test_a_layer_of_other_bytes_fails() -> None:
    with pytest.raises(CheckFailed, match="has the SHA-256 EVIL, expected the published"):
        checked(Lambda(layer_sha256="EVIL"))


def test_a_function_that_has_lost_its_layer_fails() -> None:
    with pytest.raises(CheckFailed, match="without layer 000007"):
        checked(Lambda(layers=(FOREIGN_ARN,)))


def test_a_function_whose_layers_a_stack_file_has_set_needs_none_of_ours() -> None:
    assert checked(Lambda(layers=(FOREIGN_ARN,)), text=template(layers=(FOREIGN_ARN,))) == ()


@pytest.mark.parametrize(
    ("runs", "said"),
    [
        ((FOREIGN_ARN, LAYER_ARN), ({"Ref": "Layer"},)),
        ((LAYER_ARN,), ({"Ref": "Layer"}, FOREIGN_ARN)),
        ((LAYER_ARN, FOREIGN_ARN), ({"Ref": "Layer"}, f"{FOREIGN_ARN}0")),
        ((), (FOREIGN_ARN,)),
    ],
    ids=["one more", "one less", "another version", "none"],
)
def test_other_layers_than_the_template_names_fail_with_both_and_the_command(
    runs: tuple[str, ...], said: tuple[object, ...]
) -> None:
    with pytest.raises(CheckFailed, match="in Lambda it has the layers .*, expected the deployed") as caught:
        checked(Lambda(layers=runs), text=template(layers=said))
    assert "`repair.py orders prod` fixes it" in caught.value.hint


def untouched(before: str, runs: tuple[str, ...]) -> None:
    """A deploy after which the template is the usual one; the function had these layers before it."""
    release = released()
    check_untouched(PROD, release, template(), before, {NAME: FunctionCode(code_sha256="1", layers=runs)})


def test_a_function_of_which_a_deploy_sends_nothing_has_its_layers_compared() -> None:
    untouched(template(), (LAYER_ARN,))
    with pytest.raises(CheckFailed, match="has the layers none, expected the deployed a version of orders-prod"):
        untouched(template(), ())


def test_a_function_that_a_deploy_changes_may_have_had_other_layers_before() -> None:
    untouched(template(layers=None), ())


def test_layers_of_a_function_whose_template_names_none_are_nobodys() -> None:
    checked(Lambda(layers=(FOREIGN_ARN,)), text=template(layers=None))


def test_layers_that_only_cloudformation_can_resolve_are_not_compared() -> None:
    checked(Lambda(layers=(LAYER_ARN, FOREIGN_ARN)), text=template(layers=({"Ref": "Layer"}, {"Ref": "Parameter"})))
    checked(Lambda(), text=template(layers=({"Ref": "Layer"}, {"Fn::If": ["Wanted", FOREIGN_ARN, {"Ref": "Gone"}]})))


def test_the_bytes_of_others_layers_are_not_compared() -> None:
    platform = Lambda(layers=(FOREIGN_ARN, LAYER_ARN))
    checked(platform, text=template(layers=(FOREIGN_ARN, {"Ref": "Layer"})))

    assert platform.asked == [LAYER_ARN]


def test_a_layer_that_was_compared_before_is_not_asked_for_again_and_still_must_be_the_one() -> None:
    right = LayerReceipt(arn=LAYER_ARN, sha256=base64_sha256(LAYER.layer_sha256))
    platform = Lambda()
    assert checked(platform, known=(right,)) == (right,)
    assert platform.asked == []

    with pytest.raises(CheckFailed, match="expected the published"):
        checked(platform, known=(attrs.evolve(right, sha256="OLD"),))


def answer(payload: Any, error: str | None = None) -> Invocation:
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return Invocation(payload=body, error=error, log_tail="one\ntwo", version="7")


@pytest.mark.parametrize(
    ("expect", "given", "passes"),
    [
        ('{"ok":true}', answer({"ok": True, "id": 7}), True),
        (None, answer("anything"), True),
        ('{"ok":true}', answer({"ok": False}), False),
        ('{"ok":true}', answer({"ok": True}, error="Unhandled"), False),
        (None, answer({}, error="Unhandled"), False),
        ('{"ok":true}', answer(b"no json"), False),
    ],
    ids=["more than expected", "no expectation", "other answer", "error, right answer", "error", "no json"],
)
def test_a_smoke_call_passes_without_an_error_and_with_the_expected_answer(
    expect: str | None, given: Invocation, passes: bool
) -> None:
    smoke = Smoke(payload='{"id":7}', expect=expect)
    if passes:
        checked(Lambda(answer=given), smoke)
        return
    with pytest.raises(CheckFailed) as caught:
        checked(Lambda(answer=given), smoke)
    assert caught.value.where == "smoke of orders.main in prod"
    assert 'request: {"id":7}\nlog: one\ntwo' in caught.value.what


@pytest.mark.parametrize(
    ("expected", "given", "same"),
    [
        ({}, {"a": 1}, True),
        ({"a": {"b": 1}}, {"a": {"b": 1, "c": 2}}, True),
        ({"a": 1}, {}, False),
        ({"a": None}, {}, False),
        ({"a": 1}, [1], False),
        ([1, {"a": 1}], [1, {"a": 1, "b": 2}], True),
        ([1], [1, 2], False),
        (True, 1, False),
        (1, 1.0, False),
        ("1", 1, False),
    ],
)
def test_an_answer_has_at_least_what_is_expected(expected: Any, given: Any, same: bool) -> None:
    assert matches(expected, given) is same
