#!/usr/bin/env python
"""Undo what was changed by hand: ``python bin/automation/repair.py orders prod``."""
from multi_env_lambda import run

if __name__ == "__main__":
    raise SystemExit(run("repair", __file__))
