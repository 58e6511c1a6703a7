"""The command line around one library build."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from acbench.compress.backends import run
from acbench.compress.backends.run import main, parse_params
from acbench.compress.backends.samples import token_hash
from acbench.errors import CompressionError, ConfigError

SAMPLES = [[1, 2], [3, 4]]


def test_values_are_json_and_else_text() -> None:
    found = parse_params(["bits=4", "symmetric=false", "damp=0.05", "order=static", "file=a=b.yaml"])
    assert found == {"bits": 4, "symmetric": False, "damp": 0.05, "order": "static", "file": "a=b.yaml"}
    with pytest.raises(ConfigError, match="expected name=value"):
        parse_params(["bits"])


def test_one_build(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    calls: list[tuple[str, Any, str]] = []

    def job(module: str, asked: Any, *, log: Path, python: str = "own", threads: int = 1) -> dict[str, Any]:
        calls.append((module, asked, python))
        if module.endswith("basecheck"):
            return {"nll": 3.25}
        (Path(asked["out"]) / "acbench.json").write_text(json.dumps({"touched": 7, "per_layer": {"a": 1}}))
        return {"touched": 7}

    monkeypatch.setattr(run, "run_job", job)
    monkeypatch.setattr(
        run, "interpreter", lambda slug, explicit: Path("/env") / slug / (explicit or "python")
    )
    file = tmp_path / "calibration.json"
    content = {"hash": token_hash(SAMPLES), "samples": SAMPLES, "length": 2, "seed": 3, "source": "pack"}
    file.write_text(json.dumps(content))
    arguments = ["gptqmodel", "gptq", str(tmp_path / "m"), str(tmp_path / "out"), "--param", "bits=4"]
    assert main([*arguments, "--calibration", str(file), "--threads", "2"]) == 0
    (check, base, _), (module, asked, python) = calls
    assert (check, base["samples"]) == ("acbench.compress.backends.basecheck", SAMPLES)
    assert (module, python) == ("acbench.compress.backends.gptqmodel", "/env/gptqmodel/python")
    assert asked["reference"] == {"samples": SAMPLES, "nll": 3.25}
    assert asked["calibration"] == {
        "path": str(file),
        "hash": content["hash"],
        "samples": 2,
        "length": 2,
        "seed": 3,
        "source": "pack",
    }
    assert (asked["params"], asked["threads"], asked["trust_remote_code"]) == ({"bits": 4}, 2, False)
    assert json.loads(capsys.readouterr().out) == {"touched": 7}


def test_errors_are_said_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def missing(slug: str, explicit: str) -> Path:
        raise CompressionError(f"no environment for {slug}{explicit}")

    monkeypatch.setattr(run, "interpreter", missing)
    arguments = ["llm-compressor", "fp8", str(tmp_path / "m"), str(tmp_path / "out")]
    assert main(arguments) == 1
    assert capsys.readouterr().err == "error: no environment for llm-compressor\n"
    assert main([*arguments, "--param", "bits=8"]) == 1
    assert "supports no parameters" in capsys.readouterr().err
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "kept").touch()
    assert main(arguments) == 1
    assert "is not empty; give a new folder" in capsys.readouterr().err
