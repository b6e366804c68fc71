// Behaviour of every page: keys, focus, one submit, time-out warning, menus, drop zones. All of it is a help; nothing needs it.
const root = document.documentElement;
const body = document.body;
root.classList.add("js");

const isTyping = (target) => target.closest("input, textarea, select, [contenteditable]") !== null;
const one = (selector, from = document) => from.querySelector(selector);
const all = (selector, from = document) => [...from.querySelectorAll(selector)];

// Focus goes to the first error; a link of the summary puts the cursor into its field.
one("[data-focus-first]")?.focus();

// A form is sent once: its buttons rest until the page is left. Coming back by the back button wakes them.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("[data-once]")) return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "1";
  event.submitter?.setAttribute("aria-busy", "true");
});
window.addEventListener("pageshow", () => {
  for (const form of all("form[data-sent]")) delete form.dataset.sent;
  for (const button of all("[aria-busy]")) button.removeAttribute("aria-busy");
});

// One menu open at a time; Escape and a click elsewhere close it.
const closeMenus = (except) => {
  for (const menu of all("details.y-menu[open], details.y-seal-details[open]")) if (menu !== except) menu.open = false;
};
document.addEventListener("click", (event) => closeMenus(event.target.closest("details.y-menu, details.y-seal-details")));
document.addEventListener("click", (event) => {
  if (event.target.closest("[data-print]")) window.print();
  const copy = event.target.closest("[data-copy]");
  if (copy) navigator.clipboard?.writeText(copy.dataset.copy);
});

// Empty filters stay out of the address.
for (const form of all("form[data-filters]")) {
  form.addEventListener("submit", () => {
    for (const input of form.elements) if (input.name && input.value === "") input.disabled = true;
  });
}

// Keys.
const rows = () => all("tr[data-row]");
const moveRow = (step) => {
  const list = rows();
  if (!list.length) return;
  const now = list.indexOf(document.activeElement?.closest("tr[data-row]"));
  const next = list[Math.min(Math.max(now + step, 0), list.length - 1)];
  next.tabIndex = -1;
  next.focus();
};
let last = "";
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    const open = one("details.y-menu[open], details.y-seal-details[open]");
    if (open) {
      open.open = false;
      one("summary", open).focus();
    }
  }
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target) || one("dialog[open]")) return;
  const row = document.activeElement?.closest("tr[data-row]");
  if (event.key === "/") {
    const box = document.getElementById("search-box");
    if (box) {
      event.preventDefault();
      box.focus();
      box.select();
    }
  } else if (event.key === "?") document.getElementById("keys-dialog")?.showModal();
  else if (event.key === "t" && last === "g") location.assign(body.dataset.home);
  else if (event.key === "j") moveRow(1);
  else if (event.key === "k") moveRow(-1);
  else if (event.key === "x" && row) one("input[type=checkbox]", row)?.click();
  else if (event.key === "Enter" && row === document.activeElement) one("a[href]", row)?.click();
  last = event.key;
});

// A day can be typed; the button opens the browser's calendar and writes what was picked as 2026-11-18.
document.addEventListener("click", (event) => {
  const box = event.target.closest("[data-pick-day]")?.parentElement;
  if (!box) return;
  const [text, native] = box.querySelectorAll("input");
  native.value = text.value;
  native.onchange = () => {
    text.value = native.value;
    text.dispatchEvent(new Event("input", { bubbles: true }));
    text.focus();
  };
  native.showPicker?.();
});

// Drop zones: a file let go anywhere on the page lands in the input of its one zone, or of the zone it was let go on.
const zones = all("[data-upload]");
const zoneAt = (target) => target.closest?.("[data-upload]") ?? (zones.length === 1 ? zones[0] : null);
const holdsFiles = (event) => event.dataTransfer?.types.includes("Files");
if (zones.length) {
  const mark = (zone) => {
    root.classList.toggle("y-dropping", zones.length === 1 && zone !== null);
    for (const other of zones) other.classList.toggle("y-over", other === zone);
  };
  document.addEventListener("dragover", (event) => {
    if (!holdsFiles(event)) return;
    // Elsewhere than on a zone the browser would open the file and leave the page.
    event.preventDefault();
    mark(zoneAt(event.target));
  });
  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) mark(null);
  });
  document.addEventListener("drop", (event) => {
    if (!holdsFiles(event)) return;
    event.preventDefault();
    const zone = zoneAt(event.target);
    mark(null);
    if (!zone || !event.dataTransfer.files.length) return;
    const input = one("input[type=file]", zone);
    input.files = event.dataTransfer.files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
    input.focus();
  });
}

// Every htmx request carries the token of the page; the cookie cannot be read by scripts.
body.addEventListener("htmx:configRequest", (event) => {
  const token = one("input[name=csrfmiddlewaretoken]")?.value;
  if (token) event.detail.headers["X-CSRFToken"] = token;
});

// Time-out: a warning two minutes before the session ends; staying renews it, and the form is never lost.
const dialog = document.getElementById("timeout-dialog");
if (dialog && body.dataset.idle) {
  const idle = Number(body.dataset.idle) * 1000;
  const warning = Number(body.dataset.warning) * 1000;
  const key = "yingshou-last-request";
  const touch = () => {
    try {
      localStorage.setItem(key, String(Date.now()));
    } catch {
      // Storage may be switched off; this tab then counts for itself.
    }
    dialog.dataset.last = String(Date.now());
  };
  // Another tab may have kept the session alive.
  const lastRequest = () => {
    let stored = 0;
    try {
      stored = Number(localStorage.getItem(key)) || 0;
    } catch {
      stored = 0;
    }
    return Math.max(stored, Number(dialog.dataset.last));
  };
  const left = document.getElementById("timeout-left");
  const gone = document.getElementById("timeout-gone");
  const stay = document.getElementById("timeout-stay");
  const tick = () => {
    const remaining = lastRequest() + idle - Date.now();
    if (remaining > warning) {
      if (dialog.open && gone.hidden) dialog.close();
      return;
    }
    if (!dialog.open) {
      // A form that saves itself is saved while there still is a session.
      document.dispatchEvent(new CustomEvent("yingshou:ending"));
      dialog.showModal();
    }
    const seconds = Math.max(Math.ceil(remaining / 1000), 0);
    left.textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
    if (seconds === 0) gone.hidden = false;
  };
  const renew = async () => {
    const data = new FormData();
    data.append("csrfmiddlewaretoken", one("input[name=csrfmiddlewaretoken]")?.value ?? "");
    const answer = await fetch(body.dataset.keepalive, { method: "POST", body: data }).catch(() => null);
    if (answer?.status === 204) {
      touch();
      gone.hidden = true;
      dialog.close();
    } else gone.hidden = false;
  };
  stay.addEventListener("click", renew);
  dialog.addEventListener("cancel", (event) => {
    event.preventDefault();
    renew();
  });
  document.addEventListener("yingshou:saved", touch);
  body.addEventListener("htmx:afterRequest", (event) => {
    // A page that follows a job asks every second by itself; that is nobody's presence.
    if (event.detail.requestConfig?.triggeringEvent?.type !== "htmx:poll") touch();
  });
  touch();
  setInterval(tick, 1000);
}
