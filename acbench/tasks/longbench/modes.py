"""What the two modes mean. This is the one place where they differ.

``upstream`` is the published scorer, value for value, with three intended differences: labels that are part of
the reference are dropped from a fresh list (the published code removes from the list it walks over; with the
published labels both give the same), ROUGE-L does not fail on long texts (the published one recurses and
turns the overflow into 0), and Chinese without any punctuation is cut after 2,048 characters before words are
looked for (the published scorer would take hours for a reply that repeats one character). Code similarity is
the one with the Levenshtein engine.

``corrected`` is the profile that the specification calls `fixed` (section 9). It reads an answer that is right
but formatted in a way that the published scorer trips over:

* blank lines in front of a code line are skipped, and so is a language's name alone on the line below a fence;
* where only the first line counts, it is the first one after all leading white space, not only after newlines;
* full-width digits (U+FF10 to U+FF19) are read as ASCII digits, in answers and references.

Both are recorded for every answer: ``score`` in the task's mode, ``score_upstream`` always. Prompts,
truncation and decoding do not depend on the mode.
"""

from __future__ import annotations

from acbench.errors import ConfigError, did_you_mean

CORRECTED, UPSTREAM = "corrected", "upstream"
MODES = (CORRECTED, UPSTREAM)

COMMENT_MARKS = ("`", "#", "//")
"""A line with one of them is never the answer of a code set."""
FENCE = "```"
LANGUAGES = frozenset(
    [
        "bash",
        "c",
        "c++",
        "cpp",
        "cs",
        "csharp",
        "go",
        "golang",
        "java",
        "javascript",
        "js",
        "kotlin",
        "php",
        "plaintext",
        "py",
        "python",
        "python3",
        "ruby",
        "rust",
        "scala",
        "shell",
        "sql",
        "swift",
        "text",
        "ts",
        "typescript",
    ]
)
_FULL_WIDTH = {0xFF10 + digit: ord("0") + digit for digit in range(10)}


def check_mode(mode: str) -> str:
    """Gives the mode back. Raises ConfigError when there is none of that name."""
    if mode not in MODES:
        raise ConfigError(f"longbench: unknown mode {mode!r}; {did_you_mean(mode, MODES)}")
    return mode


def plain_digits(text: str, mode: str) -> str:
    """The text with full-width digits as ASCII ones; unchanged in mode `upstream`."""
    return text if mode == UPSTREAM else text.translate(_FULL_WIDTH)


def first_line(text: str, mode: str) -> str:
    """What counts of an answer where only its first line does."""
    start = text.lstrip("\n") if mode == UPSTREAM else text.lstrip()
    return start.partition("\n")[0]


def code_line(text: str, mode: str) -> str:
    """The first line that can be code; empty when there is none."""
    fenced = False
    for line in text.lstrip("\n").split("\n"):
        marked = any(mark in line for mark in COMMENT_MARKS)
        if mode == CORRECTED and not marked:
            if not line.strip():
                continue
            if fenced and line.strip().lower() in LANGUAGES:
                fenced = False
                continue
        if not marked:
            return line
        fenced = line.lstrip().startswith(FENCE)
    return ""
