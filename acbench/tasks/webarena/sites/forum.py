"""The forum: boards, posts, comments, votes, subscriptions, and a cookie for who is signed in."""

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
    region,
    text,
    textbox,
)

if TYPE_CHECKING:
    from acbench.tasks.webarena.draws import Draws
    from acbench.tasks.webarena.sites.routes import Routes

BOARDS = {
    "gardening": ("tomatoes", "compost", "roses", "slugs", "pruning", "raised beds"),
    "cycling": ("flat tyres", "night rides", "saddles", "chain oil", "bike lanes", "gears"),
    "baking": ("sourdough", "rye bread", "pie crust", "yeast", "oven stones", "brioche"),
    "astronomy": ("meteor showers", "eyepieces", "Saturn", "star maps", "dark skies", "tripods"),
    "chess": ("endgames", "openings", "blitz", "old clocks", "puzzles", "notation"),
}
PHRASES = ("A question about {}", "My first try at {}", "What nobody tells you about {}", "Help with {}",
           "A photo of my {}", "Rules for {}")  # fmt: skip
USERS = ("marlo", "pepin", "quill", "rosta", "sable", "tovik", "umber", "vesna", "willow", "yarrow")
REMARKS = ("I had the same thought.", "Thanks, this helped.", "I am not so sure.", "Try it twice.",
           "Where did you read that?", "This is the way.")  # fmt: skip
ACCOUNT = "heron"
PASSWORD = "stillwater"  # noqa: S105 - of a made-up account, told in the goal
PER_BOARD = 6


@dataclass(slots=True)
class Post:
    number: int
    board: str
    title: str
    author: str
    votes: int
    body: str
    comments: list[tuple[str, str]] = field(default_factory=list)
    voted: bool = False

    @property
    def path(self) -> str:
        return f"/b/{self.board}/{self.number}"


class Forum:
    """Five boards of six posts. Writing needs the cookie ``user``, which signing in sets."""

    host = "forum.talkpost.example"

    def __init__(self, draws: Draws) -> None:
        self.posts = _posts(draws)
        self.cookies = {"user": ACCOUNT}
        self.subscribed: list[str] = []
        self.bio = ""
        self._routes: Routes = {
            "get /": self._home, "get /search": self._search, "get /login": self._login, "post /login": self._sign_in,
            "post /logout": self._sign_out, "get /b/*": self._board, "post /b/*/subscribe": self._subscribe,
            "get /submit/*": self._submit, "post /submit/*": self._publish, "get /b/*/*": self._post,
            "post /b/*/*/comment": self._comment, "post /b/*/*/vote": self._vote, "get /user/*": self._user,
            "post /user/*": self._describe,
        }  # fmt: skip

    def respond(self, request: Request) -> Page | Redirect:
        return dispatch(self._routes, request)

    def board(self, name: str) -> list[Post]:
        return [post for post in self.posts if post.board == name]

    def _page(self, title: str, *children: Element) -> Page:
        user = self.cookies.get("user")
        account = link(user, f"/user/{user}", "signed in") if user else link("Sign in", "/login")
        top = navigation(link("Talkpost", "/"), account)
        out = [button("Sign out", target="/logout")] if user else []
        return page(title, top, *children, *out)

    def _home(self, _: Request) -> Page:
        boards = (link(name, f"/b/{name}", f"{len(self.board(name))} posts") for name in BOARDS)
        find = form("/search", textbox("Search posts", "q"), button("Search"), method="get")
        return self._page("Talkpost", heading("Boards"), *boards, find)

    def _search(self, request: Request) -> Page:
        words = tidy(request.query.get("q", ""))
        found = [post for post in self.posts if found_by(words, post.title)]
        return self._page(f"Search: {words}", heading(f"{len(found)} posts"), *map(_listed, found))

    def _login(self, request: Request) -> Page:
        wrong = [text("Name or password is wrong.")] if "failed" in request.query else []
        fields = (textbox("Name", "name"), textbox("Password", "password"), button("Log in"))
        return self._page("Sign in", heading("Sign in"), *wrong, form("/login", *fields))

    def _sign_in(self, request: Request) -> Redirect:
        if (request.form.get("name"), request.form.get("password")) != (ACCOUNT, PASSWORD):
            return Redirect("/login?failed=1")
        self.cookies["user"] = ACCOUNT
        return Redirect(f"/user/{ACCOUNT}")

    def _sign_out(self, _: Request) -> Redirect:
        self.cookies.clear()
        return Redirect("/")

    def _board(self, request: Request, name: str) -> Page | None:
        posts = self.board(name)
        if name not in BOARDS:
            return None
        if request.query.get("sort") == "top":
            posts = sorted(posts, key=lambda post: -post.votes)
        word = f"Subscribed to {name}" if name in self.subscribed else "Subscribe"
        return self._page(
            name, heading(name), link("Sort by votes", f"/b/{name}?sort=top"), link("New post", f"/submit/{name}"),
            region("subscription", button(word, target=f"/b/{name}/subscribe")), *map(_listed, posts),
        )  # fmt: skip

    def _subscribe(self, _: Request, name: str) -> Redirect | None:
        if name not in BOARDS:
            return None
        if "user" not in self.cookies:
            return Redirect("/login")
        if name in self.subscribed:
            self.subscribed.remove(name)
        else:
            self.subscribed.append(name)
        return Redirect(f"/b/{name}")

    def _submit(self, _: Request, name: str) -> Page | Redirect | None:
        if name not in BOARDS:
            return None
        if "user" not in self.cookies:
            return Redirect("/login")
        fields = (textbox("Title", "title"), textbox("Body", "body"), button("Publish"))
        return self._page(
            f"New post in {name}", heading(f"New post in {name}"), form(f"/submit/{name}", *fields)
        )

    def _publish(self, request: Request, name: str) -> Redirect | None:
        if name not in BOARDS:
            return None
        title, user = tidy(request.form.get("title", "")), self.cookies.get("user")
        if not title or user is None:
            return Redirect(f"/submit/{name}")
        number = max(post.number for post in self.posts) + 1
        body = tidy(request.form.get("body", ""))
        self.posts.insert(0, Post(number, name, title, user, 1, body))
        return Redirect(f"/b/{name}/{number}")

    def _find(self, board: str, number: str) -> Post | None:
        return next((post for post in self.board(board) if str(post.number) == number), None)

    def _post(self, _: Request, board: str, number: str) -> Page | None:
        post = self._find(board, number)
        if post is None:
            return None
        votes = f"{post.votes} votes" + (f", you voted for: {post.title}" if post.voted else "")
        comments = (text(f"{author}: {words}") for author, words in post.comments)
        return self._page(
            post.title, heading(post.title, "title"), link(post.author, f"/user/{post.author}", "author"),
            text(post.body or "(no text)", "body"), text(votes, "votes"),
            button("Withdraw vote" if post.voted else "Upvote", target=f"{post.path}/vote"),
            heading(f"{len(post.comments)} comments"), region("comments", *comments),
            form(f"{post.path}/comment", textbox("Your comment", "words"), button("Post comment")),
            link(f"Back to {board}", f"/b/{board}"),
        )  # fmt: skip

    def _comment(self, request: Request, board: str, number: str) -> Redirect | None:
        post, words, user = (
            self._find(board, number),
            tidy(request.form.get("words", "")),
            self.cookies.get("user"),
        )
        if post is None:
            return None
        if user is None:
            return Redirect("/login")
        if words:
            post.comments.append((user, words))
        return Redirect(post.path)

    def _vote(self, _: Request, board: str, number: str) -> Redirect | None:
        post = self._find(board, number)
        if post is None:
            return None
        if "user" not in self.cookies:
            return Redirect("/login")
        post.voted = not post.voted
        post.votes += 1 if post.voted else -1
        return Redirect(post.path)

    def _user(self, _: Request, name: str) -> Page | None:
        posts = [post for post in self.posts if post.author == name]
        if name not in (*USERS, ACCOUNT):
            return None
        own = [form(f"/user/{name}", textbox("About me", "bio", self.bio), button("Save"))]
        return self._page(
            name, heading(name), text(self.bio or "(nothing about this user)", "bio") if name == ACCOUNT
            else text(f"Writes about {posts[0].board}." if posts else "Reads only."),
            heading(f"{len(posts)} posts"), *map(_listed, posts),
            *(own if name == self.cookies.get("user") else ()),
        )  # fmt: skip

    def _describe(self, request: Request, name: str) -> Redirect:
        if name == self.cookies.get("user"):
            self.bio = tidy(request.form.get("bio", ""))
        return Redirect(f"/user/{name}")


def _listed(post: Post) -> Element:
    return link(post.title, post.path, f"by {post.author}, {post.votes} votes, {len(post.comments)} comments")


def _posts(draws: Draws) -> list[Post]:
    """Six per board: one per subject, votes all different within a board."""
    made: list[Post] = []
    for board, subjects in BOARDS.items():
        votes = draws.some(range(3, 240), PER_BOARD)
        phrases = draws.some(PHRASES, PER_BOARD)
        for subject, count, phrase in zip(draws.some(subjects, PER_BOARD), votes, phrases, strict=True):
            comments = [(draws.one(USERS), draws.one(REMARKS)) for _ in range(draws.below(4))]
            body = f"I have been thinking about {subject} for {draws.between(2, 30)} days."
            made.append(
                Post(
                    1000 + 3 * len(made),
                    board,
                    phrase.format(subject),
                    draws.one(USERS),
                    count,
                    body,
                    comments,
                )
            )
    return made
