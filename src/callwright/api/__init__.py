"""The application: the routers of all features in one place, the answers they have in common, and the console beside them."""
