"use strict";
// The page: fields, buttons and keys; what a step does in words; the table.

const find = id => document.getElementById(id);
const element = (tag, text, kind) => {
  const made = document.createElement(tag);
  if (text !== undefined) made.textContent = text;
  if (kind) made.className = kind;
  return made;
};

/** A number, or a tensor, in short. */
function brief(x, digits = 6) {
  if (x === undefined) return "";
  if (typeof x === "object") {
    const most = 3, numbers = x.numbers.slice(0, most).map(n => brief(n, 3)).join(", ");
    return `[${x.shape.join(", ")}]${digits > 4 ? ` ${numbers}${x.numbers.length > most ? ", …" : ""}` : ""}`;
  }
  if (!Number.isFinite(x)) return Number.isNaN(x) ? "NaN" : x > 0 ? "∞" : "−∞";
  return String(Number(x.toPrecision(digits)) + 0).replaceAll("-", "−");
}

/** A rule as it is read: ȳ for g, a dot for a product. */
const pretty = rule => rule.replace(/\bg\b/g, "ȳ").replaceAll(" * ", " · ").replaceAll("-", "−").replaceAll("y^2", "y²");
const bracketed = text => (/^−/.test(text) ? `(${text})` : text);
/** A rule with numbers in place of its letters. */
const filled = (text, scope) => text.replace(/ȳ|\b[abxy](?![a-z(])/g, letter => bracketed(brief(scope[letter === "ȳ" ? "g" : letter])));
/** `%2 · %3`. */
const withLines = line => (OPERATIONS[line.op]?.show ?? `${line.op}(${line.inputs.map(i => `%${i}`).join(", ")})`)
  .replace(/\b[abx]\b/g, letter => `%${line.inputs[letter === "b" ? 1 : 0]}`);

let values = new Map(), orders = [], tape = null, all = [], position = 0, mode = "expression", timer = null, network = null;

/** Why a value is no ordinary number, where it arises. */
function whyValue(line, inputs) {
  if (typeof line.value !== "number" || Number.isFinite(line.value) || inputs.some(x => !Number.isFinite(x))) return "";
  const [a, b] = inputs;
  const reasons = {
    div: b === 0 ? (a === 0 ? "0 / 0 has no value: it is NaN, “not a number”." : "A division by 0 gives ∞.") : "",
    ln: a === 0 ? "ln 0 is −∞." : "A negative number has no logarithm: NaN.",
    sqrt: "A negative number has no real root: NaN.",
    exp: "The result is too large for a number of 64 bits: ∞.",
    pow: a < 0 ? "A negative number has no power with this exponent: NaN." : a === 0 ? "0 to a negative power is ∞." : "The result is too large for a number of 64 bits: ∞.",
  };
  return reasons[line.op] || "The result is too large for a number of 64 bits: ∞.";
}

/** Why a contribution, or a sum of them, is no ordinary number. */
function whyAdjoint({ contribution, before, sum }, g) {
  if (Number.isNaN(contribution) && !Number.isNaN(g)) return g === 0
    ? "An adjoint of 0 meets a slope that is ∞: 0 · ∞ has no value, so NaN. It spreads to all that follows."
    : "Here 0 meets ∞, or ∞ meets ∞: the rule has no value, so NaN. It spreads to all that follows.";
  if (!Number.isFinite(contribution) && Number.isFinite(g)) return "The slope is ∞ here: the curve is vertical.";
  if (Number.isNaN(sum) && !Number.isNaN(contribution) && !Number.isNaN(before)) return "∞ − ∞ has no value, so the sum is NaN.";
  return "";
}

function explain(step, contributions) {
  const box = find("explanation"), say = (text, kind) => text && box.append(element("p", text, kind));
  box.replaceChildren();
  if (!step) return say("The tape is empty. Press “next” or the key → to compute the first line.");
  const id = step.id, line = tape.lines[id], inputs = line.inputs.map(i => tape.lines[i].value);
  const place = line.place ? ` (${line.place})` : "";
  if (step.way === "forward") {
    if (line.variable !== undefined) return say(`Forward: %${id} is the variable ${line.variable}, with the value ${brief(line.value)}.`);
    if (!line.op) return say(line.of === undefined ? `Forward: %${id} is the constant ${brief(line.value)}${place}.`
      : `Recorded: %${id} is the constant ${brief(line.value)}, ${line.value === 1 ? "where this sweep begins, or a number of a rule" : "a number of a rule"}.`);
    say(line.of === undefined ? `Forward: %${id} is computed from lines above it${place}.`
      : `Recorded: the sweep is at %${line.of}, and its rule writes a line. It is a line like others, and can be differentiated again.`);
    const scope = Object.fromEntries(letters(line).map((letter, k) => [letter, inputs[k]]));
    const numbers = OPERATIONS[line.op] && !tape.saved ? ` = ${filled(OPERATIONS[line.op].show, scope)}` : "";
    say(`%${id} = ${withLines(line)}${numbers} = ${brief(line.value)}`, "rule");
    return say(tape.saved ? "" : whyValue(line, inputs), "why");
  }
  say(`Backward: ${id === tape.output ? "The output changes as fast as itself: its adjoint is 1."
    : `The adjoint of %${id} is complete: all that used it lies below and has been visited.`}`);
  if (!line.op) return say(`%${id} is ${line.variable ? `the variable ${line.variable}` : "a variable"}, so this is a result: ${brief(line.adjoint)}.`);
  if (tape.saved) {
    say(`%${id} = ${withLines(line)}, with the adjoint ${brief(line.adjoint)}.`, "rule");
    return say(contributions.length ? `Its rule hands contributions to ${contributions.map(c => `%${c.input}`).join(", ")}.` : "");
  }
  const scope = scopeOf(tape, line), names = letters(line);
  say(`The rule of y = ${OPERATIONS[line.op].show}, with ȳ = ${brief(line.adjoint)}:`);
  for (const c of contributions) {
    const text = pretty(c.rule), numbers = text === "ȳ" ? "" : ` = ${filled(text, scope)}`;
    const sum = c.before === undefined ? "" : `   (adjoint so far ${brief(c.before)} + ${bracketed(brief(c.contribution))} = ${brief(c.sum)})`;
    say(`%${c.input} gets ${names[c.k]}̄ += ${text}${c.zero ? "" : numbers} = ${brief(c.contribution)}${sum}`, "rule");
    say(c.zero ? "A factor is 0, and the product is stated to be 0, also where the other factor is ∞." : whyAdjoint(c, line.adjoint), "why");
  }
  if (contributions.length < line.inputs.length) say("Constants get nothing: nobody asks for their adjoint.", "quiet");
}

/** Shows the tape after this many steps. All are taken anew: to go back is to go forward from the start. */
function draw() {
  const { lines } = tape;
  lines.forEach(line => { line.value = line.adjoint = undefined; });
  let last = null, contributions = [];
  for (const step of all.slice(0, position)) {
    last = step;
    contributions = [];
    if (step.way === "forward") (tape.saved ? savedForward : forward)(tape, step.id);
    else contributions = (tape.saved ? savedBackward : backward)(tape, step.id);
  }
  explain(last, contributions);
  const done = position === all.length, received = new Set(contributions.map(c => c.input));
  find("tape").replaceChildren(...lines.map((line, id) => {
    const row = element("tr"), operation = element("td");
    operation.append(line.op ? withLines(line) : line.variable !== undefined ? `variable ${line.variable}` : "constant");
    if (line.of !== undefined) operation.append(element("span", `  for %${line.of}`, "of"));
    const kind = typeof line.value === "object" ? "number tensor" : "number";
    const adjoint = done && line.adjoint === undefined ? "—" : brief(line.adjoint);
    row.append(element("td", `%${id}`), operation, element("td", brief(line.value), kind), element("td", adjoint, kind));
    Object.assign(row.dataset, { op: line.op ?? (line.variable !== undefined ? "variable" : "constant"), name: line.variable ?? "",
      inputs: line.inputs.join(" "), value: line.value ?? "", adjoint: line.adjoint ?? "" });
    if (line.value === undefined) row.classList.add("ahead");
    if (line.sweep) row.classList.add("recorded");
    if (received.has(id)) row.classList.add("receives");
    if (last?.id === id) row.classList.add(last.way);
    return row;
  }));
  drawGraph(find("graph"), tape, last, contributions, brief, id => go((position > lines.length ? all.findLastIndex(step => step.id === id) : id) + 1));
  for (const here of [find("graph").querySelector(".box.forward, .box.backward"), find("tape").querySelector(".forward, .backward")]) inView(here);
  result(done);
  find("first").disabled = find("previous").disabled = position === 0;
  find("next").disabled = find("last").disabled = done;
  find("middle").disabled = position === lines.length;
  find("play").textContent = timer ? "❚❚ pause" : "▶ play";
}

/** Scrolls the box of a part, and not the page, until the part is seen. */
function inView(part) {
  if (!part) return;
  const box = part.closest(".wide"), outer = box.getBoundingClientRect(), inner = part.getBoundingClientRect();
  if (inner.top < outer.top + 40) box.scrollTop -= outer.top + 40 - inner.top;
  else if (inner.bottom > outer.bottom - 40) box.scrollTop += inner.bottom - outer.bottom + 40;
}

const derivative = (names, by) => {
  const order = names.length + 1;
  return order === 1 ? `∂/∂${by}` : `∂${["", "", "²", "³", "⁴"][order] ?? `^${order}`}/${[...names, by].map(name => `∂${name}`).join(" ")}`;
};

/** The gradient, and the buttons that differentiate it again. */
function result(done) {
  const again = find("again");
  again.replaceChildren();
  if (!done || tape.saved) { find("gradient").textContent = ""; return; }
  const leaf = name => tape.lines.find(line => line.variable === name).adjoint ?? 0;
  find("gradient").textContent = tape.variables.length === 0 ? "There is no variable, so there is no gradient."
    : `Gradient: ${tape.variables.map(name => `${derivative(orders, name)} = ${brief(leaf(name))}`).join(", ")}`;
  for (const name of tape.variables.slice(0, 6)) {
    const button = element("button", `record ${derivative(orders, name)}, and differentiate it again`);
    button.addEventListener("click", () => { orders.push(name); build(); go(tape.lines.findIndex(line => line.sweep === orders.length)); remember(); find("next").focus(); });
    again.append(button);
  }
  if (orders.length > 0) {
    const button = element("button", "back to the function");
    button.addEventListener("click", () => { orders = []; build(); go(tape.lines.length); remember(); });
    again.append(button);
  }
}

function go(to) {
  if (!tape) return;
  position = Math.max(0, Math.min(to, all.length));
  if (timer && position === all.length) stop();
  draw();
}

function stop() {
  clearTimeout(timer);
  timer = null;
}

function play() {
  if (!tape) return;
  if (timer) { stop(); return draw(); }
  if (position === all.length) position = 0;
  const tick = () => { timer = setTimeout(tick, 1000 / Number(find("speed").value)); go(position + 1); };
  timer = setTimeout(tick, 0);
  draw();
}

/** The tape of the expression, with as many recorded sweeps as were asked for. Throws what is wrong with it. */
function build() {
  const text = find("expression").value;
  tape = record(text, values);
  tape.variables.forEach((name, k) => { if (!values.has(name)) values.set(name, [0.7, 2, -0.5, 1.5][k % 4]); });
  orders = orders.filter(name => tape.variables.includes(name));
  for (const name of orders) differentiate(tape, name);
  steps();
}

function steps() {
  all = [...tape.lines.map((_, id) => ({ way: "forward", id })), ...visited(tape).map(id => ({ way: "backward", id }))];
}

/** Nothing to show, and why. */
function fail(message) {
  stop();
  tape = null;
  find("problem").textContent = message;
  for (const id of ["values", "tape", "explanation", "again", "graph"]) find(id).replaceChildren();
  find("gradient").textContent = "";
  for (const button of find("steps").children) button.disabled = true;
}

/** Reads the expression; makes a field for the value of each variable in it. */
function read() {
  stop();
  try {
    build();
  } catch (problem) {
    return fail(problem.message);
  }
  find("play").disabled = false;
  find("problem").textContent = "";
  find("values").replaceChildren(...tape.variables.map(name => {
    const label = element("label", `${name} = `), input = element("input");
    Object.assign(input, { type: "number", step: "any", value: values.get(name) });
    input.addEventListener("input", () => {
      if (input.value === "" || !Number.isFinite(Number(input.value))) return;
      values.set(name, Number(input.value));
      build();
      remember();
      draw();
    });
    label.append(input);
    return label;
  }));
  if (tape.variables.includes("e")) find("values").append(element("span", "e is a variable here; for 2.718… write exp(1).", "quiet"));
  go(tape.lines.length);
}

function show(view) {
  mode = view;
  stop();
  for (const name of ["expression", "network", "saved"]) {
    find(`mode-${name}`).setAttribute("aria-pressed", name === view);
    find(`${name}-view`).hidden = name !== view;
  }
  find("tape-view").hidden = view === "network";
  find("problem").textContent = "";
  if (view === "network") { network ??= networkPage(find, expressionOf); network.show(); } else network?.pause();
  if (view === "expression") read();
  if (view === "saved") fail("");
  remember();
}

/** From the network: the loss of a point as an expression, with the weights of now. */
function expressionOf(text, weights) {
  values = new Map(weights);
  orders = [];
  find("expression").value = text;
  show("expression");
}

function openTape(text) {
  try {
    tape = readTape(text);
  } catch (problem) {
    return fail(problem.message);
  }
  steps();
  find("play").disabled = false;
  find("problem").textContent = "";
  go(tape.lines.length);
}

const open = async file => { if (file) openTape(await file.text()); };

// Names of variables have a prefix in the address, so that none means something else. A + there is a +.
function remember() {
  const given = mode === "expression" ? [["e", find("expression").value]] : [["view", mode]];
  if (mode === "expression" && tape) {
    for (const name of tape.variables) given.push([`v.${name}`, values.get(name)]);
    if (orders.length > 0) given.push(["by", orders.join(" ")]);
  }
  const hash = given.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`).join("&");
  try { history.replaceState(null, "", `#${hash}`); } catch { /* a page within another may be refused */ }
}

/** What stands in the address, by name. */
function asked() {
  const decoded = text => { try { return decodeURIComponent(text); } catch { return text; } };
  return new Map(location.hash.slice(1).split("&").filter(part => part !== "").map(part => {
    const [name, ...value] = part.split("=");
    return [decoded(name), decoded(value.join("="))];
  }));
}

/** For the test: a list of [expression, values, variables to differentiate by], each stepped to its end and read off the page. */
function check(list) {
  const report = list.map(([text, given, by]) => {
    if (text === "network") return checkNetwork(given);
    if (text === "saved") return checkSaved(given);
    values = new Map(Object.entries(given));
    orders = by ?? [];
    find("expression").value = text;
    read();
    if (!tape) return { problem: find("problem").textContent };
    go(0);
    while (!find("next").disabled) find("next").click();
    return { lines: [...find("tape").children].map(row => ({ ...row.dataset })), output: tape.output, gradient: find("gradient").textContent };
  });
  find("report").textContent = JSON.stringify(report);
}

function checkNetwork({ hidden, points }) {
  const net = new Network(hidden, points);
  for (let k = 0; k < 3; k++) net.step(0.5);
  return { weights: Object.fromEntries(net.values), loss: net.loss, gradients: Object.fromEntries(net.gradients) };
}

function checkSaved(text) {
  show("saved");
  openTape(text);
  if (!tape) return { problem: find("problem").textContent };
  go(Infinity);
  const known = tape.lines.filter(line => line.variable !== undefined).flatMap(line => line.known.adjoint.numbers ?? [line.known.adjoint]);
  return { lines: [...find("tape").children].map(row => ({ ...row.dataset })), known };
}

const EXAMPLES = [["tanh(x*x)", { x: 0.7 }], ["x * sin(x)", { x: 1.2 }], ["sigmoid(w*x + b)", { w: 2, x: 0.7, b: -0.5 }],
  ["(w*x - 1)^2", { w: 2, x: 0.7 }], ["ln(exp(a) + exp(b))", { a: 0.3, b: 1 }], ["relu(x) + relu(-x)", { x: -1.5 }],
  ["x / sqrt(x^2 + y^2)", { x: 3, y: 4 }], ["x^3", { x: 2 }]];
find("examples").append(...EXAMPLES.map(([text, given]) => {
  const button = element("button", text);
  button.addEventListener("click", () => {
    for (const [name, value] of Object.entries(given)) values.set(name, value);
    orders = [];
    find("expression").value = text;
    read();
    remember();
  });
  return button;
}));
find("expression").addEventListener("input", () => { orders = []; read(); remember(); });
for (const name of ["expression", "network", "saved"]) find(`mode-${name}`).addEventListener("click", () => show(name));
const byHand = move => () => { stop(); move(); };
find("first").addEventListener("click", byHand(() => go(0)));
find("previous").addEventListener("click", byHand(() => go(position - 1)));
find("next").addEventListener("click", byHand(() => go(position + 1)));
find("play").addEventListener("click", play);
find("middle").addEventListener("click", byHand(() => go(tape.lines.length)));
find("last").addEventListener("click", byHand(() => go(Infinity)));
// (The field is emptied, so that the same file can be chosen again when the program has written it anew.)
find("file").addEventListener("change", event => open(event.target.files[0]).then(() => { event.target.value = ""; }));
document.addEventListener("dragover", event => event.preventDefault());
document.addEventListener("drop", event => { event.preventDefault(); if (event.dataTransfer.files.length) { show("saved"); open(event.dataTransfer.files[0]); } });
document.addEventListener("keydown", event => {
  if (["INPUT", "SELECT"].includes(event.target.tagName) || event.ctrlKey || event.metaKey || event.altKey) return;
  if (mode === "network") { if (event.target.tagName !== "BUTTON") network.key(event); return; }
  const moves = { ArrowRight: () => position + 1, ArrowLeft: () => position - 1, Home: () => 0, End: () => Infinity };
  if (event.key in moves) { event.preventDefault(); stop(); go(moves[event.key]()); }
  if (event.key === " " && event.target.tagName !== "BUTTON") { event.preventDefault(); play(); }
});
// Within the book the keys are the book's until this frame has the focus: it takes it when the pointer comes.
document.documentElement.addEventListener("pointerenter", () => {
  try {
    if (parent !== window && parent.document.activeElement === parent.document.body) window.focus();
  } catch { /* opened from a file: the book around cannot be asked */ }
});

// Dark where the book around it is, or else where the system is.
document.documentElement.classList.toggle("framed", parent !== window);
const darkSystem = matchMedia("(prefers-color-scheme: dark)");
function colour() {
  let dark = darkSystem.matches;
  try {
    if (parent !== window) dark = /\b(navy|coal|ayu)\b/.test(parent.document.documentElement.className);
  } catch { /* as above */ }
  document.documentElement.classList.toggle("dark", dark);
  if (mode === "network") network?.show();
}
colour();
darkSystem.addEventListener("change", colour);
try {
  if (parent !== window) new MutationObserver(colour).observe(parent.document.documentElement, { attributes: true });
} catch { /* as above */ }

// What the address asks for, now and whenever somebody changes it.
function follow() {
  const given = asked();
  if (given.has("check")) return check(JSON.parse(given.get("check")));
  for (const [name, value] of given) if (name.startsWith("v.") && Number.isFinite(Number(value))) values.set(name.slice(2), Number(value));
  document.documentElement.classList.toggle("given", given.has("e"));
  if (!given.has("e")) values.set("x", EXAMPLES[0][1].x);
  find("expression").value = given.get("e") ?? EXAMPLES[0][0];
  orders = (given.get("by") ?? "").split(" ").filter(name => name !== "").slice(0, 3);
  show(["network", "saved"].includes(given.get("view")) ? given.get("view") : "expression");
  if (given.has("step") && tape) go(given.get("step") === "end" ? Infinity : Number(given.get("step")));
}
follow();
addEventListener("hashchange", follow);
