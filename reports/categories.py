"""Which problem a case that did not pass belongs to: the rules behind ``categories.json``.

First match wins. The expressions cover the whole message and are anchored at its beginning, because one
generation of the report generator wants a full match and the other searches: a look-ahead that is not anchored
would be asked again further on. Classes are matched where the exception's name
stands, at the beginning of the message, so that a quoted log cannot move a case elsewhere.
"""

from __future__ import annotations

from typing import Any

_ANY = r"[\s\S]*"
_BY_RECIPE = ({"label": "compression"}, {"label": "task"})
_BY_MODEL = ({"label": "model"}, {"label": "compression"})


def _says(text: str) -> str:
    return f"{_ANY}{text}{_ANY}"


def _raised(*classes: str) -> str:
    return rf"(?:[A-Za-z_]\w*\.)*(?:{'|'.join(classes)})\b{_ANY}"


def _rule(
    name: str, statuses: tuple[str, ...], message: str, *, group_by: tuple[dict[str, str], ...] = _BY_MODEL
) -> dict[str, Any]:
    return {
        "name": name,
        "matchedStatuses": list(statuses),
        "messageRegex": f"^(?:{message})",
        "groupBy": [dict(group) for group in group_by],
    }


def rules() -> list[dict[str, Any]]:
    """The categories in the order in which they are tried; JSON-ready."""
    gone_wrong = ("broken", "failed")
    return [
        _rule("Degradation beyond the limit", ("failed",), _says("degradation:"), group_by=_BY_RECIPE),
        _rule(
            "Inconclusive: more samples needed",
            ("failed", "broken", "skipped"),
            rf"(?!{_ANY}report-only:){_ANY}inconclusive:{_ANY}",
            group_by=_BY_RECIPE,
        ),
        _rule("Noise floor exceeded", ("failed",), _says("noise floor:"), group_by=_BY_RECIPE),
        _rule("Report-only: shown, not gated", ("skipped",), _says("report-only:"), group_by=_BY_RECIPE),
        _rule("Checkpoint not served as stored", gone_wrong, _raised("MisServed")),
        _rule(
            "Engine start or out of memory",
            gone_wrong,
            _raised("EngineStartError", "EngineDied", "OutOfMemory"),
        ),
        _rule("Time limit", gone_wrong, _raised("EngineTimeout", "LockTimeout", "TimeoutError")),
        _rule("Data or prompt drift", gone_wrong, _raised("DataError", "PromptDrift", "HashMismatch")),
        _rule("Worker crash", gone_wrong, r"worker '?[\w-]+'? crashed" + _ANY),
        _rule("Not supported here", gone_wrong, _raised("Unsupported")),
        _rule(
            "Model, checkpoint or store",
            gone_wrong,
            _raised("ModelError", "CompressionError", "StoreError", "CorruptArtifact", "ConfigError"),
        ),
        _rule("Not enough hardware", ("skipped",), _says("(?:GPU|CUDA|memory|hardware|device)")),
    ]
