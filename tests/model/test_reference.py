"""References are names: of a function, its variable, and what must exist."""

from __future__ import annotations

from multi_env_lambda.model.artifact import SourceArtifact
from multi_env_lambda.model.reference import Reference, references_of
from multi_env_lambda.model.release import Release, Stage
from multi_env_lambda.model.settings import Function, Literal, ParameterReference, SecretReference

PASSWORD = Reference(function="create", variable="PASSWORD", kind="secret", name="orders/db")


def release(*references: Reference) -> Release:
    stage = Stage(
        environment="prod",
        account_id="5" * 12,
        region="us-east-1",
        stack_name="orders-prod",
        template_sha256="f" * 64,
        references=references,
    )
    source = SourceArtifact(project="orders", version="0.1.0", digest="d", wheel_sha256="aa")
    return Release(project="orders", artifacts=(source,), stages=(stage,))


def test_references_are_found_in_the_variables_of_functions() -> None:
    variables = (
        ("PASSWORD", SecretReference(name="orders/db", key="password")),
        ("PLAIN", Literal(text="x")),
        ("URL", ParameterReference(name="/orders/url")),
    )

    found = references_of([Function(key="create", handler="orders.create", environment=variables)])

    assert found == (PASSWORD, Reference(function="create", variable="URL", kind="parameter", name="/orders/url"))


def test_a_release_with_references_is_read_as_it_was_written() -> None:
    made = release(PASSWORD)

    assert Release.from_bytes(made.manifest, where="manifest.json") == made


def test_another_reference_is_another_release() -> None:
    assert release().digest != release(PASSWORD).digest
