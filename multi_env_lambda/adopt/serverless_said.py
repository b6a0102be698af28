"""What of a service belongs to no function, and has no counterpart here."""

from __future__ import annotations

from collections.abc import Collection

from multi_env_lambda.adopt.serverless_service import Service, at
from multi_env_lambda.adopt.serverless_unread import say_the_unread
from multi_env_lambda.adopt.serverless_values import Filled, Value, shown

__all__ = ["say_the_rest", "shared_folders"]

_TOP = frozenset(
    {
        *(
            "service",
            "frameworkVersion",
            "provider",
            "functions",
            "resources",
            "custom",
            "plugins",
            "package",
            "params",
        ),
        *("stages", "org", "app", "tenant", "useDotenv", "variablesResolutionMode", "configValidationMode", "layers"),
        *("deprecationNotificationMode", "disabledDeprecations", "unresolvedVariablesNotificationMode", "console"),
        *("constructs", "enableLocalInstallationFallback", "licenseKey", "build", "dashboard"),
    }
)
_PROVIDER = frozenset(
    {
        *("name", "runtime", "stage", "region", "profile", "memorySize", "timeout", "environment", "iam", "role"),
        *("iamRoleStatements", "iamManagedPolicies", "rolePermissionsBoundary", "tracing", "layers", "vpc", "httpApi"),
        *("apiGateway", "apiKeys", "endpointType", "tags", "stackTags", "architecture", "logRetentionInDays", "s3"),
        *("lambdaHashingVersion", "versionFunctions", "deploymentBucket", "deploymentMethod", "deploymentPrefix"),
        *("eventBridge", "stackName", "apiName", "ephemeralStorageSize", "reservedConcurrency", "cfnRole", "ecr"),
        *("disableRollback", "rollbackConfiguration", "logs", "cloudFront", "usagePlan", "websocketsApiName"),
        *(
            "stackPolicy",
            "notificationArns",
            "stackParameters",
            "kmsKeyArn",
            "variableSyntax",
            "excludeDevDependencies",
        ),
    }
)
_NO_PLACE = {
    "stackName": "a stack is called UNIT-ENVIRONMENT",
    "apiName": "an API is called after unit and environment",
    "websocketsApiName": "WebSocket APIs have no key",
    "stackPolicy": "add it to the stack yourself",
    "stackParameters": "a stack has no parameters here",
    "kmsKeyArn": "variables are encrypted with the key of Lambda",
    "cfnRole": "the role for CloudFormation is a setting of the environment",
    "notificationArns": "a stack reports its events to no topic here",
    "rollbackConfiguration": "no alarms of a stack end its deploy here",
    "versionFunctions": "each deploy publishes a version",
    "ecr": "a container image cannot be built here",
    "cloudFront": "it has no key",
    "variableSyntax": "variables are read in the usual form, `${…}`",
}
_OF_THE_ENVIRONMENT = {
    "region": ("the region of each environment", "a unit is deployed into several regions and accounts"),
    "stage": ("the name of each environment", "give `stage=…` for one whose stage is called otherwise"),
    "profile": ("the account of each environment", "credentials are those of the environment"),
    "deploymentBucket": ("the bucket for artifacts", "all units of the workspace have the same one"),
}
_ON_A_LAPTOP = (
    *("serverless-offline", "serverless-dynamodb-local", "serverless-dynamodb", "serverless-s3-local"),
    *(
        "serverless-prune-plugin",
        "serverless-localstack",
        "serverless-plugin-common-excludes",
    ),
    *("serverless-deployment-bucket", "serverless-export-env", "serverless-better-credentials", "serverless-sam"),
)
_PLUGINS = {
    "serverless-dotenv-plugin": "it sets what is in `.env`, which is not read: add what functions need to `environment`"
}
_READ_HERE = (
    *("serverless-python-requirements", "serverless-wsgi", "serverless-iam-roles-per-function"),
    *("serverless-pseudo-parameters", "serverless-lift"),
)


def say_the_rest(service: Service, stages: Collection[str]) -> None:
    """What belongs to no function, and is not carried over."""
    tree = service.variables.tree
    assert isinstance(tree, dict)
    for name in tree:
        if name not in _TOP:
            service.dropped("", str(name), [str(name)], "it is not known here")
    provider = tree["provider"]
    for name in provider if isinstance(provider, dict) else ():
        if name not in _PROVIDER:
            service.dropped("", f"provider.{name}", ["provider", name], "it is not known here")
        elif name in _NO_PLACE:
            service.dropped("", f"provider.{name}", ["provider", name], _NO_PLACE[name])
        elif name in _OF_THE_ENVIRONMENT:
            service.changed("", f"provider.{name}", ["provider", name], *_OF_THE_ENVIRONMENT[name])
    _said_of_stages(service, stages)
    _said_of_plugins(service)
    constructs = service.get("constructs")
    for construct, found in constructs.items() if isinstance(constructs, dict) else ():
        if at(found, "type") == "queue":
            continue
        reason = "the plugin serverless-lift makes it; add what it needs in the tables or in `stack.py`"
        service.dropped("", f"construct {construct}", ["constructs", construct], reason)
    _said_of_packages(service)
    say_the_unread(service)
    for assumed in service.variables.assumed:
        value = shown(assumed.value) if isinstance(assumed.value, (str, Filled)) else str(assumed.value)
        service.changed(
            "", f"${{{assumed.variable}}}", assumed.where.path, value, "nobody has given another value than the default"
        )


def _said_of_plugins(service: Service) -> None:
    found = service.get("plugins")
    listed = at(found, "modules") if isinstance(found, dict) else found
    for number, name in enumerate(listed if isinstance(listed, list) else []):
        if name in _READ_HERE:
            service.carried("", f"plugin {name}", ["plugins", number], "what it does is done here")
        elif name not in _ON_A_LAPTOP:
            reason = _PLUGINS.get(str(name), "what it adds is not known here")
            service.dropped("", f"plugin {name}", ["plugins", number], reason)
    options = service.get("custom", "pythonRequirements")
    if at(options, "vendor") is not None:
        reason = "name the folder in `shared`"
        service.dropped("", "pythonRequirements.vendor", ["custom", "pythonRequirements", "vendor"], reason)
    if (name := at(options, "fileName")) not in (None, "requirements.txt", "poetry.lock", "Pipfile.lock"):
        reason = f"rename `{name}` to `requirements.txt`, which `lock` takes over"
        service.dropped("", "pythonRequirements.fileName", ["custom", "pythonRequirements", "fileName"], reason)


def _said_of_packages(service: Service) -> None:
    found = service.get("package")
    _said_of_package(service, "", ["package"], found)
    for function in service.keys:
        path = ["functions", function, "package"]
        _said_of_package(service, function, path, service.get(*path))


def _said_of_package(service: Service, function: str, path: list[str], found: Value) -> None:
    for name in ("patterns", "include", "exclude", "individually"):
        if at(found, name):
            reason = "what Git tracks is packed, without tests and caches"
            service.changed(function, f"package.{name}", [*path, name], "what Git tracks", reason)
        hidden = [] if name == "exclude" else [text for text in _texts(at(found, name)) if _is_hidden(text)]
        if hidden:
            reason = "files whose names begin with a dot are not copied: give them another name"
            service.dropped(function, f"package.{name}: {', '.join(hidden)}", [*path, name], reason)
    if at(found, "artifact") is not None:
        service.dropped(function, "package.artifact", [*path, "artifact"], "the code is packed from the folder here")


def _texts(value: Value) -> list[str]:
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []


def _is_hidden(pattern: str) -> bool:
    parts = pattern.split("/")
    return not pattern.startswith("!") and any(part.startswith(".") and part not in (".", "..") for part in parts)


def shared_folders(service: Service, folder: str, there: Collection[str]) -> list[str]:
    """The folders of the service's own layers, whose modules are a part of every function here."""
    found: list[str] = []
    layers = service.get("layers")
    for name, layer in layers.items() if isinstance(layers, dict) else ():
        path = at(layer, "path")
        inner = f"{path.strip('/').removeprefix('./')}/python" if isinstance(path, str) else ""
        if inner and any(each.startswith(f"{inner}/") for each in there):
            found.append(f"{folder}/{inner}")
            reason = "what is in the layer is a part of every function's code"
            service.changed("", f"layer {name}", ["layers", name], f"shared: {inner}", reason)
        else:
            service.dropped("", f"layer {name}", ["layers", name], "its folder `python` with modules is not there")
    return found


def _said_of_stages(service: Service, stages: Collection[str]) -> None:
    """Stages that are called like no environment: their values are used nowhere."""
    for word in ("stages", "params"):
        found = service.variables.value(word)
        for name in found if isinstance(found, dict) else ():
            if name not in ("default", *stages):
                reason = f"no environment is the stage `{name}`: give `stage={name}` for the one that is"
                service.dropped("", f"{word}.{name}", [word, name], reason)
