"""A page in the developer's browser cannot use the local cloud, whatever the name under which it was loaded."""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from multi_env_lambda.local.cloud import LocalCloud
from multi_env_lambda.model.workspace import WorkspaceConfig
from multi_env_lambda.testing.local_cloud import client_of

NAMES = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM = next((path for name in NAMES if (path := shutil.which(name))), None)
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--no-proxy-server")

pytestmark = [
    pytest.mark.local_cloud,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on PATH: no page tries to use the local cloud"),
]

PAGE = """<!doctype html><script>
const at = "SERVER", here = [];
const query = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=555555555555/20260101/us-east-1/lambda/aws4_request"
  + "&X-Amz-Date=20260101T000000Z&X-Amz-Expires=99999&X-Amz-SignedHeaders=host&X-Amz-Signature=00";
async function attempt(name, path, options) {
  try {
    const answer = await fetch(at + path, options);
    here.push([name, answer.type, answer.status, await answer.text()]);
  } catch (error) { here.push([name, "refused", 0, ""]); }
}
(async () => {
  const create = {method: "POST", headers: {"Content-Type": "text/plain"}, body: JSON.stringify({
    FunctionName: "page", Runtime: "python3.13", Handler: "m.h", Code: {ZipFile: "UEsFBgAAAAAAAAAAAAAAAAAAAAAAAA=="},
    Role: "arn:aws:iam::555555555555:role/OrganizationAccountAccessRole"})};
  await attempt("create", "/2015-03-31/functions?" + query, create);
  await attempt("create unseen", "/2015-03-31/functions?" + query, {...create, mode: "no-cors"});
  await attempt("list", "/2015-03-31/functions?" + query);
  await attempt("reset", "/_ministack/reset", {method: "POST"});
  await attempt("reset unseen", "/_ministack/reset", {method: "POST", mode: "no-cors"});
  await attempt("health", "/_ministack/health");
  await fetch("/result", {method: "POST", body: JSON.stringify({origin: location.origin, attempts: here})});
})();
</script>"""


@contextmanager
def site(server: str) -> Iterator[tuple[int, list[bytes], threading.Event]]:
    """A web site with the page; what it reports, and that it has."""
    reports: list[bytes] = []
    reported = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(PAGE.replace("SERVER", server).encode())

        def do_POST(self) -> None:
            reports.append(self.rfile.read(int(self.headers["Content-Length"])))
            self._answer(b"")
            reported.set()

        def _answer(self, body: bytes) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            return None

    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=running.serve_forever)
    thread.start()
    try:
        yield running.server_address[1], reports, reported
    finally:
        running.shutdown()
        thread.join()
        running.server_close()


@pytest.mark.parametrize(
    ("host", "server"),
    [
        ("evil.example", "http://127.0.0.1:{port}"),
        ("evil.example", "http://evil.example:{port}"),  # its name means this machine: DNS rebinding
        ("127.0.0.1", "http://127.0.0.1:{port}"),
        ("localhost", "http://localhost:{port}"),
    ],
)
def test_a_page_makes_no_function_and_reads_nothing(
    tmp_path: Path, local_cloud: LocalCloud, local_config: WorkspaceConfig, host: str, server: str
) -> None:
    assert CHROMIUM is not None
    port = urlsplit(local_cloud.endpoint).port
    with site(server.format(port=port)) as (page_port, reports, reported):
        rules = "--host-resolver-rules=MAP evil.example 127.0.0.1"
        url = f"http://{host}:{page_port}/"
        command = [CHROMIUM, *FLAGS, rules, f"--user-data-dir={tmp_path / 'profile'}", url]
        with open(tmp_path / "browser.log", "wb") as log:
            browser = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            assert reported.wait(90), (tmp_path / "browser.log").read_text()
        finally:
            browser.terminate()
            browser.wait(30)
    said = json.loads(reports[0])

    assert said["origin"] == f"http://{host}:{page_port}"
    assert [name for name, *_ in said["attempts"]] == [
        "create",
        "create unseen",
        "list",
        "reset",
        "reset unseen",
        "health",
    ]
    seen = [(name, kind, text) for name, kind, _, text in said["attempts"] if kind not in ("refused", "opaque")]
    assert seen == []
    functions = client_of(local_cloud, local_config.environment("prod"), "lambda").list_functions()["Functions"]
    assert "page" not in [function["FunctionName"] for function in functions]
