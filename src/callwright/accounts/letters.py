"""Letters with one-time links, in the language of who gets them. Sent when there is a mail server and an address to write down."""

from __future__ import annotations

from email.message import EmailMessage

from callwright.accounts.doors import Door
from callwright.accounts.users import INVITED_FOR, RESET_FOR, User
from callwright.campaigns.mail import SmtpPost
from callwright.settings import Settings

__all__ = ["letter", "path_of", "send"]

_WORDS = {
    "en": {
        "invite": (
            "Your account in {house}",
            "{name}, somebody made you an account in callwright at {house}. Choose your password within {hours} hours:",
        ),
        "reset": (
            "A new password for {house}",
            "{name}, a new password was asked for. Choose it within {hours} hours; if it was not you, do nothing:",
        ),
    },
    "zh-CN": {
        "invite": ("您在{house}的账户", "{name},{house}已在 callwright 为您开通账户。请在 {hours} 小时内设置密码:"),
        "reset": ("重设{house}的密码", "{name},有人申请重设您的密码。请在 {hours} 小时内设置;如非本人操作,请忽略:"),
    },
}


def path_of(door: Door) -> str:
    """Where the console takes the link. The secret stands behind `#`: browsers send it to nobody."""
    return f"/join#{door.text}"


def letter(user: User, house: str, door: Door, purpose: str, settings: Settings) -> EmailMessage:
    """The letter. purpose: `invite` or `reset`."""
    subject, text = _WORDS.get(user.language, _WORDS["en"])[purpose]
    holds = INVITED_FOR if purpose == "invite" else RESET_FOR
    values = {"house": house, "name": user.name, "hours": int(holds.total_seconds() // 3600)}
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = settings.mail_from, user.email, subject.format(**values)
    mail.set_content(f"{text.format(**values)}\n\n{settings.public_url}{path_of(door)}\n")
    return mail


async def send(user: User, house: str, door: Door, purpose: str, settings: Settings) -> bool:
    """Whether it was handed to a mail server.

    Raises:
        SettingsError: the mail server's address is none.
    """
    if not settings.smtp or not settings.public_url:
        return False
    try:
        await SmtpPost.from_url(settings.smtp).send(letter(user, house, door, purpose, settings))
    except OSError:
        return False
    return True
