"""Recorded prompts of scripts: what people upload, what is wrong with it, who accepted it, and which of it each version speaks."""
