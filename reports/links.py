"""What is known of a case before it runs: its links and its severity; so broken cases have them too.

A link is something that a reader may follow; the report loads nothing from there.
"""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote, urlsplit

from acbench.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from acbench.cases import Case, TaskEntry
    from acbench.plugin.session import AcbenchSession
    from acbench.thresholds import Rule

TASK_PAGE = "docs/tasks.md"
BASELINES = "suites/baselines"
_SCP = re.compile(r"(?:[\w.-]+@)?(?P<host>[\w.-]+\.[\w-]+):(?P<path>[^/].*)")
_HEADING = re.compile(r"^## (.+)$", re.MULTILINE)


class Link(NamedTuple):
    """``kind`` is ``issue`` for a known regression, else ``link``."""

    url: str
    name: str
    kind: str = "link"


@dataclass(frozen=True, slots=True)
class Repository:
    """Where the checkout's files can be read at its commit. Empty ``web`` or ``commit``: not known."""

    web: str = ""
    commit: str = ""
    baselines: frozenset[str] = frozenset()
    """Baseline files of that commit, as paths in the repository."""
    headings: Mapping[str, str] = field(default_factory=dict)
    """First word of a heading in ``docs/`` -> page and anchor; tasks are found by it."""

    def file(self, path: str) -> str:
        """The address of a file at the commit; '' where either is not known."""
        if not (self.web and self.commit):
            return ""
        host = urlsplit(self.web).hostname or ""
        place = "-/blob" if "gitlab" in host else "src" if "bitbucket" in host else "blob"
        return f"{self.web}/{place}/{self.commit}/{quote(path)}"


def read_repository(root: Path) -> Repository:
    """What git and the pages in ``docs/`` say; an empty one outside of a checkout."""
    return Repository(
        web=web_address(_git(root, "config", "--get", "remote.origin.url")),
        commit=_git(root, "rev-parse", "HEAD"),
        baselines=frozenset(_git(root, "ls-tree", "-r", "--name-only", "HEAD", BASELINES).splitlines()),
        headings=headings(root),
    )


def _git(root: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(
            ["git", *arguments], cwd=root, capture_output=True, text=True, timeout=10, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def web_address(remote: str) -> str:
    """The page of a git remote, without what logs in there; '' for a folder and for what is not understood."""
    if (match := _SCP.fullmatch(remote)) and "://" not in remote:
        return f"https://{match['host']}/{_path(match['path'])}"
    parts = urlsplit(remote)
    if parts.scheme not in ("http", "https", "ssh", "git") or not parts.hostname:
        return ""
    port = f":{parts.port}" if parts.port and parts.scheme in ("http", "https") else ""
    scheme = "http" if parts.scheme == "http" else "https"
    return f"{scheme}://{parts.hostname}{port}/{_path(parts.path)}"


def _path(text: str) -> str:
    return text.strip("/").removesuffix(".git")


def headings(root: Path) -> dict[str, str]:
    """First word of every heading of the second level -> page and anchor. The page about tasks comes first."""
    found: dict[str, str] = {}
    for page in sorted((root / "docs").glob("*.md"), key=lambda p: (p.name != "tasks.md", p.name)):
        for heading in _HEADING.findall(page.read_text(encoding="utf-8")):
            found.setdefault(heading.split()[0].strip(",:").lower(), f"docs/{page.name}#{anchor(heading)}")
    return found


def anchor(heading: str) -> str:
    """The anchor that hosts of Markdown pages give a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def model_card(source: str, revision: str | None = None) -> str:
    """The page of a model's source (``hf:``, ``wheel:``); '' for a folder."""
    kind, _, place = source.partition(":")
    if kind == "hf":
        return f"https://huggingface.co/{place}" + (f"/tree/{revision}" if revision else "")
    if kind == "wheel":
        return f"https://pypi.org/project/{place.partition('/')[0]}/"
    return ""


def case_links(session: AcbenchSession, case: Case, repository: Repository) -> list[Link]:
    """Model card, description of the task, baseline at the commit, issue of a known regression."""
    model = session.catalogue.models.get(case.model)
    entry = session.catalogue.tasks.get(case.task)
    baseline = f"{BASELINES}/{case.model}/{case.compression}.json"
    rule = _rule(session, case)
    found = [
        Link(model_card(model.source, model.revision) if model else "", f"model: {case.model}"),
        Link(_task_page(case, entry, repository), f"task: {case.task}"),
        Link(repository.file(baseline) if baseline in repository.baselines else "", "baseline"),
        Link(rule.issue if rule else "", "known regression", "issue"),
    ]
    return [link for link in found if link.url]


def _task_page(case: Case, entry: TaskEntry | None, repository: Repository) -> str:
    names = (case.task, entry.family if entry else "", case.task.partition("-")[0])
    found = next((repository.headings[name] for name in names if name in repository.headings), TASK_PAGE)
    path, mark, place = found.partition("#")
    page = repository.file(path)
    return f"{page}{mark}{place}" if page else ""


def severity(session: AcbenchSession, case: Case) -> str:
    """``critical``: gates a pull request; ``normal``: gates nightly runs only; ``minor``: shown, gates nothing.
    '' where the configuration does not say."""
    recipe = session.catalogue.recipes.get(case.compression)
    rule = _rule(session, case)
    if recipe is None or rule is None:
        return ""
    noise_floor = (recipe.compare_model or case.model, recipe.compare) == (case.model, case.compression)
    if rule.gate != "gate" and not noise_floor:
        return "minor"
    return "normal" if session.matrix.profile.stage == "nightly" else "critical"


def _rule(session: AcbenchSession, case: Case) -> Rule | None:
    recipe = session.catalogue.recipes.get(case.compression)
    entry = session.catalogue.tasks.get(case.task)
    if recipe is None or entry is None:
        return None
    try:
        return session.thresholds.rule_for(case, method=recipe.method, capability=entry.capability)
    except ConfigError:
        return None  # the case itself says so when it runs
