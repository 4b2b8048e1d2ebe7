"""What fields hold in the examples of the API, where their models do not say it themselves: `Model.field` before `field`."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

__all__ = ["WORDS"]

_DIGEST = "9f3c21ab" * 8
_CALL = "4f2a9c0e5b6d47aa8c21"
_SDP = "v=0\r\no=- 46117327 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 8\r\n"

WORDS: Mapping[str, Any] = MappingProxyType(
    {
        # people, houses, ways in
        "by": "Anna", "maker": "Anna", "approved_by": "Bert", "decided_by": "Bert", "created_by": "Anna", "updated_by": "Anna",
        "reviewed_by": "Bert", "changed_by": "Anna", "submitted_by": "Anna", "withdrawn_by": "Anna", "vetted_by": "Bert", "lifted_by": "Bert",
        "claimed_by": "Anna", "person": "Anna", "follow_by": "Anna", "email": "anna@example.com", "AgentView.name": "Anna", "Me.name": "Anna",
        "UserRow.name": "Anna", "LinkTold.name": "Anna", "LinkTold.purpose": "invitation", "house": "acme", "slug": "acme",
        "House.name": "Acme Ltd", "company_name": "Acme Ltd", "CompanyOption.name": "Acme Ltd", "CompanyRow.name": "Acme Ltd",
        "registration": "91310000MA1K00001X", "CompanyRow.state": "vetted", "PaperRow.name": "licence.pdf", "PaperRow.type": "application/pdf",
        "language": "zh-CN", "roles": ["operator"], "role": "operator", "permissions": ["tasks.read"], "scopes": ["lists.write"],
        "groups": ["sales"], "OidcTold.groups": "groups", "OidcTold.roles": {"callwright-operators": ["operator"]}, "via": "session",
        "UserRow.state": "active", "hint": "cw_1_9f3c", "TokenRow.name": "import of leads", "method": "password", "agent": "Firefox 140",
        "SessionRow.source": "203.0.113.0/24", "issuer": "https://id.example.com", "client": "callwright", "label": "Example ID",
        "TotpCode.code": "123456", "TotpNew.secret": "JBSWY3DPEHPK3PXP", "codes": ["7f3a-91bc"],
        # paging, work, errors
        "next": "WzE3XQ", "message": "it is not valid", "trace": ["opening"], "files": ["errors.csv"],
        # lists and people
        "number": "+86139***0001", "country": "CN", "region": "Shanghai", "regions": ["CN"], "line_type": "mobile", "time_zone": "Asia/Shanghai",
        "zones": ["Asia/Shanghai"], "zone": "Asia/Shanghai", "holidays": ["CN"], "variables": {"name": "王先生"}, "basis": "consent",
        "scope": ["marketing"], "list_name": "autumn", "ListOption.name": "autumn", "UploadView.name": "autumn.csv",
        "fields": ["number", "basis"],
        "samples": ["139***01"], "subject": "5f2b0f6f0e9b4c1d8a7e6d5c4b3a2910",
        # tasks, lines, news
        "TaskRow.name": "autumn reminders", "TaskView.name": "autumn reminders", "task_name": "autumn reminders", "line_name": "office",
        "line": "office", "LineOption.name": "office", "trunk": "office", "pool": "default", "own_number": "+861085550000",
        "OwnNumberRow.state": "ok", "OwnNumberRow.region": "CN", "state_reason": "", "blocked_reason": "", "variant": "a", "parts": ["priority"],
        "review": ["calling"], "currency": "CNY", "RetryRule-Output.tag": "call later", "CauseView.text": "It is outside of its hours.",
        "reason": "asked for it", "last_disposition": "no_answer", "QueueRow.reason": "retry", "event": "call.ended", "events": ["call.ended"],
        "DeliveryRow.id": "msg_5f2b0f6f0e9b4c1d8a7e6d5c", "last_error": "", "secret": "whsec_...", "advice": "rest",
        "advice_reason": "it is answered less often than its pool", "RetireBody.reason": "given back to the carrier", "unit": "call",
        "Channel.code": "caict", "Channel.status": "open",
        # scripts
        "script": "appointment", "ScriptTestView.name": "asks for the price", "purpose": "service", "title": "Appointment reminder",
        "digest": _DIGEST, "version": "9f3c21ab", "RuleTold.version": "2026-11-01", "PackView.version": "2026-11-01",
        "ExplainedRule.version": "2026-11-01", "other_version": "", "text": "您好，这里是和顺家电服务。", "SaveView.text": "format: script/1\n",
        "ScriptDraftView.text": "format: script/1\n", "ScriptVersionView.text": "format: script/1\n", "node": "opening", "tags": ["interested"],
        "phrases": ["停车"], "answers": ["门口有免费停车位。"], "QuestionView.id": "parking", "entry": "parking", "failures": [],
        "explained": ["an affirmative word"], "TalkView.id": "Zk3v0xJ2m5bQpW1a", "TalkAct.kind": "say", "phase": "listening", "end": "",
        "grade": "A", "grade_title": "wants an appointment", "whole": "您好，这里是和顺家电服务。", "where": "flow.nodes.opening.say[0]",
        "SheetLine.file": "001.wav", "spoken": "您好", "answer": "门口有免费停车位。", "yaml": "kb:\n- id: parking\n",
        "sentence": "有没有停车位",
        # calls
        "record": "1042",
        "call": _CALL, "calls": [_CALL], "follow_up": "call back", "cause": "bye", "origin": "task", "direction": "out", "stage": "talking",
        "standing": "robot", "risks": [], "open_questions": ["有没有停车位"], "portrait": {"city": "上海"}, "slots": {"city": "上海"},
        "outcome": "won",
        "note": "", "who": "caller", "ladder": "us -> carrier  INVITE", "Counted.name": "completed", "Slice.name": "A",
        "source": "opening", "target": "price", "offer": _SDP, "session": "Zk3v0xJ2m5bQpW1a", "Joined.answer": _SDP, "Placed.answer": _SDP,
        # compliance
        "wording": "2026-01", "channel": "web", "ConsentRow.source": "form", "ConsentTold.source": "form", "FreezeRow.source": "desk",
        "evidence": "0" * 64, "RecordTold.evidence": {"consent": 12}, "sha256": _DIGEST, "bundle_sha256": _DIGEST, "hash": _DIGEST,
        "last_hash": _DIGEST, "signature": _DIGEST * 2, "DecisionView.id": "9f2c41d0a7b35e6689012f3c4d5e6f70", "revoked_means": "",
        "lift_reason": "", "en": "asked not to be called", "zh": "要求不再拨打", "late": "", "clock": "CN, 15 days", "clock_status": "norm",
        "ComplaintTold.text": "I was called on a Sunday.", "ComplaintTold.answer": "", "against": [], "findings": [], "found": "broken-chain",
        "detail": "20:14 on the callee's clock", "pack": "cn", "packs": ["cn@2026-11-01"], "rule": "hours", "status": "law", "severity": "block",
        "RuleTold.outcome": "blocked", "ExplainedRule.outcome": "blocked", "FollowRow.outcome": "", "quote": "", "doubt": "",
        "as_of": "2026-11-01", "since": "2026-11-01", "until": "2027-11-01", "coverage": "calls to the mainland", "places": ["CN"],
        "RuleTold.source": "MIIT", "ExplainedRule.source": "MIIT", "PackRule.source": "MIIT", "Channel.source": "MIIT",
        "calendar": "holidays 0.60", "because": "", "following": "not before 2026-11-27 09:00", "summary": "Not called: outside of the hours.",
        "proof": "{\"format\":\"callwright-records/1\"}\n", "software": "callwright 0.1", "decision": "confirmed",
        "SubjectEvent.key": "dial 1042",
        "object": "17", "EntryRow.kind": "task", "HealthChanged.numbers": ["+861085550000"],
    }
)  # fmt: skip
