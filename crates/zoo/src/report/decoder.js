"use strict";
/**
 * Runs a list of operations on one input: what src/report/explorer.rs writes of a Graph. All arrays are
 * Float32Array, row by row; sums are formed in double precision.
 */
var runGraph = (() => {
  const count = (shape) => shape.reduce((product, size) => product * size, 1);

  /** Distances of neighbours along every axis, 0 where an axis of size 1 is repeated up to `shape`. */
  const strides = (from, shape) => {
    const result = new Array(shape.length).fill(0);
    let distance = 1;
    for (let axis = from.length - 1; axis >= 0; axis--) {
      const place = axis + shape.length - from.length;
      if (from[axis] !== 1) result[place] = distance;
      distance *= from[axis];
    }
    return result;
  };

  /** Calls `visit(i, offset)` for all places of `shape` in order; `offset` follows `steps`. */
  const walk = (shape, steps, visit, first = 0) => {
    const index = new Array(shape.length).fill(0);
    let offset = first;
    for (let i = 0, total = count(shape); i < total; i++) {
      visit(i, offset);
      for (let axis = shape.length - 1; axis >= 0; axis--) {
        offset += steps[axis];
        if (++index[axis] < shape[axis]) break;
        offset -= index[axis] * steps[axis];
        index[axis] = 0;
      }
    }
  };

  const moved = (x, shape, steps, first) => {
    const y = new Float32Array(count(shape));
    walk(shape, steps, (i, offset) => (y[i] = x[offset]), first);
    return y;
  };

  /** A function of the numbers at one place, from a formula in nested lists. */
  const compiled = (formula) => {
    if (typeof formula === "number") return () => formula;
    if (typeof formula === "string") {
      if (formula.endsWith("Infinity")) return () => Number(formula);
      const input = Number(formula.slice(1));
      return (x) => x[input];
    }
    const f = functions[formula[0]];
    const [a, b, c] = formula.slice(1).map(compiled);
    if (c) return (x) => f(a(x), b(x), c(x));
    return b ? (x) => f(a(x), b(x)) : (x) => f(a(x));
  };

  /** Groups of elements that share everything but their places along `axes`. */
  const groups = (shape, axes) => {
    const own = shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
    const groups = Array.from({ length: count(own) }, () => []);
    walk(shape, strides(own, shape), (i, group) => groups[group].push(i));
    return groups;
  };

  /** Φ(x) of the normal distribution, by the series of the error function or its continued fraction. */
  const normal = (x) => {
    const t = Math.abs(x) / Math.SQRT2;
    let tail;
    if (t < 2.5) {
      let [term, sum] = [t, t];
      for (let n = 1; n < 60; n++) sum += (term *= (-t * t) / n) / (2 * n + 1);
      tail = 0.5 - sum / Math.sqrt(Math.PI);
    } else {
      let fraction = t;
      for (let n = 40; n > 0; n--) fraction = t + n / 2 / fraction;
      tail = (0.5 * Math.exp(-t * t)) / Math.sqrt(Math.PI) / fraction;
    }
    return x < 0 ? tail : 1 - tail;
  };

  const functions = {
    abs: Math.abs,
    exp: Math.exp,
    ln: Math.log,
    sqrt: Math.sqrt,
    sin: Math.sin,
    cos: Math.cos,
    tanh: Math.tanh,
    sigmoid: (x) => 1 / (1 + Math.exp(-x)),
    erf: (x) => 2 * normal(x * Math.SQRT2) - 1,
    floor: Math.floor,
    add: (a, b) => a + b,
    sub: (a, b) => a - b,
    mul: (a, b) => a * b,
    div: (a, b) => a / b,
    power: Math.pow,
    max: Math.max,
    min: Math.min,
    less: (a, b) => (a < b ? 1 : 0),
    equal: (a, b) => (a === b ? 1 : 0),
    where: (yes, a, b) => (yes !== 0 ? a : b),
  };

  const operations = {
    elementwise: (inputs, { shape, is }) => {
      const f = compiled(is);
      const moves = (x) => (count(x.shape) === count(shape) ? x.data : moved(x.data, shape, strides(x.shape, shape)));
      const columns = inputs.map(moves);
      const x = new Array(columns.length);
      return new Float32Array(count(shape)).map((_, i) => {
        for (let k = 0; k < x.length; k++) x[k] = columns[k][i];
        return f(x);
      });
    },

    linear: ([x, w, b]) => {
      const [rows, inputs] = x.shape;
      const outputs = w.shape[0];
      const y = new Float32Array(rows * outputs);
      for (let i = 0; i < rows; i++) {
        for (let j = 0; j < outputs; j++) {
          let sum = b.data[j];
          for (let k = 0; k < inputs; k++) sum += x.data[i * inputs + k] * w.data[j * inputs + k];
          y[i * outputs + j] = sum;
        }
      }
      return y;
    },

    matmul: ([a, b], { shape }) => {
      const [rows, columns] = shape.slice(-2);
      const inner = a.shape.at(-1);
      const y = new Float32Array(count(shape));
      const lead = shape.slice(0, -2);
      const firsts = [a, b].map((m) => {
        const places = [];
        const matrix = count(m.shape.slice(-2));
        walk(lead, strides(m.shape.slice(0, -2), lead), (_, place) => places.push(place * matrix));
        return places;
      });
      firsts[0].forEach((left, n) => {
        for (let i = 0; i < rows; i++) {
          for (let j = 0; j < columns; j++) {
            let sum = 0;
            for (let k = 0; k < inner; k++) {
              sum += a.data[left + i * inner + k] * b.data[firsts[1][n] + k * columns + j];
            }
            y[(n * rows + i) * columns + j] = sum;
          }
        }
      });
      return y;
    },

    reshape: ([x]) => x.data,
    expand: ([x], { shape }) => moved(x.data, shape, strides(x.shape, shape)),
    sum: ([x], { shape }) => {
      const y = new Float64Array(count(shape));
      walk(x.shape, strides(shape, x.shape), (i, place) => (y[place] += x.data[i]));
      return Float32Array.from(y);
    },
    permute: ([x], { shape, is }) => {
      const steps = x.shape.map((_, axis) => count(x.shape.slice(axis + 1)));
      return moved(x.data, shape, is.map((axis) => steps[axis]));
    },
    slice: ([x], { shape, is: { axis, start, end, step } }) => {
      const steps = x.shape.map((_, a) => count(x.shape.slice(a + 1)));
      const first = (step > 0 ? start : end - 1) * steps[axis];
      steps[axis] *= step;
      return moved(x.data, shape, steps, first);
    },
    concat: ([a, b], { shape, is: axis }) => {
      const y = new Float32Array(count(shape));
      const [left, right] = [a, b].map((part) => count(part.shape.slice(axis)));
      for (let i = 0, row = 0; i < y.length; i += left + right, row++) {
        y.set(a.data.subarray(row * left, (row + 1) * left), i);
        y.set(b.data.subarray(row * right, (row + 1) * right), i + left);
      }
      return y;
    },
    argsort: ([x], { shape, is: { axis, descending } }) => {
      const y = new Float32Array(count(shape));
      const results = groups(shape, [axis]);
      groups(x.shape, [axis]).forEach((group, n) => {
        const order = group.map((_, i) => i);
        // Of equal elements the first stays first.
        order.sort((i, j) => (descending ? -1 : 1) * (x.data[group[i]] - x.data[group[j]]) || i - j);
        results[n].forEach((place, k) => (y[place] = order[k]));
      });
      return y;
    },
    place: ([x], { is: { axis, largest } }) => {
      const best = (group) => {
        const values = group.map((i) => x.data[i]);
        return values.indexOf(largest ? Math.max(...values) : Math.min(...values));
      };
      return Float32Array.from(groups(x.shape, [axis]).map(best));
    },
    gather: ([x, index], { is: axis }) => {
      const y = new Float32Array(index.data.length);
      picks(x.shape, index, axis, (place, from) => (y[place] = x.data[from]));
      return y;
    },
    select: ([x, index], { is: axis }) => {
      const [lead, rest] = [x.shape.slice(0, axis), x.shape.slice(axis + 1)].map(count);
      const y = new Float32Array(lead * index.data.length * rest);
      for (let i = 0; i < lead; i++) {
        index.data.forEach((row, k) => {
          const from = (i * x.shape[axis] + row) * rest;
          y.set(x.data.subarray(from, from + rest), (i * index.data.length + k) * rest);
        });
      }
      return y;
    },
    scatter: ([x, index, added], { is: axis }) => {
      const y = Float32Array.from(x.data);
      picks(x.shape, index, axis, (place, to) => (y[to] += added.data[place]));
      return y;
    },
    runningSum: ([x], { is: axis }) => {
      const y = new Float32Array(x.data.length);
      for (const group of groups(x.shape, [axis])) {
        let sum = 0;
        for (const i of group) y[i] = sum += x.data[i];
      }
      return y;
    },
    softmax: ([x], { is: axis }) => {
      const y = new Float32Array(x.data.length);
      for (const group of groups(x.shape, [axis])) {
        const most = Math.max(...group.map((i) => x.data[i]));
        const sum = group.reduce((sum, i) => sum + Math.exp(x.data[i] - most), 0);
        for (const i of group) y[i] = Math.exp(x.data[i] - most) / sum;
      }
      return y;
    },
    normalize: ([x], { is: { axes, epsilon } }) => {
      const y = new Float32Array(x.data.length);
      for (const group of groups(x.shape, axes)) {
        const mean = group.reduce((sum, i) => sum + x.data[i], 0) / group.length;
        const variance = group.reduce((sum, i) => sum + (x.data[i] - mean) ** 2, 0) / group.length;
        for (const i of group) y[i] = (x.data[i] - mean) / Math.sqrt(variance + epsilon);
      }
      return y;
    },
    convolution: ([x, w], { shape, is }) => {
      const y = new Float64Array(count(shape));
      kernel(is, x.shape, w.shape, shape, (input, weight, output) => (y[output] += x.data[input] * w.data[weight]));
      return Float32Array.from(y);
    },
    // Input and output change places.
    transposed: ([w, x], { shape, is }) => {
      const y = new Float64Array(count(shape));
      kernel(is, shape, w.shape, x.shape, (output, weight, input) => (y[output] += x.data[input] * w.data[weight]));
      return Float32Array.from(y);
    },
  };

  /** All pairs of a place of `index` and the element of `shape` that it names along an axis. */
  const picks = (shape, index, axis, visit) => {
    const steps = shape.map((_, a) => count(shape.slice(a + 1)));
    const distance = steps[axis];
    steps[axis] = 0;
    walk(index.shape, steps, (place, first) => visit(place, first + index.data[place] * distance));
  };

  /** All triples of input, weight and output that meet in a convolution. */
  const kernel = ({ stride, padding, dilation, groups }, input, weight, output, visit) => {
    const [images, inputs, height, width] = input;
    const [outputs, each, tall, wide] = weight;
    const [, , rows, columns] = output;
    const place = (channel, y, x) => (channel * height + y) * width + x;
    const around = (n, o, c, channel) => {
      for (let i = 0; i < rows; i++) {
        for (let u = 0; u < tall; u++) {
          const y = i * stride[0] + u * dilation[0] - padding[0];
          if (y < 0 || y >= height) continue;
          for (let j = 0; j < columns; j++) {
            for (let v = 0; v < wide; v++) {
              const x = j * stride[1] + v * dilation[1] - padding[1];
              if (x < 0 || x >= width) continue;
              const target = ((n * outputs + o) * rows + i) * columns + j;
              visit(place(n * inputs + channel, y, x), ((o * each + c) * tall + u) * wide + v, target);
            }
          }
        }
      }
    };
    for (let n = 0; n < images; n++) {
      for (let o = 0; o < outputs; o++) {
        const first = Math.floor(o / (outputs / groups)) * (inputs / groups);
        for (let c = 0; c < each; c++) around(n, o, c, first + c);
      }
    }
  };

  /** Numbers from base64. */
  const numbers = (text) => {
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    return new Float32Array(bytes.buffer);
  };

  /** Makes a function of one input, an array of numbers, from a list of operations. */
  return (nodes) => {
    const constants = nodes.map((node) => (node.op === "constant" ? numbers(node.is) : null));
    return (input) => {
      const values = [];
      nodes.forEach((node, i) => {
        let data = constants[i];
        if (node.op === "input") data = Float32Array.from(input);
        else if (!data) data = operations[node.op](node.in.map((place) => values[place]), node);
        values.push({ data, shape: node.shape });
      });
      return values.at(-1).data;
    };
  };
})();
