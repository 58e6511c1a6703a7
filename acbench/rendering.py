"""A model's tokenizer and chat template, without importing torch.

``tokenizer.json`` is read with the tokenizers package and the template is rendered in Jinja's
sandbox with the functions the field's templates rely on. Models that ship no ``tokenizer.json`` fall
back to transformers' own tokenizer class, converted in memory.
"""

from __future__ import annotations

import json
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, NoReturn

from acbench.errors import ModelError
from acbench.keys import file_hash, fingerprint

if TYPE_CHECKING:
    from pathlib import Path

    from tokenizers import Tokenizer

    from acbench.tasks.protocol import Prompt

TEMPLATE_FILES = (
    "tokenizer_config.json",
    "chat_template.jinja",
    "special_tokens_map.json",
    "tokenizer.json",
    "tokenizer.model",
)
"""What a rendered prompt depends on; the content of these files is part of every key."""


SYSTEM_PROBE = "b2f6 system text"


class ModelRenderer:
    """Implements the Renderer seam for a checkpoint folder."""

    def __init__(self, folder: Path, *, trust_remote_code: bool = False) -> None:
        self._folder = folder
        self._trust = trust_remote_code
        self._config = _read_json(folder / "tokenizer_config.json")

    @cached_property
    def fingerprint(self) -> str:
        files = [self._folder / name for name in TEMPLATE_FILES]
        return fingerprint({file.name: file_hash(file) for file in files if file.is_file()})

    @cached_property
    def _tokenizer(self) -> Tokenizer:
        from tokenizers import Tokenizer

        path = self._folder / "tokenizer.json"
        if path.is_file():
            try:
                tokenizer = Tokenizer.from_file(str(path))
            except Exception as error:  # the library raises bare Exception
                raise ModelError(f"{path} cannot be read as a tokenizer: {error}") from error
        else:
            tokenizer = _slow_tokenizer(self._folder, trust_remote_code=self._trust)
        # Some files carry the limits of their training run: a prompt is never cut or padded silently.
        tokenizer.no_truncation()
        tokenizer.no_padding()
        return tokenizer

    @cached_property
    def _template(self) -> Any:
        from jinja2 import TemplateError, TemplateSyntaxError
        from jinja2.sandbox import ImmutableSandboxedEnvironment

        source = self._template_source()
        if source is None:
            return None

        def raise_exception(message: str) -> NoReturn:
            raise TemplateError(message)

        environment = ImmutableSandboxedEnvironment(
            trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols"]
        )
        environment.filters["tojson"] = _to_json
        environment.globals["raise_exception"] = raise_exception
        # A date in a prompt would make every day another prompt: templates get a fixed one.
        environment.globals["strftime_now"] = lambda form: datetime(2025, 1, 1).strftime(form)
        try:
            return environment.from_string(source)
        except TemplateSyntaxError as error:
            raise ModelError(f"the chat template of {self._folder} is not valid: {error}") from error

    def _template_source(self) -> str | None:
        file = self._folder / "chat_template.jinja"
        if file.is_file():
            return file.read_text()
        template = self._config.get("chat_template")
        if isinstance(template, list):  # named templates; the default one is ours
            template = {entry["name"]: entry["template"] for entry in template}.get("default")
        return template

    def _special(self, name: str) -> str:
        token = self._config.get(name)
        return token.get("content", "") if isinstance(token, dict) else token or ""

    @property
    def templated(self) -> bool:
        """Whether chats go through a template of the model's own."""
        return self._template is not None

    @property
    def end_token(self) -> int | None:
        """The end of a turn in chat models, of a text in others: what the tokenizer's settings name."""
        end = self._special("eos_token")
        return self._tokenizer.token_to_id(end) if end else None

    def count(self, text: str) -> int:
        return len(self.encode(text))

    def encode(self, text: str) -> tuple[int, ...]:
        """Token ids of plain text, without special tokens."""
        return tuple(self._tokenizer.encode(text, add_special_tokens=False).ids)

    def offsets(self, text: str) -> list[tuple[int, int]]:
        return list(self._tokenizer.encode(text, add_special_tokens=False).offsets)

    def text(self, prompt: Prompt) -> str:
        """The prompt as the text that is tokenized. Models without a template get plain lines."""
        if not prompt.messages:
            return prompt.text + prompt.prefill
        messages = [{"role": m.role, "content": m.content} for m in prompt.messages]
        if self._template is None:
            body = "\n\n".join(m["content"] for m in messages) + "\n\n"
            return body + prompt.prefill
        if messages[0]["role"] == "system" and not self._takes_system:
            messages = _system_in_first_user_turn(messages)
        try:
            return self._templated(messages) + prompt.prefill
        except Exception as error:
            raise ModelError(
                f"the chat template of {self._folder.name} refused the messages: {error}"
            ) from error

    def _templated(self, messages: list[dict[str, str]]) -> str:
        tokens = {name: self._special(name) for name in ("bos_token", "eos_token", "pad_token", "unk_token")}
        return str(self._template.render(messages=messages, add_generation_prompt=True, tools=None, **tokens))

    @cached_property
    def _takes_system(self) -> bool:
        """Whether the template shows a system message; some refuse it, some drop it without a word."""
        probe = [{"role": "system", "content": SYSTEM_PROBE}, {"role": "user", "content": "?"}]
        try:
            return SYSTEM_PROBE in self._templated(probe)
        except Exception:  # noqa: BLE001 - whatever the template raises, it does not take one
            return False

    def render(self, prompt: Prompt) -> tuple[int, ...]:
        templated = bool(prompt.messages) and self._template is not None
        # A template writes its own special tokens; plain text gets the tokenizer's.
        return tuple(self._tokenizer.encode(self.text(prompt), add_special_tokens=not templated).ids)

    def continuation(self, prompt: Prompt) -> tuple[int, ...]:
        """Token ids of the continuation to score, tokenized on its own (as the field's harnesses do)."""
        return tuple(self._tokenizer.encode(prompt.continuation, add_special_tokens=False).ids)


def _system_in_first_user_turn(messages: list[dict[str, str]]) -> list[dict[str, str]]:
    """The same conversation for templates without a system role: its text stands before the first user's."""
    system, *rest = messages
    if rest and rest[0]["role"] == "user":
        return [{"role": "user", "content": f"{system['content']}\n\n{rest[0]['content']}"}, *rest[1:]]
    return [{"role": "user", "content": system["content"]}, *rest]


def _to_json(value: Any, ensure_ascii: bool = False, indent: int | None = None, **options: Any) -> str:
    """The filter the field's templates expect: plain JSON (Jinja's own escapes HTML)."""
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, **options)


def _read_json(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        return dict(json.loads(path.read_text()))
    except ValueError as error:
        raise ModelError(f"{path} is not valid JSON: {error}") from error


def _slow_tokenizer(folder: Path, *, trust_remote_code: bool) -> Tokenizer:
    try:
        from transformers import AutoTokenizer

        tokenizer = AutoTokenizer.from_pretrained(str(folder), trust_remote_code=trust_remote_code)
        backend: Tokenizer = tokenizer.backend_tokenizer
    except Exception as error:
        raise ModelError(
            f"{folder} has no tokenizer.json and transformers cannot read its tokenizer: {error}"
        ) from error
    return backend
