"""Pages in a window, and what the actions do to tabs, fields and addresses."""

from __future__ import annotations

import re

from webarena_stubs import (
    ALONE,
    FAST,
    FIND,
    HOME,
    INSIDE,
    LARGE,
    LONG,
    MENU,
    NAME,
    NEWS,
    SEND,
    SMALL,
    Small,
    browser,
    site_of,
)

from acbench.tasks.webarena.actions import Action, parse_action
from acbench.tasks.webarena.browser import (
    BAD_ADDRESS,
    MAX_TABS,
    MORE_BELOW,
    NO_MORE_TABS,
    NO_WAY_BACK,
    NO_WAY_ON,
    Browser,
)
from acbench.tasks.webarena.layout import height, in_view, lay_out, page_height
from acbench.tasks.webarena.tree import (
    Element,
    Page,
    Request,
    form,
    heading,
    link,
    page,
    radios,
    region,
    select,
    text,
    textbox,
)


def do(shown: Browser, *lines: str) -> str:
    """Carries out actions; the refusal of the last one."""
    refusal = ""
    for line in lines:
        action = parse_action(line)
        assert isinstance(action, Action), line
        refusal = shown.refusal(action)
        if not refusal:
            shown.perform(action)
    return refusal


def ids(shown: Browser) -> list[int]:
    return [int(number) for number in re.findall(r"^\t*\[(\d+)\]", shown.observation(), re.MULTILINE)]


def test_the_start_page_as_text() -> None:
    """Ids count every element; forms have no name and no line; the closed menu keeps its ids."""
    assert browser().observation().split("\n") == [
        "Tab 0 (current): Home",
        "[1] RootWebArea 'Home'",
        "\t[2] link 'Menu' hasPopup: menu expanded: False",
        "\t[5] textbox 'Name' value: 'nobody'",
        "\t[6] checkbox 'News' checked: true",
        "\t[7] radio 'S' checked: true",
        "\t[8] radio 'L' checked: false",
        "\t[9] button 'Send'",
        "\t[10] button 'Send fast'",
        "\t[12] textbox 'Find'",
        "\t[13] button 'Go'",
        "\t[14] link 'Long'",
        "\t[15] textbox 'Alone'",
        f"Address: {HOME}",
    ]


def test_heights_as_documented() -> None:
    assert [height(text("x" * n)) for n in (1, 120, 121, 240, 241)] == [30, 30, 60, 60, 90]
    assert height(heading("x")) == 42
    assert height(textbox("x", "x")) == 38
    assert height(link("x" * 100, "/", "y" * 30)) == 60
    assert height(region("a")) == 0
    assert height(region("a", name="named")) == 30


def test_a_window_shows_720_pixels() -> None:
    """24 lines of 30 px; one that begins at the lower edge is out, one that is cut by the upper edge too."""
    root = page("P", *(text(str(n)) for n in range(30))).root
    placed = lay_out(root)
    assert page_height(placed) == 900
    assert [one.element.name for one in in_view(placed, 0)] == ["P", *map(str, range(24))]
    assert [one.element.name for one in in_view(placed, 719)][1:3] == ["24", "25"]
    assert [one.element.name for one in in_view(placed, 720)][1:] == [str(n) for n in range(24, 30)]
    assert [one.element.name for one in in_view(placed, 10)][1] == "1"


def test_scrolling_shows_more_under_the_same_ids() -> None:
    shown = browser()
    do(shown, f"@click [{LONG}]@")
    first = ids(shown)
    assert MORE_BELOW in shown.observation()
    assert "scroll [down]" in shown.choices()
    assert "scroll [up]" not in shown.choices()
    assert do(shown, "@click [40]@") == "There is no element [40] in view."
    do(shown, "@scroll [down]@")
    assert ids(shown)[1] == first[-1] + 1
    do(shown, "@scroll [down]@", "@scroll [down]@", "@scroll [down]@")
    assert ids(shown)[-1] == 62
    assert MORE_BELOW not in shown.observation()
    do(shown, "@scroll [up]@", "@scroll [up]@", "@scroll [up]@")
    assert ids(shown) == first


def test_a_menu_opens_when_hovered_or_clicked() -> None:
    for verb in ("hover", "click"):
        shown = browser()
        assert INSIDE not in ids(shown)
        do(shown, f"@{verb} [{MENU}]@")
        assert "\t\t[3] link 'Inside'" in shown.observation()
        do(shown, f"@hover [{INSIDE}]@")
        assert INSIDE in ids(shown)
        do(shown, f"@hover [{NAME}]@")
        assert INSIDE not in ids(shown)
    shown = browser()
    do(shown, f"@click [{MENU}]@", f"@click [{INSIDE}]@")
    assert shown.tab.address == f"{HOME}inside"
    do(shown, "@go_back@", f"@hover [{MENU}]@", "@press [Escape]@")
    assert INSIDE not in ids(shown)


def test_a_form_sends_its_fields_and_the_pressed_button() -> None:
    shown = browser()
    do(shown, f"@type [{NAME}] [Ada] [0]@", f"@click [{NEWS}]@", f"@click [{LARGE}]@", f"@click [{FAST}]@")
    assert site_of(shown).sent == [{"name": "Ada", "size": "L", "how": "fast"}]
    assert shown.tab.address == f"{HOME}thanks?to=you"


def test_enter_presses_the_first_button() -> None:
    shown = browser()
    do(shown, f"@type [{NAME}] [Ada] [1]@", "@go_back@", f"@click [{NAME}]@", "@press [Enter]@")
    do(shown, "@go_back@", f"@click [{SEND}]@")
    assert [sent["name"] for sent in site_of(shown).sent] == ["Ada", "nobody", "nobody"]
    assert {sent["how"] for sent in site_of(shown).sent} == {"slow"}
    assert site_of(shown).sent[0] == {"name": "Ada", "news": "on", "size": "S", "how": "slow"}


def test_a_search_goes_to_an_address() -> None:
    shown = browser()
    do(shown, f"@type [{FIND}] [a b&c]@")
    assert shown.tab.address == f"{HOME}find?q=a+b%26c"
    assert "{'q': 'a b&c'}" in shown.observation()


def test_a_field_without_a_form_and_elements_that_take_no_text() -> None:
    shown = browser()
    assert do(shown, f"@type [{ALONE}] [words]@") == ""
    assert f"[{ALONE}] textbox 'Alone' value: 'words' focused: True" in shown.observation()
    assert do(shown, f"@type [{LONG}] [words]@") == f"Element [{LONG}] takes no text."
    assert do(shown, "@click [1]@") == ""
    assert shown.tab.address == HOME


def test_radios_and_checkboxes() -> None:
    shown = browser()
    do(shown, f"@click [{LARGE}]@", f"@click [{NEWS}]@")
    assert "radio 'S' checked: false" in shown.observation()
    assert "radio 'L' checked: true" in shown.observation()
    assert "checkbox 'News' checked: false" in shown.observation()
    do(shown, f"@click [{SMALL}]@", f"@click [{NEWS}]@")
    assert "radio 'S' checked: true" in shown.observation()
    assert "checkbox 'News' checked: true" in shown.observation()


def test_radios_of_two_forms_do_not_know_each_other() -> None:
    class Twice(Small):
        def respond(self, _: Request) -> Page:
            return page("Twice", *(form("/x", *radios("size", "S", "S", "L")) for _ in range(2)))

    shown = Browser({Twice.host: Twice()}, [HOME])
    do(shown, "@click [4]@")
    checked = re.findall(r"checked: (true|false)", shown.observation())
    assert checked == ["false", "true", "true", "false"]


def test_keys() -> None:
    shown = browser()
    assert do(shown, "@press [Tab]@") == ""
    assert f"[{MENU}] link 'Menu' hasPopup: menu expanded: False focused: True" in shown.observation()
    do(shown, "@press [Tab]@", "@press [Backspace]@")
    assert "textbox 'Name' focused: True" in shown.observation()
    do(shown, f"@click [{LONG}]@", "@press [End]@")
    assert ids(shown)[-1] == 62
    do(shown, "@press [Home]@", "@press [Tab]@", "@press [Enter]@")
    assert shown.tab.address == f"{HOME}line/0"
    assert do(shown, "@press [ctrl + a]@") == ""
    assert do(shown, "@press [Anykey]@") == "There is no key 'Anykey'."


def test_back_and_forward() -> None:
    shown = browser()
    assert do(shown, "@go_back@") == NO_WAY_BACK
    do(shown, f"@click [{LONG}]@", "@go_back@")
    assert shown.tab.address == HOME
    do(shown, "@go_forward@", "@goto [http://site.example/long]@")
    assert shown.tab.history == [HOME, f"{HOME}long"]
    do(shown, "@go_back@", "@goto [http://site.example/new]@")
    assert do(shown, "@go_forward@") == NO_WAY_ON
    do(shown, "@go_back@")
    assert shown.tab.address == HOME


def test_tabs() -> None:
    shown = browser()
    do(shown, "@new_tab@")
    assert shown.observation().split("\n") == [
        "Tab 0: Home | Tab 1 (current): about:blank", "[1] RootWebArea 'about:blank'", "Address: about:blank",
    ]  # fmt: skip
    do(shown, "@goto [http://site.example/long]@", "@tab_focus [0]@")
    assert shown.tab.address == HOME
    assert list(shown.choices())[-2:] == ["tab_focus [1]", "stop [answer]"]
    assert do(shown, "@tab_focus [2]@") == "There is no tab 2; they are counted from 0."
    do(shown, "@close_tab@")
    assert (len(shown.tabs), shown.tab.address) == (1, f"{HOME}long")
    do(shown, "@close_tab@")
    assert (len(shown.tabs), shown.tab.address) == (1, "about:blank")
    assert do(shown, *["@new_tab@"] * MAX_TABS) == NO_MORE_TABS


def test_addresses_that_lead_nowhere() -> None:
    shown = browser()
    do(shown, "@goto [http://nowhere.example/x]@")
    assert "cannot be reached" in shown.observation()
    assert shown.tab.address == "http://nowhere.example/x"
    do(shown, "@goto [http://SITE.example]@")
    assert shown.tab.address == HOME
    do(shown, "@goto [http://site.example/loop]@")
    assert shown.tab.address == "about:blank"
    for bad in ("http://", "http://a.example/" + "x" * 1000, "http://a\u2100b.example"):
        assert shown.refusal(Action("goto", 0, bad)) == BAD_ADDRESS


def test_looking_a_page_up_does_not_leave_the_one_that_is_open() -> None:
    shown = browser()
    assert shown.fetch("http://site.example/long").title == "Long"
    assert shown.tab.address == HOME


def test_locators() -> None:
    root = Element("RootWebArea", "Title", (region("a", text("one"), text("two", "b")), text("three", "b")))
    assert select(root, "#a") == "one\ntwo"
    assert select(root, "#b") == "two\nthree"
    assert select(root, "#c") == ""
    assert select(root, "#") == ""
    assert select(root, " ") == "Title\none\ntwo\nthree"
