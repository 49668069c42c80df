"""Calls to copy run as they stand: curl through a shell, Python through the interpreter."""

import ast
import json
import os
import shlex
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from app.web.snippets import call

PATH = "/api/v1/projects/x/eval-runs?tag=it's&b=%24HOME"
BODY = {"graders": [{"pattern": 'it\'s "$HOME" `x` \\d — ü'}], "n": 1}


class Echo(BaseHTTPRequestHandler):
    def _answer(self) -> None:
        sent = self.rfile.read(int(self.headers.get("content-length") or 0)).decode()
        said = {"path": self.path, "token": self.headers["authorization"], "body": json.loads(sent or "null")}
        content = json.dumps(said).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = _answer

    def log_message(self, *_args: object) -> None:
        return


@pytest.fixture
def url() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Echo)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("body", [None, BODY])
def test_python_sends_what_it_says(url: str, body: dict[str, object] | None) -> None:
    _curl, python = call(PATH, "json.dumps(answer)", body)
    ast.parse(python.text)
    env = os.environ | {"HOLDOUT_URL": url, "HOLDOUT_TOKEN": "t"}
    run = subprocess.run([sys.executable, "-c", python.text], env=env, capture_output=True, text=True, check=True)
    assert json.loads(run.stdout) == {"path": PATH, "token": "Bearer t", "body": body}


@pytest.mark.parametrize("body", [None, BODY])
def test_curl_is_quoted_for_a_shell(body: dict[str, object] | None) -> None:
    curl, _python = call(PATH, "answer", body)
    words = shlex.split(curl.text)
    assert words[:4] == ["curl", "-H", "Authorization: Bearer $HOLDOUT_TOKEN", "$HOLDOUT_URL" + PATH]
    if body is not None:
        assert json.loads(words[-1]) == body


def test_no_token_is_filled_in() -> None:
    assert all("$HOLDOUT_TOKEN" in one.text or "HOLDOUT_TOKEN']" in one.text for one in call(PATH, "answer"))
