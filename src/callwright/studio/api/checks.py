"""Routes that look at a text, whether it is kept or not: problems, and results of its own tests."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field

from callwright.accounts.roles import Permission
from callwright.http.here import Here, needs
from callwright.http.problems import Detail, detail_of
from callwright.studio.api.views import Body, CheckedView, ScriptText, checked_view
from callwright.studio.examining import Tested
from callwright.studio.workshop import workshop

__all__ = ["router"]

router = APIRouter()
Reads = Annotated[Here, needs(Permission.SCRIPTS_READ)]


class ToCheck(Body):
    text: ScriptText
    explore: bool = Field(
        False, description="also walk through every conversation with the model checker; takes longer"
    )


class ToTest(Body):
    text: ScriptText


class ScriptTestLine(BaseModel):
    who: str = Field(description="`robot`, `caller` or `event`", examples=["robot"])
    text: str


class ScriptTestView(BaseModel):
    name: str
    ok: bool
    failures: list[str] = Field(description="what was expected and what came instead")
    lines: list[ScriptTestLine] = Field(description="the whole conversation")


class TestedView(BaseModel):
    """problems: errors because of which no test could be run."""

    tests: list[ScriptTestView]
    passed: int
    problems: list[Detail]


@router.post("/script-checks")
async def check_script(here: Reads, body: ToCheck) -> CheckedView:
    """Everything that is wrong with a text: code, line, column, field, how to mend it; for what the model checker finds, the shortest
    conversation that shows it. At most 500 problems are told."""
    found = await workshop(here).checking.problems(body.text, here.now().date(), explored=body.explore)
    return checked_view(found)


@router.post("/script-tests")
async def test_script(here: Reads, body: ToTest) -> TestedView:
    """Run the dialogues under `tests`, without audio."""
    now = here.now()
    return _view(await workshop(here).checking.tests(body.text, now.date(), now.strftime("%Y-%m-%dT%H:%M")))


def _view(found: Tested) -> TestedView:
    tests = [
        ScriptTestView(
            name=one.name,
            ok=one.ok,
            failures=list(one.failures),
            lines=[ScriptTestLine(who=who, text=text) for who, text in one.lines],
        )
        for one in found.tests
    ]
    return TestedView(
        tests=tests, passed=sum(one.ok for one in tests), problems=[detail_of(each) for each in found.problems[:500]]
    )
