"""One command of the library in a process of its own, its calls written to a cassette.

``python -m tests.live.recorded CASSETTE SOURCE STAND_INS VERB …``; STAND_INS is a JSON object.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import botocore

from multi_env_lambda.cli.main import main
from tests.cassettes.recorder import Recorder

if __name__ == "__main__":
    cassette, source, accounts, *words = sys.argv[1:]
    botocore.register_initializer(Recorder(Path(cassette), json.loads(accounts), source).listen)
    raise SystemExit(main(words))
