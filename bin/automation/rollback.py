#!/usr/bin/env python
"""Go back to what ran before: ``python bin/automation/rollback.py orders prod``."""
from multi_env_lambda import run

if __name__ == "__main__":
    raise SystemExit(run("rollback", __file__))
