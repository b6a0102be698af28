"""HTTP and REST APIs: routes, who may call, what stays when a route moves, and what the local cloud answers."""

from __future__ import annotations

from tests.mutations.mutation import Mutation

__all__ = ["MUTATIONS"]

_ROUTE, _API = ("model/test_route.py",), ("model/test_api.py",)
_TEMPLATE = ("plan/test_template_apis.py",)
_LOCAL = ("local/test_http_apis.py",)
_REST, _REST_TEMPLATE = ("model/test_rest_api.py",), ("plan/test_template_rest_apis.py",)
_REST_LOCAL = ("local/test_rest_apis.py",)

MUTATIONS = (
    Mutation(
        "model/route.py",
        "    return any(first < second for first, second in ranks) and any(first > second for first, second in ranks)",
        "    return False",
        "Two routes of which neither is the more exact one are refused.",
        _ROUTE,
    ),
    Mutation(
        "model/route.py",
        "if found[2] and not is_last:",
        "if False:",
        "A variable that takes the rest of a path is at its end.",
        _ROUTE,
    ),
    Mutation(
        "model/api.py",
        '        check_authorizer(place, event.authorizer, authorizers, api="http_api")\n',
        "",
        "An authorizer that a route names exists.",
        _API,
    ),
    Mutation(
        "model/keys/api.py",
        'pattern=r"https://[A-Za-z0-9.-]+',
        'pattern=r"https?://[A-Za-z0-9.-]+',
        "An issuer of tokens has an address with https.",
        _API,
    ),
    Mutation(
        "model/api.py",
        "    audience = table.texts(whom)",
        "    audience = table.texts(whom, least=0)",
        "Tokens that are made for others are not taken.",
        _API,
    ),
    Mutation(
        "plan/template/apis.py",
        'logical_id(HTTP_API, "Route", digest([event.route.shape])[:8])',
        'logical_id(HTTP_API, "Route", digest([event.route.shape, function.key])[:8])',
        "A route that moves to another function stays the same resource.",
        _TEMPLATE,
    ),
    Mutation(
        "plan/template/apis.py",
        '"IntegrationUri": alias_of(function),',
        '"IntegrationUri": get_att(logical_id(function.key, "Function"), "Arn"),',
        "An API calls the alias.",
        _TEMPLATE,
    ),
    Mutation(
        "plan/template/api_parts.py",
        'source = joined(unit.arn("execute-api", ""), ref(api), *rest)',
        'source = joined(unit.arn("execute-api", ""), "*", *rest)',
        "Only the unit's own API may call its functions.",
        _TEMPLATE,
    ),
    Mutation(
        "api/samples.py",
        "event.payload if isinstance(event, Schedule | SchedulerSchedule) else None",
        'getattr(event, "payload", None)',
        "The form of a request is not sent as the request.",
        ("plan/test_sample_events.py",),
    ),
    Mutation(
        "local/emulator/http_apis.py",
        "    if not may_call(arn, f\"{asked.api}/{asked.stage}/{place.lstrip('/')}\"):\n        return _FAILED\n",
        "",
        "An API without a permission cannot call a function of the local cloud.",
        _LOCAL,
    ),
    Mutation(
        "local/emulator/http_api_answers.py",
        "    if not isinstance(found, Mapping) or not _is_well_formed(found, form):",
        "    if not isinstance(found, Mapping):",
        "An answer in no documented form is the status 500 in the local cloud.",
        _LOCAL,
    ),
    Mutation(
        "local/emulator/guard.py",
        "if api and len(origins) == 1 and _serves_page(api[1], origins[0]):",
        "if api and len(origins) == 1:",
        "A page may call only an API of the local cloud that lists its origin.",
        _LOCAL,
    ),
    Mutation(
        "model/rest_route.py",
        "                if known != part:",
        "                if False:",
        "Two variables on one level of a REST API are refused.",
        _REST,
    ),
    Mutation(
        "model/rest_api.py",
        "        if event.api_key and plan is None:",
        "        if False:",
        "A route does not need a key that nobody can have.",
        _REST,
    ),
    Mutation(
        "plan/template/rest_apis.py",
        "digest([served, _called_by(served, resources)])[:8]",
        "digest([])[:8]",
        "A changed REST API gets a deployment of its own.",
        _REST_TEMPLATE,
    ),
    Mutation(
        "plan/template/rest_apis.py",
        "digest([served, _called_by(served, resources)])[:8]",
        "digest([served])[:8]",
        "A REST API whose function gets another name gets a new deployment.",
        _REST_TEMPLATE,
    ),
    Mutation(
        "plan/template/rest_apis.py",
        '        "Mode": "overwrite",\n',
        "",
        "What has left the document of a REST API leaves the API.",
        _REST_TEMPLATE,
    ),
    Mutation(
        "plan/api_bodies.py",
        "    return closing.isdisjoint(name for each in security for name in each)",
        "    return not security",
        "An API key closes no route.",
        _REST_TEMPLATE,
    ),
    Mutation(
        "plan/api_bodies.py",
        ' or "credentials" in behind:',
        ":",
        "A route that acts with a role is asked about.",
        _REST_TEMPLATE,
    ),
    Mutation(
        "plan/api_bodies.py",
        'if behind.get("type") != "aws_proxy" or not _is_own(behind.get("uri"), computed):',
        'if behind.get("type") != "aws_proxy":',
        "A route that calls a function of somebody else is asked about.",
        _REST_TEMPLATE,
    ),
    Mutation(
        "local/emulator/rest_apis.py",
        '"resources": copy.deepcopy(dict(resources)),',
        '"resources": resources,',
        "A stage of the local cloud serves what was deployed, and not what the API is.",
        _REST_LOCAL,
    ),
    Mutation(
        "local/emulator/rest_api_requests.py",
        "    if not may_call(arn, place):",
        "    if False:",
        "A REST API without a permission cannot call a function of the local cloud.",
        _REST_LOCAL,
    ),
    Mutation(
        "local/emulator/rest_api_answers.py",
        "    if not isinstance(found, Mapping) or not _is_well_formed(found):",
        "    if not isinstance(found, Mapping):",
        "An answer in no documented form is the status 502 in the local cloud.",
        _REST_LOCAL,
    ),
)
