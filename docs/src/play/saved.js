"use strict";
// A tape that `autograd` has written: `tape.save("tape.json")`. Its values and gradients are read, not computed.

/** A tensor of the file: a number, or a shape with its first numbers. NaN and infinities are words there. */
function tensor(shape, numbers) {
  if (!Array.isArray(shape) || !Array.isArray(numbers)) throw new Error("A value should have a shape and numbers.");
  const read = numbers.map(Number);
  return shape.length === 0 ? read[0] : { shape, numbers: read };
}

/** The tape of a file. */
function readTape(text) {
  let file;
  try {
    file = JSON.parse(text);
  } catch {
    throw new Error("This file is no JSON. Write one with tape.save(\"tape.json\").");
  }
  if (file?.format !== "autograd tape" || !Array.isArray(file.nodes)) {
    throw new Error("This file is no tape. Write one with tape.save(\"tape.json\").");
  }
  if (file.nodes.length === 0) throw new Error("The tape in this file is empty.");
  if (file.nodes.length > MOST_RECORDED) {
    throw new Error(`The tape in this file has ${file.nodes.length} lines; this page shows at most ${MOST_RECORDED}.`);
  }
  const lines = file.nodes.map((node, id) => {
    if (!node.inputs.every(i => Number.isInteger(i) && i >= 0 && i < id)) throw new Error(`Line %${id} has an input that is not above it.`);
    return {
      op: node.operation ?? undefined, inputs: node.inputs, depends: node.depends, sweep: 0, place: node.place,
      variable: node.operation === null && node.depends ? `of ${node.place}` : undefined,
      known: { value: tensor(node.shape, node.value), adjoint: node.gradient === null ? undefined : tensor(node.shape, node.gradient) },
    };
  });
  return { lines, variables: [], output: lines.length - 1, values: new Map(), sweeps: 0, saved: true };
}

function savedForward(tape, id) {
  tape.lines[id].value = tape.lines[id].known.value;
}

/** The adjoints of the inputs, each of which is complete when its last user has been visited. */
function savedBackward(tape, id) {
  const line = tape.lines[id];
  line.adjoint = line.known.adjoint;
  return line.inputs.flatMap((input, k) => (tape.lines[input].depends ? [{ input, k }] : []));
}
