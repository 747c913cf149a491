"use strict";
// A small network on the same tape: two inputs, hidden units with tanh, one score. The loss of a point with the label t,
// which is 1 or −1, is ln(1 + e^(−t s)), and the mean over the points goes downhill.

const SIDE = 3;

/** Numbers in [0, 1) that are the same every time (Lehmer 1951). */
function generator(seed) {
  let state = seed;
  return () => { state = (state * 48271) % 2147483647; return state / 2147483647; };
}

const DATA = {
  "two moons": (u, k) => {
    const angle = Math.PI * u(), noise = () => (u() - 0.5) * 0.5;
    return k % 2 ? [1.6 * Math.cos(angle) - 0.8 + noise(), 1.8 * Math.sin(angle) - 0.5 + noise(), 1]
      : [1.6 * Math.cos(angle + Math.PI) + 0.8 + noise(), 1.8 * Math.sin(angle + Math.PI) + 0.5 + noise(), -1];
  },
  "exclusive or": (u, k) => {
    const a = k % 2 ? 1 : -1, b = k % 4 < 2 ? 1 : -1;
    return [1.3 * a + (u() - 0.5) * 1.4, 1.3 * b + (u() - 0.5) * 1.4, a * b];
  },
  "ring": (u, k) => {
    const radius = k % 2 ? 0.9 * u() : 1.8 + 0.7 * u(), angle = 2 * Math.PI * u();
    return [radius * Math.cos(angle), radius * Math.sin(angle), k % 2 ? 1 : -1];
  },
};

class Network {
  constructor(hidden, points, weights) {
    this.hidden = hidden;
    this.points = points.map(point => [...point]);
    this.values = new Map();
    const u = generator(7);
    for (let j = 1; j <= hidden; j++) {
      for (const name of ["a", "b", "c", "v"]) this.values.set(name + j, weights?.[name + j] ?? (u() - 0.5) * 2);
    }
    this.values.set("d", weights?.d ?? 0);
    this.steps = 0;
    this.losses = [];
    this.build();
  }

  /** The loss of all points as one tape; where a point is, and what it is scored, is noted. */
  build() {
    const tape = { lines: [], variables: [], output: 0, values: this.values, sweeps: 0, most: Infinity };
    const leaf = new Map();
    for (const name of this.values.keys()) {
      leaf.set(name, push(tape, { variable: name, inputs: [] }));
      tape.variables.push(name);
    }
    const apply = (op, ...inputs) => push(tape, { op, inputs });
    const constant = number => push(tape, { constant: number, inputs: [] });
    this.places = [];
    let total;
    for (const [x1, x2, t] of this.points) {
      const place = { x1: constant(x1), x2: constant(x2), t: constant(t) };
      let score = leaf.get("d");
      for (let j = 1; j <= this.hidden; j++) {
        const sum = apply("add", apply("mul", leaf.get(`a${j}`), place.x1), apply("mul", leaf.get(`b${j}`), place.x2));
        const unit = apply("tanh", apply("add", sum, leaf.get(`c${j}`)));
        score = apply("add", score, apply("mul", leaf.get(`v${j}`), unit));
      }
      place.score = score;
      const loss = apply("ln", apply("add", constant(1), apply("exp", apply("neg", apply("mul", place.t, score)))));
      total = total === undefined ? loss : apply("add", total, loss);
      this.places.push(place);
    }
    tape.output = apply("div", total, constant(this.points.length));
    this.tape = tape;
    this.order = visited(tape);
  }

  move(k, x1, x2) {
    [this.points[k][0], this.points[k][1]] = [x1, x2];
    this.tape.lines[this.places[k].x1].constant = x1;
    this.tape.lines[this.places[k].x2].constant = x2;
  }

  /** Forward over the tape, and backward. */
  sweep() {
    this.tape.lines.forEach((line, id) => { line.adjoint = undefined; forward(this.tape, id); });
    this.order.forEach(id => backward(this.tape, id));
    this.loss = this.tape.lines[this.tape.output].value;
    this.gradients = new Map();
    for (const line of this.tape.lines) if (line.variable) this.gradients.set(line.variable, line.adjoint ?? 0);
    this.right = this.places.filter((place, k) => this.tape.lines[place.score].value * this.points[k][2] > 0).length;
  }

  /** One step of gradient descent. */
  step(rate) {
    if (!this.gradients) this.sweep();
    for (const [name, gradient] of this.gradients) this.values.set(name, this.values.get(name) - rate * gradient);
    this.steps += 1;
    this.sweep();
    this.losses.push(this.loss);
  }

  score(x1, x2) {
    const of = name => this.values.get(name);
    let score = of("d");
    for (let j = 1; j <= this.hidden; j++) score += of(`v${j}`) * Math.tanh(of(`a${j}`) * x1 + of(`b${j}`) * x2 + of(`c${j}`));
    return score;
  }

  /** The loss of one point as an expression, with its weights as variables. */
  expression([x1, x2, t]) {
    const number = x => (x < 0 ? `(${Number(x.toFixed(3))})` : `${Number(x.toFixed(3))}`);
    const units = Array.from({ length: this.hidden }, (_, k) => k + 1).map(j =>
      `v${j} * tanh(a${j}*${number(x1)} + b${j}*${number(x2)} + c${j})`);
    return `ln(1 + exp(-${number(t)} * (${["d", ...units].join(" + ")})))`;
  }
}

const dataOf = (name, count = 40) => { const u = generator(11); for (let k = 0; k < 20; k++) u(); return Array.from({ length: count }, (_, k) => DATA[name](u, k)); };

// ---- What is seen of it. --------------------------------------------------------------------------------------------
function networkPage(find, toExpression) {
  let network, running = false, chosen = 0;
  const rate = () => 10 ** Number(find("rate").value);
  const svg = (parent, tag, fields, text) => {
    const made = document.createElementNS(find("board").namespaceURI, tag);
    for (const [name, value] of Object.entries(fields)) made.setAttribute(name, value);
    if (text !== undefined) made.textContent = text;
    parent.append(made);
    return made;
  };
  const short = x => String(Number(x.toPrecision(3))).replaceAll("-", "−");

  function field() {
    const canvas = find("field"), size = canvas.width, context = canvas.getContext("2d");
    const image = context.createImageData(size, size);
    const dark = document.documentElement.classList.contains("dark"), back = dark ? [22, 25, 35] : [255, 255, 255];
    for (let row = 0; row < size; row++) {
      for (let column = 0; column < size; column++) {
        const x1 = ((column + 0.5) / size * 2 - 1) * SIDE, x2 = (1 - (row + 0.5) / size * 2) * SIDE;
        const p = 1 / (1 + Math.exp(-network.score(x1, x2))), strength = Math.abs(p - 0.5) * (dark ? 1.2 : 0.9);
        const colour = p > 0.5 ? [64, 128, 224] : [224, 116, 40];
        for (let c = 0; c < 3; c++) image.data[(row * size + column) * 4 + c] = back[c] + (colour[c] - back[c]) * strength;
        image.data[(row * size + column) * 4 + 3] = 255;
      }
    }
    context.putImageData(image, 0, 0);
  }

  function board() {
    const points = find("points");
    while (points.childElementCount > network.points.length) points.lastChild.remove();
    while (points.childElementCount < network.points.length) {
      const k = points.childElementCount;
      const dot = svg(points, "circle", { r: 0.11, tabindex: 0, role: "button" });
      dot.addEventListener("focus", () => choose(k));
      dot.addEventListener("pointerdown", event => { event.preventDefault(); dot.focus(); find("board").setPointerCapture(event.pointerId); dragged = k; });
      dot.addEventListener("keydown", event => {
        const by = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
        if (!by) return;
        event.preventDefault();
        event.stopPropagation();
        moveTo(k, network.points[k][0] + by[0] * 0.1, network.points[k][1] + by[1] * 0.1);
      });
    }
    network.points.forEach(([x1, x2, t], k) => {
      const dot = points.children[k];
      dot.setAttribute("cx", x1);
      dot.setAttribute("cy", -x2);
      dot.setAttribute("class", `${t > 0 ? "right-class" : "left-class"}${k === chosen ? " moved" : ""}`);
      dot.setAttribute("aria-label", `point ${k + 1} of class ${t > 0 ? "+1" : "−1"} at ${short(x1)}, ${short(x2)}`);
    });
  }

  function net() {
    const picture = find("net"), gradients = find("gradients").checked;
    const of = name => (gradients ? network.gradients.get(name) : network.values.get(name));
    const most = Math.max(...[...network.values.keys()].map(name => Math.abs(of(name))), 1e-12);
    const height = Math.max(network.hidden, 2) * 44 + 10, middle = height / 2;
    const y = j => middle + (j - (network.hidden + 1) / 2) * 44, input = k => middle + (k - 0.5) * 60;
    picture.setAttribute("viewBox", `0 0 340 ${height}`);
    picture.replaceChildren();
    const line = (name, x1, y1, x2, y2) => {
      const w = of(name), colour = w > 0 ? "var(--blue)" : "var(--orange)";
      svg(svg(picture, "line", { x1, y1, x2, y2, stroke: colour, "stroke-width": 0.6 + 6 * Math.abs(w) / most, "stroke-opacity": 0.85 }), "title", {},
        `${name} = ${short(network.values.get(name))}, gradient ${short(network.gradients.get(name))}`);
    };
    for (let j = 1; j <= network.hidden; j++) {
      line(`a${j}`, 40, input(0), 170, y(j));
      line(`b${j}`, 40, input(1), 170, y(j));
      line(`v${j}`, 170, y(j), 290, middle);
    }
    const unit = (x, y, text) => {
      svg(picture, "circle", { cx: x, cy: y, r: 17, class: "unit" });
      svg(picture, "text", { x, y: y + 4, "text-anchor": "middle" }, text);
    };
    [0, 1].forEach(k => unit(40, input(k), `x${"₁₂"[k]}`));
    for (let j = 1; j <= network.hidden; j++) unit(170, y(j), "tanh");
    unit(290, middle, "s");
  }

  function curve() {
    const picture = find("loss");
    picture.replaceChildren();
    svg(picture, "line", { x1: 34, y1: 100, x2: 330, y2: 100 });
    svg(picture, "line", { x1: 34, y1: 8, x2: 34, y2: 100 });
    const losses = network.losses, top = Math.max(0.7, ...losses);
    svg(picture, "text", { x: 30, y: 16, "text-anchor": "end" }, short(top));
    svg(picture, "text", { x: 30, y: 104, "text-anchor": "end" }, "0");
    svg(picture, "text", { x: 330, y: 116, "text-anchor": "end" }, `step ${network.steps}`);
    const points = losses.map((loss, k) => `${34 + 296 * k / Math.max(losses.length - 1, 1)},${100 - 92 * loss / top}`);
    svg(picture, "polyline", { points: points.join(" ") });
  }

  function show() {
    network.sweep();
    field(); board(); net(); curve();
    find("status").textContent = `Step ${network.steps}: loss ${short(network.loss)}, ${network.right} of ${network.points.length} right. ` +
      `The tape has ${network.tape.lines.length} lines.`;
    find("train").textContent = running ? "pause" : "train";
    find("train").setAttribute("aria-pressed", running);
  }

  let dragged = null;
  const choose = k => { chosen = k; board(); };
  function moveTo(k, x1, x2) {
    const within = x => Math.max(-SIDE, Math.min(SIDE, x));
    network.move(k, within(x1), within(x2));
    chosen = k;
    show();
  }
  find("board").addEventListener("pointermove", event => {
    if (dragged === null) return;
    const box = find("board").getBoundingClientRect();
    moveTo(dragged, ((event.clientX - box.left) / box.width * 2 - 1) * SIDE, (1 - (event.clientY - box.top) / box.height * 2) * SIDE);
  });
  for (const end of ["pointerup", "pointercancel"]) find("board").addEventListener(end, () => { dragged = null; });

  function restart() {
    network = new Network(Number(find("hidden").value), dataOf(find("data").value));
    network.sweep();
    network.losses.push(network.loss);
    chosen = 0;
    show();
  }
  function tick() {
    if (!running) return;
    for (let k = 0; k < 4; k++) network.step(rate());
    show();
    requestAnimationFrame(tick);
  }
  const train = on => { running = on; show(); if (on) requestAnimationFrame(tick); };
  find("train").addEventListener("click", () => train(!running));
  find("once").addEventListener("click", () => { network.step(rate()); show(); });
  find("restart").addEventListener("click", restart);
  find("gradients").addEventListener("change", show);
  find("rate").addEventListener("input", () => { find("rate-shown").textContent = short(rate()); });
  for (const id of ["hidden", "data"]) find(id).addEventListener("change", restart);
  find("one-point").addEventListener("click", () => { train(false); toExpression(network.expression(network.points[chosen]), network.values); });
  find("data").append(...Object.keys(DATA).map(name => new Option(name)));
  restart();
  return { show: () => show(), pause: () => train(false), key: event => { if (event.key === " ") { event.preventDefault(); train(!running); } } };
}

if (typeof module !== "undefined") module.exports = { Network, dataOf };
