"""Nine intents for the forum."""

from __future__ import annotations

from typing import TYPE_CHECKING

from acbench.tasks.webarena.intents.drafts import (
    Draft,
    answer,
    click,
    fill,
    reach,
    reach_and_show,
    search,
    shows,
    stop,
)
from acbench.tasks.webarena.sites.forum import ACCOUNT, BOARDS, PASSWORD

if TYPE_CHECKING:
    from acbench.tasks.webarena.draws import Draws
    from acbench.tasks.webarena.sites import Sites

TITLES = ("A swap meeting in May", "Beginners ask here", "Looking for old books")
BODIES = ("Everybody is welcome.", "Bring what you have.", "Please answer by Friday.")
BIOS = ("I read more than I write.", "Up before the sun.", "Here since the first day.")
COMMENTS = ("Well said, thank you.", "I will try this tonight.", "This should be on top.")


def drafts(sites: Sites, draws: Draws) -> list[Draft]:
    forum = sites.forum
    home = f"http://{forum.host}"
    opened, joined, busy = draws.some(list(BOARDS), 3)
    word = draws.one([subject for subject in BOARDS["chess"] if " " not in subject])
    voted, asked = draws.some(forum.posts, 2)
    best = max(forum.board(busy), key=lambda post: post.votes)
    title, body, bio, comment = (draws.one(group) for group in (TITLES, BODIES, BIOS, COMMENTS))
    return [
        Draft(1, "Open the board '{board}'.", {"board": opened}, reach(f"{home}/b/{opened}"), click(opened)),
        Draft(1, "Open your profile: click on the link '{user}'.", {"user": ACCOUNT},
              reach(f"{home}/user/{ACCOUNT}"), click(ACCOUNT)),
        Draft(1, "Search the posts for '{word}'.", {"word": word}, reach(f"{home}/search?q={word}"),
              search("Search posts", word)),
        Draft(2, "Subscribe to the board '{board}'.", {"board": joined},
              shows((f"{home}/b/{joined}", "#subscription", [f"Subscribed to {joined}"])), click(joined, "Subscribe")),
        Draft(2, "Upvote the post '{title}' in the board '{board}'.", {"title": voted.title, "board": voted.board},
              shows((home + voted.path, "#votes", [f"you voted for: {voted.title}"])),
              click(voted.board, voted.title, "Upvote")),
        Draft(2, "Who wrote the post '{title}' in the board '{board}'? Stop with the name.",
              {"title": asked.title, "board": asked.board}, answer(asked.author),
              click(asked.board) + stop(asked.author)),
        Draft(3, "Publish a post in the board '{board}' with the title '{title}' and the body '{body}'",
              {"board": opened, "title": title, "body": body},
              shows(("last", "#title", [title]), ("last", "#body", [body])),
              click(opened, "New post") + fill("Title", title) + fill("Body", body) + click("Publish")),
        Draft(3, "Sign out, sign in again as '{user}' with the password '{password}', and write into your profile "
                 "about yourself: '{bio}'", {"user": ACCOUNT, "password": PASSWORD, "bio": bio},
              shows((f"{home}/user/{ACCOUNT}", "#bio", [bio])),
              click("Sign out", "Sign in") + fill("Name", ACCOUNT) + fill("Password", PASSWORD) + click("Log in")
              + fill("About me", bio) + click("Save")),
        Draft(3, "Write the comment '{comment}' under the post with the most votes in the board '{board}'.",
              {"comment": comment, "board": busy},
              reach_and_show(home + best.path, ("last", "#comments", [f"{ACCOUNT}: {comment}"])),
              click(busy, "Sort by votes", best.title) + fill("Your comment", comment) + click("Post comment")),
    ]  # fmt: skip
