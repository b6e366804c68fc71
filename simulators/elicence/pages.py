"""The service over HTTP: three calls for platforms, the holder's phone page, a switch for faults."""

import base64
import html
import json
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qs, quote, urlsplit

from simulators.elicence.service import FAULTS, SLOW_SECONDS, Refused, Request, Service

MAX_BODY: Final = 1024 * 1024
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


class Handler(BaseHTTPRequestHandler):
    """One request; ``service`` is set on the class made by `server`."""

    service: Service
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """The phone page, and whether the service lives."""
        parts = urlsplit(self.path)
        if parts.path == "/healthz":
            self._json(200, {"ok": True})
        elif parts.path.startswith("/phone/") and not self._is_down():
            ticket = parse_qs(parts.query).get("ticket", [""])[0]
            self._show(parts.path.removeprefix("/phone/"), ticket)
        else:
            self._json(404, {"error": "not found"})

    def do_POST(self) -> None:
        """A platform's call, the holder's decision, or the switch of faults."""
        length = int(self.headers.get("Content-Length") or 0)
        if not 0 <= length <= MAX_BODY:
            self._json(413, {"error": "too large"})
            return
        sent = self.rfile.read(length)
        path = urlsplit(self.path).path
        try:
            if path == "/control":
                self.service.set_faults(set(json.loads(sent)["faults"]))
                self._json(200, {"faults": sorted(self.service.faults), "known": FAULTS})
            elif self._is_down():
                return
            elif path.startswith("/phone/"):
                self._decide(path.removeprefix("/phone/"), parse_qs(sent.decode()))
            else:
                self._json(200, self._call(path, json.loads(sent)))
        except Refused as refusal:
            self._json(403, {"error": str(refusal)})
        except (ValueError, KeyError, TypeError) as error:
            self._json(400, {"error": type(error).__name__})

    def _is_down(self) -> bool:
        faults = self.service.faults
        if "slow" in faults:
            time.sleep(SLOW_SECONDS)
        if "down" in faults:
            self.close_connection = True
            return True
        return False

    def _call(self, path: str, sent: dict[str, Any]) -> dict[str, Any]:
        body = self.service.authenticate(sent)
        if path == "/api/requests":
            return dict(self.service.create(body))
        if path == "/api/status":
            return self.service.status(str(body["no"]))
        if path == "/api/lists":
            return {"lists": self.service.lists()}
        raise Refused("no such call")

    def _decide(self, no: str, form: dict[str, list[str]]) -> None:
        def value(name: str) -> str:
            return form.get(name, [""])[0]

        chosen = next(
            (one for one in self.service.holders() if f"{one.uscc}-{one.holder_no}" == value("licence")), None
        )
        try:
            self.service.decide(no, value("ticket"), chosen, value("pin"), confirmed=value("decision") == "confirm")
        except Refused as refusal:
            self._show(no, value("ticket"), problem=str(refusal))
            return
        self.send_response(303)
        self.send_header("Location", f"/phone/{no}?ticket={quote(value('ticket'))}")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _show(self, no: str, ticket: str, problem: str = "") -> None:
        try:
            row = self.service.request(no)
        except Refused:
            row = None
        if row is None or row.ticket != ticket:
            self._page(404, "<p class='note'>没有这个请求。No such request.</p>")
            return
        state = row.standing(time.time())
        content = _asked(row)
        if problem:
            content += f"<p class='note' role='alert'>{html.escape(problem)}</p>"
        if state == "waiting":
            content += self._form(row)
        else:
            content += f"<p class='note' data-state='{state}'>{_STATES[state]}</p>"
            content += f"<p><a href='{html.escape(row.return_url, quote=True)}'>回到平台 Back to the platform</a></p>"
        self._page(200, content)

    def _form(self, row: Request) -> str:
        options = "".join(
            f"<option value='{html.escape(f'{one.uscc}-{one.holder_no}')}'>"
            f"{html.escape(f'{one.organisation} · {one.holder} · {one.status}')}</option>"
            for one in self.service.holders()
        )
        return (
            f"<form method='post' action='/phone/{row.no}'><input type='hidden' name='ticket' value='{html.escape(row.ticket)}'>"
            f"<label for='licence'>电子营业执照 Licence</label><select id='licence' name='licence'>{options}</select>"
            "<label for='pin'>密码 PIN</label><input id='pin' name='pin' type='password' autocomplete='off' inputmode='numeric'>"
            "<button class='yes' name='decision' value='confirm'>确认 Confirm</button>"
            "<button name='decision' value='refuse'>拒绝 Refuse</button></form>"
        )

    def _page(self, status: int, content: str) -> None:
        page = (
            "<!doctype html><html lang='zh-Hans'><head><meta charset='utf-8'>"
            "<meta name='viewport' content='width=device-width, initial-scale=1'>"
            f"<title>电子营业执照（样例）</title><style>{_STYLE}</style></head><body>"
            f"<h1>电子营业执照（样例）E-licence (sample)</h1><main>{content}</main></body></html>"
        )
        self._send(status, page.encode(), "text/html; charset=utf-8")

    def _json(self, status: int, value: dict[str, Any]) -> None:
        self._send(status, json.dumps(value, ensure_ascii=False).encode(), "application/json")

    def _send(self, status: int, content: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: tickets stand in addresses."""


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


def server(service: Service, host: str, port: int) -> ThreadingHTTPServer:
    """A server of the service; port 0 takes a free one."""
    bound = type("BoundHandler", (Handler,), {"service": service})
    return ThreadingHTTPServer((host, port), bound)
