"""The user's upstream folder: the reader on files of the documented schema, written here."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from webshop_stubs import context, nothing, play

from acbench.errors import DataError
from acbench.tasks.webshop import open_task, replay, row_data
from acbench.tasks.webshop.upstream import PRICE_UNKNOWN, upstream_shop

if TYPE_CHECKING:
    from pathlib import Path

pytest.importorskip("rapidfuzz", reason="the longbench extra is not installed")


def item(number: str = "B0AAAAAAA1", **more: Any) -> dict[str, Any]:
    return {
        "asin": number,
        "name": "Weldon Rain Coat",
        "category": "fashion",
        "query": "Rain coat ",
        "product_category": "Clothing › Tops › Coats",
        "pricing": "$39.50",
        "customization_options": {"Color": [{"value": "Navy/White "}, {"value": "red"}], "fit": None},
        "small_description": ["Keeps dry", "Two pockets"],
        "full_description": "A coat.",
        **more,
    }


ATTRIBUTES = {"B0AAAAAAA1": {"attributes": ["windproof"], "instruction": "unused"}}


def row(number: Any = 0, info: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    described = {
        "product_id": "B0AAAAAAA1",
        "category": "fashion",
        "query": "rain coat",
        "product_name": "Weldon Rain Coat",
        "product_category": "Clothing › Tops › Coats",
        "attributes": ["windproof"],
        "price_upper": 50.0,
        "product_options": {"color": "red"},
        "weight": 1,
        **(info or {}),
    }
    return {
        "task": "webshop",
        "id": number,
        "goal": "a red coat",
        "subgoals": [],
        "difficulty": "easy",
        "additional_info": described,
        **more,
    }


def folder(path: Path, *rows: Any, items: Any = None, attributes: Any = None) -> Path:
    lines = [line if isinstance(line, str) else json.dumps(line) for line in rows]
    (path / "test.jsonl").write_text("\n\n".join(lines) + "\n", encoding="utf-8")
    (path / "items_shuffle.json").write_text(
        json.dumps([item()] if items is None else items), encoding="utf-8"
    )
    described = ATTRIBUTES if attributes is None else attributes
    (path / "items_ins_v2.json").write_text(json.dumps(described), encoding="utf-8")
    return path


def test_rows_become_samples_that_can_be_played(tmp_path: Path) -> None:
    folder(tmp_path, row(1), row(0, difficulty="hard"), row(2), row(3))
    task = open_task(context(data_dir=tmp_path, per_level=2, max_steps=9))
    found = task.samples()
    assert [(s.id, s.level, s.data["budget"]) for s in found] == [
        ("webshop-001", "easy", 9),
        ("webshop-000", "hard", 9),
        ("webshop-002", "easy", 9),
    ]
    json.dumps(dict(found[0].data))
    actions = ["search[rain coats]", "click[b0aaaaaaa1]", "click[red]", "click[buy now]"]
    assert replay(found[0], actions)[-1]["progress"] == 1.0
    assert play(task.open(found[0]), nothing)[0].scores["progress"] == 0


def test_products_are_read_as_documented(tmp_path: Path) -> None:
    folder(tmp_path, row(), items=[item(), item(name="The same number again"), item("B0AAAAAAA2")])
    first, second = upstream_shop(tmp_path).products
    assert (first.name, first.query, first.price) == ("Weldon Rain Coat", "rain coat", 39.5)
    assert first.options == {"color": ("navy | white", "red")}
    assert (first.attributes, second.attributes) == (("windproof",), ())
    assert first.bullets == ("Keeps dry", "Two pockets")


@pytest.mark.parametrize(("pricing", "low", "high"), [("$1,020.5", 1020.5, 1020.5), ("$10 to $20", 10, 20)])
def test_prices(tmp_path: Path, pricing: str, low: float, high: float) -> None:
    """A range gives a price within it, and the same one when read again."""
    folder(tmp_path, row(), items=[item(pricing=pricing)])
    price = upstream_shop(tmp_path).products[0].price
    upstream_shop.cache_clear()
    assert low <= upstream_shop(tmp_path).products[0].price == price <= high


def test_a_product_without_price(tmp_path: Path) -> None:
    folder(tmp_path, row(), items=[item(pricing=None)])
    assert upstream_shop(tmp_path).products[0].price == PRICE_UNKNOWN


def test_options_of_a_row_are_an_object_or_a_list() -> None:
    options = [row_data(row(info={"product_options": given}))["wanted"]["options"] for given in
               ({"color": "red", "fit": "wide"}, ["red", "wide"], {}, [])]  # fmt: skip
    assert options == [["red", "wide"], ["red", "wide"], [], []]


def test_a_limit_of_zero_is_no_limit(tmp_path: Path) -> None:
    folder(tmp_path, row(info={"price_upper": 0}))
    sample = open_task(context(data_dir=tmp_path)).samples()[0]
    actions = ["search[coat]", "click[B0AAAAAAA1]", "click[red]", "click[Buy Now]"]
    assert replay(sample, actions)[-1]["progress"] == 1.0


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ("{", r"test\.jsonl:1: not valid JSON"),
        ("[]", r"test\.jsonl:1: field 'additional_info' must be an object"),
        (row("0"), "'id' must be a whole number"),
        (row(difficulty="medium"), "'difficulty' must be easy or hard"),
        (row(goal=" "), "'goal' must be a text"),
        (row(info={"product_id": 7}), "additional_info.product_id must be a text"),
        (row(info={"product_id": "B0"}), r"product_id 'B0' is not in .*items_shuffle\.json"),
        (row(info={"query": None}), "additional_info.query must be a text"),
        (row(info={"attributes": "windproof"}), "additional_info.attributes must be a list of texts"),
        (row(info={"product_options": {"color": 3}}), "additional_info.product_options"),
        (row(info={"product_options": ["x"] * 13}), "more than 12"),
        (row(info={"price_upper": "50"}), "additional_info.price_upper must be a number"),
        ("", "there are no rows"),
    ],
)
def test_malformed_rows_are_named(tmp_path: Path, bad: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        open_task(context(data_dir=folder(tmp_path, bad))).samples()


@pytest.mark.parametrize(
    ("items", "attributes", "message"),
    [
        ({}, None, r"items_shuffle\.json: expected a list"),
        ([], None, r"items_shuffle\.json: there are no products"),
        ([7], None, r"items_shuffle\.json: product 0: expected an object"),
        ([item(), item(asin=None)], None, "product 1: field 'asin' must be a text"),
        ([item(name="")], None, "product 0: field 'name'"),
        ([item(pricing=7)], None, "field 'pricing' must be a text"),
        ([item(pricing="free")], None, "field 'pricing' has no price"),
        ([item(small_description=7)], None, "field 'small_description'"),
        ([item(customization_options=[])], None, "field 'customization_options' must be an object"),
        ([item(customization_options={"a": [3]})], None, "'customization_options', 'a': expected objects"),
        (None, [], r"items_ins_v2\.json: expected an object"),
        (
            None,
            {"B0AAAAAAA1": {"attributes": "x"}},
            r"items_ins_v2\.json: product 'B0AAAAAAA1': field 'attributes'",
        ),
    ],
)
def test_malformed_products_are_named(tmp_path: Path, items: Any, attributes: Any, message: str) -> None:
    folder(tmp_path, row(), items=items)
    if attributes is not None:
        (tmp_path / "items_ins_v2.json").write_text(json.dumps(attributes), encoding="utf-8")
    with pytest.raises(DataError, match=message):
        open_task(context(data_dir=tmp_path)).samples()


@pytest.mark.parametrize("name", ["test.jsonl", "items_shuffle.json", "items_ins_v2.json"])
def test_a_missing_file_is_named(tmp_path: Path, name: str) -> None:
    folder(tmp_path, row())
    (tmp_path / name).unlink()
    with pytest.raises(DataError, match=f"{name}: cannot be read"):
        open_task(context(data_dir=tmp_path)).samples()


def test_a_row_that_is_there_twice(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"test\.jsonl:3: id 1 is there twice"):
        open_task(context(data_dir=folder(tmp_path, row(1), row(1)))).samples()
