#!/usr/bin/env python
"""Build, publish and deploy what changed: ``python bin/automation/deploy.py staging``."""
from multi_env_lambda import run

if __name__ == "__main__":
    raise SystemExit(run("deploy", __file__))
