"""The packs that could apply to a call, compiled once, and what they say of it. Pure.

Of all rules that could apply each must hold, so the strictest wins and a pack can only forbid. What nobody knows, or a word that means nothing,
fits (`applies_if`) and does not hold (a missing fact refuses). A rule that raises refuses. A country without a pack of its own is closed.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from callwright.compliance.decision import Verdict
from callwright.compliance.facts import PURPOSES, CallOutcome, DialFacts, DueFreeze, PastCall
from callwright.compliance.holiday import CALENDAR, known_regions
from callwright.compliance.openings import DAY
from callwright.compliance.pack_model import AppliesIf, PackFile, Rule
from callwright.compliance.reasons import REFUSING, Reason
from callwright.compliance.rules import CHECKS
from callwright.compliance.rules.check import Check, Finding, Follows, Recalls, Timely
from callwright.compliance.rules.frequency import Budget

__all__ = ["CompiledRule", "Pack", "Packs", "compile_pack"]

_MOST_SELECTIONS = 4096
_MOST_MEMORIES = 512
_MOST_STEPS = 400
_EAST, _WEST = (
    timedelta(hours=14),
    timedelta(hours=12),
)  # a day begins somewhere 14 h before UTC's and ends 12 h after it
_FIRST = datetime.min.replace(tzinfo=UTC)
_VOICES = frozenset({"human", "synthetic", "recorded"})
_CALLEES = frozenset({"consumer", "business"})
_PACINGS = frozenset({"robot", "progressive", "predictive"})
_Key = tuple[str | None, ...]


class CompiledRule:
    """One rule of one pack, ready to look."""

    def __init__(self, pack: PackFile, rule: Rule, check: Check) -> None:
        self.pack, self.rule, self.check = pack, rule, check
        self.look = check.look
        self.follows = check if isinstance(check, Follows) else None
        self.begin = _begins(max(filter(None, (pack.effective_from, rule.from_))))
        ends = [day for day in (pack.effective_to, rule.to) if day is not None]
        self.end = _ends(min(ends)) if ends else None
        self.good: dict[str, Reason] = {}

    @property
    def name(self) -> str:
        return f"{self.pack.id}/{self.rule.id}"

    @property
    def refuses(self) -> bool:
        return self.rule.severity in REFUSING

    def in_force(self, now: datetime) -> bool:
        return self.begin <= now and (self.end is None or now < self.end)

    def holds(self, detail: str) -> Reason:
        """The reason when it holds, kept in `good`: most of them are the same from one call to the next."""
        if len(self.good) >= _MOST_MEMORIES:
            self.good.clear()
        return self.good.setdefault(detail, self.reason(Finding("ok", detail)))

    def reason(self, finding: Finding) -> Reason:
        pack, rule = self.pack, self.rule
        ok = finding.outcome == "ok"
        return Reason(
            rule.id, ok, finding.detail, pack.id, pack.version, rule.severity, finding.outcome, finding.next_at
        )

    def failed(self, error: Exception) -> Reason:
        """A rule that raises says nothing, and what says nothing refuses. The message may hold facts, so only the kind is told."""
        return self.reason(Finding("unknown", f"the rule failed ({type(error).__name__})"))


@dataclass(frozen=True)
class Pack:
    """A pack and its rules, in the order of the file. own: it did not come with the program."""

    file: PackFile
    rules: tuple[CompiledRule, ...]
    own: bool = False

    @property
    def name(self) -> str:
        return f"{self.file.id}@{self.file.version}"


@dataclass(frozen=True, slots=True)
class _Selection:
    """The rules for one kind of call within [.., until)."""

    rules: tuple[CompiledRule, ...]
    timely: tuple[Timely, ...]
    packs: tuple[str, ...]
    covered: Reason
    until: datetime | None


class Packs:
    """All packs there are; `decide` takes it. Every version of a pack may be among them: its days say when it is in force."""

    def __init__(self, packs: Sequence[Pack]) -> None:
        self.packs = tuple(packs)
        moments = {moment for pack in packs for rule in pack.rules for moment in (rule.begin, rule.end)}
        self._borders = sorted(moment for moment in moments if moment is not None)
        checks = [rule.check for pack in packs for rule in pack.rules]
        self._following = [check for check in checks if isinstance(check, Follows)]
        self._recalling = [check for check in checks if isinstance(check, Recalls)]
        self._talk_ms = [check.talk_ms for check in checks if isinstance(check, Budget) and check.talk_ms is not None]
        self._selections: dict[tuple[int, _Key, tuple[str, ...] | None], _Selection] = {}

    def concerned(self, outcome: CallOutcome) -> bool:
        """Whether anything could follow from this call by any rule of any pack, whoever was called. What fails could."""
        try:
            return any(check.concerns(outcome) for check in self._following)
        except Exception:  # noqa: BLE001  whatever a rule stumbles over: its consequences are looked at
            return True

    def judge(self, facts: DialFacts, now: datetime) -> Verdict:
        """Every rule that could apply to the call at `now`. Never raises."""
        now = now.astimezone(UTC)
        try:
            selection = self._select(facts, now)
        except Exception as error:  # noqa: BLE001  facts that make no sense refuse
            return Verdict((_uncovered(f"the rules cannot be chosen ({type(error).__name__})"),))
        reasons = [selection.covered]
        due: list[DueFreeze] = []
        for rule in selection.rules:
            try:
                finding = rule.look(facts, now)
            except Exception as error:  # noqa: BLE001  whatever a rule stumbles over, it refuses
                reasons.append(rule.failed(error))
                continue
            if finding.outcome == "ok":
                reasons.append(rule.good.get(finding.detail) or rule.holds(finding.detail))
                continue
            reasons.append(rule.reason(finding))
            if finding.due is not None:
                due.append(replace(finding.due, rule=rule.name))
        return Verdict(tuple(reasons), selection.packs, CALENDAR, tuple(due))

    def next_at(self, facts: DialFacts, after: datetime) -> datetime | None:
        """See `decision.RuleSet`. Each rule says when it would hold; the latest of them is asked about again, until none moves it."""
        moment = after.astimezone(UTC)
        for _ in range(_MOST_STEPS):
            selection = self._select(facts, moment)
            latest: datetime | None = moment
            for check in selection.timely:
                try:
                    step = check.next_at(facts, moment)
                except Exception:  # noqa: BLE001  what fails has no next moment
                    return None
                latest = None if step is None or latest is None else max(latest, step)
                if latest is None:
                    break
            if latest == moment:
                return moment
            if selection.until is not None and (latest is None or latest > selection.until):
                latest = selection.until  # other rules from there on
            if latest is None:
                return None
            moment = latest
        return None

    def applying(self, facts: DialFacts, now: datetime) -> tuple[CompiledRule, ...]:
        """The rules that could apply to the call at `now`."""
        return self._select(facts, now).rules

    # ------------------------------------------------------------ what is alike to all of them

    def recalls(self, call: PastCall) -> Hashable:
        """All that any rule looks at of an earlier call, besides when and whose it was and, below `talk_ms`, the seconds of talk."""
        return call.counts, *(check.recalls(call) for check in self._recalling)

    @property
    def talk_ms(self) -> int | None:
        """As long as all calls with a person together are shorter, how long one was is not looked at; None = it never is."""
        return min(self._talk_ms, default=None)

    # ------------------------------------------------------------ which rules

    def _select(self, facts: DialFacts, now: datetime) -> _Selection:
        company, script = facts.company, facts.script
        key: _Key = (
            facts.country,
            company.country if company is not None else None,
            facts.purpose,
            script.voice if script is not None else None,
            facts.line_type,
            facts.callee_type,
            facts.pacing,
        )
        at = bisect_right(self._borders, now)
        whole = (at, key, facts.regions)
        known = self._selections.get(whole)
        if known is None:
            if len(self._selections) >= _MOST_SELECTIONS:
                self._selections.clear()
            known = self._selections[whole] = self._selected(at, key, _regions(facts.country, facts.regions))
        return known

    def _selected(self, at: int, key: _Key, regions: tuple[str, ...] | None) -> _Selection:
        country, seller = key[0], key[1]
        when = self._borders[at - 1] if at else _FIRST
        packs = [pack for pack in self.packs if _reaches(pack.file, country, seller)]
        rules = tuple(
            rule
            for pack in packs
            for rule in pack.rules
            if rule.in_force(when) and _fits(rule.rule.applies_if, key, regions)
        )
        inforce = [pack for pack in packs if any(rule.in_force(when) for rule in pack.rules)]
        timely = tuple(rule.check for rule in rules if rule.refuses and isinstance(rule.check, Timely))
        until = self._borders[at] if at < len(self._borders) else None
        names = tuple(pack.name for pack in inforce)
        return _Selection(rules, timely, names, _coverage(inforce, country, seller), until)


def compile_pack(file: PackFile, own: bool = False) -> Pack:
    """A validated pack, ready to look.

    Raises:
        pydantic.ValidationError: the parameters of a rule do not fit its check (the loader has reported that already).
    """
    rules = []
    for rule in file.rules:
        kind = CHECKS[rule.check]
        rules.append(CompiledRule(file, rule, kind.check(kind.params.model_validate(rule.params))))
    return Pack(file, tuple(rules), own)


def _begins(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC) - _EAST


def _ends(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC) + DAY + _WEST


def _reaches(pack: PackFile, country: str | None, seller: str | None) -> bool:
    """Whether a pack could apply: an unknown country is any country."""
    if "*" in pack.places or country is None or country in pack.places:
        return True
    return "seller" in pack.applies_to and (seller is None or seller in pack.places)


def _regions(country: str | None, regions: tuple[str, ...] | None) -> tuple[str, ...] | None:
    """The regions, when all of them are known codes; a word that is none could mean any region."""
    return regions if regions and country is not None and known_regions(country).issuperset(regions) else None


def _fits(cond: AppliesIf, key: _Key, regions: tuple[str, ...] | None) -> bool:
    return all(_conditions(cond, key, regions))


def _conditions(cond: AppliesIf, key: _Key, regions: tuple[str, ...] | None) -> Iterator[bool]:
    country, seller, purpose, voice, line_type, callee, pacing = key
    pairs: tuple[tuple[Sequence[str] | None, str | None], ...] = (
        (cond.country, country),
        (cond.seller, seller),
        (cond.purpose, purpose if purpose in PURPOSES else None),
        (cond.voice, voice if voice in _VOICES else None),
        (cond.line_type, None if line_type == "unknown" else line_type),
        (cond.callee, callee if callee in _CALLEES else None),
        (cond.pacing, pacing if pacing in _PACINGS else None),
    )
    for wanted, known in pairs:
        yield wanted is None or known is None or known in wanted
    yield cond.regions is None or regions is None or not set(regions).isdisjoint(cond.regions)


def _coverage(packs: Sequence[Pack], country: str | None, seller: str | None) -> Reason:
    if country is None:
        return _uncovered("the country of the number is not known")
    if seller is None:
        return _uncovered("the country of the company is not known")
    national = [pack.name for pack in packs if pack.file.coverage == "national" and country in pack.file.places]
    if not national:
        return _uncovered(f"no rule pack covers {country}")
    return Reason("packs", True, f"{country}: {', '.join(national)}")


def _uncovered(detail: str) -> Reason:
    return Reason("packs", False, detail, outcome="unknown")
