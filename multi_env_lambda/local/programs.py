"""What the image of a build has in the local cloud beside the programs of this machine: Python, ``uv`` and ``aws``.

``aws`` copies objects of S3 to files, and nothing else: a build spec of the CI needs no more of it.
"""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

__all__ = ["main", "write_programs"]

_USAGE = "aws: the local cloud's has `s3 cp [--only-show-errors] s3://BUCKET/KEY FILE` and nothing else"


def write_programs(folder: Path) -> None:
    """Write a folder for the ``PATH`` of builds."""
    from uv import find_uv_bin

    python = shlex.quote(sys.executable)
    texts = {
        "aws": f'exec {python} -P -m multi_env_lambda.local.programs "$@"',
        "python": f'exec {python} "$@"',
        "python3": f'exec {python} "$@"',
        "uv": f'exec {shlex.quote(os.fsdecode(find_uv_bin()))} "$@"',
    }
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name, text in texts.items():
        path = folder / name
        path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
        path.chmod(0o755)


def main(words: Sequence[str]) -> int:
    """``aws s3 cp``."""
    import botocore.session

    named = [word for word in words if word != "--only-show-errors"]
    if named[:2] != ["s3", "cp"] or len(named) != 4 or not named[2].startswith("s3://"):
        sys.stderr.write(f"{_USAGE}\n")
        return 252
    bucket, _, key = named[2].removeprefix("s3://").partition("/")
    client = botocore.session.Session().create_client("s3")
    Path(named[3]).write_bytes(client.get_object(Bucket=bucket, Key=key)["Body"].read())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
