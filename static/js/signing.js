// Signs in the page. The key file and the PIN are read here and never sent: two calls carry the certificate and the signature.

const DIGEST_OF = { RSA: "SHA-256", "P-256": "SHA-256", "P-384": "SHA-384" };
const MESSAGE_DIGEST = [0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x04];

class Refused extends Error {
  constructor(message, cure = "") {
    super(message);
    this.cure = cure;
  }
}

const toBase64 = (bytes) => btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
const fromBase64 = (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));

function positions(bytes, wanted) {
  const found = [];
  for (let start = 0; start + wanted.length <= bytes.length; start += 1) {
    if (wanted.every((byte, offset) => bytes[start + offset] === byte)) found.push(start);
  }
  return found;
}

/** Whether the signed attributes carry exactly one message digest, and it is that of the payload. */
async function bindsPayload(attributes, payload, digest) {
  const hash = new Uint8Array(await crypto.subtle.digest(digest, payload));
  const value = [0x31, hash.length + 2, 0x04, hash.length, ...hash];
  return (
    positions(attributes, MESSAGE_DIGEST).length === 1 && positions(attributes, [...MESSAGE_DIGEST, ...value]).length === 1
  );
}

/** Whether the document is the one the page shows: same purpose, object, lines and total. */
function isShown(payload, form) {
  const shown = form.dataset;
  const said = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(payload));
  const total = said.totals?.[0] ? `${said.totals[0].amount} ${said.totals[0].currency}` : "";
  return (
    said.purpose.code === shown.purpose &&
    String(said.object.id) === shown.object &&
    String(said.object.version) === shown.version &&
    said.lines.root === shown.root &&
    String(said.lines.count) === shown.count &&
    said.organisation.uscc === shown.uscc &&
    said.legal_effect[shown.language] === shown.effect &&
    total === shown.total
  );
}

async function importKey(opened) {
  const algorithm =
    opened.kind === "RSA"
      ? { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" }
      : { name: "ECDSA", namedCurve: opened.kind, hash: DIGEST_OF[opened.kind] };
  const key = await crypto.subtle.importKey("pkcs8", opened.pkcs8, algorithm, false, ["sign"]);
  opened.pkcs8.fill(0);
  return { key, algorithm };
}

async function post(url, fields, form) {
  const body = new URLSearchParams(fields);
  const token = form.querySelector("[name=csrfmiddlewaretoken]").value;
  const response = await fetch(url, {
    method: "POST",
    body,
    headers: { "X-CSRFToken": token, Accept: "application/json" },
    credentials: "same-origin",
    redirect: "error",
  });
  const isJson = response.headers.get("Content-Type")?.startsWith("application/json");
  const answer = isJson ? await response.json() : null;
  if (response.ok && answer) return answer;
  const language = form.dataset.language;
  if (answer?.code) throw new Refused(`${answer.code}: ${answer[`message_${language}`]}`, answer[`cure_${language}`]);
  throw new Refused(form.dataset.sayUnreachable);
}

async function openFile(form) {
  const file = form.querySelector("[data-key-file]").files[0];
  const pin = form.querySelector("[data-pin]");
  if (!file) throw new Refused(form.dataset.sayNoFile);
  if (file.size > 200000) throw new Refused(form.dataset.sayBadFile);
  try {
    const opened = globalThis.yingshouKeyFile.open(await file.arrayBuffer(), pin.value);
    if (!(opened.kind in DIGEST_OF)) throw new Refused(form.dataset.sayBadKey);
    return opened;
  } catch (error) {
    if (error instanceof Refused) throw error;
    throw new Refused(error.message === "pin" ? form.dataset.sayWrongPin : form.dataset.sayBadFile);
  } finally {
    pin.value = "";
  }
}

async function sign(form, say) {
  say("open");
  const opened = await openFile(form);
  const { key, algorithm } = await importKey(opened);
  say("prepare");
  const fields = [
    ["purpose", form.dataset.purpose],
    ["object", form.dataset.object],
    ["certificate", toBase64(opened.certificate)],
    ...opened.chain.map((certificate) => ["chain", toBase64(certificate)]),
  ];
  const prepared = await post(form.dataset.prepare, fields, form);
  const [payload, attributes] = [fromBase64(prepared.payload), fromBase64(prepared.attributes)];
  const digest = DIGEST_OF[opened.kind];
  if (prepared.digest !== digest || !(await bindsPayload(attributes, payload, digest)) || !isShown(payload, form)) {
    throw new Refused(form.dataset.sayMismatch);
  }
  say("sign");
  const value = new Uint8Array(await crypto.subtle.sign(algorithm, key, attributes));
  say("complete");
  const answer = await post(form.dataset.complete, [["request", prepared.request], ["signature", toBase64(value)]], form);
  return answer.url;
}

function start(form) {
  const button = form.querySelector("[data-sign]");
  const problem = form.querySelector("[data-problem]");
  const steps = [...form.querySelectorAll("[data-step]")];
  const say = (step) => {
    const current = steps.findIndex((item) => item.dataset.step === step);
    steps.forEach((item, index) => {
      item.hidden = index > current;
      item.classList.toggle("y-done", index < current);
    });
  };
  button.disabled = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (button.disabled) return;
    button.disabled = true;
    problem.hidden = true;
    form.querySelector("[data-progress]").hidden = false;
    try {
      const url = await sign(form, say);
      if (!url.startsWith("/") || url.startsWith("//")) throw new Refused(form.dataset.sayUnreachable);
      location.assign(url);
    } catch (error) {
      const known = error instanceof Refused;
      problem.querySelector("[data-message]").textContent = known ? error.message : form.dataset.sayUnreachable;
      problem.querySelector("[data-cure]").textContent = known ? error.cure : "";
      problem.hidden = false;
      problem.focus();
      form.querySelector("[data-progress]").hidden = true;
      button.disabled = false;
    }
  });
}

document.querySelectorAll("form[data-signing]").forEach(start);
