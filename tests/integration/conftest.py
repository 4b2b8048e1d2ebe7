"""Scenarios that are played directly and once more over a network that loses, repeats and reorders 10 % of the datagrams.

A coroutine function that takes `stage` is such a scenario. All of a module that were selected are played at once, a few at a time, since
they mostly wait; each is still a test of its own. `@pytest.mark.direct`: only directly (over TCP and TLS, or when it needs exact timing).
"""

from __future__ import annotations

import asyncio
import inspect
import re
import tempfile
from pathlib import Path
from typing import Any

import anyio
import pytest

from callwright.testing.lossy_proxy import Passage
from callwright.testing.stage import Stage

SCENARIOS = Path(__file__).parent / "sipp"
AT_ONCE = 8
WAYS = ("direct", "lossy")

_played = pytest.StashKey[dict[str, BaseException | None]]()
_passages = pytest.StashKey[dict[str, tuple[Passage, Passage]]]()


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "direct: this scenario is not played over the lossy network")
    config.stash[_played] = {}
    config.stash[_passages] = {}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "stage" in metafunc.fixturenames and inspect.iscoroutinefunction(metafunc.function):
        direct = metafunc.definition.get_closest_marker("direct") is not None
        metafunc.parametrize("stage", WAYS[:1] if direct else WAYS)


@pytest.fixture
def passages(request: pytest.FixtureRequest) -> dict[str, tuple[Passage, Passage]]:
    """What the lossy relays of this module's scenarios counted so far, by name of the scenario: outward, inward."""
    module = request.node.nodeid.split("::")[0]
    return {name: both for name, both in request.config.stash[_passages].items() if name.startswith(module)}


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    if not _is_scenario(pyfuncitem):
        return None
    played = pyfuncitem.config.stash[_played]
    if pyfuncitem.nodeid not in played:
        module = pyfuncitem.nodeid.split("::")[0]
        items = [
            item
            for item in pyfuncitem.session.items
            if isinstance(item, pytest.Function) and _is_scenario(item) and item.nodeid.split("::")[0] == module
            if not any(item.iter_markers("skip")) and not any(mark.args[0] for mark in item.iter_markers("skipif"))
        ]
        with tempfile.TemporaryDirectory() as folder:
            asyncio.run(_play_all(items, Path(folder), played, pyfuncitem.config.stash[_passages]))
    failure = played[pyfuncitem.nodeid]
    if failure is not None:
        raise failure
    return True


def _is_scenario(item: pytest.Function) -> bool:
    return inspect.iscoroutinefunction(item.obj) and "stage" in item.fixturenames


async def _play_all(
    items: list[pytest.Function],
    folder: Path,
    played: dict[str, BaseException | None],
    passages: dict[str, tuple[Passage, Passage]],
) -> None:
    limit = anyio.CapacityLimiter(AT_ONCE)

    async def play(item: pytest.Function, number: int) -> None:
        params: dict[str, Any] = dict(item.callspec.params)
        lossy = params.pop("stage") == "lossy"
        own = folder / f"{number}-{re.sub(r'[^A-Za-z0-9]+', '-', item.name)[:60]}"
        own.mkdir()
        async with limit:
            try:
                async with Stage(own, SCENARIOS, lossy=lossy, seed=item.name) as stage:
                    await item.obj(stage, **params)
            except Exception as failure:  # noqa: BLE001 -- kept for the test it belongs to
                played[item.nodeid] = failure
            else:
                played[item.nodeid] = None
            if stage.proxy is not None:
                passages[item.nodeid] = (stage.proxy.outward, stage.proxy.inward)

    async with asyncio.TaskGroup() as tasks:
        for number, item in enumerate(items):
            tasks.create_task(play(item, number))
