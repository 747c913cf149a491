"use strict";
(() => {
  const script = document.querySelector("script.decoder");
  const { graph, image, columns, units, mean, axes, spread, deviations, points, colours, sliders: most } = JSON.parse(script.textContent);
  const decode = runGraph(graph);
  const panel = script.parentElement;
  const find = (name) => panel.querySelector(name);
  const [plane, decoded, sliders] = [find(".plane"), find(".decoded"), find(".sliders")];
  const [canvas, handle] = [find(".plane canvas"), find(".handle")];
  const reach = 3;
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  // The code is the state. A basis says how it is read, set and named along each of its axes.
  let z = Float64Array.from(mean);
  const dot = (a, b) => a.reduce((sum, v, i) => sum + v * b[i], 0);
  const bases = {
    principal: {
      count: axes.length,
      name: (k) => `axis ${k + 1}`,
      centre: () => 0,
      spread: (k) => spread[k] || 1,
      read: (code, k) => dot(axes[k], code) - dot(axes[k], mean),
      set(k, value) {
        const step = value - this.read(z, k);
        axes[k].forEach((a, i) => (z[i] += step * a));
      },
    },
    code: {
      count: Math.min(mean.length, most),
      name: (k) => `z${k + 1}`,
      centre: (k) => mean[k],
      spread: (k) => deviations[k] || 1,
      read: (code, k) => code[k],
      set: (k, value) => (z[k] = value),
    },
  };
  let basis = bases.principal;
  let [across, up] = [0, Math.min(1, basis.count - 1)];

  /** From a value along an axis to its place in the plane, 0 to 1, and back. */
  const place = (k, value) => ((value - basis.centre(k)) / basis.spread(k) / reach + 1) / 2;
  const value = (k, at) => basis.centre(k) + (2 * at - 1) * reach * basis.spread(k);

  const drawPlane = () => {
    const scale = devicePixelRatio || 1;
    const side = plane.clientWidth;
    canvas.width = canvas.height = side * scale;
    const pen = canvas.getContext("2d");
    pen.scale(scale, scale);
    pen.fillStyle = colour("--grid");
    pen.fillRect(side / 2, 0, 1, side);
    pen.fillRect(0, side / 2, side, 1);
    points.forEach((code, i) => {
      const [x, y] = [place(across, basis.read(code, across)), 1 - place(up, basis.read(code, up))];
      const own = colours ? colours[i] : 0;
      pen.fillStyle = colour(own === null ? "--axis" : `--c${own}`);
      pen.globalAlpha = 0.55;
      pen.beginPath();
      pen.arc(x * side, (across === up ? 0.5 : y) * side, 2.5, 0, 7);
      pen.fill();
    });
  };

  const picture = document.createElement(image ? "canvas" : "table");
  decoded.append(picture);

  const drawDecoded = () => {
    const x = decode(z);
    if (image) {
      const [planes, height, width] = image;
      [picture.width, picture.height] = [width, height];
      const pen = picture.getContext("2d");
      const pixels = pen.createImageData(width, height);
      const level = (v) => Math.round(255 * Math.min(Math.max(v, 0), 1));
      // Red, green and blue one after the other; a grey picture has one plane for all three.
      const distance = planes === 3 ? height * width : 0;
      for (let i = 0; i < height * width; i++) {
        pixels.data.set([...[0, 1, 2].map((plane) => level(x[i + plane * distance])), 255], 4 * i);
      }
      pen.putImageData(pixels, 0, 0);
    } else {
      picture.textContent = "";
      x.slice(0, 24).forEach((v, i) => {
        const row = picture.insertRow();
        const name = document.createElement("th");
        name.textContent = columns[i] ?? `x${i + 1}`;
        row.append(name);
        const value = units ? units.shift[i] + units.scale[i] * v : v;
        const text = Math.abs(value) < 1000 ? value.toPrecision(4) : value.toFixed(0);
        row.insertCell().textContent = text.replace("-", "−");
      });
    }
  };

  const update = () => {
    const [x, y] = [place(across, basis.read(z, across)), 1 - place(up, basis.read(z, up))];
    const inside = (at) => Math.min(Math.max(at, 0), 1);
    handle.style.left = `${100 * inside(x)}%`;
    handle.style.top = `${100 * (across === up ? 0.5 : inside(y))}%`;
    for (const input of sliders.querySelectorAll("input")) input.value = place(+input.dataset.axis, basis.read(z, +input.dataset.axis));
    drawDecoded();
  };

  const buildControls = () => {
    for (const [select, chosen] of [[find(".across"), across], [find(".up"), up]]) {
      select.textContent = "";
      for (let k = 0; k < basis.count; k++) select.add(new Option(basis.name(k), k, false, k === chosen));
    }
    sliders.textContent = "";
    for (let k = 0; k < basis.count; k++) {
      const label = document.createElement("label");
      const input = document.createElement("input");
      Object.assign(input, { type: "range", min: 0, max: 1, step: 0.005 });
      input.dataset.axis = k;
      input.addEventListener("input", () => {
        basis.set(k, value(k, +input.value));
        update();
      });
      label.append(basis.name(k), input);
      sliders.append(label);
    }
    drawPlane();
    update();
  };

  const moveTo = (x, y) => {
    const inside = (at) => Math.min(Math.max(at, 0), 1);
    basis.set(across, value(across, inside(x)));
    if (up !== across) basis.set(up, value(up, 1 - inside(y)));
    update();
  };
  const drag = (event) => {
    const box = plane.getBoundingClientRect();
    moveTo((event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height);
  };
  plane.addEventListener("pointerdown", (event) => {
    plane.setPointerCapture(event.pointerId);
    drag(event);
  });
  plane.addEventListener("pointermove", (event) => event.buttons && drag(event));
  plane.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!step) return;
    event.preventDefault();
    moveTo(
      place(across, basis.read(z, across)) + 0.02 * step[0],
      1 - place(up, basis.read(z, up)) + 0.02 * step[1],
    );
  });
  find(".basis").addEventListener("change", (event) => {
    basis = bases[event.target.value];
    [across, up] = [0, Math.min(1, basis.count - 1)];
    buildControls();
  });
  find(".across").addEventListener("change", (event) => ((across = +event.target.value), drawPlane(), update()));
  find(".up").addEventListener("change", (event) => ((up = +event.target.value), drawPlane(), update()));
  find(".reset").addEventListener("click", () => {
    z = Float64Array.from(mean);
    update();
  });
  document.documentElement.addEventListener("theme", drawPlane);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawPlane);
  addEventListener("resize", drawPlane);
  buildControls();
})();
