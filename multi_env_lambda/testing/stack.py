"""What a unit's settings and its ``stack.py`` make, without building anything."""

from __future__ import annotations

import json
import os
from typing import Any

from multi_env_lambda.api.opened import Opened
from multi_env_lambda.api.project import Project
from multi_env_lambda.make.stack_file import template_of_unbuilt

__all__ = ["template_of"]


def template_of(folder: str | os.PathLike[str], environment: str) -> dict[str, Any]:
    """The CloudFormation template of the unit in ``folder``, as a document, for one environment of its workspace.

    ``stack.py`` runs as it does in a deploy: shut in, without credentials and network. The code and the layer that the
    template names are made up, so nothing is built and no package index is asked.

    Raises:
        ConfigurationError: the folder is no unit's, or its settings or its ``stack.py`` cannot become a stack.
    """
    opened = Opened.at(folder, local=False)
    config, place = Project.open(folder, local=False).config, opened.place(environment)
    text = template_of_unbuilt(opened.root, config, place, opened.config.devops.bucket)
    found: dict[str, Any] = json.loads(text)
    return found
