"""A model folder whose tokens are bytes, and small sources to draw from."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tokenizers import Tokenizer
from tokenizers.decoders import ByteLevel as ByteDecoder
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import ByteLevel

from acbench.compress.calibration import CalibrationSpec
from acbench.rendering import ModelRenderer

if TYPE_CHECKING:
    from pathlib import Path

END = "<|end|>"
CHAT = (
    "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
SPECIAL = (END, "<|system|>", "<|user|>", "<|assistant|>")


def byte_model(folder: Path, *, template: str | None = CHAT, end: str | None = END) -> ModelRenderer:
    """Every byte is a token, in the order of the byte-level alphabet; special tokens follow."""
    folder.mkdir(parents=True, exist_ok=True)
    alphabet = sorted(ByteLevel.alphabet())
    tokenizer = Tokenizer(BPE(vocab={letter: i for i, letter in enumerate(alphabet)}, merges=[]))
    tokenizer.pre_tokenizer = ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.decoder = ByteDecoder()
    tokenizer.add_special_tokens(list(SPECIAL))
    tokenizer.save(str(folder / "tokenizer.json"))
    config: dict[str, Any] = {"eos_token": end} if end else {}
    if template is not None:
        config["chat_template"] = template
    (folder / "tokenizer_config.json").write_text(json.dumps(config))
    return ModelRenderer(folder)


def decoded(folder: Path, ids: tuple[int, ...]) -> str:
    """The text of token ids, special tokens included."""
    text: str = Tokenizer.from_file(str(folder / "tokenizer.json")).decode(
        list(ids), skip_special_tokens=False
    )
    return text


def text_file(path: Path, content: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")
    return path


def spec(source: Path | str, **changes: Any) -> CalibrationSpec:
    name = source if isinstance(source, str) else f"path:{source}"
    return CalibrationSpec(**{"samples": 2, "length": 32, "source": name, **changes})
