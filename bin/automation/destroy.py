#!/usr/bin/env python
"""Remove a unit from an environment: ``python bin/automation/destroy.py NAME sandbox``."""
from multi_env_lambda import run

if __name__ == "__main__":
    raise SystemExit(run("destroy", __file__))
