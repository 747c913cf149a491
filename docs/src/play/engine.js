"use strict";
// The tape of the page: operations with one rule for each input, a parser, and two sweeps, as in chapters 2 and 7.

// A rule is an expression of g, the adjoint that arrives; y, the value of the line; and x, or a and b, the values of its
// inputs. The sweep computes it with numbers. The recorded sweep parses it into lines that can be differentiated again.
const OPERATIONS = {
  neg: { show: "−x", value: x => -x, rules: ["-g"] },
  add: { show: "a + b", value: (a, b) => a + b, rules: ["g", "g"] },
  sub: { show: "a − b", value: (a, b) => a - b, rules: ["g", "-g"] },
  mul: { show: "a · b", value: (a, b) => a * b, rules: ["g * b", "g * a"] },
  div: { show: "a / b", value: (a, b) => a / b, rules: ["g / b", "-g * y / b"] },
  pow: { show: "a ^ b", value: (a, b) => Math.pow(a, b), rules: ["g * b * a^(b - 1)", "g * y * ln(a)"],
         // Where a factor is 0 the product is, also 0 · ∞: at 0⁰ and for 0ᵇ, as the crate has it.
         zero: [(a, b) => b === 0, (a, b) => a === 0 && b >= 0] },
  sin: { show: "sin x", value: Math.sin, rules: ["g * cos(x)"] },
  cos: { show: "cos x", value: Math.cos, rules: ["-g * sin(x)"] },
  tan: { show: "tan x", value: Math.tan, rules: ["g * (1 + y^2)"] },
  exp: { show: "exp x", value: Math.exp, rules: ["g * y"] },
  ln: { show: "ln x", value: Math.log, rules: ["g / x"] },
  tanh: { show: "tanh x", value: Math.tanh, rules: ["g * (1 - y^2)"] },
  sigmoid: { show: "sigmoid x", value: x => 1 / (1 + Math.exp(-x)), rules: ["g * y * (1 - y)"] },
  relu: { show: "relu x", value: x => Math.max(x, 0), rules: ["g * step(x)"] },
  sqrt: { show: "sqrt x", value: Math.sqrt, rules: ["g / (2 * y)"] },
  // The slope of relu: 1 above 0, else 0. Its own slope is 0, so it hands on nothing.
  step: { show: "step x", value: x => (x > 0 ? 1 : 0), rules: [null] },
};
const FUNCTIONS = ["sin", "cos", "tan", "exp", "ln", "tanh", "sigmoid", "relu", "sqrt"];
const MOST_LINES = 100, MOST_RECORDED = 500;

const HINTS = new Map([["log", "the natural logarithm is ln(x)"], ["abs", "write sqrt(x^2) or relu(x) + relu(-x)"],
  ["max", "write relu(a - b) + b"], ["min", "write a - relu(a - b)"], ["sq", "write x^2"], ["pow", "write a^b"],
  ["logistic", "write sigmoid(x)"], ["sinh", "write (exp(x) - exp(-x)) / 2"], ["cosh", "write (exp(x) + exp(-x)) / 2"]]);

/** Words of an expression: numbers, names, signs. */
function words(text) {
  const tokens = [];
  const pattern = /\s*(?:(\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)|([a-zA-Zα-ωπ_][a-zA-Z_0-9]*)|([-+*\/^()−·×÷]))/y;
  let at = 0;
  while (text.slice(at).trim() !== "") {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (!match) throw new Error(`I do not understand “${text.slice(at).trim()[0]}”.`);
    const sign = { "−": "-", "·": "*", "×": "*", "÷": "/" }[match[3]] || match[3];
    if (sign === "*" && tokens.at(-1)?.sign === "*") throw new Error("For a power write x^2, not x**2.");
    tokens.push(match[1] !== undefined ? { number: Number(match[1]) } : match[2] ? { name: match[2] } : { sign });
    at = pattern.lastIndex;
  }
  return tokens;
}

//   sum = product { (+|−) product },  product = sign { (*|/) sign },  sign = (+|−) sign | power,
//   power = atom [ ^ sign ],  atom = number | name | function ( sum ) | ( sum )
/** Parses an expression. `make` has `apply(op, …inputs)`, `constant(number)` and `variable(name)`. */
function parse(text, make, functions = FUNCTIONS) {
  const tokens = words(text);
  let next = 0;
  const is = sign => next < tokens.length && tokens[next].sign === sign;
  const spelled = token => token ? `“${token.sign ?? token.name ?? token.number}”` : "the end";
  const expect = (sign, hint = "") => {
    if (!is(sign)) throw new Error(`I expected “${sign}” before ${spelled(tokens[next])}.${hint}`);
    next++;
  };
  function sum() {
    let a = product();
    while (is("+") || is("-")) a = make.apply(tokens[next++].sign === "+" ? "add" : "sub", a, product());
    return a;
  }
  function product() {
    let a = signed();
    while (is("*") || is("/")) a = make.apply(tokens[next++].sign === "*" ? "mul" : "div", a, signed());
    return a;
  }
  function signed() {
    if (is("-")) { next++; return make.apply("neg", signed()); }
    if (is("+")) { next++; return signed(); }
    return power();
  }
  function power() {
    const a = atom();
    if (!is("^")) return a;
    next++;
    return make.apply("pow", a, signed());
  }
  function atom() {
    if (next === tokens.length) throw new Error("The expression ends too early.");
    if (is("(")) { next++; const a = sum(); expect(")"); return a; }
    const { number, name } = tokens[next];
    if (number !== undefined) { next++; return make.constant(number); }
    if (name === undefined) throw new Error(`I expected a number, a name or “(”, not ${spelled(tokens[next])}.`);
    next++;
    if (functions.includes(name)) {
      const argument = tokens[next]?.name ?? tokens[next]?.number ?? "x";
      expect("(", ` Write ${name}(${argument}).`);
      const a = sum();
      expect(")");
      return make.apply(name, a);
    }
    if (is("(")) {
      const hint = HINTS.get(name);
      throw new Error(`I do not know the function “${name}”${hint ? `: ${hint}` : ""}. I know ${FUNCTIONS.join(", ")}.`);
    }
    return name === "pi" || name === "π" ? make.constant(Math.PI) : make.variable(name);
  }
  if (tokens.length === 0) throw new Error("Type an expression, such as x * tanh(x).");
  const result = sum();
  if (next < tokens.length) {
    const before = tokens[next - 1], here = tokens[next];
    const factors = (before.number ?? before.name ?? before.sign) + "*" + (here.name ?? here.number ?? here.sign);
    const product = here.sign !== ")" && here.sign === undefined || here.sign === "(";
    throw new Error(`I expected an operator before ${spelled(here)}.${product ? ` For a product write ${factors}.` : ""}`);
  }
  return result;
}

/** A tape: lines, the names of its variables, and the line that is its output. */
function record(text, values) {
  const tape = { lines: [], variables: [], output: 0, values, sweeps: 0 };
  const leaves = new Map();
  tape.output = parse(text, {
    apply: (op, ...inputs) => push(tape, { op, inputs }),
    constant: number => push(tape, { constant: number, inputs: [] }),
    variable: name => {
      if (!leaves.has(name)) {
        leaves.set(name, push(tape, { variable: name, inputs: [] }));
        tape.variables.push(name);
      }
      return leaves.get(name);
    },
  });
  return tape;
}

function push(tape, line) {
  const most = tape.most ?? (tape.sweeps ? MOST_RECORDED : MOST_LINES);
  if (tape.lines.length >= most) throw new Error(`This page shows at most ${most} lines.`);
  line.depends = line.variable !== undefined || line.op !== "step" && line.inputs.some(i => tape.lines[i].depends);
  line.sweep = tape.sweeps;
  return tape.lines.push(line) - 1;
}

/** Computes the value of a line. */
function forward(tape, id) {
  const line = tape.lines[id];
  if (line.op) line.value = OPERATIONS[line.op].value(...line.inputs.map(i => tape.lines[i].value));
  else line.value = line.variable !== undefined ? tape.values.get(line.variable) : line.constant;
}

const compiled = new Map();
/** The rule as a function of numbers, parsed once. */
function ruleOf(text) {
  if (!compiled.has(text)) {
    compiled.set(text, parse(text, {
      apply: (op, ...inputs) => scope => OPERATIONS[op].value(...inputs.map(f => f(scope))),
      constant: number => () => number,
      variable: name => scope => scope[name],
    }, [...FUNCTIONS, "step"]));
  }
  return compiled.get(text);
}

const letters = line => line.inputs.length === 1 ? ["x"] : ["a", "b"];

/** What a rule may use: numbers by letter. */
function scopeOf(tape, line) {
  const scope = { g: line.adjoint, y: line.value };
  letters(line).forEach((letter, k) => { scope[letter] = tape.lines[line.inputs[k]]?.value; });
  return scope;
}

/** Whether an input is handed 0 whatever arrives. */
const isZero = (tape, line, k) => {
  const zero = OPERATIONS[line.op].zero?.[k];
  return zero !== undefined && zero(...line.inputs.map(i => tape.lines[i].value));
};

/** Hands the adjoint of a line on to its inputs; returns the contributions. */
function backward(tape, id) {
  const line = tape.lines[id], found = [];
  if (id === tape.output) line.adjoint = 1;
  if (!line.op || line.adjoint === undefined) return found;
  line.inputs.forEach((input, k) => {
    const to = tape.lines[input];
    if (!to.depends) return;
    const rule = OPERATIONS[line.op].rules[k], zero = isZero(tape, line, k);
    const contribution = zero ? 0 : ruleOf(rule)(scopeOf(tape, line)), before = to.adjoint;
    to.adjoint = before === undefined ? contribution : before + contribution;
    found.push({ input, k, rule, zero, contribution, before, sum: to.adjoint });
  });
  return found;
}

/** The lines that the output depends on and that depend on a variable: those that a sweep visits, from last to first. */
function visited(tape) {
  const reached = new Set([tape.output]), order = [];
  for (let id = tape.output; id >= 0; id--) {
    if (!reached.has(id) || !tape.lines[id].depends) continue;
    order.push(id);
    tape.lines[id].inputs.forEach(i => reached.add(i));
  }
  return order;
}

/** Differentiates again: a sweep whose steps are lines of the same tape. The new output is the derivative by `name`. */
function differentiate(tape, name) {
  tape.lines.forEach((_, id) => forward(tape, id));
  const order = visited(tape);
  tape.sweeps += 1;
  const make = (line, of) => {
    const id = push(tape, { ...line, of });
    forward(tape, id);
    return id;
  };
  const adjoints = new Map();
  const leaf = tape.lines.findIndex(line => line.variable === name);
  if (order.length > 0) adjoints.set(tape.output, make({ constant: 1, inputs: [] }, tape.output));
  for (const id of order) {
    const line = tape.lines[id];
    if (!line.op) continue;
    const given = { g: adjoints.get(id), y: id };
    letters(line).forEach((letter, k) => { given[letter] = line.inputs[k]; });
    line.inputs.forEach((input, k) => {
      if (!tape.lines[input].depends) return;
      const contribution = isZero(tape, line, k) ? make({ constant: 0, inputs: [] }, id)
        : parse(OPERATIONS[line.op].rules[k], {
          apply: (op, ...inputs) => make({ op, inputs }, id),
          constant: number => make({ constant: number, inputs: [] }, id),
          variable: letter => given[letter],
        }, [...FUNCTIONS, "step"]);
      const before = adjoints.get(input);
      adjoints.set(input, before === undefined ? contribution : make({ op: "add", inputs: [before, contribution] }, id));
    });
  }
  tape.output = adjoints.get(leaf) ?? make({ constant: 0, inputs: [] }, tape.output);
}

/** Every value and adjoint at once. */
function run(tape) {
  tape.lines.forEach((line, id) => { line.adjoint = undefined; forward(tape, id); });
  visited(tape).forEach(id => backward(tape, id));
}

if (typeof module !== "undefined") module.exports = { record, push, differentiate, run, forward, backward, visited, OPERATIONS };
