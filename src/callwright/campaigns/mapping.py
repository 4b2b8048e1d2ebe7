"""Which column of a list is what: as told, or guessed from its English or Chinese name. Every other column is a variable of the script."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from callwright.campaigns.wording import Language, problem
from callwright.errors import LeadsError, Place, Problem

__all__ = ["FIELDS", "VARIABLE", "guess", "targets"]

FIELDS = (
    "number", "basis", "consent_at", "valid_until", "scope", "wording", "channel", "source", "time_zone",
)  # fmt: skip
"""What a column can be besides a variable."""

VARIABLE = "var:"
"""How the target of a variable begins: `var:name`. "" is the target of a column that is left out."""

_NAMES = {
    "number": "number phone phonenumber phoneno mobile mobilenumber mobilephone cell cellphone telephone tel msisdn "
    "手机号 手机 手机号码 电话 电话号码 联系电话 联系方式 号码 移动电话 客户电话 客户手机 客户手机号 被叫 被叫号码 手机號碼 電話",
    "basis": "basis legalbasis 依据 依據 呼叫依据 外呼依据 法律依据 合法依据 授权依据",
    "consent_at": "consentat consentdate consenttime consentedat optindate optinat 同意时间 同意日期 授权时间 授权日期 同意時間",
    "valid_until": "validuntil consentuntil expires expiresat expiry 有效期 有效期至 授权有效期 同意有效期 到期日",
    "scope": "scope consentscope purposes 同意范围 授权范围 范围 用途",
    "wording": "wording wordingversion consentversion 同意书版本 协议版本 告知版本 文案版本",
    "channel": "channel consentchannel 渠道 同意渠道 授权渠道 获取渠道",
    "source": "source consentsource origin 来源 数据来源 客户来源",
    "time_zone": "timezone tz 时区 時區",
    "var:name": "姓名 名字 客户姓名 联系人 称呼 客户名称 姓名称呼",
    "var:company": "公司 公司名称 单位 企业 企业名称",
    "var:city": "城市 所在城市",
    "var:product": "产品 产品名称",
    "var:amount": "金额",
}
_BY_NAME = {name: target for target, names in _NAMES.items() for name in names.split()}
_NOISE = re.compile(r"[\s_\-.·*]|[(（【\[].*?[)）】\]]|(?:必填|选填|required|optional)")


def guess(column: str) -> str:
    """The target of a column by its name alone: a field, `var:name`, or "" for a column without one."""
    plain = _NOISE.sub("", column.casefold())
    if column in FIELDS:
        return column
    return _BY_NAME.get(plain) or (VARIABLE + column if column else "")


def targets(
    columns: Sequence[str],
    given: Mapping[str, str],
    defaults: Mapping[str, str],
    *,
    file: str = "<list>",
    lang: Language = "en",
) -> tuple[str, ...]:
    """What each column is.

    Args:
        given: column -> a field, any other word (a variable of that name) or `-` (left out).
        defaults: values of fields that the list has no column for.

    Raises:
        LeadsError: number or basis is missing, two columns are the same, or `given` names a column there is none of.
    """
    place = Place(file, 1)
    if any(len(re.sub(r"\D", "", column)) >= 7 and guess(column).startswith(VARIABLE) for column in columns):
        raise LeadsError(problem("no-header", lang, place))
    problems: list[Problem] = []
    for column in given:
        if column not in columns:
            shown = ", ".join(filter(None, columns))
            problems.append(problem("unknown-column", lang, place, column=column, columns=shown))
    found = tuple(_given(given[column]) if column in given else guess(column) for column in columns)
    needed = (field for field in ("number", "basis") if field not in found and field not in defaults)
    problems.extend(problem("no-column", lang, place, field=field) for field in needed)
    for target in dict.fromkeys(target for target in found if target and found.count(target) > 1):
        same = " = ".join(column for column, its in zip(columns, found, strict=True) if its == target)
        problems.append(problem("column-twice", lang, place, column=same, field=target.removeprefix(VARIABLE)))
    if problems:
        raise LeadsError(problems)
    return found


def _given(target: str) -> str:
    if target == "-":
        return ""
    return target if target in FIELDS else VARIABLE + target.removeprefix(VARIABLE)
