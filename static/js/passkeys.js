// Passkeys (WebAuthn). A form with data-passkey="create" or "get" asks the device when its button is pressed, puts the answer into the
// field `credential` and is sent. What the device needs stands in data-options, or is fetched from data-options-url.
const toBytes = (text) => {
  const plain = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(plain, (sign) => sign.charCodeAt(0));
};
const toText = (buffer) => {
  if (!buffer) return null;
  const plain = String.fromCharCode(...new Uint8Array(buffer));
  return btoa(plain).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
};
const known = (list) => (list ?? []).map((one) => ({ ...one, id: toBytes(one.id) }));

const create = async (options) => {
  const made = await navigator.credentials.create({
    publicKey: {
      ...options,
      challenge: toBytes(options.challenge),
      user: { ...options.user, id: toBytes(options.user.id) },
      excludeCredentials: known(options.excludeCredentials),
    },
  });
  return {
    clientDataJSON: toText(made.response.clientDataJSON),
    attestationObject: toText(made.response.attestationObject),
    made,
  };
};

const use = async (options) => {
  const made = await navigator.credentials.get({
    publicKey: { ...options, challenge: toBytes(options.challenge), allowCredentials: known(options.allowCredentials) },
  });
  return {
    clientDataJSON: toText(made.response.clientDataJSON),
    authenticatorData: toText(made.response.authenticatorData),
    signature: toText(made.response.signature),
    userHandle: toText(made.response.userHandle),
    made,
  };
};

const options = async (form) => {
  if (form.dataset.options) return JSON.parse(form.dataset.options);
  const response = await fetch(form.dataset.optionsUrl, { headers: { Accept: "application/json" }, redirect: "error" });
  if (!response.ok) throw new Error(String(response.status));
  return response.json();
};

const start = (form) => {
  const button = form.querySelector("[data-passkey-start]");
  const problem = form.querySelector("[data-passkey-problem]");
  button.addEventListener("click", async () => {
    button.disabled = true;
    problem.hidden = true;
    try {
      const asked = await options(form);
      const { made, ...response } = await (form.dataset.passkey === "create" ? create(asked) : use(asked));
      form.querySelector("input[name$='credential']").value = JSON.stringify({
        id: made.id,
        rawId: toText(made.rawId),
        type: made.type,
        clientExtensionResults: made.getClientExtensionResults(),
        response,
      });
      form.requestSubmit();
    } catch {
      problem.textContent = form.dataset.sayFailed;
      problem.hidden = false;
      button.disabled = false;
    }
  });
  for (const part of [form, ...form.querySelectorAll("[data-passkey-part]")]) part.hidden = false;
};

if (window.PublicKeyCredential) document.querySelectorAll("form[data-passkey]").forEach(start);
