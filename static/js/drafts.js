// Forms that save themselves: <form data-draft="address">. A second after the last change, and when a field is left, the form is posted as
// it stands; passwords and fields marked as sensitive are never sent. Without this script the form has a button that does the same.
const PAUSE = 1000;
const AGAIN = 10000;

const keep = (form) => {
  const status = form.querySelector("[data-draft-status]");
  const changedFiles = new Set();
  let timer = 0;
  let running = null;
  let dirty = false;
  let stopped = false;
  let again = false;
  // After a failure nobody knows whether the saving arrived: the next one does not say which revision it goes on from.
  let unsure = false;

  const say = (words) => {
    // Saying the same again would be read out again.
    if (status && status.textContent !== words) status.textContent = words;
  };

  const body = () => {
    const data = new FormData(form);
    for (const input of form.elements) {
      const isSecret = input.type === "password" || "sensitive" in input.dataset;
      const isOldFile = input.type === "file" && !changedFiles.has(input.name);
      if (input.name && (isSecret || isOldFile)) data.delete(input.name);
    }
    if (unsure) data.delete("draft_revision");
    return data;
  };

  const showFile = (name, stored) => {
    const box = form.querySelector(`[data-draft-kept="${CSS.escape(name)}"]`);
    if (!box) return;
    const input = form.elements[name];
    if (input) input.value = "";
    changedFiles.delete(name);
    box.querySelector("[data-draft-name]").textContent = stored;
    box.querySelector("[name=draft_kept]").disabled = false;
    box.hidden = false;
    box.parentElement.querySelector("[data-draft-choose]").hidden = true;
  };

  const take = (answer, sent) => {
    unsure = false;
    if (form.elements.draft_revision && answer.revision) form.elements.draft_revision.value = answer.revision;
    for (const name of sent) {
      if (answer.files?.[name]) showFile(name, answer.files[name]);
      else changedFiles.delete(name);
    }
    const problems = Object.values(answer.problems ?? {});
    say([answer.words, ...problems].join(" "));
    document.dispatchEvent(new CustomEvent("yingshou:saved"));
  };

  // After signing in again in another tab this page's token is stale; the same page has a fresh one.
  const freshToken = async () => {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    if (answer.redirected || !answer.ok) return false;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const token = page.querySelector("form[data-draft] [name=csrfmiddlewaretoken]")?.value;
    if (!token) return false;
    for (const input of document.querySelectorAll("[name=csrfmiddlewaretoken]")) input.value = token;
    return true;
  };

  const post = (signal) =>
    fetch(form.dataset.draft, { method: "POST", body: body(), headers: { Accept: "application/json" }, redirect: "manual", signal });

  const later = (pause) => {
    clearTimeout(timer);
    timer = setTimeout(save, pause);
  };

  async function save() {
    again ||= running !== null;
    if (!dirty || stopped || running) return;
    clearTimeout(timer);
    dirty = false;
    const sent = [...changedFiles];
    running = new AbortController();
    try {
      let answer = await post(running.signal);
      if (answer.status === 403 && (await freshToken())) answer = await post(running.signal);
      const isOurs = answer.headers.get("Content-Type")?.startsWith("application/json");
      if (answer.ok) take(await answer.json(), sent);
      else if (isOurs) {
        // Refused for good, and why; the next change tries again.
        for (const name of sent) changedFiles.delete(name);
        say((await answer.json()).words);
      } else if (answer.type === "opaqueredirect" || answer.status === 403) {
        dirty = true;
        say(status.dataset.ended);
      } else {
        dirty = unsure = true;
        say(status.dataset.failed);
        later(AGAIN);
      }
    } catch (error) {
      if (error.name !== "AbortError") {
        dirty = unsure = true;
        say(status.dataset.offline);
        later(AGAIN);
      }
    } finally {
      running = null;
    }
    // What changed while it was being saved has its own pause running; leaving the field may have been missed.
    if (again && dirty && !stopped) save();
    again = false;
  }

  const changed = (event) => {
    const input = event.target;
    if (!input.name || input.type === "password" || "sensitive" in input.dataset) return;
    if (input.type === "file") {
      if (!input.files.length) return;
      changedFiles.add(input.name);
    }
    dirty = true;
    later(PAUSE);
  };

  form.addEventListener("input", changed);
  // What was typed has said so before; a file that was dropped says it only here.
  form.addEventListener("change", (event) => event.target.type === "file" && changed(event));
  form.addEventListener("focusout", () => save());
  window.addEventListener("online", () => save());
  document.addEventListener("yingshou:ending", () => save());
  // Leaving the page: the browser finishes a small request; files were sent when they were chosen.
  const leave = () => {
    if (!dirty || stopped || changedFiles.size) return;
    dirty = false;
    unsure = true;
    fetch(form.dataset.draft, { method: "POST", body: body(), headers: { Accept: "application/json" }, keepalive: true })
      .then(async (answer) => (answer.ok ? take(await answer.json(), []) : (dirty = true)))
      .catch(() => (dirty = true));
  };
  window.addEventListener("pagehide", leave);
  document.addEventListener("visibilitychange", () => document.visibilityState === "hidden" && leave());
  form.addEventListener("submit", () => {
    stopped = true;
    clearTimeout(timer);
    running?.abort();
  });
  window.addEventListener("pageshow", () => {
    stopped = false;
  });
};

for (const form of document.querySelectorAll("form[data-draft]")) keep(form);
