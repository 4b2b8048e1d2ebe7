"""Every page of the console, in both languages, English also in the dark: it settles without a fault, every word is there, nothing hangs over
the edge. axe, which reads Chinese in the light and English in the dark only, finds nothing serious. The list of pages is that of the features'
routes: a new page has to be named here.

Pictures go to the folder that CALLWRIGHT_PAGES names, as NAME.LANG.png (light), and NAME.LANG.dark.png where CALLWRIGHT_PAGES_DARK is set.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest
from tests.e2e.conftest import CHROMIUM

from callwright.accounts.roles import MATRIX, Permission, Role
from callwright.testing.filled import ROLES

if TYPE_CHECKING:
    from playwright.sync_api import ConsoleMessage, Page, Playwright, Response

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(600)]

WEB = Path(__file__).resolve().parents[2] / "web"
DOCS = WEB.parent / "docs"
AXE = WEB / "node_modules" / "axe-core" / "axe.min.js"
WIDTH, HEIGHT, PHONE = 1280, 800, 390

# The name of each page, which is that of its picture.
NAMES = {
    "/": "overview",
    "/scripts": "scripts",
    "/scripts/:script": "studio",
    "/scripts/:script/recordings": "recordings",
    "/scripts/:script/review/:digest": "review",
    "/lists": "lists",
    "/lists/import": "list-import",
    "/lists/:list": "list",
    "/tasks": "tasks",
    "/tasks/new": "task-new",
    "/tasks/:task": "task",
    "/lines": "lines",
    "/webhooks": "webhooks",
    "/live": "live",
    "/desk": "desk",
    "/desk/settings": "desk-settings",
    "/calls": "calls",
    "/calls/:call": "call",
    "/follow-ups": "follow-ups",
    "/unanswered": "unanswered",
    "/analytics": "analytics",
    "/compliance": "compliance",
    "/compliance/freezes": "freezes",
    "/compliance/consents": "consents",
    "/compliance/records": "compliance-records",
    "/compliance/records/:record": "record",
    "/compliance/complaints": "complaints",
    "/compliance/complaints/:complaint": "complaint",
    "/compliance/numbers": "numbers",
    "/compliance/rules": "rules",
    "/compliance/subjects/:subject": "subject",
    "/setup": "setup",
    "/login": "login",
    "/join": "join",
    "/account": "account",
    "/companies": "companies",
    "/users": "users",
    "/users/roles": "roles",
    "/tokens": "tokens",
    "/settings": "settings",
    "/audit": "audit",
}

# Counts requests under way, and tells of words that are missing.
WATCH = """
window.pending = 0;
const real = window.fetch;
window.fetch = async (...given) => {
  window.pending += 1;
  try { return await real(...given); } finally { setTimeout(() => { window.pending -= 1; }, 0); }
};
"""
SETTLED = """
(path) => {
  const shown = (found) => [...document.querySelectorAll(found)].some((one) => one.checkVisibility());
  const calm = window.pending === 0 && document.documentElement.dataset.at === path && document.querySelector("h1") !== null
    && !shown(".ant-skeleton, .ant-spin-spinning, .ant-table-placeholder .ant-skeleton")
    && document.fonts.status === "loaded"
    && document.getAnimations().every((one) => one.playState !== "running" || one.effect.getTiming().iterations === Infinity);
  if (!calm) { window.calm = 0; return false; }
  window.calm = (window.calm ?? 0) + 1;
  return window.calm > 3;
}
"""
GO = "(path) => { window.calm = 0; history.pushState({}, '', path); dispatchEvent(new PopStateEvent('popstate')); }"
AXE_RUN = """
async () => {
  const found = await axe.run(document, { resultTypes: ["violations"] });
  return found.violations.filter((one) => ["serious", "critical"].includes(one.impact)).flatMap(
    (one) => one.nodes.map((node) => `${one.id}: ${node.target} ${node.any.concat(node.all).map((each) => each.message)}`));
}
"""
TOO_WIDE = """
() => {
  const edge = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= edge) return [];
  const over = [...document.querySelectorAll("body *")].filter((one) => one.getBoundingClientRect().right > edge + 1);
  return over.slice(-3).map((one) => one.outerHTML.slice(0, 120));
}
"""


@dataclass(frozen=True, slots=True)
class PageOf:
    """A page of a feature, as its routes name it."""

    path: str
    permission: str
    outside: bool


def routes() -> list[PageOf]:
    """Those of every feature."""
    found = []
    for file in sorted((WEB / "src" / "features").glob("*/routes.tsx")):
        text = file.read_text(encoding="utf-8")
        read = re.search(r'const read = "([^"]+)"', text)
        parts = re.split(r"\bpath:", text)[1:]
        assert len(parts) == text.count("load:") > 0, f"{file}: a page is written in a way that this test does not read"
        for part in parts:
            path = re.match(r'\s*"([^"]+)"', part)
            assert path, f"{file}: {part[:60]}"
            wanted = re.search(r'permission: (?:"([^"]+)"|read)', part)
            permission = "" if wanted is None else wanted[1] or (read[1] if read else "")
            found.append(PageOf(path[1], permission, "outside: true" in part))
    return found


@dataclass(frozen=True, slots=True)
class House:
    """A tenant of the running console."""

    url: str
    tenant: int
    places: dict[str, str]

    def address(self, page: PageOf) -> str:
        """With what stands for its parameters; the page of a review shows the script that waits for one."""
        if page.path == "/join":
            return self.places["join"]
        places = {**self.places, **({"script": self.places["waiting"]} if "review" in page.path else {})}
        return re.sub(r":(\w+)", lambda name: places[name[1]], page.path)


@pytest.fixture(scope="module")
def houses(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, House]]:
    """The console as a process of its own, with something on every page."""
    folder = tmp_path_factory.mktemp("filled")
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "callwright.testing.filled"], env={**os.environ, "TMPDIR": str(folder)},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True,
        )  # fmt: skip
        assert process.stdin is not None and process.stdout is not None
        try:
            line = process.stdout.readline()
            assert line, (folder / "log").read_text()
            told = json.loads(line)
            yield {lang: House(told["url"], one["tenant"], one["places"]) for lang, one in told["houses"].items()}
        finally:
            process.stdin.close()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@dataclass
class Reader:
    """Looks at pages and keeps what is wrong."""

    page: Page
    house: House
    faults: list[str] = field(default_factory=list)
    where: str = ""

    def listen(self) -> None:
        """To what the browser complains of."""
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.wrong(f"exception: {error}"))
        self.page.on("response", self._response)

    def wrong(self, what: str) -> None:
        self.faults.append(f"{self.where}: {what}")

    def _console(self, message: ConsoleMessage) -> None:
        steered = (
            "blocker on a POP navigation" in message.text
        )  # this test changes the address from outside of the router
        if message.type in ("error", "warning") and not steered:
            self.wrong(f"console: {message.text[:300]}")

    def _response(self, response: Response) -> None:
        if response.status >= 400:
            self.wrong(f"{response.status} {response.request.method} {response.url}")

    def open(self, path: str) -> None:
        """As a link within the console does."""
        self.page.evaluate(GO, path)
        self.settle(path)

    def settle(self, path: str) -> None:
        from playwright.sync_api import TimeoutError as LateError

        try:
            self.page.wait_for_function(SETTLED, arg=path.partition("#")[0], polling=60, timeout=30_000)
        except LateError:
            self.wrong("it does not settle")

    def lit(self, how: Literal["light", "dark"], path: str) -> None:
        """The system turns light or dark, and the page follows."""
        self.page.emulate_media(color_scheme=how, reduced_motion="reduce")
        self.page.wait_for_function("(how) => document.documentElement.style.colorScheme === how", arg=how)
        self.page.evaluate("() => { window.calm = 0; }")
        self.settle(path)

    def look(self, kind: str) -> None:
        """With axe."""
        for found in self.page.evaluate(AXE_RUN):
            self.wrong(f"axe, {kind}: {found[:400]}")

    def edges(self, width: int) -> None:
        for found in self.page.evaluate(TOO_WIDE):
            self.wrong(f"hangs over the edge at {width}: {found}")

    def picture(self, name: str) -> None:
        if folder := os.environ.get("CALLWRIGHT_PAGES"):
            self.page.screenshot(path=Path(folder) / f"{name}.png")


@contextmanager
def reader(playwright: Playwright, house: House, lang: str) -> Iterator[Reader]:
    """A browser that speaks the language, at the first page."""
    chromium = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
    try:
        context = chromium.new_context(
            locale="zh-CN" if lang == "zh" else "en-GB", timezone_id="Asia/Shanghai" if lang == "zh" else "Europe/London",
            viewport={"width": WIDTH, "height": HEIGHT}, color_scheme="light", reduced_motion="reduce",
            extra_http_headers=_viewer(house, ROLES),
        )  # fmt: skip
        page = context.new_page()
        page.set_default_timeout(60_000)
        page.add_init_script(WATCH)
        page.route(
            "**/api/v1/setup/check", lambda route: route.fulfill(status=204)
        )  # the first start is over in this house
        made = Reader(page, house)
        made.listen()
        page.goto(f"{house.url}/")
        made.settle("/")
        page.evaluate(AXE.read_text(encoding="utf-8"))  # not as a script of the page, which its policy forbids
        yield made
    finally:
        chromium.close()


def _viewer(house: House, roles: str) -> dict[str, str]:
    return {"x-fake-roles": roles, "x-fake-tenant": str(house.tenant), "x-fake-name": "Anna"}


def test_every_page_has_a_name() -> None:
    paths = [page.path for page in routes()]
    assert len(paths) == len(set(paths)) > 30
    assert set(paths) == set(NAMES), (
        "a page is new, or gone: name it in NAMES, fill it in callwright.testing.filled, picture it in the docs"
    )


def test_the_docs_show_every_page_and_who_sees_it() -> None:
    pictures = DOCS / "images" / "console"
    for lang, ending in (("en", ""), ("zh", ".zh-CN")):
        text = (DOCS / "reference" / f"console-pages{ending}.md").read_text(encoding="utf-8")
        for page in routes():
            picture = f"{NAMES[page.path]}.{lang}.png"
            assert f"`{page.path}`" in text, page.path
            assert (pictures / picture).is_file() and f"](../images/console/{picture})" in text, picture
            if lang == "en":
                assert f"`{page.path}` · seen by {_seen_by(page)}\n" in text, page.path
    assert max(file.stat().st_size for file in pictures.iterdir()) < 120_000
    assert sum(file.stat().st_size for file in pictures.iterdir()) < 6_000_000


def _seen_by(page: PageOf) -> str:
    if page.outside:
        return "people who are not signed in"
    roles = [role.value for role in Role if not page.permission or Permission(page.permission) in MATRIX[role]]
    return "everybody" if len(roles) == len(Role) else ", ".join(roles)


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed: make web")
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_page_is_whole(lang: str, houses: dict[str, House]) -> None:
    """axe reads Chinese light and English dark, neither of the other two: colours do not depend on words, nor words on colours."""
    from playwright.sync_api import sync_playwright

    if folder := os.environ.get("CALLWRIGHT_PAGES"):
        Path(folder).mkdir(parents=True, exist_ok=True)
    dark_picture = bool(os.environ.get("CALLWRIGHT_PAGES_DARK"))
    with sync_playwright() as playwright, reader(playwright, houses[lang], lang) as seen:
        for page in sorted(routes(), key=lambda one: one.outside):
            name, path = NAMES[page.path], seen.house.address(page)
            seen.where = f"{name} ({lang})"
            seen.open(path)
            seen.edges(WIDTH)
            seen.picture(f"{name}.{lang}")
            if lang == "zh":
                seen.look("light")
            if lang == "en" or dark_picture:
                seen.lit("dark", path)
                if lang == "en":
                    seen.look("dark")
                if dark_picture:
                    seen.picture(f"{name}.{lang}.dark")
                seen.lit("light", path)
            if page.path == "/live":
                seen.page.set_viewport_size({"width": PHONE, "height": HEIGHT})
                seen.settle(path)
                seen.edges(PHONE)
                seen.picture(f"{name}-phone.{lang}")
                seen.page.set_viewport_size({"width": WIDTH, "height": HEIGHT})
    assert not seen.faults, "\n".join(seen.faults)


def test_a_page_asks_for_nothing_that_its_viewer_may_not(houses: dict[str, House]) -> None:
    """Each page is opened by the role that may least of all those that see it: what it asks the server for is answered."""
    from playwright.sync_api import sync_playwright

    def least(page: PageOf) -> Role:
        fit = [role for role in Role if not page.permission or Permission(page.permission) in MATRIX[role]]
        return min(fit, key=lambda role: len(MATRIX[role]))

    house = houses["en"]
    with sync_playwright() as playwright, reader(playwright, house, "en") as seen:
        inside = sorted((page for page in routes() if not page.outside), key=lambda page: least(page).value)
        for role, pages in groupby(inside, least):
            seen.where = f"overview, seen by {role.value}"
            seen.page.context.set_extra_http_headers(_viewer(house, role.value))
            seen.page.goto(f"{house.url}/")
            seen.settle("/")
            for page in pages:
                seen.where = f"{NAMES[page.path]}, seen by {role.value}"
                seen.open(house.address(page))
    assert not seen.faults, "\n".join(seen.faults)
