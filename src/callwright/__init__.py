"""callwright: an AI phone robot that speaks from a readable script and proves that each dial was allowed."""

__version__ = "0.1.0"
