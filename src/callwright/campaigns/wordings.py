"""The sentences of `why`, in English and Chinese."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

__all__ = ["WORDINGS", "words"]

WORDINGS: Mapping[str, tuple[str, str]] = {
    "state_draft": ("the task is a draft: hand it in for review", "任务还是草稿：请先提交审核"),
    "state_in_review": ("the task waits for somebody else to approve it", "任务等待他人审核通过"),
    "state_approved": ("the task is approved but not started", "任务已审核通过，但尚未启动"),
    "state_scheduled": ("the task is scheduled to begin at {at} ({why})", "任务已排期，将于 {at} 开始（{why}）"),
    "state_pausing": ("the task is being paused: {active} calls go on to their end ({why})", "任务正在暂停：{active} 通电话仍在进行（{why}）"),
    "state_paused": ("the task is paused ({why})", "任务已暂停（{why}）"),
    "state_done": ("the task is done", "任务已完成"),
    "state_cancelled": ("the task was cancelled ({why})", "任务已取消（{why}）"),
    "state_failed": ("the task failed ({why})", "任务失败（{why}）"),
    "not_vetted": ("nobody has looked at the company's papers", "尚未核验企业资质"),
    "vetting_over": ("the company's papers were good until {at} only", "企业资质核验已于 {at} 到期"),
    "script_not_reviewed": ("a script of the plan is not reviewed, or was withdrawn", "计划中的话术未审核，或已被撤回"),
    "never_open_again": ("no window is open any more ({why})", "此后再无可呼叫时段（{why}）"),
    "closed_not_started": ("the plan begins later: at {at}", "计划尚未开始：{at} 起"),
    "closed_forbidden_day": ("today is a day without calls; next at {at}", "今天是禁呼日；下次 {at}"),
    "closed_holiday": ("today is a holiday; next at {at}", "今天是节假日；下次 {at}"),
    "closed_break": ("it is break time; next at {at}", "现在是休息时段；下次 {at}"),
    "closed_no_window_today": ("no window today; next at {at}", "今天没有呼叫时段；下次 {at}"),
    "closed_outside_window": ("outside the calling hours; next at {at}", "不在呼叫时段内；下次 {at}"),
    "line_blocked": ("the line {line} rests until {at}: {why}", "线路 {line} 暂停至 {at}：{why}"),
    "no_own_number": ("no own number may be shown: pool {pool}, line {line}", "没有可用的外显号码：号码池 {pool}，线路 {line}"),
    "budget_spent": ("the budget is spent: {spent:.2f} of {total:.2f} {currency}", "预算已用完：{spent:.2f} / {total:.2f} {currency}"),
    "no_worker": ("no worker is there (last seen: {seen})", "没有在线的工作进程（最近一次：{seen}）"),
    "workers_rest": (
        "{n} of {all} workers rest: their machines do not keep up with the media of the calls they have",
        "{all} 个工作进程中有 {n} 个暂停接新呼叫：所在机器的媒体处理跟不上",
    ),
    "line_full": ("all {max} calls of the line {line} are in use", "线路 {line} 的 {max} 路并发已占满"),
    "robots_busy": ("all {max} robots of the task are on the phone", "任务的 {max} 个机器人都在通话中"),
    "queue_empty": ("the queue is empty: the list has nobody on it, or the task was never started", "队列为空：名单没有号码，或任务从未启动"),
    "nothing_left": ("nobody is left to be called, of {total}", "{total} 个号码都已处理完"),
    "nothing_due": ("nobody is due: {n} wait, the first until {at}", "没有到期的号码：{n} 个等待中，最早 {at}"),
    "some_later": ("{n} wait for their time, {due} are due", "{n} 个等待中，{due} 个已到期"),
    "some_excluded": ("{n} are left out: {reason}", "{n} 个被排除：{reason}"),
    "some_parked": ("{n} wait for a person's decision: {reason}", "{n} 个等待人工处理：{reason}"),
    "some_waiting": ("{n} of those that wait: {reason}", "等待者中 {n} 个：{reason}"),
    "lead_not_in_task": ("lead {lead} is not in this task", "号码 {lead} 不在此任务中"),
    "lead_claimed": ("the worker {owner} holds it until {at}, and is about to call", "工作进程 {owner} 已领取（至 {at}），即将呼叫"),
    "lead_dialling": ("it is being called now, by {owner}", "{owner} 正在呼叫"),
    "lead_excluded": ("it is left out: {reason}", "已排除：{reason}"),
    "lead_parked": ("a person has to decide: {reason}", "等待人工处理：{reason}"),
    "lead_finished": ("it is finished: {reason}", "已结束：{reason}"),
    "lead_callback": ("a call was agreed for {at}", "已约定 {at} 回拨"),
    "lead_waits": ("it waits until {at} ({reason})", "等待至 {at}（{reason}）"),
    "lead_suspect": ("{n} of its words may be a refusal: a person has to look at them first", "有 {n} 条疑似拒绝，等待人工确认"),
    "lead_refused": ("the last decision, at {at}, was no: {rules} (next possible: {until})", "上次判定 {at} 不允许：{rules}（最早 {until}）"),
    "registry_missing": (
        "no copy of the registry {registry} that reaches the number is loaded: `callwright registry import {registry} FILE --as-of DAY`",
        "未载入覆盖该号码的谢绝来电名单 {registry}：请执行 `callwright registry import {registry} 文件 --as-of 日期`",
    ),
    "registry_old": (
        "the copy of the do-not-call registry {registry} is of {at}, and may be {days} days old at most: import a newer one",
        "谢绝来电名单 {registry} 的副本为 {at}，最多可用 {days} 天：请导入更新的副本",
    ),
    "registry_listed": (
        "the number stands in the do-not-call registry {registry} (copy of {at})",
        "该号码在谢绝来电名单 {registry} 中（副本日期 {at}）",
    ),
    "lead_attempts": ("{n} attempts so far; the last, at {at}: {last}", "已呼叫 {n} 次；最近一次 {at}：{last}"),
}  # fmt: skip


def words(code: str, language: str, numbers: Mapping[str, Any]) -> str:
    """The sentence of a cause with its numbers; "-" stands for what nobody knows."""
    en, zh = WORDINGS[code]
    shown = {name: _shown(value) for name, value in numbers.items()}
    return (zh if language == "zh" else en).format(**shown)


def _shown(value: Any) -> Any:
    if value is None or value == "":
        return "-"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M} {value.tzname()}"
    return value
