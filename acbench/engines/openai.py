"""Any OpenAI-compatible server: the way to models larger than one machine.

``vllm serve MODEL --tensor-parallel-size 8 --pipeline-parallel-size 2`` over Ray is the documented
set-up. Token ids go to ``/v1/completions``, so the rendering stays ours. Settings in ``engine.extra``:
``base_url`` (required), ``model`` (served name, default: the only one), ``api_key_env`` (variable that holds the
key), ``concurrency`` (default ``max_num_seqs``), ``timeout_s`` (per request, default 600).
"""

from __future__ import annotations

import json
import os
import queue
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from acbench.engines.protocol import Completion, EngineIdentity
from acbench.errors import ConfigError, EngineDied, EngineError, EngineStartError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from acbench.engines.protocol import EngineSettings, Request

RETRIES = 3
RETRY_DELAY_S = 1.0
"""Before the second attempt; doubled before each further one."""


class OpenAIEngine:
    """The Engine seam over HTTP; requests run on a bounded thread pool."""

    def __init__(self, settings: EngineSettings) -> None:
        extra = settings.extra
        if "base_url" not in extra:
            raise ConfigError(
                "engine.extra.base_url is missing: where does the OpenAI-compatible server listen?"
            )
        self._base = str(extra["base_url"]).rstrip("/")
        if not self._base.startswith(("http://", "https://")):
            raise ConfigError(f"engine.extra.base_url {self._base!r} must start with http:// or https://")
        self._key = os.environ.get(str(extra.get("api_key_env", "OPENAI_API_KEY")), "")
        self._timeout = float(extra.get("timeout_s", 600.0))
        self._seed = settings.seed
        served = self._get("/models")
        names = [entry["id"] for entry in served.get("data", [])]
        self._model = str(extra.get("model") or (names[0] if len(names) == 1 else ""))
        if not self._model or (names and self._model not in names):
            raise EngineStartError(f"{self._base} serves {names}; name one with engine.extra.model")
        self._pool = ThreadPoolExecutor(int(extra.get("concurrency", settings.max_num_seqs)))
        self._done: queue.SimpleQueue[Completion | EngineError] = queue.SimpleQueue()
        self._pending = 0
        self.identity = EngineIdentity("openai", "remote", {"server": self._server_version(served)})

    @staticmethod
    def _server_version(served: dict[str, Any]) -> str:
        owners = {entry.get("owned_by", "") for entry in served.get("data", [])}
        return ",".join(sorted(owner for owner in owners if owner)) or "unknown"

    def submit(self, requests: Sequence[Request]) -> None:
        for request in requests:
            self._pending += 1
            self._pool.submit(self._run, request)

    def poll(self, timeout_s: float | None = None) -> list[Completion]:
        if not self._pending:
            return []
        try:
            results = [self._done.get(timeout=timeout_s)]
        except queue.Empty:
            return []
        while not self._done.empty():
            results.append(self._done.get())
        self._pending -= len(results)
        finished = [r for r in results if isinstance(r, Completion)]
        failures = [r for r in results if isinstance(r, EngineError)]
        if failures and not finished:
            raise failures[0]
        for failure in failures:  # give back what is finished first; the failure comes with the next poll
            self._pending += 1
            self._done.put(failure)
        return finished

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _run(self, request: Request) -> None:
        try:
            self._done.put(self._complete(request))
        except EngineError as error:
            self._done.put(error)
        except Exception as error:  # noqa: BLE001 - a thread must not swallow anything
            self._done.put(
                EngineError(f"request {request.id} to {self._base}: {type(error).__name__}: {error}")
            )

    def _complete(self, request: Request) -> Completion:
        sampling = request.sampling
        scoring = request.score_from is not None
        body: dict[str, Any] = {
            "model": self._model,
            "prompt": list(request.token_ids),
            "max_tokens": 1 if scoring else sampling.max_tokens,
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "stop": list(sampling.stop) or None,
            "seed": sampling.seed,
        }
        if sampling.min_tokens:
            body |= {"min_tokens": sampling.min_tokens}  # a parameter of vLLM's server
        if scoring:
            body |= {"echo": True, "logprobs": 0}
        elif sampling.logprobs:
            body |= {"logprobs": 0}
        answer = self._post("/completions", body)
        choice = answer["choices"][0]
        table = (choice.get("logprobs") or {}).get("token_logprobs") or []
        usage = answer.get("usage") or {}
        prompt_tokens = int(usage.get("prompt_tokens", len(request.token_ids)))
        if scoring:
            values = tuple(float(v) for v in table[request.score_from : len(request.token_ids)])
            if len(values) != len(request.token_ids) - (request.score_from or 0):
                raise EngineError(f"{self._base} does not return prompt log-probabilities (echo)")
            return Completion(
                request.id, finish_reason="scored", prompt_tokens=prompt_tokens, logprobs=values
            )
        count = int(usage.get("completion_tokens", 0))
        return Completion(
            request.id,
            text=str(choice["text"]),
            token_ids=(-1,) * count,  # ids are not part of the protocol; their number is
            finish_reason=str(choice.get("finish_reason") or "stop"),
            prompt_tokens=prompt_tokens,
            logprobs=tuple(float(v) for v in table),
        )

    def _get(self, path: str) -> dict[str, Any]:
        return self._call(urllib.request.Request(self._base + path, headers=self._headers()), timeout_s=15)  # noqa: S310 - scheme checked

    def _post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        data = json.dumps(body).encode()
        request = urllib.request.Request(self._base + path, data=data, headers=self._headers())  # noqa: S310
        return self._call(request, timeout_s=self._timeout)

    def _headers(self) -> dict[str, str]:
        headers = {"Content-Type": "application/json"}
        return headers | ({"Authorization": f"Bearer {self._key}"} if self._key else {})

    def _call(self, request: urllib.request.Request, *, timeout_s: float) -> dict[str, Any]:
        for attempt in range(RETRIES):
            try:
                with urllib.request.urlopen(request, timeout=timeout_s) as answer:  # noqa: S310
                    return dict(json.loads(answer.read()))
            except urllib.error.HTTPError as error:
                with error:
                    text = error.read().decode(errors="replace")[:500]
                if error.code not in (429, 500, 502, 503, 504) or attempt == RETRIES - 1:
                    raise EngineError(f"{request.full_url} answered {error.code}: {text}") from error
            except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
                raise EngineDied(f"{request.full_url} cannot be reached: {error}") from error
            except ValueError as error:
                raise EngineError(f"{request.full_url} did not answer in JSON: {error}") from error
            time.sleep(RETRY_DELAY_S * 2**attempt)
        raise AssertionError("unreachable")
