"""A user's folder: the raw sets with their demonstrations, or prompts that are packed already.

Files are looked for under the names in which the sources publish them; JSON lines are split at newlines only
(texts hold other Unicode line separators), CSV cells are text ("None" is a real option).
"""

from __future__ import annotations

import csv
import json
import re
from typing import TYPE_CHECKING, Any

from acbench.errors import DataError
from acbench.tasks.longgenbench.arithmetic import LEVELS
from acbench.tasks.longgenbench.embedded import Named, distinct_items, drawer
from acbench.tasks.longgenbench.packing import LETTERS, Item, Packed, pack, system_text
from acbench.tasks.longgenbench.prediction import first_number, read_answers

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator
    from pathlib import Path

    from acbench.tasks.longgenbench.forms import Form
    from acbench.tasks.longgenbench.settings import Settings

_OPTION_LINE = re.compile(r"^\([A-E]\)", re.MULTILINE)
_OPTION = re.compile(r"\(([A-E])\)\s*")
_NUMBERED = re.compile(r"^(Question|Answer)_([0-9]+):[ \t]*\n?", re.MULTILINE)
GSM8K_FILES = ("gsm8k_test.jsonl", "gsm8k_test_1290.jsonl", "gsm8k.jsonl", "test.jsonl")
CSQA_FILES = ("csqa_validation.jsonl", "commonsense_qa.jsonl", "validation.jsonl")


def folder_prompts(
    folder: Path, form: Form, settings: Settings, *, published_numbers: bool, rng: random.Random
) -> Iterator[Named]:
    """All prompts of a user's folder. Raises DataError naming what is missing or malformed.

    ``published_numbers``: questions start at 9 (gsm8k) or 6 whatever the number of demonstrations.
    """
    raw = raw_source(folder, form)
    if settings.source == "raw" or (settings.source == "auto" and raw is not None):
        if raw is None:
            raise DataError(f"{folder}: no raw {form.name} data; expected {_expected(form)}")
        yield from _packed_here(raw, folder, form, settings, published_numbers=published_numbers, rng=rng)
        return
    file = packed_file(folder, form, settings.k)
    if file is None:
        raise DataError(
            f"{folder}: neither raw {form.name} data ({_expected(form)}) nor {form.name}_{settings.k}.jsonl "
            "(there or in packed/)"
        )
    yield from _ready_packed(file, form, settings)


def _expected(form: Form) -> str:
    if form.name == "mmlu":
        return "mmlu/test/<subject>_test.csv"
    return " or ".join(GSM8K_FILES if form.name == "gsm8k" else CSQA_FILES)


def raw_source(folder: Path, form: Form) -> Path | None:
    """The raw set's file (gsm8k, csqa) or folder (mmlu), if it is there."""
    if form.name == "mmlu":
        places = (folder / "mmlu" / "test", folder / "test")
        return next((place for place in places if any(place.glob("*_test.csv"))), None)
    names = GSM8K_FILES if form.name == "gsm8k" else CSQA_FILES
    return next((folder / name for name in names if (folder / name).is_file()), None)


def packed_file(folder: Path, form: Form, k: int) -> Path | None:
    name = f"{form.name}_{k}.jsonl"
    return next((file for file in (folder / name, folder / "packed" / name) if file.is_file()), None)


# -- packed elsewhere --------------------------------------------------------------------------------


def _ready_packed(file: Path, form: Form, settings: Settings) -> Iterator[Named]:
    """Prompts as they are; only the system text is ours. A subject is named when the record has one."""
    counts: dict[str, int] = {}
    for number, row in json_lines(file):
        where = f"{file.name}, line {number}"
        prompt, task = row.get("prompt"), row.get("task", "")
        if not isinstance(prompt, str) or not prompt.strip():
            raise DataError(f"{where}: field 'prompt' must be text")
        if not isinstance(task, str):
            raise DataError(f"{where}: field 'task' must be text")
        answers = read_answers(row.get("answers"), f"{where}:", letters=form.letters)
        counts[task] = counts.get(task, 0) + 1
        if settings.prompts and counts[task] > settings.prompts:
            continue
        system = system_text(letters=form.letters, subject=task.replace("_", " "))
        first = first_number(prompt, len(answers), form.first)
        packed = Packed(system, prompt, tuple(answers), first, gold="")
        yield Named(f"{form.name}-packed-{number:03d}", task or "packed", packed)


def json_lines(file: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Line number and object of every line that is not empty. Raises DataError naming file and line."""
    with file.open(encoding="utf-8", newline="\n") as stream:
        for number, line in enumerate(stream, start=1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except ValueError as error:
                raise DataError(f"{file.name}, line {number}: not valid JSON: {error}") from error
            if not isinstance(row, dict):
                raise DataError(f"{file.name}, line {number}: expected a JSON object")
            yield number, row


# -- packed here -------------------------------------------------------------------------------------


def _packed_here(
    raw: Path, folder: Path, form: Form, settings: Settings, *, published_numbers: bool, rng: random.Random
) -> Iterator[Named]:
    sets = _mmlu(raw) if form.name == "mmlu" else [("", _gsm8k(raw) if form.name == "gsm8k" else _csqa(raw))]
    for subject, items in sets:
        demos = demonstrations(folder, form, subject) or _own_demos(form, settings, rng)
        available = min(len(items), max(form.questions, settings.k))
        count = available // settings.k  # a last batch that is not full is dropped
        if form.name == "mmlu":
            count = min(count, max(1, settings.prompts))
        elif settings.prompts:
            count = min(count, settings.prompts)
        if not count:
            raise DataError(f"{raw}: {len(items)} questions are fewer than k = {settings.k}")
        for number in range(count):
            chosen = items[number * settings.k : (number + 1) * settings.k]
            first = form.first if published_numbers else None
            packed = pack(chosen, demos, letters=form.letters, first=first, subject=subject.replace("_", " "))
            name = "-".join(part for part in (form.name, subject, f"{number + 1:02d}") if part)
            yield Named(name, subject or form.name, packed)


def _own_demos(form: Form, settings: Settings, rng: random.Random) -> list[Item]:
    level = LEVELS[1] if form.name == "gsm8k" else "elementary_arithmetic"
    return distinct_items(drawer(form.name, level), settings.demos, rng)


def _gsm8k(file: Path) -> list[Item]:
    items = []
    for number, row in json_lines(file):
        for name in ("question", "answer"):
            if not isinstance(row.get(name), str) or not row[name].strip():
                raise DataError(f"{file.name}, line {number}: field {name!r} must be text")
        read_answers([row["answer"]], f"{file.name}, line {number}:", letters=False)
        items.append(Item(row["question"].strip(), row["answer"]))
    return items


def _mmlu(folder: Path) -> list[tuple[str, list[Item]]]:
    sets = []
    for file in sorted(folder.glob("*_test.csv")):
        items = []
        with file.open(encoding="utf-8", newline="") as stream:
            for number, row in enumerate(csv.reader(stream), start=1):
                if len(row) != 6 or row[5] not in ("A", "B", "C", "D"):
                    raise DataError(
                        f"{file.name}, record {number}: expected question, four options and a letter A to D, "
                        f"got {len(row)} cells"
                    )
                items.append(Item(row[0].strip(), row[5], options=tuple(row[1:5])))
        sets.append((file.name.removesuffix("_test.csv"), items))
    return sets


def _csqa(file: Path) -> list[Item]:
    items = []
    for number, row in json_lines(file):
        where = f"{file.name}, line {number}"
        question, choices, key = row.get("question"), row.get("choices"), row.get("answerKey")
        if not isinstance(question, str):
            raise DataError(f"{where}: field 'question' must be text")
        texts = choices.get("text") if isinstance(choices, dict) else None
        if not isinstance(texts, list) or len(texts) != 5 or not all(isinstance(text, str) for text in texts):
            raise DataError(f"{where}: field 'choices' must hold five texts under 'text'")
        if key not in tuple(LETTERS):
            raise DataError(f"{where}: field 'answerKey' must be a letter A to E, not {key!r}")
        items.append(Item(question.strip(), key, options=tuple(texts)))
    return items


# -- demonstrations ----------------------------------------------------------------------------------


def demonstrations(folder: Path, form: Form, subject: str) -> list[Item]:
    """The user's worked examples; empty when the folder has none. Raises DataError for an unreadable file."""
    name = {"gsm8k": "gsm8k_8demos.txt", "mmlu": "mmlu_cot_demos.json", "csqa": "csqa_5demos.txt"}[form.name]
    file = next((f for f in (folder / "demos" / name, folder / name) if f.is_file()), None)
    if file is None:
        return []
    text = file.read_text(encoding="utf-8")
    if form.name != "mmlu":
        return _numbered_demos(text, file)
    try:
        table = json.loads(text)
    except ValueError as error:
        raise DataError(f"{file.name}: not valid JSON: {error}") from error
    if not isinstance(table, dict) or not isinstance(table.get(subject), str):
        raise DataError(f"{file.name}: no demonstrations for subject {subject!r}")
    return _question_answer_demos(table[subject], file, subject)


def _numbered_demos(text: str, file: Path) -> list[Item]:
    """Blocks under ``Question_i:`` and ``Answer_i:`` headers."""
    parts: dict[tuple[str, int], str] = {}
    heads = list(_NUMBERED.finditer(text))
    for head, following in zip(heads, [*heads[1:], None], strict=True):
        end = following.start() if following else len(text)
        parts[head.group(1), int(head.group(2))] = text[head.end() : end].strip()
    numbers = sorted(number for kind, number in parts if kind == "Question")
    if not numbers or any(("Answer", number) not in parts for number in numbers):
        raise DataError(f"{file.name}: every Question_i: needs an Answer_i:")
    return [Item(parts["Question", n], "", worked=parts["Answer", n]) for n in numbers]


def _question_answer_demos(text: str, file: Path, subject: str) -> list[Item]:
    """Items in the form ``Q: ...`` (with an option line) and ``A: ...``, whatever blank lines they hold."""
    items = []
    for block in re.split(r"^Q:", text, flags=re.MULTILINE)[1:]:
        question, mark, answer = block.partition("\nA:")
        if not mark:
            raise DataError(f"{file.name}: {subject}: a question has no line that starts with A:")
        start = _OPTION_LINE.search(question)
        if start is None:
            items.append(Item(question.strip(), "", worked=answer.strip()))
            continue
        pieces = _OPTION.split(question[start.start() :])
        options = tuple(piece.strip() for piece in pieces[2::2])
        items.append(Item(question[: start.start()].strip(), "", options=options, worked=answer.strip()))
    return items
