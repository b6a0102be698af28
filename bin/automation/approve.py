#!/usr/bin/env python
"""Approve one saved plan: ``python bin/automation/approve.py plan.json``."""
from multi_env_lambda import run

if __name__ == "__main__":
    raise SystemExit(run("approve", __file__))
