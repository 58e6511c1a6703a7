"""Prompts as text and as tokens, on a word-level tokenizer that is built here."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import WhitespaceSplit
from tokenizers.processors import TemplateProcessing

from acbench.errors import ModelError
from acbench.rendering import ModelRenderer
from acbench.tasks.protocol import Message, Prompt

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

WORDS = (
    "<unk>",
    "<s>",
    "</s>",
    "<|user|>",
    "<|assistant|>",
    "<|system|>",
    "hello",
    "world",
    "be",
    "kind",
    "yes",
)
ID = {word: number for number, word in enumerate(WORDS)}
CHAT = (
    "{{ bos_token }}{% if messages[0].role != 'system' %}<|system|> be kind {% endif %}"
    "{% for m in messages %}<|{{ m.role }}|> {{ m.content }} {% endfor %}"
    "{% if add_generation_prompt %}<|assistant|> {% endif %}"
)
HELLO = Prompt(messages=(Message("user", "hello world"),))


def folder(
    path: Path, *, template: Any = None, jinja: str | None = None, config: Mapping[str, Any] | None = None
) -> Path:
    """A folder with a tokenizer that puts ``<s>`` before plain text."""
    path.mkdir(parents=True, exist_ok=True)
    tokenizer = Tokenizer(WordLevel(dict(ID), unk_token="<unk>"))
    tokenizer.pre_tokenizer = WhitespaceSplit()
    tokenizer.post_processor = TemplateProcessing(single="<s> $A", special_tokens=[("<s>", ID["<s>"])])
    tokenizer.add_special_tokens(list(WORDS[1:6]))
    tokenizer.save(str(path / "tokenizer.json"))
    settings: dict[str, Any] = {"bos_token": "<s>", "eos_token": {"content": "</s>"}, **(config or {})}
    if template is not None:
        settings["chat_template"] = template
    (path / "tokenizer_config.json").write_text(json.dumps(settings))
    if jinja is not None:
        (path / "chat_template.jinja").write_text(jinja)
    return path


def ids(*words: str) -> tuple[int, ...]:
    return tuple(ID[word] for word in words)


def test_a_template_with_a_system_default(tmp_path: Path) -> None:
    renderer = ModelRenderer(folder(tmp_path, template=CHAT))
    assert renderer.text(HELLO) == "<s><|system|> be kind <|user|> hello world <|assistant|> "
    own = Prompt(messages=(Message("system", "yes"), Message("user", "hello")))
    assert renderer.text(own) == "<s><|system|> yes <|user|> hello <|assistant|> "


def test_a_template_writes_its_own_bos_and_it_is_not_doubled(tmp_path: Path) -> None:
    renderer = ModelRenderer(folder(tmp_path, template=CHAT))
    assert renderer.render(HELLO) == ids(
        "<s>", "<|system|>", "be", "kind", "<|user|>", "hello", "world", "<|assistant|>"
    )


def test_plain_text_gets_the_tokenizers_own_bos(tmp_path: Path) -> None:
    renderer = ModelRenderer(folder(tmp_path, template=CHAT))
    assert renderer.render(Prompt(text="hello world")) == ids("<s>", "hello", "world")
    assert renderer.count("hello world") == 2
    assert renderer.offsets("hello  world") == [(0, 5), (7, 12)]


def test_without_a_template_messages_become_paragraphs(tmp_path: Path) -> None:
    renderer = ModelRenderer(folder(tmp_path))
    prompt = Prompt(messages=(Message("system", "be kind"), Message("user", "hello")), prefill="yes")
    assert renderer.text(prompt) == "be kind\n\nhello\n\nyes"
    assert renderer.render(prompt) == ids("<s>", "be", "kind", "hello", "yes")


def test_a_prefill_follows_the_assistants_header(tmp_path: Path) -> None:
    renderer = ModelRenderer(folder(tmp_path, template=CHAT))
    prompt = Prompt(messages=HELLO.messages, prefill="yes hello")
    assert renderer.text(prompt) == renderer.text(HELLO) + "yes hello"
    assert renderer.render(prompt) == renderer.render(HELLO) + ids("yes", "hello")
    assert renderer.text(Prompt(text="hello ", prefill="world")) == "hello world"


def test_a_continuation_is_tokenized_alone_and_is_no_part_of_the_prompt(tmp_path: Path) -> None:
    renderer = ModelRenderer(folder(tmp_path, template=CHAT))
    prompt = Prompt(messages=HELLO.messages, continuation="yes world")
    assert renderer.continuation(prompt) == ids("yes", "world")
    assert renderer.render(prompt) == renderer.render(HELLO)


def test_a_template_that_refuses_is_a_model_error(tmp_path: Path) -> None:
    strict = "{% if messages[0].role == 'assistant' %}{{ raise_exception('no such start') }}{% endif %}ok"
    renderer = ModelRenderer(folder(tmp_path / "tiny", template=strict))
    assert renderer.text(HELLO) == "ok"
    with pytest.raises(ModelError, match="chat template of tiny refused the messages: no such start"):
        renderer.text(Prompt(messages=(Message("assistant", "x"),)))


@pytest.mark.parametrize(
    "template",
    [
        "{% if messages[0].role == 'system' %}{{ raise_exception('no system role') }}{% endif %}"
        "{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}",
        "{% for m in messages if m.role != 'system' %}<{{ m.role }}>{{ m.content }}{% endfor %}",
    ],
    ids=["refuses", "drops"],
)
def test_without_a_system_role_its_text_goes_into_the_first_user_turn(tmp_path: Path, template: str) -> None:
    renderer = ModelRenderer(folder(tmp_path, template=template))
    talk = (Message("system", "be kind"), Message("user", "hello"), Message("assistant", "yes"))
    assert renderer.text(Prompt(messages=talk)) == "<user>be kind\n\nhello<assistant>yes"
    assert renderer.text(Prompt(messages=talk[:1])) == "<user>be kind"
    assert renderer.text(Prompt(messages=talk[1:])) == "<user>hello<assistant>yes"


@pytest.mark.parametrize(
    "template", ["{% for m in messages %}", "{{ messages[0].nothing.deeper }}", "{{ messages.append(1) }}"]
)
def test_a_broken_or_unsafe_template_is_a_model_error(tmp_path: Path, template: str) -> None:
    with pytest.raises(ModelError, match="chat template of"):
        ModelRenderer(folder(tmp_path, template=template)).text(HELLO)


def test_the_functions_templates_rely_on(tmp_path: Path) -> None:
    template = (
        "{% for m in messages %}{% if loop.index == 2 %}{% break %}{% endif %}"
        "{{ m | tojson }}|{{ m | tojson(indent=1) }}|{{ 'é<' | tojson(ensure_ascii=True) }}{% endfor %}"
        "|{{ strftime_now('%d %b %Y') }}|{{ eos_token }}"
    )
    two = Prompt(messages=(Message("user", "é<"), Message("user", "never")))
    assert ModelRenderer(folder(tmp_path, template=template)).text(two) == (
        '{"role": "user", "content": "é<"}|{\n "role": "user",\n "content": "é<"\n}|"\\u00e9<"|01 Jan 2025|</s>'
    )


def test_blocks_leave_no_blank_lines(tmp_path: Path) -> None:
    template = "{% for m in messages %}\n    {% if true %}\n{{ m.content }}\n    {% endif %}\n{% endfor %}"
    assert ModelRenderer(folder(tmp_path, template=template)).text(HELLO) == "hello world\n"


def test_named_templates_and_the_template_file(tmp_path: Path) -> None:
    named = [{"name": "tool_use", "template": "tools"}, {"name": "default", "template": "default"}]
    assert ModelRenderer(folder(tmp_path / "a", template=named)).text(HELLO) == "default"
    assert ModelRenderer(folder(tmp_path / "b", template=named, jinja="file")).text(HELLO) == "file"


def test_limits_of_a_training_run_never_cut_or_pad_a_prompt(tmp_path: Path) -> None:
    plain = folder(tmp_path)
    tokenizer = Tokenizer.from_file(str(plain / "tokenizer.json"))
    tokenizer.enable_truncation(3)
    tokenizer.enable_padding(length=9)
    tokenizer.save(str(plain / "tokenizer.json"))
    assert '"max_length": 3' in (plain / "tokenizer.json").read_text()
    renderer = ModelRenderer(plain)
    assert renderer.render(Prompt(text="hello world be kind yes")) == ids(
        "<s>", "hello", "world", "be", "kind", "yes"
    )
    assert renderer.count("hello") == 1


def test_the_fingerprint_follows_what_prompts_depend_on(tmp_path: Path) -> None:
    base = ModelRenderer(folder(tmp_path / "a", template=CHAT)).fingerprint
    assert ModelRenderer(folder(tmp_path / "b", template=CHAT)).fingerprint == base
    other = folder(tmp_path / "c", template=CHAT)
    (other / "model.safetensors").write_bytes(b"other weights")
    assert ModelRenderer(other).fingerprint == base
    seen = {base}
    seen.add(ModelRenderer(folder(tmp_path / "d", template=CHAT + " ")).fingerprint)
    seen.add(ModelRenderer(folder(tmp_path / "e", template=CHAT, jinja=CHAT)).fingerprint)
    seen.add(ModelRenderer(folder(tmp_path / "f", template=CHAT, config={"bos_token": "</s>"})).fingerprint)
    for name in ("tokenizer.json", "special_tokens_map.json", "tokenizer.model"):
        changed = folder(tmp_path / f"g-{name}", template=CHAT)
        with (changed / name).open("a") as stream:
            stream.write(" ")
        seen.add(ModelRenderer(changed).fingerprint)
    assert len(seen) == 7


def test_unreadable_files_are_model_errors(tmp_path: Path) -> None:
    broken = folder(tmp_path / "a")
    (broken / "tokenizer.json").write_text("{}")
    with pytest.raises(ModelError, match=r"tokenizer\.json cannot be read as a tokenizer"):
        ModelRenderer(broken).count("x")
    (broken / "tokenizer_config.json").write_text("{")
    with pytest.raises(ModelError, match=r"tokenizer_config\.json is not valid JSON"):
        ModelRenderer(broken)
