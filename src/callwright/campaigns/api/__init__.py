"""The routers of lists, tasks, lines and endpoints."""
