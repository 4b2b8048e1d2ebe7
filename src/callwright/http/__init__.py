"""What the routers of all features have in common: who asks and what they may, problem documents, pages, the storage of a request."""
