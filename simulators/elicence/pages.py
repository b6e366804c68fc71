"""The service over HTTP: three calls for platforms and the holder's phone page."""

import base64
import html
import json
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from simulators.elicence.service import FAULTS, Licences, Refused, Request
from simulators.service import Reply, Service

_STYLE: Final = (
    "body{font:16px/1.5 system-ui,sans-serif;margin:0;background:#f2f4f7;color:#1d2939}"
    "main{max-width:26rem;margin:0 auto;padding:1rem}h1{font-size:1.25rem;background:#b42318;color:#fff;margin:0;"
    "padding:.75rem 1rem}dl{background:#fff;padding:1rem;border-radius:.5rem;overflow-wrap:anywhere}"
    "dt{color:#475467;font-size:.875rem}dd{margin:0 0 .5rem}label{display:block;margin:.75rem 0 .25rem}"
    "select,input,button{font:inherit;width:100%;box-sizing:border-box;padding:.6rem;border:1px solid #98a2b3;"
    "border-radius:.4rem}button{margin-top:.75rem}.yes{background:#b42318;color:#fff;border:0}"
    ".note{background:#fff4e5;padding:.6rem 1rem;border-radius:.4rem}"
)
_STATES: Final = {
    "confirmed": "已确认，可以回到平台。Confirmed; go back to the platform.",
    "refused": "已拒绝，什么也没有签。Refused; nothing was signed.",
    "expired": "二维码已过期，请在平台重新获取。The code has run out; get a new one on the platform.",
}


class Pages(Service):
    """The service's addresses."""

    faults = tuple(FAULTS)

    def __init__(self, folder: Path, *, app: str, secret: str, address: str, clock: Path | None = None) -> None:
        super().__init__(clock)
        self.licences = Licences(folder, app=app, secret=secret, address=address, now=self.now)

    def answer(self, method: str, path: str, body: bytes) -> Reply | None:
        """A platform's call, or the holder's page."""
        parts = urlsplit(path)
        self.licences.faults = self.active
        try:
            if parts.path.startswith("/phone/"):
                no = parts.path.removeprefix("/phone/")
                if method == "POST":
                    return self._decide(no, parse_qs(body.decode()))
                return self._show(no, parse_qs(parts.query).get("ticket", [""])[0])
            if method == "GET":
                return _json({"ok": True}) if parts.path == "/healthz" else None
            return _json(self._call(parts.path, json.loads(body)))
        except Refused as refusal:
            return _json({"error": str(refusal)}, 403)
        except (ValueError, KeyError, TypeError) as error:
            return _json({"error": type(error).__name__}, 400)

    def _call(self, path: str, sent: dict[str, Any]) -> dict[str, Any]:
        body = self.licences.authenticate(sent)
        if path == "/api/requests":
            return dict(self.licences.create(body))
        if path == "/api/status":
            return self.licences.status(str(body["no"]))
        if path == "/api/lists":
            return {"lists": self.licences.lists()}
        raise Refused("no such call")

    def _decide(self, no: str, form: dict[str, list[str]]) -> Reply:
        def value(name: str) -> str:
            return form.get(name, [""])[0]

        held = {f"{one.uscc}-{one.holder_no}": one for one in self.licences.holders()}
        confirmed = value("decision") == "confirm"
        try:
            self.licences.decide(no, value("ticket"), held.get(value("licence")), value("pin"), confirmed=confirmed)
        except Refused as refusal:
            return self._show(no, value("ticket"), problem=str(refusal))
        return self._show(no, value("ticket"))

    def _show(self, no: str, ticket: str, problem: str = "") -> Reply:
        try:
            row = self.licences.request(no)
        except Refused:
            row = None
        if row is None or row.ticket != ticket:
            return _page("<p class='note'>没有这个请求。No such request.</p>", 404)
        state = row.standing(self.now().timestamp())
        content = _asked(row)
        if problem:
            content += f"<p class='note' role='alert'>{html.escape(problem)}</p>"
        if state == "waiting":
            content += self._form(row)
        else:
            content += f"<p class='note' data-state='{state}'>{_STATES[state]}</p>"
            content += f"<p><a href='{html.escape(row.return_url, quote=True)}'>回到平台 Back to the platform</a></p>"
        return _page(content)

    def _form(self, row: Request) -> str:
        options = "".join(
            f"<option value='{html.escape(f'{one.uscc}-{one.holder_no}')}'>"
            f"{html.escape(f'{one.organisation} · {one.holder} · {one.status}')}</option>"
            for one in self.licences.holders()
        )
        return (
            f"<form method='post' action='/phone/{row.no}'>"
            f"<input type='hidden' name='ticket' value='{html.escape(row.ticket)}'>"
            f"<label for='licence'>电子营业执照 Licence</label><select id='licence' name='licence'>{options}</select>"
            "<label for='pin'>密码 PIN</label>"
            "<input id='pin' name='pin' type='password' autocomplete='off' inputmode='numeric'>"
            "<button class='yes' name='decision' value='confirm'>确认 Confirm</button>"
            "<button name='decision' value='refuse'>拒绝 Refuse</button></form>"
        )


def _page(content: str, status: int = 200) -> Reply:
    page = (
        "<!doctype html><html lang='zh-Hans'><head><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width, initial-scale=1'>"
        f"<title>电子营业执照（样例）</title><style>{_STYLE}</style></head><body>"
        f"<h1>电子营业执照（样例）E-licence (sample)</h1><main>{content}</main></body></html>"
    )
    return Reply(page.encode(), "text/html; charset=utf-8", status)


def _json(value: dict[str, Any], status: int = 200) -> Reply:
    return Reply(json.dumps(value, ensure_ascii=False).encode(), "application/json", status)


def _asked(row: Request) -> str:
    """What the holder is asked for, read from the very text that would be signed."""
    said = json.loads(base64.b64decode(row.text))
    rows = [("请求 Request", row.title)]
    if row.kind == "signature":
        purpose, effect, lines = said["purpose"], said["legal_effect"], said["lines"]
        rows += [
            ("用途 Purpose", f"{purpose['zh']} {purpose['en']}"),
            ("机构 Organisation", said["organisation"]["name"]),
        ]
        rows += [("合计 Total", f"{one['amount']} {one['currency']}") for one in said.get("totals") or []]
        rows += [("笔数 Lines", str(lines["count"])), ("清单指纹 Fingerprint", lines["root"])]
        rows += [("法律效力 Legal effect", f"{effect['zh']} {effect['en']}")]
    rows.append(("摘要 Digest (SM3)", row.digest))
    return "<dl>" + "".join(f"<dt>{html.escape(a)}</dt><dd>{html.escape(b)}</dd>" for a, b in rows) + "</dl>"
