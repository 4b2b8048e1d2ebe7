"""Speech models: where they are, and whether they are whole. `pulling` fetches them, only when an operator asks."""

from __future__ import annotations

from callwright.speech.models.finding import ENGLISH, MANDARIN, find_english_model, find_model

__all__ = ["ENGLISH", "MANDARIN", "find_english_model", "find_model"]
