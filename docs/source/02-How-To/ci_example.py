"""Nothing goes to prod on a Friday afternoon."""

from datetime import UTC, datetime


def decide(happened, state, default):
    now = datetime.fromtimestamp(state.now, UTC)
    if now.strftime("%A") == "Friday" and now.hour >= 12 and "prod" in state.environments:
        before = state.environments[state.environments.index("prod") - 1]
        return default.up_to(before).noting("nothing goes to prod on a Friday afternoon")
    return default
