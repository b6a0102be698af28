#!/usr/bin/env python
"""Take over what runs one environment before: ``python bin/automation/promote.py staging``."""
from multi_env_lambda import run

if __name__ == "__main__":
    raise SystemExit(run("promote", __file__))
