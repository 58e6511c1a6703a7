"""The OpenAI-compatible back-end against a small server on the loopback interface."""

from __future__ import annotations

import json
import socket
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from tiny_bench import fake_settings, wait_until

from acbench import errors
from acbench.engines import openai
from acbench.engines.openai import OpenAIEngine
from acbench.engines.pool import EnginePool
from acbench.engines.protocol import Completion, Request, Sampling

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Server(ThreadingHTTPServer):
    """Remembers what it was asked; ``plan`` holds the status codes to answer with before it behaves."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.models = ["tiny"]
        self.bodies: list[dict[str, Any]] = []
        self.keys: list[str | None] = []
        self.plan: list[int] = []
        self.echo = True
        self.raw: bytes | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def log_message(self, *_: Any) -> None:
        """Quiet."""

    def do_GET(self) -> None:
        self._send(200, {"data": [{"id": name, "owned_by": "vllm"} for name in self.server.models]})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.bodies.append(body)
        self.server.keys.append(self.headers.get("Authorization"))
        if self.server.plan:
            status = self.server.plan.pop(0)
            self._send(status, {"error": f"maximum context length is 16, status {status}"})
            return
        ids = body["prompt"]
        table: list[float | None] = []
        if body.get("echo"):
            table = [None, *(-token / 10 for token in ids[1:]), -9.0] if self.server.echo else []
        elif "logprobs" in body:
            table = [-0.5, -0.25]
        self._send(
            200,
            {
                "choices": [
                    {
                        "text": f"sum {sum(ids)}",
                        "finish_reason": "stop",
                        "logprobs": {"token_logprobs": table},
                    }
                ],
                "usage": {"prompt_tokens": len(ids), "completion_tokens": 2},
            },
        )

    def _send(self, status: int, value: Any) -> None:
        data = self.server.raw if self.server.raw is not None else json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


@pytest.fixture(autouse=True)
def quick_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openai, "RETRY_DELAY_S", 0.01)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as made:
        thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield made
        made.shutdown()
        thread.join()


@contextmanager
def engine_for(server: Server, **extra: Any) -> Iterator[OpenAIEngine]:
    engine = OpenAIEngine(fake_settings(backend="openai", extra={"base_url": server.url, **extra}))
    yield engine
    engine.close()
    engine.close()


def all_of(engine: OpenAIEngine, count: int) -> dict[str, Completion]:
    found: dict[str, Completion] = {}
    while len(found) < count:
        found |= {c.id: c for c in engine.poll(30)}
    return found


def test_token_ids_and_sampling_go_out_and_answers_come_back(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_KEY", "secret")
    sampling = Sampling(max_tokens=5, temperature=0.5, top_p=0.9, stop=("\n",), seed=3, logprobs=True)
    with engine_for(server, api_key_env="MY_KEY", concurrency=2) as engine:
        assert engine.identity.device == "remote"
        assert engine.identity.versions == {"server": "vllm"}
        assert engine.poll() == []
        engine.submit([Request("a", (1, 2, 3), sampling), *(Request(f"b{i}", (i,)) for i in range(6))])
        found = all_of(engine, 7)
        assert engine.poll() == []
    assert found["a"] == Completion(
        "a", "sum 6", (-1, -1), "stop", prompt_tokens=3, cached_tokens=0, logprobs=(-0.5, -0.25)
    )
    assert {found[f"b{i}"].text for i in range(6)} == {f"sum {i}" for i in range(6)}
    body = next(b for b in server.bodies if b["prompt"] == [1, 2, 3])
    wanted = {"model": "tiny", "max_tokens": 5, "temperature": 0.5, "top_p": 0.9, "stop": ["\n"], "seed": 3}
    assert {name: body[name] for name in wanted} == wanted
    assert set(server.keys) == {"Bearer secret"}


def test_scoring_takes_the_continuation_out_of_the_echo(server: Server) -> None:
    with engine_for(server) as engine:
        engine.submit([Request("s", (5, 10, 20, 30), score_from=2)])
        (done,) = engine.poll()
        assert (done.finish_reason, done.logprobs) == ("scored", (-2.0, -3.0))
        server.echo = False
        engine.submit([Request("t", (5, 10, 20, 30), score_from=2)])
        with pytest.raises(errors.EngineError, match="does not return prompt log-probabilities"):
            engine.poll()
    assert server.bodies[0]["echo"] is True
    assert server.bodies[0]["max_tokens"] == 1
    assert server.keys[0] is None


def test_a_busy_server_is_asked_again(server: Server) -> None:
    with engine_for(server) as engine:
        server.plan = [503, 429]
        engine.submit([Request("a", (4,))])
        assert [c.text for c in engine.poll()] == ["sum 4"]
        assert len(server.bodies) == 3
        server.plan = [503] * 5
        engine.submit([Request("b", (4,))])
        with pytest.raises(errors.EngineError, match=r"answered 503: .*status 503"):
            engine.poll()
        assert len(server.bodies) == 6  # three attempts, not for ever


def test_a_refused_request_is_not_repeated_and_its_text_is_shown(server: Server) -> None:
    with engine_for(server, concurrency=1) as engine:
        server.plan = [400]
        engine.submit([Request("long", tuple(range(20))), Request("fine", (1,))])
        wait_until(lambda: len(server.bodies) == 2, what="both requests")
        wait_until(lambda: engine._done.qsize() == 2, what="both answers")
        assert [c.id for c in engine.poll()] == ["fine"]  # an answer that is there comes before a failure
        with pytest.raises(errors.EngineError, match=r"answered 400.*maximum context length is 16"):
            engine.poll()
        assert len([b for b in server.bodies if len(b["prompt"]) == 20]) == 1


def test_an_answer_that_is_no_json_is_an_engine_error(server: Server) -> None:
    with engine_for(server) as engine:
        server.raw = b"<html>gateway</html>"
        engine.submit([Request("a", (1,))])
        with pytest.raises(errors.EngineError, match="did not answer in JSON"):
            engine.poll()
    with pytest.raises(errors.EngineError, match="did not answer in JSON"), engine_for(server):
        pass


def test_a_server_that_is_gone_means_the_engine_died(server: Server) -> None:
    with engine_for(server) as engine:
        server.shutdown()
        server.socket.close()
        engine.submit([Request("a", (1,))])
        with pytest.raises(errors.EngineDied, match="cannot be reached"):
            engine.poll()


def test_a_refused_connection_at_start(tmp_path: Path) -> None:
    with socket.socket() as reserved:  # bound, not listening: nobody else answers there
        reserved.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{reserved.getsockname()[1]}/v1"
        settings = fake_settings(backend="openai", extra={"base_url": url})
        with pytest.raises(errors.EngineDied, match="cannot be reached"):
            OpenAIEngine(settings)
        engines = EnginePool(logs=tmp_path, leases=tmp_path / "leases", events=tmp_path / "events")
        for _ in range(2):
            with pytest.raises(errors.EngineDied):
                engines.engine(tmp_path, settings, label="m:base")
        engines.close()


def test_several_models_must_be_chosen_from(server: Server) -> None:
    server.models = ["tiny", "tiny-awq"]
    with pytest.raises(errors.EngineStartError, match=r"serves \['tiny', 'tiny-awq'\].*engine.extra.model"):
        OpenAIEngine(fake_settings(extra={"base_url": server.url}))
    with pytest.raises(errors.EngineStartError, match="serves"):
        OpenAIEngine(fake_settings(extra={"base_url": server.url, "model": "tiny-gptq"}))
    with engine_for(server, model="tiny-awq") as engine:
        engine.submit([Request("a", (1,))])
        engine.poll()
    assert server.bodies[0]["model"] == "tiny-awq"


def test_the_address_must_be_given_and_make_sense() -> None:
    with pytest.raises(errors.ConfigError, match=r"engine.extra.base_url is missing"):
        OpenAIEngine(fake_settings())
    with pytest.raises(errors.ConfigError, match="must start with http"):
        OpenAIEngine(fake_settings(extra={"base_url": "file:///etc"}))
