"""The configuration of a calibration: defaults, every range, every message."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from acbench.compress.calibration import CalibrationSpec
from acbench.errors import ConfigError

WHERE = "acbench.toml: [recipes.gptq-w4g64]"


def test_defaults_are_those_of_real_runs() -> None:
    spec = CalibrationSpec.from_table({}, WHERE)
    assert (spec.samples, spec.length, spec.seed, spec.source, spec.allow_overlap) == (
        128,
        512,
        0,
        "pack",
        False,
    )


@pytest.mark.parametrize(
    "table",
    [
        {"samples": 1, "length": 32},
        {"samples": 4096, "length": 32768, "seed": 42, "allow_overlap": True},
        {"source": "path:notes/a folder with blanks"},
        {"source": "hf:mit-han-lab/pile-val-backup"},
        {"source": "hf:owner/name@refs/convert/parquet"},
    ],
)
def test_tables_that_are_fine(table: dict[str, Any]) -> None:
    spec = CalibrationSpec.from_table(table, WHERE)
    assert all(getattr(spec, key) == value for key, value in table.items())


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"sample": 4}, "unknown key calibration.sample; did you mean 'samples'"),
        ({"samples": 0}, "calibration.samples must be 1 to 4096, not 0"),
        ({"samples": 4097}, "calibration.samples must be 1 to 4096, not 4097"),
        ({"length": 31}, "calibration.length must be 32 to 32768, not 31"),
        ({"length": 32769}, "calibration.length must be 32 to 32768, not 32769"),
        ({"seed": -1}, "calibration.seed must not be negative, not -1"),
        ({"samples": "128"}, "calibration.samples must be int, not '128'"),
        ({"samples": True}, "calibration.samples must be int, not True"),
        ({"length": 512.0}, "calibration.length must be int, not 512.0"),
        ({"allow_overlap": 1}, "calibration.allow_overlap must be bool, not 1"),
        (
            {"source": "wikitext"},
            "calibration.source must be pack, path:FILE_OR_FOLDER or hf:owner/name@revision",
        ),
        ({"source": "path:"}, "not 'path:'"),
        ({"source": "hf:name"}, "not 'hf:name'"),
        ({"source": "packs"}, "not 'packs'"),
    ],
)
def test_tables_that_are_refused(table: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        CalibrationSpec.from_table(table, WHERE)
    assert message in str(caught.value)
    assert str(caught.value).startswith(f"{WHERE}: ")


def test_what_is_no_table_at_all() -> None:
    with pytest.raises(ConfigError, match="calibration must be a table, not 128"):
        CalibrationSpec.from_table(128, WHERE)  # type: ignore[arg-type]


def test_reading_a_specification_loads_nothing_heavy() -> None:
    code = (
        "import sys, acbench.compress.calibration; "
        "print([m for m in ('torch', 'transformers', 'numpy', 'tokenizers', 'acbench.texts') if m in sys.modules])"
    )
    shown = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert shown.stdout.strip() == "[]"
