"""Operating system: folders, files and pipelines; a file must be there before it is read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from acbench.tasks.worfbench.pack.model import Plan, Step, plan, step

if TYPE_CHECKING:
    from random import Random

FOLDERS = ("reports", "backup", "music", "drafts", "invoices", "photos", "letters", "maps", "recipes", "logs")
SUFFIXES = ("txt", "log", "csv", "md", "json")
WORDS = ("error", "paid", "urgent", "harbour", "missing", "October", "refund", "closed")
COUNTS = (
    ("count the lines", "line count"),
    ("list the five longest names", "list of long names"),
    ("add up the sizes", "sum of sizes"),
    ("find the newest entry", "newest entry"),
    ("find the owners", "list of owners"),
)
ACTIONS = "bash: run one command; answer: give the final answer; finish: end the task"


def build(level: int, rng: Random) -> Plan:
    if level <= 2:
        return _search(rng, sort=level == 2)
    return _summary(rng, parts=2 if level == 3 else rng.randint(3, 4), pack=level == 4)


def _ask(wish: str) -> str:
    return f"A Linux machine with a bash shell.\nTask: {wish}\nActions: {ACTIONS}"


def _search(rng: Random, *, sort: bool) -> Plan:
    folder, suffix, word = rng.choice(FOLDERS), rng.choice(SUFFIXES), rng.choice(WORDS)
    steps = [step(f"run bash to find all {suffix} files in the folder {folder}", gives="files")]
    listing = "files"
    if rng.random() < 0.6 or sort:
        steps.append(step(f"run bash to keep the files that contain '{word}'", needs="files", gives="hits"))
        listing = "hits"
    if sort:
        steps.append(step("run bash to sort the remaining files by size", needs=listing, gives="sorted"))
        listing = "sorted"
    steps.append(
        step(
            "answer with the number of files" if not sort else "answer with the largest file",
            needs=listing,
            gives="told",
        )
    )
    about = f" that contain '{word}'" if listing != "files" else ""
    wish = f"how many {suffix} files{about} are there in {folder}?"
    if sort:
        wish = f"which {suffix} file{about.replace('contain', 'contains')} in {folder} is the largest?"
    return plan(_ask(wish), steps, goal="told")


def _summary(rng: Random, *, parts: int, pack: bool) -> Plan:
    folder, goal, suffix = *rng.sample(FOLDERS, 2), rng.choice(SUFFIXES)
    steps: list[Step] = [
        step(f"create the folder {goal} with bash", gives="folder"),
        step(f"collect the {suffix} files of {folder} with bash", gives="files"),
    ]
    chosen = rng.sample(COUNTS, parts)
    for verb, result in chosen:
        steps.append(step(f"{verb} of the collected files with bash", needs="files", gives=result))
    results = "|".join(result for _, result in chosen)
    steps.append(step(f"write all results into {goal}/summary", needs=f"folder|{results}", gives="summary"))
    last = "summary"
    if pack:
        steps.append(step(f"compress the folder {goal} into an archive", needs="summary", gives="archive"))
        last = "archive"
    told = ", ".join(result for _, result in chosen)
    wish = f"for the {suffix} files in {folder}, write {told} into the file 'summary' of a new folder {goal}"
    wish += f", then make an archive of {goal}." if pack else "."
    return plan(_ask(wish), steps, goal=last)
