"""Routers of what became of calls: lists, calls, follow-ups, open questions, files, analytics."""
