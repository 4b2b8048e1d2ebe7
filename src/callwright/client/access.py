"""Who asks: the token or person of this client, and the tokens of the house."""

from __future__ import annotations

from callwright.accounts.api import Me
from callwright.accounts.users_api import TokenMade, TokenNew, TokenRow
from callwright.client.flow import Flow
from callwright.client.operations import Awaiting, Blocking, Operation, Room, made_of

__all__ = ["Access", "AccessRoom", "AsyncAccess", "AsyncTokens", "TokenRoom", "Tokens"]


class AccessRoom(Room):
    """Signing in, for what only a person may do. A program has a token and needs none of it."""

    @Operation
    def sign_in(self, email: str, password: str, *, code: str = "", house: str = "") -> Flow[Me]:
        """Sign in as a person; the client keeps the cookie. code: of the authenticator. Raises DeniedError with code `totp`: one is needed."""
        body = {"email": email, "password": password, "code": code, "house": house}
        return self._at.ask("POST", "/login", Me, body=body)

    @Operation
    def sign_out(self) -> Flow[None]:
        """End the session of this client."""
        return self._at.tell("POST", "/logout")

    @Operation
    def me(self) -> Flow[Me]:
        """Who asks, and what they may."""
        return self._at.ask("GET", "/me", Me)


class Access(AccessRoom, Blocking):
    """See AccessRoom."""


class AsyncAccess(AccessRoom, Awaiting):
    """See AccessRoom."""


class TokenRoom(Room):
    """What programs sign in with. Tokens are made by persons: sign in first."""

    make = made_of("/tokens", TokenNew, TokenMade, "A new token. Its text is in the answer, and is never shown again.")

    @Operation
    def all(self) -> Flow[list[TokenRow]]:
        """The newest first, without what they open with."""
        return self._at.ask("GET", "/tokens", list[TokenRow])

    @Operation
    def revoke(self, token: int) -> Flow[None]:
        """It opens nothing any more."""
        return self._at.tell("DELETE", "/tokens/{token}", {"token": token})


class Tokens(TokenRoom, Blocking):
    """See TokenRoom."""


class AsyncTokens(TokenRoom, Awaiting):
    """See TokenRoom."""
