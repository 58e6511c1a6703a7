"""Text in and out of a story: what is typed, what is shown, and whether the story refused.

The cut of an action, the list command and the cleaning of observations follow section 5.4 of the AgentBoard
specification; what counts as a refusal is ours (its bug 17).
"""

from __future__ import annotations

import re

MAX_WORDS = 20
MAX_CHARACTERS = 190
"""The engine takes 198 bytes of a line."""
MAX_OBSERVATION = 4000
"""Characters; longer texts are cut with an ellipsis."""
WORD_LENGTH = 6
"""So many letters of a word decide, as in the oldest stories; later ones look at nine."""

_STATUS_GAP = re.compile(r" {30,}")
_PROMPT = re.compile(r"(?:^|\n) *>", re.ASCII)
_SCORE_MESSAGE = re.compile(r"\[\s*(?:your|the) score has[^\]]*\]", re.IGNORECASE)
_META = frozenset(
    ("q", "quit", "restar", "restor", "save", "script", "unscri", "transc", "noscri", "record", "replay")
) | {"verify", "undo", "comman"}
"""Commands to the machine instead of the story: they write files, ask questions back or turn time back."""


def cut_action(line: str) -> str:
    """What is typed of a line: up to the first comma, then the first full stop, then 20 words.

    Control characters become blanks and other signs outside ASCII question marks: a story reads one line of
    ASCII.
    """
    plain = "".join(sign if sign.isprintable() else " " for sign in line)
    words = plain.split(",")[0].split(".")[0].split()[:MAX_WORDS]
    return " ".join(words).encode("ascii", "replace").decode()[:MAX_CHARACTERS].strip()


def asks_for_list(action: str) -> bool:
    """Whether an action is the list command: it holds both "check" and "action"."""
    lowered = action.lower()
    return "check" in lowered and "action" in lowered


def meta_command(action: str) -> str:
    """The word that speaks to the machine (save, quit, undo ...), or "" for a command to the story.

    A story splits what is typed at "then", so every part's first word counts.
    """
    words = re.findall(r"[a-z]+|[^\sa-z]", action.lower())
    starts = [0, *(number + 1 for number, word in enumerate(words) if not word.isalpha() or word == "then")]
    for number in starts:
        if number < len(words) and words[number][:WORD_LENGTH] in _META:
            return str(words[number])
    return ""


def clean(raw: str) -> str:
    """A story's output as one line: without prompt sign, status line and bracketed score messages."""
    prompts = list(_PROMPT.finditer(raw))
    text = raw[: prompts[-1].start()] if prompts else _STATUS_GAP.split(raw.rstrip())[0]
    text = " ".join(_SCORE_MESSAGE.sub(" ", text).split())
    return text if len(text) <= MAX_OBSERVATION else text[:MAX_OBSERVATION] + " ..."


_NO_COMMAND = re.compile(
    r"""
      not \s a \s (?:verb|command|word) \b
    | ^i \s (?:only \s )? (?:do|did)(?:n't|\snot) \s (?:understand|know|recogni[sz]e)
    | ^i \s only \s understood
    | ^i \s beg \s your \s pardon
    | used \s the \s word \s .* in \s a \s way
    | (?:doesn't|don't|does\snot|do\snot|isn't|not) \s .* \b (?:recogni[sz]e|know) \s the \s word
    | sentence \s isn't \s one \s i
    | isn't \s in \s the \s vocabulary
    | (?:no \s verb|a \s noun \s missing) \s in \s that \s sentence
    | seem \s to \s have \s said \s too \s little
    | can't \s begin \s with \s a \s comma
    | didn't \s understand \s the \s way
    """,
    re.IGNORECASE | re.VERBOSE,
)
_REFUSED = re.compile(
    r"""
      ^(?:but \s )? (?:you|i) \s (?: can(?:'t|not|\snot|\sonly|\shardly) | couldn't | could\snot
        | (?:are|were)(?:n't|\snot)\s(?:able|holding|carrying|wearing|in) | (?:are|'re)\salready | are\sunable
        | already\s(?:have|are) | (?:(?:will|would|first|must|should)\s)*(?:need|have)\s(?:to\s|first|a\s)
        | do(?:n't|\snot)\s(?:have|see|need|know|hold|carry|want|suppose) | haven't | lack\b | discover\snothing
        | find\snothing | see\snothing | achieve\s(?:nothing|little) | hear\snothing | smell\snothing | feel\snothing
        | excepted | seem\sto\swant | must\s(?:first|have|be) )
    | ^you'll \s (?:first\s)? have \s to | ^futile \b | rhetorical | ^but \b | ^there \s isn't
    | ^the \s .* \s (?:is|are) \s unlocked \s at \s the \s moment
    | ^(?:who|whom|what|which) \b .* \? $
    | ^(?:that|it|this|they|those|these|there|he|she) (?:'s|'re|\sis|\sare|\sseems?\sto\sbe|\sappears?\sto\sbe) \s
        (?:already|not|no\b|nothing|unable|hardly|plainly|fixed|locked|closed|stuck|too|(?:\w+\s)?in\sthe\sway)
    | ^(?:that|it|this|they|those) \s (?:can't|cannot|won't|wouldn't|doesn't|don't|would\s(?:be|achieve|have))
    | ^(?:the|your|a|an|some|\w+) \s .* (?:n't\s|\snot\s|\sunable\s) (?:seem|fit|budge|move|open|turn|respond|want|
        interested|something|to\s|lead|available|edible|contain)
    | ^the \s .* \s (?:is|are|seems?\sto\sbe) \s (?:already|locked|closed|stuck|fixed|empty|nothing)
    | (?:seems?|appears?) \s to \s (?:belong|be\s(?:locked|part\sof|stuck|a\spart))
    | ^nothing \b | \b nothing \s (?:happens|special|obvious|unexpected|of\sinterest|suitable|here) \b
    | achieve(?:s|d)? \s (?:little|nothing|much) | (?:have|had) \s achieved | wouldn't
    | ^there \s is \s (?:no|nothing) \b | no \s (?:reply|reason\sto|need\sto|more\sroom|way\sto) \b
    | isn't \s the \s answer | not \s (?:something|available|interested|portable|that\skind) | what \s a \s concept
    | plainly \s inedible | \b please \s answer | multiple \s objects | keep \s your \s mind | fruitlessly
    | ^\[ | not \s sure \s what | refers \s to\.?$ | not \s something \s you \s need
    """,
    re.IGNORECASE | re.VERBOSE,
)


def no_command(text: str) -> bool:
    """Whether a story's answer says that the line was no command at all."""
    return bool(_NO_COMMAND.search(_first_sentence(text)))


def refused(text: str) -> bool:
    """Whether a story's answer says that nothing came of the command.

    Only the first sentence decides: it is about the command, what follows describes the world. A room's name
    in the first line means that the move was made.
    """
    first = _first_sentence(text)
    return not first or bool(_NO_COMMAND.search(first) or _REFUSED.search(first))


def _first_sentence(raw: str) -> str:
    """Of the first line that is no remark in parentheses such as "(the lamp)"."""
    for line in raw.replace("’", "'").splitlines():
        text = re.sub(r"^\s*(?:\([^)]*\)\s*)+", "", line).strip()
        if text:
            return re.split(r"(?<=[.!?])\s", text, maxsplit=1)[0]
    return ""
