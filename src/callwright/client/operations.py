"""Operations, written once as flows and found on both clients: `client.tasks.read(7)` and `await client.tasks.read(7)`.

    class TaskRoom(Room):
        @Operation
        def read(self, task: int) -> Flow[TaskView]: ...

    class Tasks(TaskRoom, Blocking): ...
    class AsyncTasks(TaskRoom, Awaiting): ...

`made_of` makes one out of the API's own model of a body or a query: its fields are the parameters, so they cannot differ.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Coroutine, Generator
from functools import update_wrapper
from typing import Any, Concatenate, Generic, ParamSpec, Self, TypeVar, cast, overload

from pydantic import BaseModel, ValidationError

from callwright.client.asking import Asker, payload
from callwright.client.drivers import AwaitingDriver, BlockingDriver
from callwright.client.errors import unsent
from callwright.client.flow import Flow, Many
from callwright.http.paging import Page

__all__ = ["Awaiting", "Blocking", "Listing", "Operation", "Room", "listing_of", "made_of"]

P = ParamSpec("P")
T = TypeVar("T")


class Room:
    """Some operations. Its instances are made by a client."""

    def __init__(self, at: Asker, driver: Any) -> None:
        self._at, self._driver = at, driver


class Blocking(Room):
    """Whose operations answer."""

    def __init__(self, at: Asker, driver: BlockingDriver) -> None:
        super().__init__(at, driver)


class Awaiting(Room):
    """Whose operations are awaited."""

    def __init__(self, at: Asker, driver: AwaitingDriver) -> None:
        super().__init__(at, driver)


class Operation(Generic[P, T]):
    """One that has one answer."""

    def __init__(self, make: Callable[Concatenate[Any, P], Flow[T]]) -> None:
        self.make = make
        update_wrapper(cast(Any, self), make)

    @overload
    def __get__(self, room: Blocking, kind: type) -> Callable[P, T]: ...
    @overload
    def __get__(self, room: Awaiting, kind: type) -> Callable[P, Coroutine[Any, Any, T]]: ...
    @overload
    def __get__(self, room: None, kind: type) -> Self: ...
    def __get__(self, room: Room | None, kind: type) -> Any:
        if room is None:
            return self

        def ask(*given: P.args, **named: P.kwargs) -> Any:
            return room._driver.run(self.make(room, *given, **named))

        return update_wrapper(ask, self.make)


class Listing(Generic[P, T]):
    """One that has many: an iterator, page after page as they are taken."""

    def __init__(self, make: Callable[Concatenate[Any, P], Many[T]]) -> None:
        self.make = make
        update_wrapper(cast(Any, self), make)

    @overload
    def __get__(self, room: Blocking, kind: type) -> Callable[P, Generator[T, None, None]]: ...
    @overload
    def __get__(self, room: Awaiting, kind: type) -> Callable[P, AsyncGenerator[T, None]]: ...
    @overload
    def __get__(self, room: None, kind: type) -> Self: ...
    def __get__(self, room: Room | None, kind: type) -> Any:
        if room is None:
            return self

        def ask(*given: P.args, **named: P.kwargs) -> Any:
            return room._driver.items(self.make(room, *given, **named))

        return update_wrapper(ask, self.make)


def made_of(template: str, body: Callable[P, BaseModel], kind: type[T], about: str) -> Operation[P, T]:
    """`POST template` with a body of this model. about: what it does."""

    def make(room: Any, /, *given: P.args, **named: P.kwargs) -> Flow[T]:
        answer: T = yield from room._at.ask("POST", template, kind, body=_checked(body, *given, **named))
        return answer

    make.__doc__ = about
    return Operation(make)


def listing_of(template: str, asked: Callable[P, BaseModel], kind: type[Page[T]], about: str) -> Listing[P, T]:
    """`GET template`, page by page, with a query of this model. about: what it lists."""

    def make(room: Any, /, *given: P.args, **named: P.kwargs) -> Many[T]:
        query = {name: value for name, value in payload(_checked(asked, *given, **named)).items() if value is not None}
        yield from room._at.many(template, kind, query=query)

    make.__doc__ = about
    return Listing(make)


def _checked(model: Callable[P, BaseModel], *given: P.args, **named: P.kwargs) -> BaseModel:
    """Raises InvalidError: the server would refuse it."""
    try:
        return model(*given, **named)
    except ValidationError as error:
        raise unsent(error) from None
