"""A tiny model that the fake engine serves, and small tools for tests with real child processes."""

from __future__ import annotations

import dataclasses
import json
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from acbench.engines.protocol import EngineSettings, Request

if TYPE_CHECKING:
    from collections.abc import Callable

TEMPLATE = (
    "{% for m in messages %}<{{ m.role }}>{{ m.content }}</{{ m.role }}>{% endfor %}"
    "{% if add_generation_prompt %}<assistant>{% endif %}"
)
PATIENCE_S = 60.0


def write_tokenizer(folder: Path, *, vocabulary: int = 600) -> None:
    """A byte-level BPE tokenizer, trained on the comments of a standard module, and a chat template."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=["<s>", "</s>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(Path(dataclasses.__file__).read_text().splitlines(), trainer)
    tokenizer.save(str(folder / "tokenizer.json"))
    config = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": "<s>",
        "eos_token": "</s>",
        "pad_token": "</s>",
        "chat_template": TEMPLATE,
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(config))


def fake_folder(folder: Path, *, seed: int = 0, **knobs: Any) -> Path:
    """A model folder for the fake engine; ``knobs`` go to its ``fake.json``."""
    from safetensors.numpy import save_file

    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps({"model_type": "llama"}))
    save_file({"a": np.full(4, seed, dtype=np.float32)}, str(folder / "model.safetensors"))
    (folder / "fake.json").write_text(json.dumps(knobs))
    return folder


def fake_settings(**changes: Any) -> EngineSettings:
    return EngineSettings(**{"backend": "fake", "window_tokens": 8192, **changes})


def requests(count: int, *, name: str = "r") -> list[Request]:
    return [Request(f"{name}{i}", (i, i + 1, 7)) for i in range(count)]


def alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and only waits for its parent does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in ("Z", "X")


def engine_children(marker: str) -> list[int]:
    """Engine processes whose environment holds ``ACBENCH_TEST_MARKER=marker``."""
    wanted = f"ACBENCH_TEST_MARKER={marker}".encode()
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            is_engine = b"acbench.engines.child" in (entry / "cmdline").read_bytes()
            if is_engine and wanted in (entry / "environ").read_bytes().split(b"\0"):
                found.append(int(entry.name))
        except OSError:
            continue
    return [pid for pid in found if alive(pid)]


def wait_until(condition: Callable[[], object], *, what: str) -> None:
    """Polls until the condition holds; fails after a generous time."""
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, f"still waiting: {what}"
        time.sleep(0.02)


def environment_with(**changes: str) -> dict[str, str]:
    """This process's environment without what would change a child run, plus ``changes``."""
    dropped = ("PYTEST_", "ACBENCH_", "COV_")
    return {k: v for k, v in os.environ.items() if not k.startswith(dropped)} | changes
