#!/usr/bin/env python
"""Show what a unit made: ``python bin/automation/outputs.py orders sandbox``."""
from multi_env_lambda import run

if __name__ == "__main__":
    raise SystemExit(run("outputs", __file__))
