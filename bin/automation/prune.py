#!/usr/bin/env python
"""Show or remove what nothing refers to any more: ``python bin/automation/prune.py``."""
from multi_env_lambda import run

if __name__ == "__main__":
    raise SystemExit(run("prune", __file__))
