"""Routers of the desk: the live board, what is done to a running call, the agents."""
