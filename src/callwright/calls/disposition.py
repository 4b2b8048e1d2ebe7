"""How a call came out: one taxonomy for every call, from what the line said and how the dialogue ended. Pure.

SIP mapping: RFC 3261 section 21, RFC 3398, RFC 8197 (607), RFC 8688 (608). 5xx is the carrier's fault, never the callee's.
"""

from __future__ import annotations

from typing import Literal, get_args

__all__ = ["CONNECTED", "Disposition", "disposition", "disposition_title"]

Disposition = Literal[
    # answered
    "completed", "opted_out", "declined", "transferred", "callback", "wrong_person", "no_interaction", "hung_up", "abused", "voicemail",
    "screened", "not_understood", "too_long", "interrupted_by_fault",
    # not connected
    "busy", "no_answer", "rejected", "empty_number", "unreachable", "barred", "carrier_blocked", "network_fault", "unknown",
    # not dialled
    "not_allowed",
]  # fmt: skip

CONNECTED: frozenset[str] = frozenset(get_args(Disposition)[:14])

_BY_END: dict[str, Disposition] = {
    "optout": "opted_out",
    "refused": "declined",
    "transfer": "transferred",
    "callback": "callback",
    "transfer_failed": "callback",
    "wrong_person": "wrong_person",
    "silence": "no_interaction",
    "hangup": "hung_up",
    "profanity": "abused",
    "voicemail": "voicemail",
    "screened": "screened",
    "unrecognised": "not_understood",
    "too_long": "too_long",
    "fault": "interrupted_by_fault",
}

_BY_CODE: dict[int, Disposition] = {
    403: "barred",
    404: "empty_number",
    408: "no_answer",
    410: "empty_number",
    480: "no_answer",
    484: "empty_number",
    486: "busy",
    487: "no_answer",
    600: "busy",
    603: "rejected",
    604: "empty_number",
    607: "rejected",
    608: "carrier_blocked",
}


def disposition(*, answered: bool, end: str, code: int | None, cause: str) -> Disposition:
    """The disposition of a call.

    Args:
        answered: a 2xx was received.
        end: the dialogue's end value ("" when it never spoke).
        code: the SIP status of the rejection, if there was one.
        cause: `LegEnded.cause`.
    """
    if answered:
        faults = {"media_timeout", "protocol_error", "transport_error", "internal_error", "shutdown", "timeout"}
        if cause in faults and end in {"", "hangup", "silence"}:
            return "interrupted_by_fault"
        return _BY_END.get(end, "completed" if end else "hung_up")
    if code is not None:
        if code >= 500 and code < 600:
            return "network_fault"
        if code in _BY_CODE:
            return _BY_CODE[code]
        return "barred" if code in {401, 407} else "unreachable"
    if cause == "refused":
        return "not_allowed"
    if cause in {"no_answer", "cancelled"}:
        return "no_answer"
    if cause == "timeout":
        return "unreachable"
    if cause in {"transport_error", "protocol_error"}:
        return "network_fault"
    return "unknown"


_ZH: dict[str, str] = {
    "completed": "完成",
    "opted_out": "要求免打扰",
    "declined": "拒绝",
    "transferred": "已转人工",
    "callback": "约定回拨",
    "wrong_person": "非本人",
    "no_interaction": "无人应答对话",
    "hung_up": "客户挂断",
    "abused": "辱骂",
    "voicemail": "语音信箱",
    "screened": "电话助理",
    "not_understood": "未能识别",
    "too_long": "超时",
    "interrupted_by_fault": "故障中断",
    "busy": "占线",
    "no_answer": "无人接听",
    "rejected": "拒接",
    "empty_number": "空号",
    "unreachable": "无法接通",
    "barred": "呼叫受限",
    "carrier_blocked": "运营商拦截",
    "network_fault": "线路故障",
    "unknown": "未知",
    "not_allowed": "不允许拨打",
}


def disposition_title(value: str, language: str) -> str:
    """How a disposition is shown to people: `无人接听` (zh), `no answer` (en)."""
    return _ZH.get(value, value) if language == "zh" else value.replace("_", " ")
