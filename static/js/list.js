// Selecting rows of a list: count, sum in figures and words, what is true of all of them, and which buttons wait for that.
const DIGITS = [..."零壹贰叁肆伍陆柒捌玖"];
const PLACES = ["", "拾", "佰", "仟"];
const GROUPS = ["", "万", "亿", "万亿"];

// The amount in fen in Chinese capitals; the server writes the binding one, this is its preview.
export const inWords = (fen) => {
  if (fen === 0n) return "零元整";
  const yuan = fen / 100n;
  const jiao = Number((fen / 10n) % 10n);
  const cent = Number(fen % 10n);
  let text = "";
  if (yuan > 0n) {
    const digits = [...yuan.toString()].map(Number);
    let zero = false;
    let groupHas = false;
    digits.forEach((digit, index) => {
      const position = digits.length - 1 - index;
      if (digit) {
        if (zero) text += DIGITS[0];
        text += DIGITS[digit] + PLACES[position % 4];
        zero = false;
        groupHas = true;
      } else zero = true;
      if (position % 4 === 0) {
        if (groupHas) text += GROUPS[position / 4];
        groupHas = false;
      }
    });
    text += "元";
  }
  if (!jiao && !cent) return `${text}整`;
  if (jiao) text += (yuan > 0n && yuan % 10n === 0n ? DIGITS[0] : "") + `${DIGITS[jiao]}角`;
  else if (yuan > 0n) text += DIGITS[0];
  return cent ? `${text}${DIGITS[cent]}分` : `${text}整`.replace("角整", "角");
};

export const toFen = (text) => {
  const [whole, part = ""] = text.split(".");
  return BigInt(whole) * 100n + BigInt((part + "00").slice(0, 2));
};

export const inFigures = (fen) => {
  const whole = (fen / 100n).toString().replace(/\B(?=(\d{3})+$)/g, ",");
  return `${whole}.${(fen % 100n).toString().padStart(2, "0")}`;
};

const follow = (form) => {
  // Not form.id: the boxes are called "id" and stand in its place.
  const id = form.getAttribute("id");
  const bar = document.querySelector(`[data-selection-bar="${id}"]`);
  if (!bar) return;
  const part = (name) => bar.querySelector(`[data-bar-${name}]`);
  const boxes = [...document.querySelectorAll(`input[type=checkbox][name=id][form="${id}"]`)];
  const whole = document.querySelector("[data-select-page]");
  const every = document.querySelector(`[data-select-all][form="${id}"]`);
  const facts = new Map(
    [...form.querySelectorAll("[data-fact-code]")].map((fact) => [fact.dataset.factCode, fact.dataset]),
  );
  const buttons = [...bar.querySelectorAll("button[data-needs]")];

  const truth = (picked) => {
    const counts = new Map();
    for (const box of picked) counts.set(box.dataset.fact, (counts.get(box.dataset.fact) ?? 0) + 1);
    if (counts.size === 1) return facts.get([...counts.keys()][0])?.factAll ?? "";
    return [...counts].map(([code, count]) => `${count} ${facts.get(code)?.factLabel ?? code}`).join(" · ");
  };

  const show = () => {
    const picked = boxes.filter((box) => box.checked);
    const isAll = every?.checked ?? false;
    const number = isAll ? every.dataset.total : picked.length;
    const idle = !isAll && !picked.length;
    bar.classList.toggle("y-bar-idle", idle);
    part("count").textContent = idle ? bar.dataset.noSelection : bar.dataset.countOne.replace("{n}", number);
    const amounts = picked.map((box) => box.dataset.amount).filter(Boolean);
    const fen = amounts.reduce((sum, text) => sum + toFen(text), 0n);
    part("sum").hidden = isAll || !amounts.length;
    part("figure").textContent = `${bar.dataset.currency} ${inFigures(fen)}`;
    part("words").textContent = inWords(fen);
    part("truth").textContent = isAll || !picked.length || !facts.size ? "" : truth(picked);
    for (const box of boxes) box.closest("tr").classList.toggle("y-picked", box.checked || isAll);
    if (whole) {
      whole.checked = picked.length > 0 && picked.length === boxes.length;
      whole.indeterminate = picked.length > 0 && picked.length < boxes.length;
    }
    for (const button of buttons) {
      const only = button.dataset.onlyFact?.split(" ");
      const few = !isAll && picked.length < Number(button.dataset.needs);
      const other = only && !isAll && picked.some((box) => !only.includes(box.dataset.fact));
      // Focus stays on a button that cannot be used, so that its reason can be read.
      button.setAttribute("aria-disabled", String(few || Boolean(other)));
      button.title = few ? bar.dataset.noSelection : other ? (button.dataset.onlyWhy ?? "") : "";
    }
  };

  form.addEventListener("click", (event) => {
    if (event.target.closest('button[aria-disabled="true"]')) event.preventDefault();
  });
  whole?.addEventListener("change", () => {
    for (const box of boxes) box.checked = whole.checked;
    show();
  });
  every?.addEventListener("change", show);
  for (const box of boxes) box.addEventListener("change", show);
  // A browser that comes back keeps the ticks.
  window.addEventListener("pageshow", show);
  show();
};

for (const form of document.querySelectorAll("form#selection")) follow(form);
