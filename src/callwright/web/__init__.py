"""How the console is served. `static/` is what the build of `web/` leaves there; it is never committed."""
