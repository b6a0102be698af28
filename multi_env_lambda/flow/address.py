"""Where CloudFormation finds a template that is too long to be sent inline.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
"""

from __future__ import annotations

import hashlib

from multi_env_lambda.flow.publish import compare, write_text
from multi_env_lambda.host.made import Upload
from multi_env_lambda.model.artifact import PublishedObject
from multi_env_lambda.model.release import Release, ReleaseTemplate
from multi_env_lambda.plan.template_text import needs_template_url
from multi_env_lambda.world import World

__all__ = ["address_of"]


def address_of(world: World, release: Release, stage: ReleaseTemplate, template: str) -> str | None:
    """Exactly the version that was compared; None for a template that can be sent.

    A template that is not the published one (of an import, a step of a traffic shift, a rollback that keeps
    something) is written next to it, and is pruned with the release.
    """
    if not needs_template_url(template):
        return None
    body = template.encode("utf-8")
    sha256, key = hashlib.sha256(body).hexdigest(), release.template_key(stage.environment)
    if sha256 != stage.template_sha256:
        key = f"{release.folder}/{stage.environment}.{sha256}.template.json"
        write_text(world, Upload(key=key, content=body))
    found = compare(world.store, PublishedObject(key=key, sha256=sha256, size=len(body)))
    version = "" if found is None else found.version_id
    query = f"?versionId={version}" if version else ""
    devops = world.config.devops
    return f"https://s3.{devops.region}.amazonaws.com/{devops.bucket}/{key}{query}"
