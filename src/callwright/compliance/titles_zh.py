"""Titles of the built-in rules in Chinese, by `pack/rule`, for people who read a decision record. The rules themselves stand in the packs; a
title is no part of what is decided or sealed."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

__all__ = ["PACK_TITLES_ZH", "TITLES_ZH"]

PACK_TITLES_ZH: Mapping[str, str] = MappingProxyType(
    {
        "au": "澳大利亚", "ca": "加拿大", "cn": "中国大陆", "de": "德国", "eu": "欧盟(所有成员国共同适用)", "fr": "法国",
        "house": "callwright 对每一通外呼的要求", "uk": "英国", "us": "美国(联邦法律及有差异的各州)",
    }
)  # fmt: skip

TITLES_ZH: Mapping[str, str] = MappingProxyType(
    {
        "au/hours": "周一至周五 9–20 时,周六 9–17 时,周日及全国性假日不呼",
        "au/research-hours": "调查类:周一至周五 9:00–20:30,周六、周日 9–17 时,全国性假日不呼",
        "au/disclosure": "接通即说明姓名与目的",
        "au/caller-id": "显示号码,且回拨有人接听",
        "au/register": "不在谢绝来电登记册中(名册副本不超过 30 天)",
        "au/ended-when-asked": "对方要求永久终止的,不再呼叫",
        "ca/adad-consent": "以合成或录制语音营销须有明示同意",
        "ca/hours": "工作日 9:00–21:30,周末 10:00–18:00",
        "ca/abandonment": "一个月内弃呼率不超过 5%",
        "ca/dncl": "不在全国谢绝来电名单中(名单副本不超过 31 天)",
        "ca/internal-dnc": "要求不再致电的,不再呼叫",
        "cn/consent-marketing": "商业性电话须取得本人同意",
        "cn/consent-evidence": "保存同意的证据",
        "cn/hours": "被叫当地时间 9:00–20:00",
        "cn/refusal-same-day": "明确拒绝后当日不再呼叫",
        "cn/refused-for-good": "要求停止的,永不再呼",
        "cn/refused-and-short": "一日内拒接或短通话(15 秒及以内)达 3 次即冻结号码",
        "cn/suspect-words": "疑似拒绝的话由人工判定,确认后冻结 90 天",
        "cn/calls-per-day": "同一人一日最多 3 通",
        "cn/budget": "同一人 30 天内被打扰的总量(跨所有任务)",
        "cn/label": "合成语音有听得见的标识",
        "cn/label-file": "保存的文件中合成语音有标识",
        "cn/draft-stop-after-refusal": "征求意见稿:拒绝过一次的不再呼叫",
        "cn/public-holiday": "法定节假日:想一想对方是否愿意接到电话",
        "de/consent": "营销电话须有消费者明示同意",
        "de/proof": "同意有记录,且可随时出示",
        "de/holiday": "全国或所在联邦州的公共假日",
        "eu/ai-disclosure": "通话开始即告知对方是人工智能",
        "eu/ai-mark": "合成语音带有机器可识别的标记",
        "eu/automated-consent": "自动营销电话须事先同意",
        "eu/opted-out": "撤回同意的,不再呼叫",
        "fr/hours": "周一至周五 10–13 时、14–20 时,公共假日不呼",
        "fr/calls": "30 天内最多 4 通",
        "fr/refusal": "拒绝后 60 天内不再呼叫",
        "fr/opt-in": "营销电话须事先同意",
        "house/company-vetted": "企业资质已审核且在有效期内",
        "house/script-reviewed": "此版本话术已经人工审核通过",
        "house/caller-verified": "外显号码属于我们且已核验",
        "house/says-it-is-a-robot": "非真人声音须说明自己是机器人及代表谁来电",
        "house/suspects-waiting": "疑似拒绝的话先由人工判定",
        "house/opted-out": "要求不再致电或并非本人的,不再呼叫",
        "house/one-call-at-a-time": "十分钟内不重复呼叫,无论由谁发起",
        "uk/automated-consent": "自动营销电话须事先同意接听此类电话",
        "uk/tps": "人工营销电话:不在 TPS 名册中(副本不超过 28 天)",
        "uk/ctps": "企业号码:不在 CTPS 名册中(副本不超过 28 天)",
        "uk/suppression": "自有禁呼名单:选择退出的不再呼叫",
        "uk/abandonment": "接通后弃呼率不超过 3%",
        "us/hours": "被叫所在地 8:00–21:00",
        "us/consent": "人工合成或预录语音须事先明示同意",
        "us/consent-marketing": "以此类语音营销须有书面同意",
        "us/revoked": "撤回同意的,不再呼叫",
        "us/national-dnc": "不在全国谢绝来电登记册中(副本不超过 31 天)",
        "us/disclosure": "说明来电者及退出方式",
        "us/abandonment": "接通后弃呼率不超过 3%(按活动,30 天)",
        "us/ring": "至少振铃 15 秒",
        "us/recording": "话术告知正在录音",
        "us/fl-hours": "佛罗里达:8:00–20:00",
        "us/fl-calls": "佛罗里达:24 小时内最多 3 通",
        "us/ok-md-wa-wy-hours": "俄克拉何马、马里兰、华盛顿、怀俄明:20:00 后不呼",
        "us/ky-hours": "肯塔基:10:00 前不呼",
        "us/tx-sunday": "得克萨斯:周日中午起",
        "us/pa-sunday": "宾夕法尼亚:周日不呼",
        "us/me-automated": "缅因:自动呼叫限工作日 9:00–17:00",
        "us/holiday": "州或全国公共假日",
        # rules that stand in the program
        "house/basis": "有与用途相符的处理依据",
        "house/scope": "同意的范围覆盖话术所需",
        "house/consent-age": "同意未超过话术允许的时长",
        "house/window": "在号码可能所在的每个时区都处于 9:00–20:00,且在话术允许时段内",
        "house/frozen": "号码未被冻结",
        "house/caller-owned": "外显号码是我们的",
        "house/calls-per-day": "话术自身的每日次数上限",
        "house/variables": "话术必须说的变量齐全",
        "house/packs": "号码所在地有规则包覆盖",
        "house/in-call": "当前没有正在与此人进行的通话",
        "house/task-cap": "未超过任务自身的次数上限",
        "house/script-cap": "未超过话术的 30 天次数上限",
        "house/own-number": "有可用的外显号码",
        "house/rules-slow": "规则在时限内完成判断",
        "house/rule-failed": "规则能够完成判断",
    }
)
