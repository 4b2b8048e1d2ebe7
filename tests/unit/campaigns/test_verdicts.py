"""People who are alike are decided about once, and each has a digest of their own."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from callwright.campaigns.facts import Known
from callwright.campaigns.verdicts import Alike, judged, judged_alike
from callwright.compliance.cases import harmless
from callwright.compliance.decision import decide
from callwright.compliance.facts import ConsentFacts
from callwright.compliance.pack_file import load_packs

NOON = datetime(2026, 11, 26, 4, 0, tzinfo=UTC)
FIRST = replace(harmless(NOON, "CN", ("Asia/Shanghai",)), callee="+8613900000001")
SOMEBODY = Known(1, FIRST.callee, b"", "CN", "", ("Asia/Shanghai",), "mobile", 1, {})


def test_who_is_alike_shares_a_decision_and_nothing_else() -> None:
    packs, alike = load_packs(), dict[object, Alike]()
    consents = FIRST.consents
    assert consents
    others = [
        FIRST,
        replace(FIRST, callee="+8613900000002"),
        replace(FIRST, callee="+8613900000003", consents=tuple(replace(one, id=99) for one in consents)),
        replace(FIRST, callee="+8613900000004", suspects=1),
        replace(FIRST, callee="+8613900000005", consents=(*consents, ConsentFacts("contract"))),
    ]
    digests = set()
    for facts in others:
        decision, digest = judged_alike(decide, packs, facts, SOMEBODY, None, None, NOON, alike)
        assert decision == judged(decide, packs, facts, SOMEBODY, None, None, NOON)
        assert decision.callee == facts.callee
        assert digest == facts.digest()
        digests.add(digest)
    assert len(digests) == len(others)
    assert len(alike) == 3  # the first three are alike
