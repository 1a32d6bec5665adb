"""How does a notice of the broker read in the log? Which client, from where, what happens, and which setting."""

import logging

from uns.broker import Notice
from uns.broker.limits import Limits
from uns.errors import shorten

log = logging.getLogger(__name__)


class NoticeLog:
    """A line per state change; the broker sees to it that there are no more. Names that clients chose are quoted."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits

    def __call__(self, notice: Notice) -> None:
        log.log(logging.INFO if notice.over else logging.WARNING, "%s", self.text(notice))

    def text(self, notice: Notice) -> str:
        """One line, whatever the client put into its name."""
        parts = [_subject(notice), str(notice.trouble)]
        if notice.detail and not notice.over:
            parts.append(ascii_only(notice.detail.replace(f" (mqtt.{notice.setting})", "")))
        text = ": ".join(part for part in parts if part)
        if notice.setting:
            text += f" (mqtt.{notice.setting} is {getattr(self._limits, notice.setting)})"
        elif notice.cause and (notice.over or notice.many):  # there is no detail that tells it from others
            text += f" ({notice.cause})"
        return f"{text}; this has stopped after {notice.count} times" if notice.over else text


def _subject(notice: Notice) -> str:
    if notice.many:
        return f"each of many MQTT clients from {notice.address}" if notice.address else "each of many MQTT clients"
    name = shorten(notice.client_id)
    client = f"MQTT client {name!a}" if name else "an MQTT client" if notice.address else ""
    return f"{client} from {notice.address}" if notice.address else client


def ascii_only(text: str) -> str:
    """A text that cannot break out of its line: what does not print is written as an escape."""
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)
