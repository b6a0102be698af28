#!/usr/bin/env python
"""Let it go on: ``python bin/automation/unfreeze.py prod``."""
from multi_env_lambda import run

if __name__ == "__main__":
    raise SystemExit(run("unfreeze", __file__))
