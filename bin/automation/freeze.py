#!/usr/bin/env python
"""Let nothing change in an environment, for a reason: ``python bin/automation/freeze.py prod``."""
from multi_env_lambda import run

if __name__ == "__main__":
    raise SystemExit(run("freeze", __file__))
