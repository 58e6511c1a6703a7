"""Reads an .xlsx workbook into plain sheets: shown texts, decimals, notes, merged areas. Standard library only."""

from __future__ import annotations

import re
import zipfile
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

from acbench.errors import DataError
from acbench.tasks.tools.grid import Format

if TYPE_CHECKING:
    from pathlib import Path

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_LINK = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_BUILT_IN = {1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00"}
_MOST_BYTES = 50_000_000

Node = ET.Element


def read_workbook(path: Path) -> dict[str, dict[str, Any]]:
    """All sheets by name, as ``sheet.grid_of`` takes them. Raises DataError naming the file."""
    try:
        with zipfile.ZipFile(path) as archive:
            return _Workbook(archive).sheets()
    except (OSError, zipfile.BadZipFile, KeyError, IndexError, ValueError, ET.ParseError) as error:
        raise DataError(f"{path}: not a workbook this version can read ({error!r})") from error


class _Workbook:
    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._names = set(archive.namelist())
        shared = self._xml("xl/sharedStrings.xml") if "xl/sharedStrings.xml" in self._names else None
        self._texts = [_text(node) for node in shared] if shared is not None else []
        self._formats = self._read_formats()

    def sheets(self) -> dict[str, dict[str, Any]]:
        links = self._links("xl/workbook.xml")
        listed = self._xml("xl/workbook.xml").iter(f"{_MAIN}sheet")
        return {node.attrib["name"]: self._sheet(links[node.attrib[_LINK]]) for node in listed}

    def _xml(self, name: str) -> Node:
        if self._archive.getinfo(name).file_size > _MOST_BYTES:
            raise ValueError(f"{name} is too large")
        return ET.fromstring(self._archive.read(name))  # noqa: S314 - the user's own file; expat limits entities

    def _links(self, name: str) -> dict[str, str]:
        """Targets of a part's relations, by id and by kind, as names in the archive."""
        place = PurePosixPath(name)
        relations = f"{place.parent}/_rels/{place.name}.rels"
        found: dict[str, str] = {}
        if relations in self._names:
            for node in self._xml(relations):
                target = _joined(place.parent, node.attrib["Target"])
                found[node.attrib["Id"]] = target
                found[node.attrib["Type"].rsplit("/", 1)[1]] = target
        return found

    def _read_formats(self) -> list[Format]:
        """The number format of every style."""
        styles = self._xml("xl/styles.xml")
        codes = dict(_BUILT_IN)
        for node in styles.iter(f"{_MAIN}numFmt"):
            codes[int(node.attrib["numFmtId"])] = node.attrib["formatCode"]
        listed = styles.find(f"{_MAIN}cellXfs")
        numbers = [int(node.attrib.get("numFmtId", 0)) for node in (listed if listed is not None else ())]
        return [_format(codes.get(number, "")) for number in numbers]

    def _sheet(self, name: str) -> dict[str, Any]:
        root = self._xml(name)
        cells: dict[tuple[int, int], tuple[str, Format]] = {}
        for node in root.iter(f"{_MAIN}c"):
            content = self._content(node)
            if content[0]:
                cells[_place(node.attrib["r"])] = content
        formats = {
            _place(node.attrib["r"]): self._formats[int(node.attrib.get("s", 0))]
            for node in root.iter(f"{_MAIN}c")
        }
        height = max((row for row, _ in cells), default=0)
        width = max((column for _, column in cells), default=0)
        rows = [
            [cells.get((row, column), ("", Format()))[0] for column in range(1, width + 1)]
            for row in range(1, height + 1)
        ]
        decimals = [
            [_plain(formats.get((row, column), Format())) for column in range(1, width + 1)]
            for row in range(1, height + 1)
        ]
        merged = [node.attrib["ref"].split(":") for node in root.iter(f"{_MAIN}mergeCell")]
        return {"rows": rows, "decimals": decimals, "notes": self._notes(name), "merged": merged}

    def _content(self, node: Node) -> tuple[str, Format]:
        """The shown text of a cell and its format."""
        shape = self._formats[int(node.attrib.get("s", 0))]
        kind = node.attrib.get("t", "n")
        value = node.findtext(f"{_MAIN}v") or ""
        if kind == "s":
            return self._texts[int(value)], shape
        if kind == "inlineStr":
            return _text(node), shape
        if kind != "n" or not value:
            return value, shape
        return shape.show(float(value)).replace(",", ""), shape

    def _notes(self, name: str) -> dict[str, str]:
        target = self._links(name).get("comments")
        if target is None:
            return {}
        return {node.attrib["ref"]: _text(node) for node in self._xml(target).iter(f"{_MAIN}comment")}


def _format(code: str) -> Format:
    found = re.fullmatch(r"(#,##)?0(?:\.(0+))?", code)
    return Format(len(found[2] or ""), thousands=bool(found[1])) if found else Format()


def _plain(shape: Format) -> Any:
    return [shape.decimals, True] if shape.thousands else shape.decimals


def _text(node: Node) -> str:
    return "".join(part.text or "" for part in node.iter(f"{_MAIN}t"))


def _joined(folder: PurePosixPath, target: str) -> str:
    """A relation's target from the archive's root."""
    parts: list[str] = []
    for part in (target.lstrip("/") if target.startswith("/") else f"{folder}/{target}").split("/"):
        if part == "..":
            parts.pop()
        elif part != ".":
            parts.append(part)
    return "/".join(parts)


def _place(position: str) -> tuple[int, int]:
    found = re.fullmatch(r"([A-Z]+)([0-9]+)", position)
    if found is None:
        raise ValueError(f"{position!r} is not a cell")
    column = 0
    for letter in found[1]:
        column = 26 * column + ord(letter) - ord("A") + 1
    return int(found[2]), column
