#!/usr/bin/env python
"""Build wheels and layers on this machine only: ``python bin/automation/build.py``."""
from multi_env_lambda import run

if __name__ == "__main__":
    raise SystemExit(run("build", __file__))
