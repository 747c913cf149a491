"use strict";
// The graph of a tape: every line a box, every input an arrow, earlier lines above later ones.

const BOX = { width: 92, height: 46, across: 112, down: 108, margin: 62 };

/** Places of the lines: a row for each step away from the leaves, and in a row near to the inputs. */
function places(lines) {
  const row = [], rows = [];
  lines.forEach((line, id) => { row[id] = line.inputs.reduce((most, i) => Math.max(most, row[i] + 1), 0); });
  // A leaf stands just above the first line that uses it.
  lines.forEach((line, id) => {
    if (line.inputs.length > 0) return;
    const users = lines.flatMap((user, k) => (user.inputs.includes(id) ? [row[k]] : []));
    if (users.length > 0) row[id] = Math.min(...users) - 1;
  });
  lines.forEach((_, id) => (rows[row[id]] ??= []).push(id));
  const at = [];
  const order = (members, neighbours) => {
    const middle = id => {
      const near = neighbours(id).map(i => at[i]).filter(x => x !== undefined);
      return near.length > 0 ? near.reduce((a, b) => a + b, 0) / near.length : at[id] ?? id;
    };
    const wanted = members.map(id => [id, middle(id)]).sort((a, b) => a[1] - b[1] || a[0] - b[0]);
    wanted.forEach(([id], k) => { at[id] = k - (members.length - 1) / 2; });
  };
  const users = lines.map((_, id) => lines.flatMap((user, k) => (user.inputs.includes(id) ? [k] : [])));
  for (let round = 0; round < 6; round++) {
    if (round % 2 === 0) rows.forEach(members => order(members, id => lines[id].inputs));
    else [...rows].reverse().forEach(members => order(members, id => users[id]));
  }
  const widest = Math.max(...rows.map(members => members.length));
  const width = widest * BOX.across, height = (rows.length - 1) * BOX.down + BOX.height + 34;
  return { at: lines.map((_, id) => ({ x: width / 2 + at[id] * BOX.across, y: row[id] * BOX.down + BOX.height / 2 + 4 })), width, height };
}

/** Draws into an `<svg>`. `last` is the step just made, with its contributions. */
function drawGraph(svg, tape, last, contributions, brief, choose) {
  const { at, width, height } = places(tape.lines);
  const make = (tag, fields, text) => {
    const made = document.createElementNS(svg.namespaceURI, tag);
    for (const [name, value] of Object.entries(fields)) made.setAttribute(name, value);
    if (text !== undefined) made.textContent = text;
    return made;
  };
  const arrows = make("g", {}), boxes = make("g", {}), labels = make("g", {});
  const handed = new Map(contributions.map(c => [`${c.input} ${c.k}`, c]));
  tape.lines.forEach((line, id) => {
    line.inputs.forEach((input, k) => {
      const from = at[input], to = at[id];
      const twin = line.inputs.indexOf(input) !== k || line.inputs.lastIndexOf(input) !== k;
      const bend = twin ? (k === 0 ? -16 : 16) : 0;
      const [x1, y1, x2, y2] = [from.x + bend, from.y + BOX.height / 2, to.x + bend, to.y - BOX.height / 2];
      const tall = (y2 - y1) / 2;
      // Past other rows an arrow keeps to one side, so that it does not run through their boxes.
      const far = y2 - y1 > BOX.down ? (x1 >= x2 ? 1 : -1) * BOX.across * 0.45 : 0;
      const path = `M${x1} ${y1} C${x1 + far} ${y1 + tall}, ${x2 + far} ${y2 - tall}, ${x2} ${y2}`;
      const current = last?.id === id;
      const contribution = last?.way === "backward" && current ? handed.get(`${input} ${k}`) : undefined;
      const kind = contribution ? "arrow backward" : last?.way === "forward" && current ? "arrow forward"
        : line.value === undefined ? "arrow ahead" : "arrow";
      arrows.append(make("path", { d: path, class: kind }));
      if (contribution) {
        labels.append(make("circle", { r: 5, class: "drop", style: `offset-path: path("M${x2} ${y2} C${x2 + far} ${y2 - tall}, ${x1 + far} ${y1 + tall}, ${x1} ${y1}")` }));
        if (contribution.contribution !== undefined) labels.append(make("text", { x: (x1 + x2) / 2 + far * 0.75 + (k === 0 ? -8 : 8), y: y1 + (y2 - y1) * 0.62, class: "share",
          "text-anchor": k === 0 && line.inputs.length > 1 ? "end" : "start" }, `+ ${brief(contribution.contribution, 4)}`));
      }
    });
    const { x, y } = at[id];
    const receives = last?.way === "backward" && contributions.some(c => c.input === id);
    const kinds = ["box", line.sweep ? "recorded" : "", line.value === undefined ? "ahead" : "",
      last?.id === id ? last.way : "", receives ? "receives" : "", id === tape.output ? "output" : ""];
    const box = make("g", { class: kinds.join(" ").trim(), transform: `translate(${x - BOX.width / 2} ${y - BOX.height / 2})` });
    box.append(make("rect", { width: BOX.width, height: BOX.height, rx: line.op ? 5 : 20 }));
    const name = (line.known && line.variable ? "variable" : line.variable) ?? (line.op ? { neg: "−", add: "+", sub: "−", mul: "·", div: "/", pow: "^" }[line.op] ?? line.op : "constant");
    box.append(make("text", { x: BOX.width / 2, y: 18, "text-anchor": "middle", class: "name" }, `%${id}  ${name.length > 10 ? `${name.slice(0, 9)}…` : name}`));
    box.append(make("text", { x: BOX.width / 2, y: 37, "text-anchor": "middle", class: "value" }, brief(line.value, 4)));
    if (line.adjoint !== undefined) {
      box.append(make("text", { x: BOX.width / 2, y: BOX.height + 15, "text-anchor": "middle", class: "adjoint" }, brief(line.adjoint, 4)));
    }
    box.append(make("title", {}, `%${id}`));
    box.addEventListener("click", () => choose(id));
    boxes.append(box);
  });
  const wide = width + 2 * BOX.margin; // room for the contributions at both sides
  svg.setAttribute("viewBox", `${-BOX.margin} 0 ${wide} ${height}`);
  svg.style.maxWidth = `${wide}px`;
  svg.style.minWidth = `${Math.min(wide * 0.62, 700)}px`;
  svg.replaceChildren(arrows, boxes, labels);
}

if (typeof module !== "undefined") module.exports = { places };
