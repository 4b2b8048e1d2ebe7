"""Settings of the desk: wrap-up codes, what follows a call, and the groups of agents with who asks for them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from callwright.accounts.roles import Permission
from callwright.campaigns.model import plan_from
from callwright.campaigns.spoken import read_spoken
from callwright.campaigns.task_store import WANTED
from callwright.desk import service, settings, store
from callwright.desk.api.agents import CodeName
from callwright.desk.asked import groups_asked
from callwright.desk.settings import Code, DeskSettings, Group
from callwright.http.fields import Said, Text
from callwright.http.here import Here, any_viewer, needs
from callwright.store.scope import Scope

__all__ = ["router"]

router = APIRouter()

Title = Annotated[Said, Field(max_length=60)]
Manages = Annotated[Here, needs(Permission.DESK_MANAGE)]


class CodeView(BaseModel):
    """How an agent says a call came out."""

    model_config = ConfigDict(extra="forbid")

    code: CodeName
    en: Title = Field(examples=["interested"])
    zh: Title = Field(examples=["有意向"])
    archived: bool = Field(False, description="nobody chooses it any more; calls that have it are still read")


class GroupView(BaseModel):
    """Agents whom scripts ask for."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[Said, Field(max_length=64)] = Field(description="as scripts write it", examples=["sales"])
    en: Title = Field(examples=["Sales"])
    zh: Title = Field(examples=["销售组"])


class DeskRules(BaseModel):
    """What a tenant decides about its desk."""

    model_config = ConfigDict(extra="forbid")

    codes: list[CodeView] = Field(
        max_length=100, description="codes that are missing in a change are archived, not forgotten"
    )
    groups: list[GroupView] = Field(max_length=50)
    required: bool = Field(description="an agent says how a call came out before the next one")
    work_s: int = Field(
        ge=0,
        le=3600,
        description="how long the time after a call lasts; 0 = until the agent ends it. Then he is ready again, unless `required`",
    )


class AskedGroup(BaseModel):
    """A group that exists, or that somebody asks for. A script that asks for a group without agents is answered by those who are in none."""

    name: Text = Field(examples=["sales"])
    known: bool = Field(description="false: it is only asked for")
    agents: list[int] = Field(description="users who are in it", examples=[[3, 4]])
    scripts: list[str] = Field(
        description="scripts of tasks that run or are to, that ask for it", examples=[["renewal"]]
    )
    tasks: list[str] = Field(description="tasks that are paced by its agents", examples=[["November"]])


class GroupList(BaseModel):
    """By name. everybody: users in no group, who take the calls of all."""

    items: list[AskedGroup]
    everybody: list[int] = Field(examples=[[5]])


@router.get("/desk/settings")
async def read_desk_settings(here: Annotated[Here, any_viewer]) -> DeskRules:
    """Wrap-up codes with their words, groups, and what follows a call."""
    async with here.reading() as scope:
        return _view(await settings.chosen(scope))


@router.put("/desk/settings")
async def change_desk_settings(here: Manages, body: DeskRules) -> DeskRules:
    """Choose them; what is kept then. A group that has agents stays until they are taken out of it."""
    wanted = DeskSettings(
        tuple(Code(one.code, one.en, one.zh, one.archived) for one in body.codes),
        tuple(Group(one.name, one.en, one.zh) for one in body.groups),
        body.required,
        body.work_s,
    )
    async with here.keyed() as (scope, keys):
        staffed = await service.staffed(scope)
        kept = await settings.keep(scope, keys, here.viewer, wanted, staffed, here.now())
    return _view(kept)


@router.get("/desk/groups")
async def list_desk_groups(here: Manages) -> GroupList:
    """Groups, their agents, and which scripts and tasks ask for them: also those that nobody has made yet."""
    async with here.reading() as scope:
        known = {one.name for one in (await settings.chosen(scope)).groups}
        team = await service.team(scope)
        scripts, tasks = await _asking(scope)
    names = known | scripts.keys() | tasks.keys() | {group for one in team for group in one.groups}
    return GroupList(
        items=[
            AskedGroup(
                name=name, known=name in known, agents=[one.user for one in team if name in one.groups],
                scripts=sorted(scripts.get(name, ())), tasks=sorted(tasks.get(name, ())),
            )
            for name in sorted(names)
        ],
        everybody=[one.user for one in team if not one.groups],
    )  # fmt: skip


async def _asking(scope: Scope) -> tuple[dict[str, set[str]], dict[str, set[str]]]:
    """By group: scripts that ask for it, and tasks that are paced by it."""
    found = await scope.all(WANTED)
    plans = [(row.name, plan_from(row.plan)) for row in found]
    tasks: dict[str, set[str]] = {}
    for name, plan in plans:
        if plan.transfer.mode != "robots":
            tasks.setdefault(plan.transfer.group, set()).add(name)
    digests = sorted({share.digest for _, plan in plans for share in plan.scripts if share.digest})
    scripts: dict[str, set[str]] = {}
    for row in await scope.all(store.SCRIPT_TEXTS, digests=digests) if digests else ():
        spoken = read_spoken(row.text, row.digest)
        for group in groups_asked(spoken.script) if spoken is not None else ():
            scripts.setdefault(group, set()).add(row.script_id)
    return scripts, tasks


def _view(rules: DeskSettings) -> DeskRules:
    return DeskRules(
        codes=[CodeView(code=one.code, en=one.en, zh=one.zh, archived=one.archived) for one in rules.codes],
        groups=[GroupView(name=one.name, en=one.en, zh=one.zh) for one in rules.groups],
        required=rules.required,
        work_s=rules.work_s,
    )
