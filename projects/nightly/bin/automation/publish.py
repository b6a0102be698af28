#!/usr/bin/env python
"""Build, and put the artifacts into the bucket: ``python bin/automation/publish.py``."""
from multi_env_lambda import run

if __name__ == "__main__":
    raise SystemExit(run("publish", __file__))
