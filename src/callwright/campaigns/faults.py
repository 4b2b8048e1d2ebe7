"""What a database that is not there raises: waited for, never worked around."""

from __future__ import annotations

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from callwright.errors import StoreError

__all__ = ["DATABASE_FAULTS"]

DATABASE_FAULTS = (StoreError, DBAPIError, PoolTimeout, OSError)
