"""How the database came to be what it is: Alembic revisions, run by `callwright.store.migrating`."""
