"""What Lambda keeps is listed through all pages; what is deleted is one version and never a function."""

from __future__ import annotations

from typing import Any

import pytest

from multi_env_lambda.aws.versions import delete_function_version, delete_layer_version, kept_function, kept_layers
from multi_env_lambda.errors import AccountError, StackError
from multi_env_lambda.testing.lease import FakeHeld
from tests.tools.faulty_client import FaultyClient


class Lambda:
    """One function with three versions, an alias with a weight, and a layer; pages hold one line."""

    def __init__(self) -> None:
        self.deleted: list[dict[str, Any]] = []

    def list_versions_by_function(self, *, FunctionName: str, Marker: str = "0") -> dict[str, Any]:
        layers = [{"Arn": "arn:layer:1"}]
        lines = [{"Version": "$LATEST", "CodeSha256": "x", "Layers": layers}]
        lines += [{"Version": str(number), "CodeSha256": f"c{number}", "CodeSize": 7} for number in (1, 2, 3)]
        return page("Versions", lines, Marker)

    def list_aliases(self, *, FunctionName: str, Marker: str = "0") -> dict[str, Any]:
        live = {"FunctionVersion": "2", "RoutingConfig": {"AdditionalVersionWeights": {"3": 0.1}}}
        return page("Aliases", [live, {"FunctionVersion": "1"}], Marker)

    def list_layer_versions(self, *, LayerName: str, Marker: str = "0") -> dict[str, Any]:
        lines = [{"Version": n, "LayerVersionArn": f"arn:layer:{n}", "Description": f"00000{n} d"} for n in (2, 1)]
        return page("LayerVersions", lines, Marker)

    def delete_function(self, **parameters: Any) -> None:
        self.deleted.append(parameters)

    def delete_layer_version(self, **parameters: Any) -> None:
        self.deleted.append(parameters)


def page(field: str, lines: list[Any], marker: str) -> dict[str, Any]:
    index = int(marker)
    more = {"NextMarker": str(index + 1)} if index + 1 < len(lines) else {}
    return {field: [lines[index]], **more}


@pytest.fixture
def client() -> FaultyClient:
    return FaultyClient(Lambda())


def test_versions_come_with_code_size_and_everything_that_aliases_point_at(client: FaultyClient) -> None:
    found = kept_function(client, "orders")

    assert found is not None
    assert [(version.number, version.code_sha256, version.size) for version in found.versions] == [
        ("1", "c1", 7), ("2", "c2", 7), ("3", "c3", 7),
    ]  # fmt: skip
    assert (found.aliased, found.layers) == ({"1", "2", "3"}, ("arn:layer:1",))


def test_layers_are_listed_with_their_description(client: FaultyClient) -> None:
    assert [(layer.number, layer.description) for layer in kept_layers(client, "orders")] == [
        (2, "000002 d"), (1, "000001 d"),
    ]  # fmt: skip


def test_what_does_not_exist_keeps_nothing(client: FaultyClient) -> None:
    client.fail("list_versions_by_function", code="ResourceNotFoundException", status=404)
    client.fail("list_layer_versions", code="ResourceNotFoundException", status=404)

    assert (kept_function(client, "orders"), kept_layers(client, "orders")) == (None, ())


def test_one_version_is_deleted() -> None:
    client = Lambda()
    delete_function_version(client, "orders", "2", FakeHeld())
    delete_layer_version(client, "orders", 1, FakeHeld())

    assert client.deleted == [
        {"FunctionName": "orders", "Qualifier": "2"},
        {"LayerName": "orders", "VersionNumber": 1},
    ]


@pytest.mark.parametrize("number", ["", "$LATEST", "live"])
def test_a_function_itself_is_never_deleted(number: str) -> None:
    client = Lambda()

    with pytest.raises(AssertionError):
        delete_function_version(client, "orders", number, FakeHeld())
    assert client.deleted == []


def test_what_is_gone_already_is_nobodys_error(client: FaultyClient) -> None:
    client.fail("delete_function", code="ResourceNotFoundException", status=404)
    client.fail("delete_layer_version", code="ResourceNotFoundException", status=404)

    delete_function_version(client, "orders", "2", FakeHeld())
    delete_layer_version(client, "orders", 1, FakeHeld())


def test_a_version_that_an_alias_has_is_refused_in_our_words(client: FaultyClient) -> None:
    client.fail("delete_function", code="ResourceConflictException", status=409, message="alias live")

    with pytest.raises(StackError, match="orders:2: ResourceConflictException: alias live"):
        delete_function_version(client, "orders", "2", FakeHeld())


def test_a_role_that_may_not_delete_is_told(client: FaultyClient) -> None:
    client.fail("delete_layer_version", code="AccessDeniedException", status=403)

    with pytest.raises(AccountError):
        delete_layer_version(client, "orders", 1, FakeHeld())
