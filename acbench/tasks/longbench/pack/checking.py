"""Readers: each derives a record's answer from its context and question alone, without the generator's state."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from acbench.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Callable

    from acbench.tasks.longbench.pack.building import Item


def check_gold(variant: str, name: str, item: Item) -> None:
    """Raises DataError when the context does not lead to the recorded answer."""
    found = READERS[variant](item.context, item.question)
    if (found,) != item.answers:
        raise DataError(
            f"longbench {variant}: record {name}: the context leads to {found!r}, not {item.answers}"
        )


def _only(pattern: str, text: str) -> str:
    """The one thing a pattern finds; a text saying how many there were if it is not one."""
    found = set(re.findall(pattern, text))
    return str(found.pop()) if len(found) == 1 else f"<{len(found)} found>"


def _slots(pattern: str, text: str) -> tuple[str, ...]:
    found = re.search(pattern, text)
    return tuple(re.escape(part) for part in found.groups()) if found else ()


def read_story(context: str, question: str) -> str:
    if asked := _slots(r"Where did (.+) hide the (.+)\?", question):
        return _only(rf"{asked[0]} hid the {asked[1]} (.+?), and told", context)
    (thing,) = _slots(r"Who has the (.+) at the end", question)
    holder = ""
    for giver, taker in re.findall(rf"(\w+ \w+) gave the {thing} to (\w+ \w+)\.", context):
        if holder not in ("", giver):
            return f"<{giver} does not have it>"
        holder = taker
    return holder


def read_article(context: str, question: str) -> str:
    if asked := _slots(r"Was (\w+) trained on the (\w+) corpus", question):
        denied = _only(rf"\b{asked[0]} was (not )?trained on the {asked[1]} corpus\.", context)
        return {"": "yes", "not ": "no"}.get(denied, denied)
    noun, system, corpus = _slots(r"Which (.+) did (\w+) reach on the (\w+) corpus", question)
    pattern = rf"On the {corpus} corpus, {system} reached an? {noun} of (\S+ per cent)\."
    return _only(pattern, context) if re.search(pattern, context) else "unanswerable"


def read_register(context: str, question: str) -> str:
    if asked := _slots(r"Who holds permit (\d+)", question):
        return _only(rf"Permit {asked[0]}\. Holder: (.+?)\. For", context)
    who, what = _slots(r"permit of (.+) for (.+) valid", question)
    return _only(rf"Holder: {who}\. For: {what}\. Fee: \d+ crowns\. Valid until (.+)\.", context)


def read_bridge(context: str, question: str) -> str:
    if asked := _slots(r"designer of the (.+) born", question):
        designer = re.escape(_only(rf"The {asked[0]} stands .*designed by (.+?) and opened", context))
        return _only(rf"{designer}, an? \w+, was born in (.+?) and died", context)
    works = re.search(r"first, the (.+) or the (.+)\?", question)
    names = works.groups() if works else ()
    return min(names, key=lambda name: _only(rf"The {re.escape(name)} stands .* opened in (\d+)\.", context))


def read_comparison(context: str, question: str) -> str:
    if asked := _slots(r"Do (.+) and (.+) lie", question):
        first, second = (_only(rf"{name} is a village in (\w+)\.", context) for name in asked)
        return "yes" if first == second else "no"
    (person,) = _slots(r"grandmother of (.+) on the", question)
    mother = re.escape(_only(rf"The mother of {person} was (.+)\.", context))
    return _only(rf"The mother of {mother} was (.+)\.", context)


def read_chain(context: str, question: str) -> str:
    (picture,) = _slots(r"where the painting (.+) is kept", question)
    museum = re.escape(_only(rf"The painting {picture} is kept in the (.+)\.", context))
    society = re.escape(_only(rf"The {museum} belongs to the (.+)\.", context))
    if question.startswith("In which year"):
        return _only(rf"The {society} was founded in .+ in (\d+)\.", context)
    town = re.escape(_only(rf"The {society} was founded in (.+) in \d+\.", context))
    return _only(rf"{town} is a town in (\w+)\.", context)


def read_report(context: str, question: str) -> str:
    del question
    return " ".join(
        line for line in context.split("\n") if line.startswith(("The audit found", "The auditors"))
    )


def read_meeting(context: str, question: str) -> str:
    (topic,) = _slots(r"about the (.+?), why", question)
    decision = _only(rf"On the {topic}, I propose that we (.+)\.", context)
    reason = _only(rf"for that on the {topic}, because (.+)\.", context)
    task = _only(rf"Then (.+) for the {topic}\.", context)
    name = _only(r"about the (.+?), why", question)
    return f"On the {name}, the group decided to {decision}, because {reason}. {task}."


def read_news(context: str, question: str) -> str:
    del question
    town = _only(r"A \w+ struck (.+?) on \d+ \w+\.", context)
    lines = (line for line in context.split("\n") if town in line.partition(".")[0])
    return " ".join(line.partition(".")[0] + "." for line in lines)


def read_question_type(context: str, question: str) -> str:
    """The label of the example that shares most words with the question; slots hold few of them."""
    asked = set(question.split())
    examples = re.findall(r"(Question: .+\nType:) (.+)", context)
    return str(max(examples, key=lambda example: len(asked & set(example[0].split())))[1])


def read_answered(context: str, question: str) -> str:
    del context
    (fact,) = _slots(r"Who received (the .+)\?", question)
    return _only(rf"(?i:{fact}) went to (.+?)\.", question)


def read_dialogue(context: str, question: str) -> str:
    del context
    asker, favour = re.findall(r"(?m)^(?:Dialogue: )?(\w+): Can you (.+)\?$", question)[0]
    friend, answer = re.findall(r"(?m)^(\w+): (Sure|Sorry, I have to .+)", question)[0]
    duty = answer.removeprefix("Sorry, I have to ")
    end = f"{friend} agrees." if answer == "Sure" else f"{friend} refuses and has to {duty}"
    return f"{asker} asks {friend} to {favour}. {end}"


def read_count(context: str, question: str) -> str:
    del question
    return str(len({text.partition(": ")[2] for text in context.split("\n\n")}))


def read_search(context: str, question: str) -> str:
    project, job, town = _slots(
        r"is about (.+), the work of many years of a (.+) who lives in (.+)\.", question
    )
    return "Paragraph " + _only(
        rf"Paragraph (\d+): For \d+ years, a {job} in {town} worked on {project}\.", context
    )


def read_chinese_register(context: str, question: str) -> str:
    if asked := _slots(r"第(\d+)号许可的持有人", question):
        return _only(rf"第{asked[0]}号许可：持有人(.+?)，", context)
    who, what = _slots(r"(.{3})的(.+)许可有效期", question)
    return _only(rf"持有人{who}，用途{what}，有效期至(.+?)。", context)


def read_guides(context: str, question: str) -> str:
    town, paper = _slots(r"(.{3})的(.{3})怎么办理", question)
    return _only(rf"标题：{town}{paper}怎么办\n(.+)", context)


def read_minutes(context: str, question: str) -> str:
    del question
    return "".join(re.findall(r"(关于.+?，会议决定.+?。)", context))


def read_news_type(context: str, question: str) -> str:
    """The label of the example with the most character pairs of the question."""

    def pairs(text: str) -> set[str]:
        return {text[i : i + 2] for i in range(len(text) - 1)}

    asked = pairs(question.split("\n")[1].partition("。")[0])
    examples = re.findall(r"新闻内容：\n(.+?)。.*\n类别：(.+)", context)
    return str(max(examples, key=lambda example: len(asked & pairs(example[0])))[1])


def read_chinese_search(context: str, question: str) -> str:
    work, town, job = _slots(r"讲的是(.+)的由来，它是(.{3})一位(.+)多年", question)
    return "段落" + _only(rf"段落(\d+)：{town}有一位{job}，花了\d+年时间建造{work}。", context)


def read_next_line(context: str, question: str) -> str:
    """The last test's line: that of the test before it with the other name and its function's value."""
    del question
    heads = re.findall(r"(?m)^(?:def|static void|func) [Tt]est_(\w+)\(", context)
    shown = re.findall(r"(?m)^\s+assert.*$", context)[-1].lstrip("\n")
    values = [_only(rf"[lL]imit_?[oO]f_{name}\(\)[^\d]*?return (\d+)", context) for name in heads[-2:]]
    return str(shown.replace(f"_{heads[-2]}(", f"_{heads[-1]}(").replace(values[0], values[1]))


def read_across_files(context: str, question: str) -> str:
    if question.startswith("yard/report.py"):
        name = re.findall(r"import (\w+)", question)[-1]
        arguments = _only(rf"def {name}\((.+)\):", context)
        return f"    return {name}({arguments})"
    name = re.findall(r"import yard\.\w+\.(\w+);", question)[-1]
    typed = _only(rf"class {name} \{{\s+public static int run\((.+)\)", context)
    return f"        return {name}.run({typed.replace('int ', '')});"


READERS: dict[str, Callable[[str, str], str]] = {
    "narrativeqa": read_story,
    "qasper": read_article,
    "multifieldqa_en": read_register,
    "multifieldqa_zh": read_chinese_register,
    "hotpotqa": read_bridge,
    "2wikimqa": read_comparison,
    "musique": read_chain,
    "dureader": read_guides,
    "gov_report": read_report,
    "qmsum": read_meeting,
    "multi_news": read_news,
    "vcsum": read_minutes,
    "trec": read_question_type,
    "triviaqa": read_answered,
    "samsum": read_dialogue,
    "lsht": read_news_type,
    "passage_count": read_count,
    "passage_retrieval_en": read_search,
    "passage_retrieval_zh": read_chinese_search,
    "lcc": read_next_line,
    "repobench_p": read_across_files,
}
