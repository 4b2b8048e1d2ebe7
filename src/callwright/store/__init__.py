"""Where things are kept: one code path for SQLite and PostgreSQL, every query within one tenant."""
