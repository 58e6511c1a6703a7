"""From text to action."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acbench.tasks.webarena.actions import MAX_TEXT, USAGE, Action, ParseError, parse_action, written


@pytest.mark.parametrize(
    ("line", "action"),
    [
        ("@click [7]@", Action("click", 7)),
        ("I go there: @click [7]@ now", Action("click", 7)),
        ("@ CLICK[ 7 ] @", Action("click", 7)),
        ("@type [3] [two words]@", Action("type", 3, "two words", enter=True)),
        ("@type [3] [two words] [1]@", Action("type", 3, "two words", enter=True)),
        ("@type [3] [two words] [0]@", Action("type", 3, "two words")),
        ("@type [3] [0]@", Action("type", 3, "0", enter=True)),
        ("@hover [4]@", Action("hover", 4)),
        ("@press [Ctrl+a]@", Action("press", 0, "Ctrl+a")),
        ("@scroll [down]@", Action("scroll", 0, "down")),
        ("@scroll up@", Action("scroll", 0, "up")),
        ("@new_tab@", Action("new_tab")),
        ("@new_tab []@", Action("new_tab")),
        ("@tab_focus [0]@", Action("tab_focus", 0)),
        ("@close_tab@", Action("close_tab")),
        ("@goto [http://a.example/x?y=1]@", Action("goto", 0, "http://a.example/x?y=1")),
        ("@goto http://a.example@", Action("goto", 0, "http://a.example")),
        ("@go_back@", Action("go_back")),
        ("@go_forward@", Action("go_forward")),
        ("@stop [N/A]@", Action("stop", 0, "N/A")),
        ("@stop@", Action("stop")),
        ("@stop []@", Action("stop")),
        ("@stop [a [b] c]@", Action("stop", 0, "a [b] c")),
    ],
)
@pytest.mark.parametrize("upstream", [True, False])
def test_actions_between_signs(line: str, action: Action, upstream: bool) -> None:
    assert parse_action(line, upstream=upstream) == action


@pytest.mark.parametrize(
    ("line", "action"),
    [
        ("click [7]", Action("click", 7)),
        ("@click [7]", Action("click", 7)),
        ("stop [42]", Action("stop", 0, "42")),
        ("@stop [me@mail.example]@", Action("stop", 0, "me@mail.example")),
        ("@type [3] [me@mail.example] [0]@", Action("type", 3, "me@mail.example")),
    ],
)
def test_what_only_the_corrected_mode_reads(line: str, action: Action) -> None:
    assert parse_action(line) == action
    assert isinstance(parse_action(line, upstream=True), ParseError)


@pytest.mark.parametrize(
    ("line", "understood", "part"),
    [
        ("", False, "between @ signs"),
        ("I would click the button", False, "between @ signs"),
        ("please click [7]", False, "between @ signs"),
        ("click seven", True, "Write @click [id]@"),
        ("@click [seven]@", True, "Write @click [id]@"),
        ("@click 7@", True, "Write @click [id]@"),
        ("@click [7] [8]@", True, "Write @click [id]@"),
        ("@click [" + "9" * 500 + "]@", True, "Write @click [id]@"),
        ("@type [3]@", True, "Write @type [id] [text] [0|1]@"),
        ("@type [3] [a] [2]@", True, "Write @type [id] [text] [0|1]@"),
        ("@scroll [left]@", True, "Write @scroll [up|down]@"),
        ("@goto [ftp://a.example]@", True, "Write @goto [http address]@"),
        ("@goto [a.example]@", True, "Write @goto"),
        ("@drag [7]@", False, "There is no action 'drag'"),
        ("@@", False, "There is no action ''"),
    ],
)
def test_messages_for_what_is_no_action(line: str, understood: bool, part: str) -> None:
    read = parse_action(line)
    assert isinstance(read, ParseError)
    assert part in read.message
    assert read.understood is understood


def test_words_are_cut_and_put_on_one_line() -> None:
    long = parse_action("@type [1] [" + "a\n b " * 500 + "] [0]@")
    assert isinstance(long, Action)
    assert len(long.text) == MAX_TEXT
    assert long.text.startswith("a b a b")
    assert parse_action("@stop [\ud800]@") == Action("stop", 0, "?")


@given(
    st.sampled_from(sorted(USAGE)),
    st.integers(0, 999),
    st.text("ab c9", min_size=1, max_size=9),
    st.booleans(),
)
def test_what_is_written_is_read_again(verb: str, number: int, words: str, enter: bool) -> None:
    texts = {"scroll": "down", "goto": "http://a.example/b", "press": "Enter", "stop": words, "type": words}
    has_number = verb in ("click", "hover", "tab_focus", "type")
    text = " ".join(texts.get(verb, "").split())
    if verb == "type" and not text:
        return
    action = Action(verb, number if has_number else 0, text, enter and verb == "type")
    assert parse_action(written(action)) == action
    assert parse_action(written(action), upstream=True) == action
