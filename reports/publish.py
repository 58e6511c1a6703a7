"""Builds the HTML report from a folder of Allure results, and makes sure that it works offline.

The generator is an npm package at an exact version. It is installed once into a cache folder, from
the committed lock file; the checkout is never written to.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from acbench.errors import AcbenchError
from reports import categories, pages

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

log = logging.getLogger(__name__)

HERE = Path(__file__).resolve().parent
MANIFEST = ("package.json", "package-lock.json")
NODE_MINIMUM = (20, 19)
INSTALL_SECONDS = 180.0
PROBE_SECONDS = 30.0
GENERATE_SECONDS = 600.0
HISTORY_LIMIT = 50
SEVERITIES = ("critical", "normal", "minor")
SINGLE_FILE_BYTES = 15 * 2**20
"""Results up to this size make one page; beyond it a browser opens a folder's pages sooner."""

_NPM_FLAGS = (
    "--omit=optional",
    "--omit=dev",
    "--ignore-scripts",
    "--no-audit",
    "--no-fund",
    "--no-progress",
    "--loglevel=error",
    "--omit-lockfile-registry-resolved=true",
    "--fetch-retries=1",
    "--fetch-retry-mintimeout=1000",
    "--fetch-retry-maxtimeout=3000",
    "--fetch-timeout=10000",
)


class ReportError(AcbenchError):
    """The HTML report could not be built; the message says where the raw results are."""


class ReportToolMissingError(ReportError):
    """Node.js, npm or the report generator is not there and cannot be fetched now."""


class _ChildError(Exception):
    """A child process that failed: its exit status (None = time limit) and its output."""

    def __init__(self, status: int | None, output: str) -> None:
        super().__init__(status, output)
        self.status = status
        self.output = output


def build_report(
    results_dir: Path,
    out_dir: Path,
    *,
    history: Path | None = None,
    single_file: bool | None = None,
    cache_dir: Path | None = None,
    name: str = "ACBench",
) -> Path:
    """Builds the report and returns the page to open.

    ``history`` is a JSON-lines file that this build reads and then appends itself to. ``cache_dir``
    takes the generator; default ``.acbench/store/node`` below the current folder. ``single_file`` makes
    one page that opens by a double click; None decides by the size of the results. An older report in
    ``out_dir`` is replaced, and only once the new one is complete.
    Raises ReportToolMissingError without Node.js, npm or a way to the package; ReportError otherwise.
    """
    results_dir, out_dir = results_dir.resolve(), out_dir.resolve()
    if not any(results_dir.glob("*-result.json")):
        raise ReportError(f"{results_dir} holds no Allure results; run pytest with --alluredir={results_dir}")
    if single_file is None:
        single_file = sum(path.stat().st_size for path in results_dir.iterdir()) < SINGLE_FILE_BYTES
    tool = install(cache_dir or Path(".acbench/store/node"), results_dir=results_dir)
    out_dir.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out_dir.parent, prefix=".report-") as scratch:
        built = Path(scratch) / "report"
        _generate(tool, results_dir, built, history=history, single_file=single_file, name=name)
        pages.clean(built)
        if strangers := pages.foreign_hosts(built):
            raise ReportError(
                f"the report of {results_dir} refers to other hosts: {', '.join(sorted(strangers))}; "
                "it was not published"
            )
        _replace(built, out_dir)
    return entry_page(out_dir)


def entry_page(out_dir: Path) -> Path:
    """The page of a built report that a person opens first."""
    main = out_dir / "awesome" / "index.html"
    return main if main.is_file() else out_dir / "index.html"


def serve_hint(out_dir: Path) -> str:
    """One line that tells how to open a built report."""
    page = entry_page(out_dir)
    if page.is_file() and _is_single_file(page):
        return f"open {page} in a browser"
    address = f"http://localhost:8080/{_below(page, out_dir)}"
    return f"python -m http.server --directory {out_dir} 8080, then open {address}"


def _below(page: Path, out_dir: Path) -> str:
    return page.relative_to(out_dir).as_posix().removesuffix("index.html")


def _is_single_file(page: Path) -> bool:
    return not any(page.parent.glob("*.js"))


def install(cache_dir: Path, *, results_dir: Path) -> Path:
    """Installs the generator once per lock file and returns its command-line script."""
    node = _node(results_dir)
    digest = hashlib.sha256(b"".join((HERE / name).read_bytes() for name in MANIFEST)).hexdigest()[:16]
    home = cache_dir.resolve() / f"allure-{digest}"
    script = home / "node_modules" / "allure" / "cli.js"
    if script.is_file():
        return script
    npm = shutil.which("npm")
    if npm is None:
        raise _missing("npm was not found", results_dir, node)
    cache_dir.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(str(home) + ".lock", timeout=INSTALL_SECONDS + 30):
            if not script.is_file():
                _install_into(home, npm, results_dir)
    except Timeout:
        raise ReportError(
            f"another process has been installing the report generator in {home} too long"
        ) from None
    return script


def _install_into(home: Path, npm: str, results_dir: Path) -> None:
    log.info("installing the report generator (once, about ten seconds)")
    started = time.monotonic()
    with tempfile.TemporaryDirectory(dir=home.parent, prefix=".npm-") as scratch:
        folder = Path(scratch) / "tool"
        folder.mkdir()
        for name in MANIFEST:
            shutil.copy2(HERE / name, folder / name)
        try:
            _npm_ci(npm, folder)
        except _ChildError as failure:
            what = "took too long" if failure.status is None else f"failed: {_words(failure.output)}"
            raise _missing(f"installing the report generator with npm {what}", results_dir) from None
        folder.rename(home)
    log.info("report generator installed in %.1f s", time.monotonic() - started)


def _npm_ci(npm: str, folder: Path) -> None:
    """Installs from npm's own cache if that is enough, else from the registry.

    The registry is asked for one package first: npm would spend half a minute and more on finding out
    for every single package that there is no network.
    """
    quiet = {"npm_config_update_notifier": "false"}
    try:
        _run([npm, "ci", "--offline", *_NPM_FLAGS], folder, INSTALL_SECONDS, quiet)
    except _ChildError as failure:
        if failure.status is None:
            raise
        (package, version), *_ = json.loads((folder / MANIFEST[0]).read_text())["dependencies"].items()
        _run([npm, "view", f"{package}@{version}", "version", *_NPM_FLAGS], folder, PROBE_SECONDS, quiet)
        _run([npm, "ci", "--prefer-offline", *_NPM_FLAGS], folder, INSTALL_SECONDS, quiet)


def _node(results_dir: Path) -> str:
    node = shutil.which("node")
    if node is None:
        raise _missing("Node.js was not found", results_dir)
    try:
        text = _run([node, "--version"], HERE, 30.0, {})
    except _ChildError as failure:
        raise _missing(f"Node.js does not start: {_words(failure.output)}", results_dir) from None
    parts = text.strip().removeprefix("v").split(".")
    version = tuple(int(part) for part in parts[:2] if part.isdigit())
    if version < NODE_MINIMUM:
        raise _missing(f"Node.js {text.strip()} is too old", results_dir)
    return node


def _missing(what: str, results_dir: Path, node: str = "") -> ReportToolMissingError:
    need = "npm" if node else f"Node.js {'.'.join(map(str, NODE_MINIMUM))} or newer with npm"
    return ReportToolMissingError(
        f"no HTML report: {what}. The results are complete in {results_dir}; install {need}, make sure "
        "that npm reaches its registry once, and run `acbench report`, here or on another machine."
    )


def _generate(
    script: Path, results_dir: Path, built: Path, *, history: Path | None, single_file: bool, name: str
) -> None:
    started = time.monotonic()
    home = script.parents[2]
    settings = {
        "name": name,
        "output": str(built),
        "singleFile": single_file,
        "categories": categories.rules(),
        "historyLimit": HISTORY_LIMIT,
        "earlierRuns": _earlier_runs(history),
        "severities": _severities(results_dir),
    }
    if history is not None:
        history.parent.mkdir(parents=True, exist_ok=True)
        settings["historyPath"] = str(history.resolve())
    settings_file = built.parent / "settings.json"
    settings_file.write_text(json.dumps(settings), encoding="utf-8")
    command = ["node", str(script), "generate", str(results_dir), "--config", str(HERE / "allurerc.mjs")]
    try:
        _run(command, home, GENERATE_SECONDS, {"ACBENCH_REPORT_SETTINGS": str(settings_file)})
    except _ChildError as failure:
        what = "took too long" if failure.status is None else f"failed: {_words(failure.output)}"
        raise ReportError(f"generating the report {what}; the results are in {results_dir}") from None
    if not any(built.rglob("index.html")):
        raise ReportError(f"the generator left no page; the results are in {results_dir}")
    log.info("report generated in %.1f s", time.monotonic() - started)


def _severities(results_dir: Path) -> list[str]:
    """The severities that occur, in order; '' stands for results without one. Others would be empty bars."""
    found = set()
    for path in results_dir.glob("*-result.json"):
        labels = json.loads(path.read_text(encoding="utf-8")).get("labels", ())
        found.add(next((label["value"] for label in labels if label["name"] == "severity"), ""))
    return [name for name in (*SEVERITIES, "") if name in found]


def _earlier_runs(history: Path | None) -> int:
    if history is None or not history.is_file():
        return 0
    with history.open(encoding="utf-8") as lines:
        return sum(1 for line in lines if line.strip())


def _run(command: Sequence[str], folder: Path, seconds: float, variables: Mapping[str, str]) -> str:
    """Runs a child in its own process group and ends the whole group at the time limit."""
    with subprocess.Popen(
        command,
        cwd=folder,
        env={**os.environ, **variables, "NO_COLOR": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,
    ) as child:
        try:
            output, _ = child.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            output, _ = child.communicate()
            raise _ChildError(None, output) from None
        except BaseException:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            raise
    if child.returncode:
        raise _ChildError(child.returncode, output)
    return output


def _words(output: str) -> str:
    lines = [line.strip() for line in output.splitlines() if line.strip() and "npm warn" not in line]
    return " / ".join(lines[:3])[:400] or "no message"


def _replace(built: Path, out_dir: Path) -> None:
    """Puts the new report where the old one was; a crash in between leaves one of them whole."""
    if out_dir.exists():
        old = built.parent / "old"
        out_dir.rename(old)
    built.rename(out_dir)
