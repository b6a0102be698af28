"""The workflow that only sends events: the table in, the text of a file out. What follows is built at CodeBuild.

As in the workflow that builds (``github_workflow.py``), only a job of this file as the protected branch has it gets
credentials of AWS; any other may only ask for it. Its role may put a few kinds of events on the bus, and nothing else.

No script has an expression of GitHub in it, and none depends on the table: what differs is in ``env``.
"""

from __future__ import annotations

from typing import Final

__all__ = ["SEND", "SENDER"]

SEND: Final = """\
number="${NUMBER//[!0-9]/}"
if test -n "$NUMBER"; then
  test "$number" = "$NUMBER"
  gh api "repos/$GITHUB_REPOSITORY/pulls/$number" > "$RUNNER_TEMP/request.json"
fi
cat > "$RUNNER_TEMP/send.py" <<'PYTHON'
import json
import os

folder, number = os.environ["RUNNER_TEMP"], os.environ["NUMBER"]
with open(os.environ["GITHUB_EVENT_PATH"], encoding="utf-8") as file:
    event = json.load(file)
who = {"login": (event.get("sender") or {}).get("login")}
repository = {"full_name": os.environ["GITHUB_REPOSITORY"]}
if number:
    # Whose a pull request is, and where it stands, GitHub says; who asked has only named it.
    with open(f"{folder}/request.json", encoding="utf-8") as file:
        found = json.load(file)
    ends = {
        side: {
            "ref": found[side]["ref"],
            "sha": found[side]["sha"],
            "repo": {"id": (found[side]["repo"] or {}).get("id")},
        }
        for side in ("base", "head")
    }
    kind = "pull_request"
    detail = {
        "action": "synchronize" if found["state"] == "open" else "closed",
        "number": int(number),
        "pull_request": {"number": int(number), "merged": found.get("merged") is True, **ends},
    }
else:
    kind = os.environ["GITHUB_EVENT_NAME"]
    keys = ("after", "before", "deleted", "inputs", "ref", "ref_type", "workflow")
    detail = {key: event[key] for key in keys if key in event}
detail.update(repository=repository, sender=who)
entry = {"Source": "github.com", "DetailType": kind, "Detail": json.dumps(detail)}
with open(f"{folder}/entries.json", "w", encoding="utf-8") as file:
    json.dump([entry], file)
PYTHON
python3 -I "$RUNNER_TEMP/send.py"
failed="$(aws events put-events --entries "file://$RUNNER_TEMP/entries.json" --query FailedEntryCount --output text)"
test "$failed" = 0
"""

SENDER: Final = """\
  # Sends what happened to AWS, where it is decided and built; only the file on {branch_plain} gets credentials for it.
  send:
    if: >-
      github.repository == {repository} && github.ref == {ref} &&
      (github.event_name == 'push' ||
      (github.event_name == 'delete' && github.event.ref_type == 'branch') ||
      github.event_name == 'workflow_dispatch')
    runs-on: {runner}
    timeout-minutes: 5
    permissions:
      id-token: write # to become {name}
      pull-requests: read # whose a pull request is
    steps:
      - name: Become {name}
        uses: {credentials}
        with:
          allowed-account-ids: {account}
          audience: {audience}
          aws-region: {region}
          role-session-name: github-${{{{ github.run_id }}}}-${{{{ github.run_attempt }}}}
          role-to-assume: {role}
      - name: Send
        shell: bash
        env:
          GH_TOKEN: ${{{{ github.token }}}}
          NUMBER: ${{{{ inputs.pull_request }}}}
        run: |
{send}"""
