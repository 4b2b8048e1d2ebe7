"""Where news goes: webhooks, group robots, mail. What arrives there is read by `callwright.client.webhooks`."""

from __future__ import annotations

from callwright.campaigns.api.endpoints import (
    AddedEndpoint,
    DeliveryRow,
    EndpointList,
    EndpointRow,
    NewEndpoint,
    SwitchBody,
    TestBody,
    Tried,
)
from callwright.campaigns.wording import Language
from callwright.client.flow import Flow, Many
from callwright.client.operations import Awaiting, Blocking, Listing, Operation, Room, made_of
from callwright.http.paging import Page

__all__ = ["AsyncEndpoints", "EndpointRoom", "Endpoints"]


class EndpointRoom(Room):
    """Endpoints of the house, and what was sent to them."""

    add = made_of("/endpoints", NewEndpoint, AddedEndpoint, "Add one. The secret of a webhook is told this once.")

    @Operation
    def all(self) -> Flow[EndpointList]:
        """All of them, also those that are off, and the events there are."""
        return self._at.ask("GET", "/endpoints", EndpointList)

    @Operation
    def switch(self, endpoint: int, *, active: bool) -> Flow[EndpointRow]:
        """Switch it on or off; what waits for it waits on."""
        body = SwitchBody(active=active)
        return self._at.ask("PATCH", "/endpoints/{endpoint}", EndpointRow, {"endpoint": endpoint}, body=body)

    @Operation
    def delete(self, endpoint: int) -> Flow[None]:
        """Away with it, and with what waits for it."""
        return self._at.tell("DELETE", "/endpoints/{endpoint}", {"endpoint": endpoint})

    @Operation
    def test(self, endpoint: int, lang: Language = "en") -> Flow[Tried]:
        """Send a test event at once; waits for the answer for 20 s at most."""
        body = TestBody(lang=lang)
        return self._at.ask("POST", "/endpoints/{endpoint}/test", Tried, {"endpoint": endpoint}, body=body)

    @Listing
    def deliveries(self, endpoint: int) -> Many[DeliveryRow]:
        """What was sent to it, or is waiting; the newest first."""
        return self._at.many("/endpoints/{endpoint}/deliveries", Page[DeliveryRow], {"endpoint": endpoint})

    @Operation
    def retry(self, endpoint: int, delivery: str) -> Flow[None]:
        """Send one again that waits or was given up."""
        names = {"endpoint": endpoint, "delivery": delivery}
        return self._at.tell("POST", "/endpoints/{endpoint}/deliveries/{delivery}/retry", names)


class Endpoints(EndpointRoom, Blocking):
    """See EndpointRoom."""


class AsyncEndpoints(EndpointRoom, Awaiting):
    """See EndpointRoom."""
