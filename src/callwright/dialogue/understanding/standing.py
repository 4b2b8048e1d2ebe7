"""When a one-character answer ("行", "好", "对") is an answer and not a piece of another word ("银行", "好像", "对面").

Chinese is written without spaces, so a one-character phrase of the lexicon would be found everywhere. It counts only at the edge of a
clause or beside a particle or another such answer. Phrases of two characters and more, and all other rules, match anywhere.
"""

from __future__ import annotations

__all__ = ["in_compound", "stands_alone"]

_BEFORE = frozenset("嗯恩啊哦噢喔诶哎唉那也都就还好行对是可挺很,啦嘛呢吧的了")
_AFTER = frozenset("吧啊呀的了嘛呢哈哦噢喔滴嘞啦咯就那我你您咱没谢,好行对是")
_BEFORE_NO = frozenset(",嗯啊哦那也都就还我了")
_AFTER_NO = frozenset(",吧啊呀的了嘛呢哦谢")
_WORDS = """
不会 不好 不对 不成 不是 不能 不行 不要 中午 中国 中心 中间 主要 举行 于是 但是 你好 倒是 先行 其中 出行 刚好 别人 别墅 别处 别的
功能 区别 友好 反对 发行 变成 只好 只是 只有 只要 可怜 可惜 可是 可爱 可能 同行 告别 好久 好事 好些 好人 好像 好几 好友 好吃 好听
好处 好多 好奇 好好 好容 好意 好歹 好比 好玩 好看 好评 完成 实行 对不 对了 对于 对付 对准 对待 对方 对比 对讲 对话 对象 对面 就是
平行 应对 快要 性能 总是 恰好 您好 想要 成为 成人 成功 成本 成绩 成长 或是 所有 打滚 执行 排行 摇滚 旅行 是不 是什 是几 是否 是哪
是多 是怎 是谁 智能 最好 有些 有人 有什 有几 有多 有时 有没 有点 有限 核对 正好 步行 沉没 没事 没准 没有 没错 流行 滚动 滚水 滚滚
滚烫 滚珠 滚筒 滚轮 爱好 特别 相对 真是 算是 绝对 美好 翻滚 老是 能不 能力 能源 自行 行不 行业 行为 行人 行动 行情 行政 行李 行程
行驶 要不 要么 要是 要求 要紧 认可 许可 运行 还是 还有 还要 进行 通行 都要 重要 针对 银行 需要 面对 飞行
"""
_COMPOUNDS = frozenset(_WORDS.split())


def stands_alone(text: str, position: int) -> bool:
    """The character at `position` of normalised Mandarin text is said as an answer of its own."""
    before = text[position - 1] if position else ","
    after = text[position + 1] if position + 1 < len(text) else ","
    if text[position] in (before, after):  # 行行行, 对对
        return True
    if text[position] in "不没别":  # "不了" answers, "不错" does not
        return before in _BEFORE_NO and after in _AFTER_NO
    return not in_compound(text, position) and (before in _BEFORE or after in _AFTER)


def in_compound(text: str, position: int) -> bool:
    """The character at `position` is half of a common word that means something else ("滚筒" is no insult)."""
    return text[max(0, position - 1) : position + 1] in _COMPOUNDS or text[position : position + 2] in _COMPOUNDS
