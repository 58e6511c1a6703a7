"""Nine intents for the code host."""

from __future__ import annotations

from typing import TYPE_CHECKING

from acbench.tasks.webarena.intents.drafts import Draft, answer, click, fill, reach, search, shows, stop
from acbench.tasks.webarena.sites.code import LABELS, PEOPLE, VISIBILITIES

if TYPE_CHECKING:
    from acbench.tasks.webarena.draws import Draws
    from acbench.tasks.webarena.sites import Sites

TITLES = ("Let the window be resized", "Write the log to a file", "Sort names as people do")
DESCRIPTIONS = ("Small tools for big days", "Now with fewer surprises", "Made on a rainy weekend")
WORDS = ("Typo", "Crash", "theme", "tests")


def drafts(sites: Sites, draws: Draws) -> list[Draft]:
    code = sites.code
    home = f"http://{code.host}"
    opened, described, starred, labelled, committed = draws.some(code.projects, 5)
    target, other, changed = draws.some(code.projects, 3)
    word, label, title = draws.one(WORDS), draws.one(LABELS), draws.one(TITLES)
    other = next(one for one in (other, *code.projects) if any(issue.open for issue in one.issues))
    issue = draws.one([one for one in other.issues if one.open])
    person, description = draws.one(PEOPLE), draws.one(DESCRIPTIONS)
    visibility = draws.one([one for one in VISIBILITIES if one != changed.visibility])
    author = committed.commits[0][0]
    named, where = f"{other.name} {issue.number}", f"{home}{other.path}/issues/{issue.number}"
    return [
        Draft(1, "Open the project '{name}'.", {"name": opened.name}, reach(home + opened.path), click(opened.name)),
        Draft(1, "Search the issues for '{word}'.", {"word": word}, reach(f"{home}/search?q={word}"),
              search("Search issues", word)),
        Draft(1, "How is the project '{name}' described on this page? Stop with the description.",
              {"name": described.name}, answer(described.description), stop(described.description)),
        Draft(2, "Give the project '{name}' a star.", {"name": starred.name},
              shows((home + starred.path, "#stars", [f"you starred {starred.name}"])), click(starred.name, "Star")),
        Draft(2, "Show the issues of the project '{name}' with the label '{label}'.",
              {"name": labelled.name, "label": label}, reach(f"{home}{labelled.path}/issues?label={label}"),
              click(labelled.name, "Issues", f"Label {label}")),
        Draft(2, "Who made the last commit of the project '{name}'? Stop with the name.", {"name": committed.name},
              answer(author), click(committed.name) + stop(author)),
        Draft(3, "Create an issue in the project '{name}' with the title '{title}' and the label '{label}'.",
              {"name": target.name, "title": title, "label": LABELS[2]},
              shows(("last", "#title", [title]), ("last", "#label", [f"Label: {LABELS[2]}"])),
              click(target.name, "Issues", "New issue") + fill("Title", title) + click(LABELS[2], "Create issue")),
        Draft(3, "Assign the issue '{title}' of the project '{name}' to '{person}', then close it.",
              {"title": issue.title, "name": other.name, "person": person},
              shows((where, "#assignee", [f"{named} is assigned to {person}"]),
                    (where, "#state", [f"{named} is closed"])),
              click(other.name, "Issues", issue.title) + fill("Assign to", person) + click("Assign", "Close issue")),
        Draft(3, "Make the project '{name}' {visibility} and change its description to '{description}'.",
              {"name": changed.name, "visibility": visibility.lower(), "description": description},
              shows((home + changed.path, "#visibility", [f"{changed.name} is {visibility.lower()}"]),
                    (home + changed.path, "#description", [description])),
              click(changed.name, "Settings") + fill("Description", description) + click(visibility, "Save changes")),
    ]  # fmt: skip
