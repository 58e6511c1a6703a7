"""Pieces that the multi-turn tasks share: reading replies, prompts with a memory window, judging."""
