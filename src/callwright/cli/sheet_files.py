"""A recording sheet as files: CSV for a spreadsheet, HTML to print and tick off. Texts come from scripts and are shown as they are."""

from __future__ import annotations

import csv
import io
from html import escape

from callwright.script.sheet import Line

__all__ = ["as_csv", "as_html"]

_HEAD = ("file", "text", "whole", "where", "named in script")
_WORDS = {
    "en": {
        "title": "Recording sheet", "file": "File", "text": "Read this", "whole": "Part of", "where": "Where",
        "how": "Quiet room, the same distance to the microphone, half a second of silence before and after. "
        "Save each line as a file of its own, "
        "with the name in the first column (WAV, FLAC, MP3 or M4A; 16 kHz or more). "
        "Parts in [ ] are pieces of a longer sentence: read them as if "
        "the sentence went on, in the same voice.",
        "unnamed": "add `audio: {file}` to the script here",
    },
    "zh": {
        "title": "录音稿", "file": "文件名", "text": "请朗读", "whole": "所在句子", "where": "位置",
        "how": "在安静的房间里录，离话筒距离不变，前后各留半秒空白。每行存成一个文件，文件名见第一列（WAV、FLAC、MP3 或 M4A，16 kHz 以上）。"
        "【 】里是句子的一段：按整句话的语气读，前后同一种声音。",
        "unnamed": "请在话术此处加上 audio: {file}",
    },
}  # fmt: skip
_STYLE = (
    "body{font:15px/1.5 sans-serif;margin:2em}table{border-collapse:collapse;width:100%}td,th{border:1px solid #999;padding:.4em .6em;"
    "text-align:left;vertical-align:top}tr{break-inside:avoid}.t{font-size:1.3em}.f{font-family:monospace;white-space:nowrap}.w{color:#555}"
    "thead{display:table-header-group}"
)


def as_csv(lines: tuple[Line, ...]) -> str:
    """With a byte order mark, which spreadsheets need to take it for UTF-8. A cell that looks like a formula gets a ' in front."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(_HEAD)
    for line in lines:
        cells = (line.file, line.text, line.whole, line.where, "1" if line.named else "0")
        writer.writerow([f"'{cell}" if cell[:1] in "=+-@\t\r" else cell for cell in cells])
    return "\ufeff" + out.getvalue()


def as_html(lines: tuple[Line, ...], title: str, language: str) -> str:
    """One page without scripts or anything from elsewhere."""
    words = _WORDS[language]
    rows = "".join(_row(number, line, words, language) for number, line in enumerate(lines, 1))
    head = "".join(f"<th>{words[key]}</th>" for key in ("file", "text", "whole", "where"))
    return (
        f'<!doctype html><html lang="{language}"><meta charset="utf-8"><title>{escape(title)} - {words["title"]}</title>'
        f"<style>{_STYLE}</style><h1>{words['title']}: {escape(title)}</h1><p>{words['how']}</p>"
        f"<table><thead><tr><th>☐</th>{head}</tr></thead><tbody>{rows}</tbody></table></html>\n"
    )


def _row(number: int, line: Line, words: dict[str, str], language: str) -> str:
    whole = "" if line.whole == line.text else line.whole
    if language == "zh":
        whole = whole.replace("[", "【").replace("]", "】")
    where = line.where if line.named else f"{line.where}: {words['unnamed'].format(file=line.file)}"
    cells = (("f", line.file), ("t", line.text), ("w", whole), ("w", where))
    return f"<tr><td>☐ {number}</td>" + "".join(f'<td class="{c}">{escape(text)}</td>' for c, text in cells) + "</tr>"
