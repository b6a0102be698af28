"""What of a service belongs to no function, and has no counterpart here."""

from __future__ import annotations

from collections.abc import Collection

from multi_env_lambda.adopt.serverless_service import Service, at
from multi_env_lambda.adopt.serverless_values import Filled, shown

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
    "logs": "the log of an API is `access_log`",
    "variableSyntax": "variables are read in the usual form, `${…}`",
}
_ON_A_LAPTOP = (
    *("serverless-offline", "serverless-dynamodb-local", "serverless-dynamodb", "serverless-s3-local"),
    *(
        "serverless-prune-plugin",
        "serverless-dotenv-plugin",
        "serverless-localstack",
        "serverless-plugin-common-excludes",
    ),
    *("serverless-deployment-bucket", "serverless-export-env", "serverless-better-credentials", "serverless-sam"),
)
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
    _said_of_stages(service, stages)
    _said_of_plugins(service)
    constructs = service.get("constructs")
    for construct, found in constructs.items() if isinstance(constructs, dict) else ():
        if at(found, "type") == "queue":
            continue
        reason = "the plugin serverless-lift makes it; add what it needs in the tables or in `stack.py`"
        service.dropped("", f"construct {construct}", ["constructs", construct], reason)
    _said_of_packages(service)
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
            service.dropped("", f"plugin {name}", ["plugins", number], "what it adds is not known here")
    options = service.get("custom", "pythonRequirements")
    if at(options, "vendor") is not None:
        reason = "name the folder in `shared`"
        service.dropped("", "pythonRequirements.vendor", ["custom", "pythonRequirements", "vendor"], reason)
    if (name := at(options, "fileName")) not in (None, "requirements.txt"):
        reason = f"rename `{name}` to `requirements.txt`, which `lock` takes over"
        service.dropped("", "pythonRequirements.fileName", ["custom", "pythonRequirements", "fileName"], reason)


def _said_of_packages(service: Service) -> None:
    found = service.get("package")
    for name in ("patterns", "include", "exclude"):
        if at(found, name):
            reason = "what Git tracks is packed, without tests and caches"
            service.changed("", f"package.{name}", ["package", name], "what Git tracks", reason)
    if at(found, "artifact") is not None:
        service.dropped("", "package.artifact", ["package", "artifact"], "the code is packed from the folder here")


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
