#!/usr/bin/env python
"""Print the policies that a role needs: ``python bin/automation/permissions.py prod``."""
from multi_env_lambda import run

if __name__ == "__main__":
    raise SystemExit(run("permissions", __file__))
