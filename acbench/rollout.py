"""The continuous rollout: many episodes in flight, each going on as soon as its own answer is ready.

No barrier per turn: a finished answer is written to the journal, its episode steps its environment and
renders its next prompt on a thread while the engine goes on with the others. Environments are opened, and
recorded answers replayed into them, on threads too. Single-turn and likelihood tasks are the special case of
one turn, without threads.
"""

from __future__ import annotations

import itertools
import queue
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

from acbench.engines.protocol import Request
from acbench.errors import AcbenchError, DataError, EngineError, PromptDrift
from acbench.keys import fingerprint, ids_hash
from acbench.records import SampleRecord, Turn
from acbench.tasks.protocol import TOO_LONG, Reply
from acbench.thinking import CUT, NO_ROOM, Thinker
from acbench.worldlog import open_episode

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from acbench.engines.protocol import Completion, Engine, Sampling
    from acbench.journal import Journal
    from acbench.tasks.protocol import Episode, Prompt, Sample, Task
    from acbench.thinking import Thinking
    from acbench.worldlog import WorldLog

STEP_THREADS = 8
STEPPING_POLL_S = 0.02
OPENING_S = 2.0
"""So long the first request waits for other episodes to open: what opens quickly is asked together, in order."""
TURN_LIMIT = 1000
"""No episode of any task has more turns; reaching it means an environment that never ends."""


_SERIAL = itertools.count()


class PromptRenderer(Protocol):
    """The part of a renderer that a rollout needs."""

    def text(self, prompt: Prompt) -> str: ...

    def render(self, prompt: Prompt) -> tuple[int, ...]: ...

    def continuation(self, prompt: Prompt) -> tuple[int, ...]: ...


@dataclass(slots=True)
class Run:
    """One episode under way. ``asked``: engine turns so far; ``turns``: the transcript; ``thought``: the one
    whose answer is still to be asked; ``budget``: tokens of the thought that is asked now, 0 for an answer.
    ``request``: what is to be asked next, None at the end; ``error``: what the episode raised; ``fatal``: what
    ends the whole rollout."""

    sample: Sample
    past: deque[Turn]
    opened: Episode | None = None
    asked: int = 0
    turns: list[Turn] = field(default_factory=list)
    prompt_hash: str = ""
    prompt_tokens: int = 0
    thought: Turn | None = None
    budget: int = 0
    request: Request | None = None
    error: BaseException | None = None
    fatal: BaseException | None = None

    @property
    def episode(self) -> Episode:
        if self.opened is None:
            raise DataError(f"{self.sample.id}: the episode was never opened")
        return self.opened


@dataclass(frozen=True, slots=True)
class Progress:
    """Handed to the progress callback: finished samples, all samples, tokens generated now."""

    done: int
    total: int
    output_tokens: int
    prompt_tokens: int


class Rollout:
    """Plays the episodes of one task on one engine. With ``thinking`` a thought is generated before each answer."""

    def __init__(
        self,
        task: Task,
        renderer: PromptRenderer,
        journal: Journal,
        *,
        worlds: WorldLog | None = None,
        window_tokens: int,
        max_active: int | None = None,
        thinking: Thinking | None = None,
        on_progress: Callable[[Progress], None] = lambda _: None,
    ) -> None:
        self._task = task
        self._renderer = renderer
        self._journal = journal
        self._worlds = worlds
        self._threaded = task.info.kind == "rollout"
        self._window = window_tokens
        self._max_active = max_active
        self._thinker = None if thinking is None else Thinker(thinking, renderer, window_tokens)
        self._on_progress = on_progress
        self._flying: dict[str, Run] = {}
        self._stepped: queue.SimpleQueue[Run] = queue.SimpleQueue()
        self._stepping = 0
        self._runs: list[Run] = []
        self._finished: list[Run] = []
        self._tokens = [0, 0]
        self._serial = next(_SERIAL)  # ids stay unique when one engine plays the same samples again

    def play(self, samples: Sequence[Sample], engine: Callable[[], Engine]) -> list[SampleRecord]:
        """Plays all samples; ``engine`` is called only if something must be generated.

        Returns records in the order of ``samples``. An engine failure passes through (the journal
        holds all answers so far); episodes whose environment raised make a DataError at the end. However it
        ends, no environment stays open.
        """
        pool = ThreadPoolExecutor(STEP_THREADS)
        try:
            self._play_all(samples, engine, pool)
            return self._graded(samples)
        finally:
            pool.shutdown(cancel_futures=True)  # after an engine's failure nobody waits for what is queued
            self._close_episodes()

    def _play_all(
        self, samples: Sequence[Sample], engine: Callable[[], Engine], pool: ThreadPoolExecutor
    ) -> None:
        waiting = deque(samples)
        running: Engine | None = None  # asked for once: another one would not know what this one was asked
        while waiting or self._flying or self._stepping:
            requests = self._admit(waiting, pool) + self._collect_stepped()
            if requests:
                if running is None:
                    requests = self._with_early_ones(requests, samples)
                    running = engine()
                running.submit(requests)
            if self._flying and running is not None:
                timeout = STEPPING_POLL_S if self._stepping else None
                self._receive(running.poll(timeout), pool)
            elif self._stepping:
                self._stepped.put(self._stepped.get())  # wait for one; the next round collects it
            self._on_progress(Progress(len(self._finished), len(samples), *self._tokens))

    def _graded(self, samples: Sequence[Sample]) -> list[SampleRecord]:
        broken = [run for run in self._finished if run.error is not None]
        if broken:
            order = {sample.id: number for number, sample in enumerate(samples)}
            first = min(broken, key=lambda run: order[run.sample.id])
            raise DataError(
                f"{len(broken)} of {len(samples)} episodes of {self._task.info.slug} broke in their environment; "
                f"first {first.sample.id}: {type(first.error).__name__}: {first.error}"
            ) from first.error
        prepare = getattr(self._task, "prepare_grading", None)
        if prepare is not None:
            prepare([run.episode for run in self._finished])
        records = {run.sample.id: self._record(run) for run in self._finished}
        return [records[sample.id] for sample in samples]

    def _close_episodes(self) -> None:
        """Gives back the environments of episodes that were not played to their end."""
        for run in self._runs:
            close = getattr(run.opened, "close", None)
            if close is not None:
                with suppress(Exception):  # what ended the rollout is the error to be told
                    close()

    # -- moving episodes along -------------------------------------------------------------------

    def _admit(self, waiting: deque[Sample], pool: ThreadPoolExecutor) -> list[Request]:
        """Opens episodes up to the limit, replaying what the journal holds."""
        requests: list[Request] = []
        while waiting and (self._max_active is None or len(self._flying) + self._stepping < self._max_active):
            sample = waiting.popleft()
            run = Run(sample, deque(self._journal.turns(sample.id)))
            self._runs.append(run)
            if self._threaded:
                self._stepping += 1
                pool.submit(self._on_thread, run, None)
            else:
                run.opened = self._task.open(sample)
                run.request = self._advance(run)
                requests += self._file(run)
        return requests

    def _with_early_ones(self, requests: list[Request], samples: Sequence[Sample]) -> list[Request]:
        """The first requests with those of other episodes that open soon, in the order of the samples."""
        deadline = time.monotonic() + OPENING_S
        found = list(requests)
        while self._stepping and (left := deadline - time.monotonic()) > 0:
            try:
                self._stepped.put(self._stepped.get(timeout=left))
            except queue.Empty:
                break
            found += self._collect_stepped()
        order = {sample.id: number for number, sample in enumerate(samples)}
        return sorted(found, key=lambda request: order[self._flying[request.id].sample.id])

    def _on_thread(self, run: Run, turn: Turn | None) -> None:
        """Opens an episode or tells it an answer, and prepares its next request; never raises."""
        try:
            if turn is None:
                run.opened = open_episode(self._task, run.sample, self._worlds)
            else:
                self._hear(run, turn)
            run.request = None if run.error else self._advance(run)
        except AcbenchError as error:
            run.fatal = error
        except Exception as error:  # noqa: BLE001 - as in _hear
            run.error = error
        except BaseException as error:  # noqa: BLE001 - a tokenizer's panic; the rollout waits for this run
            run.fatal = error
        self._stepped.put(run)

    def _collect_stepped(self) -> list[Request]:
        requests: list[Request] = []
        while not self._stepped.empty():
            run = self._stepped.get()
            self._stepping -= 1
            self._keep_news(run)
            requests += self._file(run)
        return requests

    def _file(self, run: Run) -> list[Request]:
        """Puts an episode among those in flight, or among the finished ones."""
        if run.fatal is not None:
            raise run.fatal
        if run.request is None or run.error is not None:
            self._finished.append(run)
            return []
        self._flying[run.request.id] = run
        return [run.request]

    def _keep_news(self, run: Run) -> None:
        """Writes down what the environment answered, if it is worth remembering."""
        news = getattr(run.opened, "news", None)
        if news is not None and self._worlds is not None:
            self._worlds.append(run.sample.id, news())

    def _advance(self, run: Run) -> Request | None:
        """The episode's next request; replays recorded turns; None when it has ended or broke."""
        while len(run.turns) < TURN_LIMIT:
            prompt = self._ask(run)
            if prompt is None:
                return None
            prompt = self._step_of(run, prompt)
            request = self._request(run, prompt)
            if len(request.token_ids) + _room(prompt) > self._window:
                turn = Turn(run.prompt_hash, "", TOO_LONG, len(request.token_ids), 0)
            elif run.past:
                turn = run.past.popleft()
                self._check_replay(run, turn)
                run.asked += 1
            else:
                return request
            self._hear(run, turn)
            if run.error is not None:
                return None
        raise DataError(f"{run.sample.id}: the episode did not end within {TURN_LIMIT} turns")

    @staticmethod
    def _ask(run: Run) -> Prompt | None:
        try:
            return run.episode.ask()
        except Exception as error:  # noqa: BLE001 - as in _hear: one broken episode does not stop the others
            run.error = error
            return None

    def _step_of(self, run: Run, prompt: Prompt) -> Prompt:
        """What is asked now for an episode's prompt: itself, or of a model that thinks its thought, then its answer."""
        run.budget = 0
        if self._thinker is None or not self._thinker.applies(prompt):
            return prompt
        if prompt.continuation:
            return self._thinker.unthought(prompt)
        if run.thought is None:
            run.budget = self._thinker.room(prompt)
            if run.budget:
                return self._thinker.question(prompt, run.budget)
            run.thought = NO_ROOM
        asked, shortened = self._thinker.answer(prompt, run.thought.text)
        if shortened:
            run.thought = replace(run.thought, finish_reason=CUT)
        return asked

    def _request(self, run: Run, prompt: Prompt) -> Request:
        ids = self._renderer.render(prompt)
        start = None
        if prompt.continuation:
            start = len(ids)
            ids = ids + self._renderer.continuation(prompt)
        run.prompt_hash = sampling_hash(ids, start, prompt.sampling)
        run.prompt_tokens = len(ids)
        return Request(f"{self._serial}/{run.sample.id}#{run.asked}", ids, prompt.sampling, start)

    def _check_replay(self, run: Run, turn: Turn) -> None:
        if turn.prompt_hash != run.prompt_hash:
            raise PromptDrift(
                f"{self._task.info.slug}, sample {run.sample.id}, turn {run.asked}: the recorded answer belongs to "
                "another prompt; the task's code changed without a new version number"
            )

    def _receive(self, completions: list[Completion], pool: ThreadPoolExecutor) -> None:
        arrived = []
        refused = None
        for completion in completions:
            run = self._flying.pop(completion.id, None)
            if run is None:
                continue  # asked by a rollout on this engine that was broken off
            if completion.error:
                refused = EngineError(f"request {completion.id}: {completion.error}")
                continue
            turn = Turn(
                run.prompt_hash,
                completion.text,
                completion.finish_reason,
                completion.prompt_tokens,
                len(completion.token_ids),
                completion.cached_tokens,
                completion.logprobs,
                run.budget,
                completion.stats,
            )
            arrived.append((run, turn))
            self._tokens[0] += turn.output_tokens
            self._tokens[1] += turn.prompt_tokens
        self._journal.append((run.sample.id, run.asked, turn) for run, turn in arrived)
        if refused is not None:
            raise refused
        for run, turn in arrived:
            run.asked += 1
            self._stepping += 1
            if self._threaded and not turn.budget:
                pool.submit(self._on_thread, run, turn)
            else:  # no environment steps: the next request is there at once
                self._on_thread(run, turn)

    @staticmethod
    def _hear(run: Run, turn: Turn) -> None:
        """Keeps a thought for its answer; an answer goes to the episode, without its thought."""
        if turn.budget:
            run.thought = turn
            return
        run.turns.append(replace(turn, thought=run.thought))
        run.thought = None
        reply = Reply(turn.text, turn.finish_reason, turn.prompt_tokens, turn.output_tokens, turn.logprobs)
        try:
            run.episode.tell(reply)
        except Exception as error:  # noqa: BLE001 - kept with the episode, raised when all others are done
            run.error = error

    def _record(self, run: Run) -> SampleRecord:
        grade = run.episode.grade()
        self._keep_news(run)
        if grade.channel not in self._task.info.channels:
            raise DataError(
                f"{self._task.info.slug}: {run.sample.id} ended in unknown channel {grade.channel!r}"
            )
        sample = run.sample
        return SampleRecord(
            sample=sample.id,
            level=sample.level,
            cluster=sample.cluster or sample.id,
            turns=tuple(run.turns),
            scores=dict(grade.scores),
            channel=grade.channel,
            state=grade.state,
            detail=dict(grade.detail),
            data_hash=fingerprint(asdict(sample)),
        )


def sampling_hash(ids: tuple[int, ...], start: int | None, sampling: Sampling) -> str:
    """What a recorded answer belongs to: the tokens asked, where scoring starts, and how to decode."""
    options = asdict(sampling)
    if not options["min_tokens"]:
        del options["min_tokens"]  # younger than the first journals: their hashes stay valid
    return fingerprint([ids_hash(ids), start, options])[:16]


def _room(prompt: Prompt) -> int:
    """Tokens the answer needs behind the prompt."""
    return 1 if prompt.continuation else prompt.sampling.max_tokens
