"""Reads the user's upstream folder: goals from ``test.jsonl``, products from the shop's two files.

``items_shuffle.json`` is a list of products; ``items_ins_v2.json`` has their attributes by product number.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from acbench.errors import DataError
from acbench.tasks.protocol import Sample
from acbench.tasks.webshop.catalogue import Draws
from acbench.tasks.webshop.products import Product, Shop
from acbench.tasks.webshop.reward import MOST_OPTIONS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from acbench.tasks.webshop.settings import Settings

ROWS_FILE, ITEMS_FILE, ATTRIBUTES_FILE = "test.jsonl", "items_shuffle.json", "items_ins_v2.json"
PRICE_UNKNOWN = 100.0
"""What a product without a price costs, as published, in dollars."""

_NUMBER = re.compile(r"\d+(?:\.\d+)?")


def upstream_samples(folder: Path, settings: Settings) -> list[Sample]:
    """All rows of ``test.jsonl``, in their order; level = the row's difficulty.

    Raises DataError naming file, line and field for what is missing, malformed, there twice, or sold nowhere.
    """
    path = folder / ROWS_FILE
    shop = upstream_shop(folder)
    samples: dict[str, Sample] = {}
    taken: dict[str, int] = {}
    for number, line in enumerate(_text(path).splitlines(), start=1):
        if not line.strip():
            continue
        where = f"{path}:{number}"
        data = {**row_data(_json(line, where), folder, where), "budget": settings.max_steps}
        if shop.product(data["product_id"]) is None:
            raise DataError(
                f"{where}: additional_info.product_id {data['product_id']!r} is not in {folder / ITEMS_FILE}"
            )
        name, level = f"webshop-{data['id']:03d}", data["difficulty"]
        if name in samples:
            raise DataError(f"{where}: id {data['id']} is there twice")
        taken[level] = taken.get(level, 0) + 1
        if settings.per_level is None or taken[level] <= settings.per_level:
            samples[name] = Sample(name, data, level, cluster=name, estimated_turns=settings.max_steps)
    if not samples:
        raise DataError(f"{path}: there are no rows")
    return list(samples.values())


def row_data(row: Any, folder: Path | None = None, where: str = "webshop row") -> dict[str, Any]:
    """A row as a sample's data; ``folder`` has the products, None for the embedded catalogue."""
    if not isinstance(row, dict) or not isinstance(row.get("additional_info"), dict):
        raise DataError(f"{where}: field 'additional_info' must be an object")
    info = row["additional_info"]
    if row.get("difficulty") not in ("easy", "hard"):
        raise DataError(f"{where}: field 'difficulty' must be easy or hard")
    number = row.get("id")
    if isinstance(number, bool) or not isinstance(number, int) or number < 0:
        raise DataError(f"{where}: field 'id' must be a whole number")
    if not isinstance(row.get("goal"), str) or not row["goal"].strip():
        raise DataError(f"{where}: field 'goal' must be a text")
    return {
        "source": "embedded" if folder is None else "upstream",
        "shop": None if folder is None else str(folder),
        "id": number,
        "goal": row["goal"],
        "product_id": _named(info, "product_id", where),
        "wanted": {
            "name": _named(info, "product_name", where),
            "query": _named(info, "query", where),
            "category": _named(info, "product_category", where),
            "attributes": _texts(info.get("attributes"), "attributes", where),
            "options": _wanted_options(info.get("product_options"), where),
            "price_upper": _limit(info.get("price_upper"), where),
        },
        "hint": "",
        "plan": [],
        "budget": 30,
        "difficulty": row["difficulty"],
    }


def _named(info: Mapping[str, Any], field: str, where: str) -> str:
    value = info.get(field)
    if not isinstance(value, str):
        raise DataError(f"{where}: additional_info.{field} must be a text")
    return value


def _texts(value: Any, field: str, where: str) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise DataError(f"{where}: additional_info.{field} must be a list of texts")
    return list(value)


def _wanted_options(value: Any, where: str) -> list[str]:
    """The wanted values: of an object group -> value, or a list of values."""
    found = _texts(
        list(value.values()) if isinstance(value, dict) else value or [], "product_options (values)", where
    )
    if len(found) > MOST_OPTIONS:
        raise DataError(f"{where}: additional_info.product_options has more than {MOST_OPTIONS} values")
    return found


def _limit(value: Any, where: str) -> float | None:
    """The price limit; 0 and below say that there is none."""
    if isinstance(value, bool) or not isinstance(value, int | float) or math.isnan(value):
        raise DataError(f"{where}: additional_info.price_upper must be a number")
    return float(value) if value > 0 else None


@lru_cache(maxsize=2)
def upstream_shop(folder: Path) -> Shop:
    """The products of the user's folder, once per folder. Raises DataError naming file, product and field."""
    items_path, attributes_path = folder / ITEMS_FILE, folder / ATTRIBUTES_FILE
    items = _json(_text(items_path), str(items_path))
    attributes = _json(_text(attributes_path), str(attributes_path))
    if not isinstance(items, list):
        raise DataError(f"{items_path}: expected a list of products")
    if not isinstance(attributes, dict):
        raise DataError(f"{attributes_path}: expected an object of products by number")
    products: dict[str, Product] = {}
    for place, item in enumerate(items):
        product = _product(item, attributes, f"{items_path}: product {place}", attributes_path)
        products.setdefault(product.id.lower(), product)
    if not products:
        raise DataError(f"{items_path}: there are no products")
    return Shop(products.values())


def _product(item: Any, attributes: Mapping[str, Any], where: str, attributes_path: Path) -> Product:
    if not isinstance(item, dict):
        raise DataError(f"{where}: expected an object")
    number = _field(item, "asin", where)
    described = attributes.get(number, {})
    found = described.get("attributes") or [] if isinstance(described, dict) else None
    if not isinstance(found, list) or not all(isinstance(text, str) for text in found):
        raise DataError(f"{attributes_path}: product {number!r}: field 'attributes' must be a list of texts")
    return Product(
        id=number,
        name=_field(item, "name", where),
        query=_field(item, "query", where).strip().lower(),
        category=_field(item, "product_category", where),
        attributes=tuple(found),
        options=_options(item.get("customization_options"), where),
        price=_price(item.get("pricing"), number, where),
        bullets=_bullets(item.get("small_description"), where),
        description=str(item.get("full_description") or ""),
    )


def _field(item: Mapping[str, Any], field: str, where: str) -> str:
    value = item.get(field)
    if not isinstance(value, str) or not value.strip():
        raise DataError(f"{where}: field {field!r} must be a text")
    return value


def _bullets(value: Any, where: str) -> tuple[str, ...]:
    if value is None or isinstance(value, str):
        return (value,) if value else ()
    if not isinstance(value, list):
        raise DataError(f"{where}: field 'small_description' must be a text or a list of texts")
    return tuple(str(line) for line in value)


def _options(value: Any, where: str) -> dict[str, tuple[str, ...]]:
    """Group -> values, of an object group -> list of objects with a ``value``."""
    if value is None or value == "":
        return {}
    if not isinstance(value, dict):
        raise DataError(f"{where}: field 'customization_options' must be an object")
    options = {}
    for group, contents in value.items():
        if contents is None:
            continue
        if not isinstance(contents, list) or not all(
            isinstance(content, dict) and isinstance(content.get("value"), str) for content in contents
        ):
            raise DataError(
                f"{where}: field 'customization_options', {group!r}: expected objects with a value"
            )
        # A button ends at the first bracket, so a value has none.
        values = (re.sub(r"[\[\]\s]+", " ", content["value"].replace("/", " | ")) for content in contents)
        options[str(group).lower()] = tuple(value.strip().lower() for value in values)
    return options


def _price(value: Any, number: str, where: str) -> float:
    """One price, or a draw between the first two that is the same every time, in dollars."""
    if value is None or value == "":
        return PRICE_UNKNOWN
    if not isinstance(value, str):
        raise DataError(f"{where}: field 'pricing' must be a text such as '$12.50'")
    amounts = [float(text) for text in _NUMBER.findall(value.replace(",", ""))][:2]
    if not amounts:
        raise DataError(f"{where}: field 'pricing' has no price: {value!r}")
    low, high = min(amounts), max(amounts)
    seed = int.from_bytes(hashlib.sha256(number.encode()).digest()[:8], "big")
    return low if low == high else round(low + (high - low) * Draws(seed).below(10_001) / 10_000, 2)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: cannot be read ({error})") from error


def _json(text: str, where: str) -> Any:
    try:
        return json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        raise DataError(f"{where}: not valid JSON ({error})") from error
