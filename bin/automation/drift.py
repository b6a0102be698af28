#!/usr/bin/env python
"""Show what was changed by hand: ``python bin/automation/drift.py prod``."""
from multi_env_lambda import run

if __name__ == "__main__":
    raise SystemExit(run("drift", __file__))
