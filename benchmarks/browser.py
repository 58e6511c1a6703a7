"""A built report in a headless Chromium, without a driver package.

The report's folder is served from this process. Its pages get a script that waits, clicks and measures as a reader
would, in wall time, and posts what it found back to the server. So nothing is needed but the browser itself.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--disable-extensions", "--disable-quic"),
    "--window-size=1500,1400",
)
HELPERS = """
  const found = {};
  const idle = () => new Promise((done) => requestAnimationFrame(() => requestIdleCallback(done)));
  const wait = (selector, text = "") => new Promise((done, failed) => {
    const look = () => {
      const all = [...document.querySelectorAll(selector)];
      const one = all.find((element) => element.textContent.includes(text));
      if (one) { watch.disconnect(); clearTimeout(timer); done(one); }
    };
    const watch = new MutationObserver(look);
    const timer = setTimeout(() => { watch.disconnect(); failed(`no ${selector} with "${text}"`); }, SECONDS * 1000);
    watch.observe(document, {childList: true, subtree: true, attributes: true, characterData: true});
    look();
  });
  const tell = () => fetch("/found", {method: "POST", body: JSON.stringify(found)});
"""
"""What a script may use: ``found`` (what it fills), ``idle``, ``wait(selector, text)``."""


def program() -> str | None:
    """The browser, if there is one."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


class _Handler(SimpleHTTPRequestHandler):
    """Serves a folder, puts the script into its pages and keeps what that posts."""

    def __init__(self, *arguments: Any, script: str, state: dict[str, Any], **options: Any) -> None:
        self._script, self._state = script, state
        super().__init__(*arguments, **options)

    def do_GET(self) -> None:
        path = Path(self.translate_path(self.path))
        page = path / "index.html" if path.is_dir() else path
        if page.suffix != ".html" or not page.is_file() or "attachments" in page.parts:
            super().do_GET()
            return
        body = page.read_text(encoding="utf-8").replace("<head>", f"<head>{self._script}", 1).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        self._state["found"] = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(204)
        self.end_headers()
        self._state["arrived"].set()

    def log_message(self, *arguments: Any) -> None:
        """Nothing: what the script found is the output."""


def visit(folder: Path, page: str, script: str, *, seconds: float = 60.0) -> dict[str, Any]:
    """Opens ``page`` of the served folder, runs ``script`` (the body of an async function) and returns ``found``.

    A script that fails or waits longer than ``seconds`` leaves the reason under ``error``.
    Raises FileNotFoundError without a browser.
    """
    browser = program()
    if browser is None:
        raise FileNotFoundError(f"none of {', '.join(NAMES)} is installed")
    code = HELPERS.replace("SECONDS", str(seconds)) + f"(async () => {{ {script} }})()"
    code += ".catch((error) => { found.error = String(error); }).finally(tell);"
    state: dict[str, Any] = {"arrived": threading.Event(), "found": {"error": f"no answer in {seconds} s"}}
    handler = partial(
        _Handler, directory=str(folder), script=f"<script>(() => {{{code}}})();</script>", state=state
    )
    with (
        ThreadingHTTPServer(("127.0.0.1", 0), handler) as server,
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile,
    ):
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/{page}"
        # The debugging port is not used: with one, the browser stays open after the page has loaded.
        command = [browser, *FLAGS, f"--user-data-dir={profile}", "--remote-debugging-port=0", url]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as running:
            state["arrived"].wait(seconds + 5)
            running.terminate()
        server.shutdown()
    return dict(state["found"])


def dump(url: str, *, seconds: float = 60.0) -> str:
    """The page as the browser has it once nothing more happens (in its virtual time)."""
    browser = program()
    if browser is None:
        raise FileNotFoundError(f"none of {', '.join(NAMES)} is installed")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        done = subprocess.run(
            [browser, *FLAGS, f"--user-data-dir={profile}", "--virtual-time-budget=10000", "--dump-dom", url],
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=seconds,
            check=True,
        )
    return done.stdout
