"""APIs of both kinds come, change and go by the roles that `bootstrap` makes, and by nothing else."""

from __future__ import annotations

import json
import urllib.error
import urllib.request

import pytest

from .bootstrapped import Bootstrapped, bootstrapped
from .stage import commit

pytestmark = [pytest.mark.local_cloud, pytest.mark.slow, pytest.mark.long]

WEB = """
def handler(event, context):
    if "resource" in event:
        return {"statusCode": 200, "body": event["path"]}
    return {"isAuthorized": False} if event.get("type") == "REQUEST" else {"path": event["rawPath"]}
"""
OPEN = '{ http = "GET /open" },'
OLD = '{ rest = "GET /old" },'
TABLE = f"""
[tool.multi_env_lambda.http_api]
cors.allow_origins = ["https://shop.example"]
authorizers.own = {{ function = "web", headers = [] }}

[tool.multi_env_lambda.rest_api]
usage_plan = {{ keys = ["acme"] }}

[tool.multi_env_lambda.functions.old]
handler = "customers.web.handler"
events = [{OLD} {{ rest = "GET /counted", api_key = true, authorizer = "iam" }}]

[tool.multi_env_lambda.functions.web]
handler = "customers.web.handler"
events = [{OPEN} {{ http = "GET /closed", authorizer = "own" }}, {{ http = "GET /signed", authorizer = "iam" }}]
"""


def ask(made: Bootstrapped, path: str, api: str = "HttpApi") -> int:
    items = made.run("outputs", "customers", "sandbox", "--json").answer["items"]
    (url,) = (item["url"] for item in items if item["key"] == api)
    try:
        with urllib.request.urlopen(f"{url}{path}", timeout=30) as answer:  # noqa: S310 -- of the local cloud
            return int(answer.status)
    except urllib.error.HTTPError as refused:
        return refused.code


def test_an_api_comes_changes_and_goes_by_the_roles_alone(tmp_path_factory: pytest.TempPathFactory) -> None:
    with bootstrapped(tmp_path_factory.mktemp("api") / "workspace", units=("customers",)) as made:
        file = made.stage.root / "projects/customers/pyproject.toml"
        before = file.read_text("utf-8")
        file.write_text(before + TABLE, "utf-8")
        (file.parent / "customers" / "web.py").write_text(WEB, "utf-8")
        commit(made.stage.root)
        words = ("deploy", "sandbox", "--only", "customers", "--yes")
        asked = made.run("bootstrap")
        assert asked.code == 0, asked.err
        made.without_the_organisations_role()

        refused = made.run(*words)
        assert "rights:customers" in refused.err
        assert "anyone may call GET /open" in refused.err
        assert "anyone may call GET /old" in refused.err
        assert "anyone may call GET /counted" not in refused.err
        assert "anyone may call GET /closed" not in refused.err
        done = made.run(*words, "--agree", "rights:customers")
        assert done.code == 0, done.err
        assert [ask(made, path) for path in ("/open", "/closed", "/signed", "/nothing")] == [200, 403, 403, 404]
        assert [ask(made, path, "RestApi") for path in ("/old", "/counted", "/nothing")] == [200, 403, 403]
        drift = made.run("drift", "sandbox")
        assert drift.code == 0, drift.err

        file.write_text(before + TABLE.replace(OPEN, "").replace(OLD, ""), "utf-8")
        commit(made.stage.root)
        done = made.run(*words)
        assert done.code == 0, done.err
        assert "the route GET /open is deleted" in done.err
        assert "the route GET /old is deleted" in done.err
        assert (ask(made, "/open"), ask(made, "/old", "RestApi")) == (404, 403)

        done = made.run("destroy", "customers", "sandbox", "--yes", "--confirm", "customers")
        assert done.code == 0, done.err
        apis = made.root("sandbox", "apigatewayv2").get_apis()["Items"]
        apis += made.root("sandbox", "apigateway").get_rest_apis()["items"]
        assert json.dumps(apis) == "[]"
