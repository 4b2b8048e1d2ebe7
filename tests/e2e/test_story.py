"""The whole story in a browser, in both languages: from the first start to an export, with a real call that a person takes over.

Pictures of every page go to the folder that CALLWRIGHT_PICTURES names (by default to the test's own).
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.e2e.conftest import CHROMIUM, MICROPHONE_HZ, PERSON_HZ, Place, Up, up
from tests.sound import PEAK, WATCH

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Locator, Page

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(600)]

PASSWORD = "correct horse battery staple 7"
TEMPLATE = {"en": "appointment_en", "zh": "appointment"}
WORDS: dict[str, dict[str, str]] = {
    "en": {
        "add company": "Add a company", "save company": "Add", "accept": "In order", "add node": "Add a node", "text": "Text",
        "canvas": "Canvas", "tests": "Tests", "run": "Run the tests", "submit script": "Hand in for review", "new script": "New script",
        "create": "Create", "review": "Review", "approve": "Approve and publish", "submit": "Submit for review", "approve task": "Approve",
        "start": "Start", "take over": "Take over", "give back": "Give back", "you talk": "You talk with the person called",
        "play": "Play", "freeze": "Freeze a number", "export": "Export", "begin": "Write the file", "download": "Download",
    },
    "zh": {
        "add company": "添加企业", "save company": "添加", "accept": "通过", "add node": "新建节点", "text": "文本",
        "canvas": "画布", "tests": "测试", "run": "运行测试", "submit script": "提交审核", "new script": "新建话术",
        "create": "新建", "review": "审核", "approve": "通过并发布", "submit": "提交审核", "approve task": "通过",
        "start": "启动", "take over": "接管", "give back": "交还机器人", "you talk": "您正在与客户通话",
        "play": "播放", "freeze": "冻结号码", "export": "导出", "begin": "开始导出", "download": "下载",
    },
}  # fmt: skip


def until(what: Callable[[], bool], seconds: float, said: str) -> None:
    """Wait for something that no event tells of."""
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, said
        time.sleep(0.2)


@dataclass
class Teller:
    """Somebody with a browser of their own."""

    page: Page
    lang: str
    base: str
    pictures: Path

    def word(self, key: str) -> str:
        return WORDS[self.lang][key]

    def go(self, path: str) -> None:
        self.page.goto(f"{self.base}{path}")

    def button(self, key: str) -> Locator:
        """Buttons with this word; what stands before it is the name of an icon."""
        return self.page.get_by_role("button", name=re.compile(rf"(^|\s){re.escape(self.word(key))}$"))

    def press(self, key: str, *, last: bool = False) -> None:
        found = self.button(key)
        (found.last if last else found.first).click()

    def picture(self, name: str) -> None:
        """Keep what the page looks like, once it has settled."""
        self.page.wait_for_load_state("networkidle") if "live" not in name else None
        self.page.screenshot(path=self.pictures / f"{name}.{self.lang}.png")


@contextmanager
def browser(lang: str, base: str, microphone: Path, pictures: Path) -> Iterator[Callable[[], Teller]]:
    """Chromium with a fake microphone; each call is another person's window."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=str(CHROMIUM),
            args=[
                "--no-sandbox", "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream",
                f"--use-file-for-fake-audio-capture={microphone}", "--autoplay-policy=no-user-gesture-required",
            ],
        )  # fmt: skip

        def window() -> Teller:
            context: BrowserContext = chromium.new_context(
                locale="zh-CN" if lang == "zh" else "en-GB", viewport={"width": 1280, "height": 800}, permissions=["microphone"],
                reduced_motion="reduce",
            )  # fmt: skip
            page = context.new_page()
            page.set_default_timeout(60_000)
            page.add_init_script(WATCH)
            return Teller(page, lang, base, pictures)

        try:
            yield window
        finally:
            chromium.close()


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_whole_story(lang: str, place: Place, microphone: Path, tmp_path: Path) -> None:
    pictures = Path(os.environ.get("CALLWRIGHT_PICTURES") or tmp_path / "pictures")
    pictures.mkdir(parents=True, exist_ok=True)
    with up(tmp_path, place) as house, browser(lang, house.url, microphone, pictures) as window:
        anna, bert = window(), window()
        first_start(anna, house)
        second_person(anna, bert)
        company(anna, bert, place, tmp_path)
        script(anna, bert)
        people(anna, place, tmp_path)
        task = start_task(anna, bert)
        take_over(anna, house, task)
        results(anna)
        freeze(anna, place)
        next_task(anna, bert)


def first_start(anna: Teller, house: Up) -> None:
    """The link that was printed makes the house and its first account."""
    page = anna.page
    page.goto(house.setup)
    page.locator("#house").fill("Acme")
    page.locator("#name").fill("Anna")
    page.locator("#email").fill("anna@example.org")
    page.locator("#password").fill(PASSWORD)
    page.locator("#password-again").fill(PASSWORD)
    page.locator("#everything").check()
    anna.picture("setup")
    page.locator("button[type=submit]").click()
    page.get_by_role("heading", level=1).first.wait_for()
    page.wait_for_url(f"{house.url}/")
    page.locator(".ant-card").first.wait_for()
    anna.picture("overview-empty")


def second_person(anna: Teller, bert: Teller) -> None:
    """Nobody approves their own work: a second account, through the link of an invitation."""
    body: dict[str, Any] = {
        "email": "bert@example.org", "name": "Bert", "roles": ["administrator", "reviewer", "agent"],
        "language": "zh-CN" if anna.lang == "zh" else "en",
    }  # fmt: skip
    answer = anna.page.request.post(f"{anna.base}/api/v1/users", data=body, headers={"X-Callwright": "1"})
    assert answer.status == 201, answer.text()
    anna.go("/users")
    anna.page.get_by_text("bert@example.org").wait_for()
    anna.picture("users")
    bert.page.goto(f"{bert.base}{answer.json()['path']}")
    bert.page.locator("#password").fill(PASSWORD)
    bert.page.locator("#password-again").fill(PASSWORD)
    bert.page.locator("button[type=submit]").click()
    bert.page.wait_for_url("**/login**")
    bert.page.locator("#email").fill("bert@example.org")
    bert.page.locator("#password").fill(PASSWORD)
    bert.picture("login")
    bert.page.locator("button[type=submit]").click()
    bert.page.wait_for_url(f"{bert.base}/")


def company(anna: Teller, bert: Teller, place: Place, folder: Path) -> None:
    """Anna brings the papers, Bert looks at them."""
    paper = folder / "licence.pdf"
    paper.write_bytes(b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n")
    anna.go("/companies")
    anna.press("add company")
    drawer = anna.page.locator(".ant-drawer-content, .ant-drawer-section").last
    drawer.locator("#name").fill("Acme Heating")
    drawer.locator("#registration").fill("91310000MA1K00001X")
    drawer.locator("#country").fill(place.country)
    anna.press("save company", last=True)
    anna.page.locator("input[type=file]").set_input_files(paper)
    anna.page.get_by_text("licence.pdf").wait_for()
    anna.picture("company")
    bert.go("/companies")
    bert.page.get_by_text("Acme Heating").first.click()
    bert.press("accept")
    bert.page.locator(".ant-badge-status-success").first.wait_for()
    bert.picture("companies")


def script(anna: Teller, bert: Teller) -> None:
    """From a template, changed on the canvas, a fault mended in the text, its tests run, reviewed by somebody else and published."""
    page = anna.page
    anna.go("/scripts")
    anna.press("new script")
    page.locator("#script-name").fill("visit")
    page.locator("#script-template").click()
    page.locator(".ant-select-item-option").filter(
        has_text="appointment" if anna.lang == "en" else "预约"
    ).first.click()
    anna.press("create", last=True)
    page.wait_for_url("**/scripts/visit")
    page.locator(".ant-segmented-item").filter(has_text=anna.word("canvas")).click()
    page.locator(".react-flow__node").first.click()
    said = page.locator("#wording-0")
    said.fill(f"{said.input_value()} ")
    said.blur()
    anna.picture("studio-canvas")
    page.locator(".ant-segmented-item").filter(has_text=anna.word("text")).click()
    page.locator(".cm-content").click()
    page.keyboard.press("Control+End")
    page.keyboard.type("\nnonsense: 1")
    submit = anna.button("submit script").first
    until(submit.is_disabled, 60, "a fault in the script does not stop it from being handed in")
    anna.picture("studio-fault")
    for _ in range("\nnonsense: 1".count("") - 1):
        page.keyboard.press("Backspace")
    until(submit.is_enabled, 60, "the fault was mended, and the script cannot be handed in")
    page.keyboard.press("Control+s")
    page.get_by_role("tab", name=anna.word("tests")).click()
    anna.press("run")
    page.locator(".ant-tag-success:visible").first.wait_for()
    anna.picture("studio-tests")
    hand_in(anna, bert)


def hand_in(anna: Teller, bert: Teller) -> None:
    """Nobody reviews their own script."""
    page = anna.page
    anna.press("submit script")
    anna.press("submit script", last=True)
    until(lambda: page.locator(".ant-modal:visible").count() == 0, 60, "the dialog stays open")
    versions = page.request.get(f"{anna.base}/api/v1/scripts/visit").json()
    digest = versions["submissions"][0]["digest"]
    bert.go(f"/scripts/visit/review/{digest}")
    bert.press("approve")
    bert.page.wait_for_url("**/scripts/visit")
    bert.picture("studio-published")


def people(anna: Teller, place: Place, folder: Path) -> None:
    """A list of people who agreed; one row is wrong and says why."""
    head = "number,basis,consent_at,scope,name,company,item,visit"
    rows = [
        f"{place.number(n)},consent,2026-10-01,service;recording;synthetic_voice,Ms Baker,Acme Heating,boiler check,Tuesday at ten"
        for n in (1, 2)
    ]
    file = folder / "people.csv"
    file.write_text(
        "\n".join([head, *rows, "12,consent,2026-10-01,service,Nobody,Acme,boiler,Monday"]) + "\n", encoding="utf-8"
    )
    anna.go("/lists/import")
    anna.page.locator("input[type=file]").set_input_files(file)
    anna.page.locator("#name").wait_for()
    anna.picture("list-columns")
    anna.page.locator("button[type=submit]").click()
    anna.page.locator("a[href^='/lists/']").last.wait_for()
    anna.picture("list-result")


def draft(anna: Teller) -> None:
    """The form with what it proposes, as a draft."""
    from playwright.sync_api import TimeoutError as PlaywrightTimeout

    anna.go("/tasks/new")
    anna.page.locator("#name").wait_for()
    anna.picture("task-new")
    anna.page.locator("button[type=submit]").click()
    try:
        anna.button("submit").first.wait_for()
    except PlaywrightTimeout as wrong:
        wrong.add_note("the form says:\n" + anna.page.locator("body").inner_text())
        raise


def start_task(anna: Teller, bert: Teller) -> int:
    """Script and list are enough; somebody else approves; it starts."""
    page = anna.page
    draft(anna)
    anna.picture("task-forecast")
    task = max(each["id"] for each in page.request.get(f"{anna.base}/api/v1/tasks").json()["items"])
    always_open(anna, task)

    def reached(*states: str) -> None:
        """To leave or load a page again before the answer is there would take the question back."""
        view = f"{anna.base}/api/v1/tasks/{task}"
        until(lambda: page.request.get(view).json()["state"] in states, 60, f"the task does not get {states[0]}")

    anna.go(f"/tasks/{task}")
    anna.press("submit")
    reached("in_review")
    bert.go(f"/tasks/{task}")
    bert.press("approve task")
    reached("approved", "scheduled")
    page.reload()
    anna.press("start")
    anna.press("start", last=True)
    reached("running", "done")
    return int(task)


def always_open(anna: Teller, task: int) -> None:
    """The hours of the plan are the ones of the place at any time: tests run at night and on holidays too."""
    path = f"{anna.base}/api/v1/tasks/{task}"
    view = anna.page.request.get(path).json()
    plan = view["plan"]
    days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
    plan["calling"] |= {"windows": [{"days": days, "from": "00:00", "to": "24:00"}], "breaks": [], "holidays": []}
    body = {"plan": plan, "version": view["version"]}
    answer = anna.page.request.put(f"{path}/plan", data=body, headers={"X-Callwright": "1"})
    assert answer.ok, answer.text()


def take_over(anna: Teller, house: Up, task: int) -> None:
    """The call is watched as it is spoken; Anna takes it over, talks, and gives it back. What both sides hear is measured."""
    from playwright.sync_api import TimeoutError as PlaywrightTimeout

    page = anna.page
    anna.go("/live")
    try:
        page.locator(".live-row").first.wait_for(timeout=90_000)
    except PlaywrightTimeout as wrong:
        told = [
            page.request.get(f"{anna.base}/api/v1/{what}").text() for what in (f"tasks/{task}/why", "calls?limit=20")
        ]
        wrong.add_note("why nobody is called, and who was:\n" + "\n".join(told))
        raise
    page.locator(".live-row").first.click()
    take = anna.button("take over").first
    until(take.is_enabled, 60, "the call cannot be taken over")
    anna.picture("live-call")
    take.click()
    page.get_by_text(anna.word("you talk")).wait_for()

    def heard_there() -> bool:
        told = [each for each in house.telephones.told() if each.get("loud", 0) > 800]
        return any(abs(each["hz"] - MICROPHONE_HZ) < 12 for each in told)

    def heard_here() -> bool:
        hertz, decibels = page.evaluate(PEAK)
        return bool(abs(hertz - PERSON_HZ) < 10 and decibels > -50)

    until(heard_there, 60, "the person called does not hear Anna")
    until(heard_here, 60, "Anna does not hear the person called")
    anna.picture("live-taken")
    anna.press("give back")
    take.wait_for()


def results(anna: Teller) -> None:
    """Each call with its recording, which plays; and the table as a file."""
    page = anna.page

    def finished() -> list[Any]:
        return list(page.request.get(f"{anna.base}/api/v1/calls").json()["items"])

    until(lambda: len(finished()) == 2, 150, "the calls did not end")
    anna.go("/calls")
    page.locator(".ant-table-row").first.wait_for()
    anna.picture("calls")
    page.locator(".ant-table-row").first.click()
    page.wait_for_url("**/calls/*")
    play = anna.button("play").first
    until(play.is_enabled, 60, "the recording cannot be played")
    anna.picture("call")
    play.click()
    play.wait_for(state="hidden")
    anna.go("/calls")
    anna.press("export")
    anna.press("begin")
    with page.expect_download() as got:
        page.get_by_role("link", name=anna.word("download")).or_(anna.button("download")).first.click()
    table = Path(got.value.path()).read_text(encoding="utf-8-sig")
    assert len(table.splitlines()) == 3, table


def freeze(anna: Teller, place: Place) -> None:
    """A number that nobody calls any more."""
    page = anna.page
    anna.go("/compliance/freezes")
    anna.press("freeze")
    page.locator(".ant-modal #number").fill(place.number(1))
    anna.press("freeze", last=True)
    until(lambda: page.locator(".ant-modal:visible").count() == 0, 60, "the dialog stays open")
    page.locator(".ant-table-row").first.wait_for()
    anna.picture("freezes")
    for name in ("", "/consents", "/records", "/complaints", "/numbers", "/rules"):
        anna.go(f"/compliance{name}")
        page.locator("h1").first.wait_for()
        anna.picture(f"compliance{name.replace('/', '-')}")


def next_task(anna: Teller, bert: Teller) -> None:
    """The same list again: the frozen number is refused, and the record says why."""
    before = len(anna.page.request.get(f"{anna.base}/api/v1/records").json()["items"])
    task = start_task(anna, bert)
    queue = f"{anna.base}/api/v1/tasks/{task}/queue"

    def told() -> str:
        return anna.page.request.get(queue).text()

    until(lambda: "frozen" in told(), 90, f"the frozen number is not refused: {told()}")
    anna.go(f"/tasks/{task}")
    anna.page.locator(".ant-statistic").first.wait_for()
    anna.picture("task-refused")
    assert before >= 2
    for name in (
        "follow-ups",
        "unanswered",
        "analytics",
        "lines",
        "webhooks",
        "tokens",
        "settings",
        "audit",
        "lists",
        "tasks",
        "account",
        "scripts",
        "live",
        "",
    ):
        anna.go(f"/{name}")
        anna.page.locator("h1").first.wait_for()
        anna.picture(name or "overview")
