#!/usr/bin/env python
"""Make a new unit: ``python bin/automation/new.py NAME``."""
from multi_env_lambda import run

if __name__ == "__main__":
    raise SystemExit(run("new", __file__))
