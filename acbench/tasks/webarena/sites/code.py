"""The code host: projects with issues, labels, comments, commits, members, stars and settings."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from acbench.tasks.webarena.sites.routes import dispatch, found_by, tidy
from acbench.tasks.webarena.tree import (
    Element,
    Page,
    Redirect,
    Request,
    button,
    form,
    heading,
    link,
    navigation,
    page,
    radios,
    region,
    rows,
    text,
    textbox,
)

if TYPE_CHECKING:
    from acbench.tasks.webarena.draws import Draws
    from acbench.tasks.webarena.sites.routes import Routes

PROJECTS = {
    "tidepool": "Forecasts of tides for small harbours",
    "papercrane": "Folds diagrams into printable sheets",
    "lanternfish": "A viewer for very large images",
    "mossgrid": "A grid layout for plain text",
    "oatmeal": "Plans meals from what is left",
    "sandglass": "Timers for the terminal",
}
PEOPLE = ("ingrid", "jonas", "kavya", "lucien", "mirela", "noor")
SUBJECTS = ("Crash on empty input", "Add a dark theme", "Typo in the manual", "Slow start on old machines",
            "Support for tar files", "Wrong week numbers", "Button hidden on narrow screens",
            "Tests fail on Mondays")  # fmt: skip
CHANGES = ("Fix rounding", "Rename a module", "Explain the settings", "Drop an old option", "Cache the index",
           "Check the input")  # fmt: skip
LABELS = ("bug", "docs", "feature", "question")
VISIBILITIES = ("Private", "Internal", "Public")
ROLES = ("Guest", "Developer", "Maintainer")
OWNER = "otter"
ISSUES_EACH = 5


@dataclass(slots=True)
class Issue:
    number: int
    title: str
    author: str
    label: str
    body: str
    open: bool = True
    assignee: str = ""
    comments: list[tuple[str, str]] = field(default_factory=list)


@dataclass(slots=True)
class Project:
    name: str
    description: str
    visibility: str
    stars: int
    issues: list[Issue]
    commits: list[tuple[str, str]]
    """(author, message), newest first."""
    members: dict[str, str]
    starred: bool = False

    @property
    def path(self) -> str:
        return f"/{OWNER}/{self.name}"

    def issue(self, number: str) -> Issue | None:
        return next((issue for issue in self.issues if str(issue.number) == number), None)


class CodeHost:
    """Six projects of the visitor, who is signed in as ``OWNER``."""

    host = "code.gitbarn.example"

    def __init__(self, draws: Draws) -> None:
        self.projects = _projects(draws)
        own = f"/{OWNER}/*"
        self._routes: Routes = {
            "get /": self._home, "get /search": self._search, f"get {own}": self._project,
            f"post {own}/star": self._star, f"get {own}/issues": self._issues, f"get {own}/issues/new": self._new,
            f"post {own}/issues": self._open, f"get {own}/issues/*": self._issue,
            f"post {own}/issues/*/comment": self._comment, f"post {own}/issues/*/state": self._state,
            f"post {own}/issues/*/assign": self._assign, f"get {own}/commits": self._commits,
            f"get {own}/members": self._members, f"post {own}/members": self._invite,
            f"get {own}/settings": self._settings, f"post {own}/settings": self._save,
        }  # fmt: skip

    def respond(self, request: Request) -> Page | Redirect:
        return dispatch(self._routes, request)

    def named(self, name: str) -> Project | None:
        return next((project for project in self.projects if project.name == name), None)

    def _page(self, title: str, *children: Element, project: Project | None = None) -> Page:
        top = [link("Gitbarn", "/")]
        if project is not None:
            top.append(link(project.name, project.path))
            parts = ("Issues", "Commits", "Members", "Settings")
            top += [link(part, f"{project.path}/{part.lower()}") for part in parts]
        return page(title, navigation(*top), *children)

    def _home(self, _: Request) -> Page:
        listed = (link(p.name, p.path, p.description) for p in self.projects)
        find = form("/search", textbox("Search issues", "q"), button("Search"), method="get")
        return self._page("Gitbarn", heading("Your projects"), *listed, find)

    def _search(self, request: Request) -> Page:
        words = tidy(request.query.get("q", ""))
        found = [(p, i) for p in self.projects for i in p.issues if found_by(words, i.title)]
        listed = (link(i.title, f"{p.path}/issues/{i.number}", f"in {p.name}") for p, i in found)
        return self._page(f"Search: {words}", heading(f"{len(found)} issues"), *listed)

    def _project(self, _: Request, name: str) -> Page | None:
        project = self.named(name)
        if project is None:
            return None
        word = "Unstar" if project.starred else "Star"
        stars = f"Stars: {project.stars}" + (f", you starred {name}" if project.starred else "")
        return self._page(
            name, heading(name), text(project.description, "description"),
            text(f"{name} is {project.visibility.lower()}", "visibility"), text(stars, "stars"),
            button(word, target=f"{project.path}/star"),
            text(f"Last commit: {project.commits[0][1]} by {project.commits[0][0]}"), project=project,
        )  # fmt: skip

    def _star(self, _: Request, name: str) -> Redirect | None:
        project = self.named(name)
        if project is None:
            return None
        project.starred = not project.starred
        project.stars += 1 if project.starred else -1
        return Redirect(project.path)

    def _issues(self, request: Request, name: str) -> Page | None:
        project = self.named(name)
        if project is None:
            return None
        label, state = request.query.get("label", ""), request.query.get("state", "")
        shown = [
            i
            for i in project.issues
            if label in ("", i.label) and state in ("", "open" if i.open else "closed")
        ]
        filters = [link(f"Label {one}", f"{project.path}/issues?label={one}") for one in LABELS]
        filters += [link(f"Only {one}", f"{project.path}/issues?state={one}") for one in ("open", "closed")]
        listed = (link(i.title, f"{project.path}/issues/{i.number}", _state_of(i)) for i in shown)
        return self._page(
            f"Issues of {name}", heading(f"{len(shown)} issues"), link("New issue", f"{project.path}/issues/new"),
            *filters, region("issues", *listed), project=project,
        )  # fmt: skip

    def _new(self, _: Request, name: str) -> Page | None:
        project = self.named(name)
        if project is None:
            return None
        fields = (
            textbox("Title", "title"),
            textbox("Description", "body"),
            *radios("label", LABELS[0], *LABELS),
        )
        made = form(f"{project.path}/issues", *fields, button("Create issue"))
        return self._page("New issue", heading("New issue"), made, project=project)

    def _open(self, request: Request, name: str) -> Redirect | None:
        project, title = self.named(name), tidy(request.form.get("title", ""))
        if project is None:
            return None
        if not title:
            return Redirect(f"{project.path}/issues/new")
        number = max(issue.number for issue in project.issues) + 1
        body, label = tidy(request.form.get("body", "")), request.form.get("label", LABELS[0])
        project.issues.insert(0, Issue(number, title, OWNER, label, body))
        return Redirect(f"{project.path}/issues/{number}")

    def _issue(self, _: Request, name: str, number: str) -> Page | None:
        project = self.named(name)
        issue = project.issue(number) if project else None
        if project is None or issue is None:
            return None
        here = f"{project.path}/issues/{number}"
        comments = (text(f"{author}: {words}") for author, words in issue.comments)
        return self._page(
            issue.title, heading(issue.title, "title"), text(f"Opened by {issue.author}"),
            text(f"{name} {number} is {'open' if issue.open else 'closed'}", "state"),
            text(f"Label: {issue.label}", "label"),
            text(f"{name} {number} is assigned to {issue.assignee or 'nobody'}", "assignee"),
            text(issue.body or "(no text)", "body"),
            button("Close issue" if issue.open else "Reopen issue", target=f"{here}/state"),
            form(f"{here}/assign", textbox("Assign to", "who"), button("Assign")),
            heading(f"{len(issue.comments)} comments"), region("comments", *comments),
            form(f"{here}/comment", textbox("Your comment", "words"), button("Comment")), project=project,
        )  # fmt: skip

    def _change(self, name: str, number: str) -> tuple[Issue, Redirect] | None:
        project = self.named(name)
        issue = project.issue(number) if project else None
        return (
            None if project is None or issue is None else (issue, Redirect(f"{project.path}/issues/{number}"))
        )

    def _comment(self, request: Request, name: str, number: str) -> Redirect | None:
        found, words = self._change(name, number), tidy(request.form.get("words", ""))
        if found and words:
            found[0].comments.append((OWNER, words))
        return found[1] if found else None

    def _state(self, _: Request, name: str, number: str) -> Redirect | None:
        found = self._change(name, number)
        if found:
            found[0].open = not found[0].open
        return found[1] if found else None

    def _assign(self, request: Request, name: str, number: str) -> Redirect | None:
        found, who = self._change(name, number), tidy(request.form.get("who", "")).lower()
        if found and who in (*PEOPLE, OWNER):
            found[0].assignee = who
        return found[1] if found else None

    def _commits(self, _: Request, name: str) -> Page | None:
        project = self.named(name)
        if project is None:
            return None
        lines = (f"{message} ({author})" for author, message in project.commits)
        return self._page(
            f"Commits of {name}",
            heading(f"{len(project.commits)} commits"),
            rows("commits", *lines),
            project=project,
        )

    def _members(self, _: Request, name: str) -> Page | None:
        project = self.named(name)
        if project is None:
            return None
        lines = (f"{who}: {role}" for who, role in project.members.items())
        fields = (textbox("User name", "who"), *radios("role", ROLES[0], *ROLES), button("Invite"))
        return self._page(
            f"Members of {name}", heading("Members"), rows("members", *lines),
            form(f"{project.path}/members", *fields), project=project,
        )  # fmt: skip

    def _invite(self, request: Request, name: str) -> Redirect | None:
        project, who = self.named(name), tidy(request.form.get("who", "")).lower()
        if project is None:
            return None
        if who in PEOPLE:
            project.members[who] = request.form.get("role", ROLES[0])
        return Redirect(f"{project.path}/members")

    def _settings(self, _: Request, name: str) -> Page | None:
        project = self.named(name)
        if project is None:
            return None
        fields = (textbox("Description", "description", project.description),
                  *radios("visibility", project.visibility, *VISIBILITIES), button("Save changes"))  # fmt: skip
        return self._page(
            f"Settings of {name}",
            heading("Settings"),
            form(f"{project.path}/settings", *fields),
            project=project,
        )

    def _save(self, request: Request, name: str) -> Redirect | None:
        project = self.named(name)
        if project is None:
            return None
        project.description = tidy(request.form.get("description", ""))
        project.visibility = request.form.get("visibility", project.visibility)
        return Redirect(project.path)


def _state_of(issue: Issue) -> str:
    return f"{'open' if issue.open else 'closed'}, {issue.label}, by {issue.author}"


def _projects(draws: Draws) -> list[Project]:
    """Six projects; the subjects of a project's issues all differ."""
    made = []
    for name, description in PROJECTS.items():
        number = draws.between(2, 40)
        issues = []
        for subject in draws.some(SUBJECTS, ISSUES_EACH):
            author, label = draws.one(PEOPLE), draws.one(LABELS)
            body = f"Seen with version {draws.between(1, 4)}.{draws.between(0, 9)}."
            issues.append(Issue(number, subject, author, label, body, open=draws.below(3) > 0))
            number += draws.between(1, 6)
        commits = [(draws.one(PEOPLE), change) for change in draws.some(CHANGES, draws.between(3, 6))]
        members = {OWNER: "Owner", **{who: draws.one(ROLES) for who in draws.some(PEOPLE, 2)}}
        stars = draws.between(5, 400)
        made.append(Project(name, description, draws.one(VISIBILITIES), stars, issues, commits, members))
    return made
