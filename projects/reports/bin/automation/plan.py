#!/usr/bin/env python
"""Show what a deploy would do, and why: ``python bin/automation/plan.py staging``."""
from multi_env_lambda import run

if __name__ == "__main__":
    raise SystemExit(run("plan", __file__))
