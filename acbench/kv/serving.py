"""A loaded model that answers with a compressed cache, one sequence at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from acbench.kv.session import Session, check_model

if TYPE_CHECKING:
    from collections.abc import Callable

    from acbench.kv.settings import KVSettings


class CompressedCache:
    """Generates and scores with ``settings``; ``model`` was loaded with ``session.ATTENTION``."""

    def __init__(self, model: Any, settings: KVSettings) -> None:
        check_model(model.config, settings)
        self._model = model
        self._settings = settings

    def generate(
        self, ids: Any, stop: Callable[..., Any], max_new_tokens: int, **options: Any
    ) -> tuple[Any, dict[str, float]]:
        """Continues ``ids`` [1, T]. ``stop``: stopping criterion, called after each token. Returns what ``generate``
        of transformers returns, and the session's measurements."""
        session = Session(self._model.config, self._settings, max_new_tokens=max_new_tokens)

        def watched(input_ids: Any, scores: Any, **more: Any) -> Any:
            if not session.marked:
                session.mark()
            return stop(input_ids, scores, **more)

        with session.bound():
            output = self._model.generate(
                ids,
                attention_mask=torch.ones_like(ids),
                past_key_values=session.cache,
                max_new_tokens=max_new_tokens,
                stopping_criteria=[watched],
                **options,
            )
        session.mark()
        made = getattr(output, "sequences", output).shape[1] - ids.shape[1]
        return output, session.stats(passed=made - 1)

    def logits(self, ids: Any, start: int) -> tuple[Any, dict[str, float]]:
        """Logits [n - start, V] that predict ``ids[start:]`` of [1, n]: ``ids[:start]`` is the prompt, then the rest
        passes through the compressed cache."""
        rest = ids.shape[1] - start
        session = Session(self._model.config, self._settings, max_new_tokens=rest)
        cache = session.cache
        with session.bound():
            found = [
                self._model(ids[:, :start], past_key_values=cache, use_cache=True, logits_to_keep=1).logits[0]
            ]
            session.mark()
            width = 1 if session.stepwise else max(rest - 1, 1)
            for part in ids[:, start:-1].split(width, dim=1) if rest > 1 else ():
                found.append(self._model(part, past_key_values=cache, use_cache=True).logits[0])
        session.mark()
        return torch.cat(found), session.stats(passed=rest - 1 if session.stepwise else 0)
