"""`POST /calls/now`: the robot calls one person now, in the frame of a task, under the same gate, caps and record as any call."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated

import anyio.to_thread
from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from callwright import audit
from callwright.accounts.roles import Permission
from callwright.campaigns.dispatch_store import SCRIPT_TEXT
from callwright.campaigns.model import plan_from
from callwright.campaigns.scripts import find
from callwright.desk import service
from callwright.desk.api.live import boards_of
from callwright.desk.links import first_able
from callwright.errors import InputError, Place, Problem
from callwright.http.fields import Id, Number, Text
from callwright.http.here import Here, needs
from callwright.http.problems import answers
from callwright.script.loader import loads
from callwright.script.model import Script

__all__ = ["CallNow", "CallNowTold", "router"]

router = APIRouter()

_Value = Annotated[Text, Field(max_length=2000)]
_Name = Annotated[Text, Field(min_length=1, max_length=64)]


class CallNow(BaseModel):
    """Whom the robot calls: somebody who is known (on a list, with a consent or another basis). task: whose script (its first), company, line
    and numbers are used; variables: of the script, over what the list says of this person."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [
        {"number": "+8613900000001", "task": 17, "variables": {"item": "空调清洗"}}
    ]})  # fmt: skip

    number: Number
    task: Id
    variables: Annotated[dict[_Name, _Value], Field(max_length=200)] = {}


class CallNowTold(BaseModel):
    """What the gate says. Both answers stand in the decision records."""

    placed: bool = Field(description="the call is under way; false: nobody was called")
    call: str | None = Field(
        None, description="read it at GET /calls/{call} once it is over", examples=["4f2a9c0e5b6d47aa"]
    )
    refused: str | None = Field(None, description="the first rule that refuses", examples=["cn/hours"])
    next_allowed_at: datetime | None = Field(None, description="when the rules would allow it; null = not by itself")
    record: str | None = Field(None, description="of the decision: GET /records/{record}")


@router.post("/calls/now", responses=answers(404, 409))
async def call_now(here: Annotated[Here, needs(Permission.TASKS_RUN)], body: CallNow) -> CallNowTold:
    """Let the robot call somebody now, if the rules allow it; answers as soon as they have decided. Send an `Idempotency-Key`: the same order is
    then never placed twice. 409: no worker runs, the line has no room, or the task was not approved; nobody was called."""
    now = here.now()
    async with here.keyed() as (scope, keys):
        row = await service.frame(scope, body.task)
        plan = plan_from(row.plan)
        version = await find(scope, plan.scripts[0].digest or "")
        text = str(await scope.value(SCRIPT_TEXT, script=version.id))
        listed = await service.callee(scope, keys, number=body.number)
        variables = dict(listed.variables) | body.variables
        _complete((await anyio.to_thread.run_sync(loads, text)).script, variables)
        # written before anything rings: nothing may fail once the worker has been asked, or a second try would ring again
        await audit.note(scope, keys, here.viewer, "call.now", ("task", body.task), now=now)
    async with boards_of(here).watching(here.viewer.tenant) as board:
        await board.known()
        order = {"number": body.number, "task": body.task, "lead": listed.lead, "variables": variables}
        answer = await first_able(list(board.links.values()), order)
    refused = answer.get("refused")
    if refused is not None:
        return CallNowTold(
            placed=False, refused=refused["rule"], next_allowed_at=refused["next_allowed_at"], record=refused["record"] or None
        )  # fmt: skip
    return CallNowTold(placed=True, call=answer["call"], record=answer.get("record") or None)


def _complete(script: Script, variables: Mapping[str, str]) -> None:
    """Raises InputError: the script needs more."""
    lacking = [name for name, var in script.vars.items() if var.required and not variables.get(name)]
    if lacking:
        problems = [
            Problem("missing-variable", f"the script needs the variable `{name}`", Place(field=f"body.variables.{name}"),
                    "Put it on the list, or send it along.")
            for name in lacking
        ]  # fmt: skip
        raise InputError(problems)
