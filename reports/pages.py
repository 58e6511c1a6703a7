"""Generated pages: without analytics, and without anything that would be loaded from elsewhere."""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_TRACKER = r"(?:googletagmanager\.com|google-analytics\.com|\bgtag\s*\()"
_SCRIPT = re.compile(r"\s*<script\b[^>]*>(?:(?!</script>).)*?</script>", re.DOTALL | re.IGNORECASE)
_TRACKER_CODE = re.compile(_TRACKER)
_DATA_TAG_LIMIT = 20_000
"""Scripts above this size are the bundle and the data; the tracker's tags are tiny."""

_HOST = r"(?P<url>(?:https?:)?//[A-Za-z0-9][^\s\"'`<>)\\]*)"
_LOADS = (
    re.compile(
        rf"<(?:script|img|iframe|source|video|audio|embed|object)\b[^>]*?\b(?:src|data)\s*=\s*[\"']{_HOST}",
        re.IGNORECASE,
    ),
    re.compile(rf"<link\b[^>]*?\bhref\s*=\s*[\"']{_HOST}", re.IGNORECASE),
)
_STYLE_LOADS = (
    re.compile(rf"@import\s+(?:url\()?[\"']?{_HOST}", re.IGNORECASE),
    re.compile(rf"url\(\s*[\"']?{_HOST}", re.IGNORECASE),
)
_CODE_LOADS = (
    re.compile(rf"\b(?:fetch|importScripts|import|sendBeacon)\(\s*[\"'`]{_HOST}"),
    re.compile(rf"\.open\(\s*[\"'`](?:GET|POST|PUT)[\"'`]\s*,\s*[\"'`]{_HOST}"),
    re.compile(
        rf"new\s+(?:WebSocket|EventSource|Worker)\(\s*[\"'`]{_HOST.replace('https?', '(?:https?|wss?)')}"
    ),
    re.compile(r"(?P<url>https://(?:www\.)?(?:googletagmanager|google-analytics)\.com[^\s\"'`]*)"),
)
_EMBEDDED = re.compile(r"(?:src|href)\s*=\s*\"data:text/(javascript|css);base64,([A-Za-z0-9+/=]+)\"")
_LOCAL = {"localhost", "127.0.0.1", ""}


_CASE = "div:has(>[data-testid=test-result-description])"
STYLE = "".join(
    (
        "<style>",
        # The generator's pie writes percentages wider than its hole, and its bars cut their longest labels.
        "[class*=centeredMetricTitle]{font-size:22px!important}",
        "[class*=barContainer] svg{overflow:visible}",
        # Its column is too narrow for a table of six columns.
        "[data-testid=base-layout]>div,",
        "div:has(>div>[data-testid=toggle-layout-button]){max-width:1240px!important}",
        # No run of ours writes anything for these two tabs.
        "[data-testid=nav-tab-qualityGate],[data-testid=nav-tab-globalErrors]{display:none!important}",
        # The verdict table belongs above parameters and labels.
        f"{_CASE}{{display:flex;flex-direction:column}}{_CASE}>*{{order:2}}",
        f"{_CASE}>:first-child,{_CASE}>div:has(>[data-testid=test-result-error]){{order:0}}",
        f"{_CASE}>[data-testid=test-result-description]{{order:1}}",
        "</style>",
    )
)
"""What the generator's own style leaves to be wished for. Only names that it gives to its parts for tests are used:
its class names change with every version."""


def clean(folder: Path) -> int:
    """Removes the analytics tags from every page below ``folder``; returns how many pages had some."""
    changed = 0
    for page in _pages(folder):
        text = page.read_text(encoding="utf-8")
        cleaned = without_analytics(text)
        changed += cleaned != text
        page.write_text(cleaned.replace("</head>", f"{STYLE}</head>", 1), encoding="utf-8", newline="\n")
    return changed


def _pages(folder: Path) -> list[Path]:
    """Generated pages; attachments are evidence and are left as they are."""
    return [path for path in sorted(folder.rglob("*.html")) if "attachments" not in path.parts]


def without_analytics(html: str) -> str:
    """The page without the script tags that belong to an analytics service."""

    def keep(match: re.Match[str]) -> str:
        tag = match.group()
        return "" if len(tag) < _DATA_TAG_LIMIT and _TRACKER_CODE.search(tag) else tag

    return _SCRIPT.sub(keep, html)


def foreign_hosts(folder: Path) -> set[str]:
    """Hosts from which a page, style sheet or script below ``folder`` would load something.

    Ordinary links that a reader may follow are allowed. Attachments are evidence, not part of the
    page, and are left alone.
    """
    hosts: set[str] = set()
    for path in sorted(folder.rglob("*")):
        if "attachments" in path.parts[:-1]:
            continue
        if path.suffix == ".html":
            hosts |= hosts_in_page(path.read_text(encoding="utf-8"))
        elif path.suffix in {".js", ".mjs"}:
            hosts |= _hosts(path.read_text(encoding="utf-8", errors="replace"), _CODE_LOADS)
        elif path.suffix == ".css":
            hosts |= _hosts(path.read_text(encoding="utf-8", errors="replace"), _STYLE_LOADS)
    return hosts


def hosts_in_page(html: str) -> set[str]:
    """Hosts that one page would load from, including what it carries in ``data:`` URLs."""
    hosts: set[str] = set()
    for kind, body in _embedded(html):
        hosts |= _hosts(body, _CODE_LOADS if kind == "javascript" else _STYLE_LOADS)
    rest = _EMBEDDED.sub("", html)
    hosts |= _hosts(rest, _LOADS)
    for script in _SCRIPT.findall(rest):
        if len(script) < _DATA_TAG_LIMIT:
            hosts |= _hosts(script, _CODE_LOADS)
    return hosts


def _embedded(html: str) -> Iterator[tuple[str, str]]:
    for kind, data in _EMBEDDED.findall(html):
        try:
            yield kind, base64.b64decode(data).decode("utf-8", errors="replace")
        except binascii.Error:
            continue


def _hosts(text: str, patterns: tuple[re.Pattern[str], ...]) -> set[str]:
    found = (
        urlsplit(match["url"]).hostname or "" for pattern in patterns for match in pattern.finditer(text)
    )
    return set(found) - _LOCAL
