"""What a unit's settings and its ``stack.py`` make, without building anything."""

from __future__ import annotations

import json
import os
from typing import Any

from multi_env_lambda.api.opened import Opened
from multi_env_lambda.api.project import Project
from multi_env_lambda.make.stack_file import templates_of
from multi_env_lambda.model.artifact import LayerArtifact, SourceArtifact
from multi_env_lambda.plan.template import StackInput

__all__ = ["template_of"]

_NO_DIGEST = "0" * 64


def template_of(folder: str | os.PathLike[str], environment: str) -> dict[str, Any]:
    """The CloudFormation template of the unit in ``folder``, as a document, for one environment of its workspace.

    ``stack.py`` runs as it does in a deploy: shut in, without credentials and network. The code and the layer that the
    template names are made up, so nothing is built and no package index is asked.

    Raises:
        ConfigurationError: the folder is no unit's, or its settings or its ``stack.py`` cannot become a stack.
    """
    opened = Opened.at(folder, local=False)
    config = Project.open(folder, local=False).config
    unit = StackInput(
        project=config,
        environment=opened.place(environment),
        bucket=opened.config.devops.bucket,
        source=SourceArtifact(project=config.name, version=config.version, digest=_NO_DIGEST, wheel_sha256=_NO_DIGEST),
        layer=LayerArtifact(
            project=config.name, number=1, digest=_NO_DIGEST, python=config.python, architecture=config.architecture
        ),
    )
    found: dict[str, Any] = json.loads(templates_of(opened.root, [unit])[environment])
    return found
