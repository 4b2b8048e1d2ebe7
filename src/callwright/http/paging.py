"""Pages of long lists, by cursor: where the last row stood, not how many came before it. So page 20,000 is as fast as page 1, and rows that
come or go meanwhile are neither shown twice nor left out.

    page: Annotated[Paging, Query()]                       # ?cursor=...&limit=50
    after = page.after(datetime, str)                      # the keys of the last row seen, None = from the beginning
    rows = await scope.all(LIST, at=..., most=page.limit + 1)
    return Page.of(rows, page, view, key=lambda row: (row.created_at, row.id))
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from callwright.http.problems import ApiError

__all__ = ["Page", "Paging", "cursor_of", "keys_of"]

T = TypeVar("T")
R = TypeVar("R")

MOST = 200


class Paging(BaseModel):
    """What a list is asked for: `cursor` as the page before gave it, and how many rows."""

    model_config = ConfigDict(extra="forbid")

    cursor: str | None = Field(
        None, max_length=500, description="`next` of the page before; leave out for the first page"
    )
    limit: int = Field(50, ge=1, le=MOST)

    def after(self, *kinds: type) -> tuple[Any, ...] | None:
        """The sort keys of the last row seen, of these kinds (str, int, float, datetime); None = from the beginning.

        Raises:
            ApiError: 422, the cursor is none that this list gave.
        """
        return None if self.cursor is None else keys_of(self.cursor, *kinds)


class Page(BaseModel, Generic[T]):
    """Some rows of a list, and how to ask for the next ones."""

    items: list[T]
    next: str | None = Field(None, description="cursor of the next page; null = this was the last one")
    total: int | None = Field(None, description="of all pages, where it is cheap to know; null = not counted")

    @classmethod
    def of(
        cls,
        rows: Sequence[R],
        asked: Paging,
        view: Callable[[R], T],
        key: Callable[[R], Sequence[Any]],
        total: int | None = None,
    ) -> Page[T]:
        """From `limit + 1` rows: one more than is shown tells that there is a next page. key: the sort keys of a row."""
        shown = rows[: asked.limit]
        more = len(rows) > asked.limit
        return cls(items=[view(row) for row in shown], next=cursor_of(key(shown[-1])) if more else None, total=total)


def cursor_of(keys: Sequence[Any]) -> str:
    """The cursor that stands for these sort keys."""
    plain = [value.isoformat() if isinstance(value, datetime) else value for value in keys]
    packed = json.dumps(plain, ensure_ascii=False, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(packed).decode().rstrip("=")


def keys_of(cursor: str, *kinds: type) -> tuple[Any, ...]:
    """The sort keys in a cursor.

    Raises:
        ApiError: 422, it is none, or of another list.
    """
    wrong = ApiError(422, "cursor", "the cursor is none of this list", hint="Take `next` of the page before.")
    try:
        packed = base64.urlsafe_b64decode((cursor + "=" * (-len(cursor) % 4)).encode("ascii"))
        keys = json.loads(packed)
    except (ValueError, binascii.Error, UnicodeError, RecursionError):
        raise wrong from None
    if not isinstance(keys, list) or len(keys) != len(kinds):
        raise wrong
    return tuple(_key(value, kind, wrong) for value, kind in zip(keys, kinds, strict=True))


def _key(value: Any, kind: type, wrong: ApiError) -> Any:
    if kind is datetime:
        if not isinstance(value, str):
            raise wrong
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            raise wrong from None
        if moment.tzinfo is None:
            raise wrong
        return moment
    if kind is float and type(value) is int:
        return float(value)
    if type(value) is not kind or (isinstance(value, int) and abs(value) >= 2**63):
        raise wrong
    return value
