"""Requests and completions as JSON, for the channel between a worker and its engine's process."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from acbench.engines.protocol import Completion, EngineSettings, Request, Sampling

if TYPE_CHECKING:
    from collections.abc import Mapping


def request_to_json(request: Request) -> dict[str, Any]:
    return asdict(request)


def request_from_json(data: Mapping[str, Any]) -> Request:
    sampling = dict(data["sampling"])
    sampling["stop"] = tuple(sampling["stop"])
    return Request(
        id=data["id"],
        token_ids=tuple(data["token_ids"]),
        sampling=Sampling(**sampling),
        score_from=data["score_from"],
        top=data.get("top", 0),
    )


def completion_from_json(data: Mapping[str, Any]) -> Completion:
    plain = dict(data)
    plain["token_ids"] = tuple(plain["token_ids"])
    plain["logprobs"] = tuple(plain["logprobs"])
    plain["top_ids"] = tuple(plain.get("top_ids", ()))
    return Completion(**plain)


def settings_from_json(data: Mapping[str, Any]) -> EngineSettings:
    return EngineSettings(**data)
