"use strict";
(() => {
  const root = document.documentElement;
  const create = (parent, cls) => {
    const element = document.createElement("div");
    element.className = cls;
    parent.append(element);
    return element;
  };
  const number = (value) => Number(value.toPrecision(4)).toString().replace("-", "−");

  // The theme of the system, until the reader chooses.
  document.querySelector(".theme").addEventListener("click", () => {
    const dark = root.dataset.theme
      ? root.dataset.theme === "dark"
      : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
    root.dispatchEvent(new Event("theme"));
  });

  /** Where the pointer is in a plot, in its own thousandths. */
  const pointer = (plot, event) => {
    const box = plot.getBoundingClientRect();
    return [(1000 * (event.clientX - box.left)) / box.width, (1000 * (event.clientY - box.top)) / box.height];
  };

  /** Puts a tip beside a place of the plot, on the side where there is room. */
  const beside = (tip, [x, y]) => {
    tip.style.display = "block";
    tip.style.top = `${Math.min(y / 10, 60)}%`;
    tip.style.left = x < 500 ? `calc(${x / 10}% + 14px)` : "auto";
    tip.style.right = x < 500 ? "auto" : `calc(${100 - x / 10}% + 14px)`;
  };

  // Curves: a line at the nearest place with values, and these in a tip.
  for (const script of document.querySelectorAll("script.values")) {
    const { x: name, lines } = JSON.parse(script.textContent);
    const plot = script.parentElement.querySelector(".plot");
    const [cursor, tip] = [create(plot, "cursor"), create(plot, "tip")];
    const places = [...new Map(lines.flatMap((line) => line.points).map((p) => [p[0], p[2]]))];
    if (!places.length) continue;
    const show = (event) => {
      const [x] = pointer(plot, event);
      const [value, place] = places.reduce((a, b) => (Math.abs(b[1] - x) < Math.abs(a[1] - x) ? b : a));
      cursor.style.display = "block";
      cursor.style.left = `${place / 10}%`;
      const rows = lines.map((line) => [line.name, line.points.find((point) => point[0] === value)]);
      tip.textContent = "";
      create(tip, "head").textContent = `${name} ${number(value)}`;
      for (const [label, point] of rows) {
        if (point) create(tip, "row").textContent = `${label}  ${number(point[1])}`;
      }
      beside(tip, [place, 80]);
    };
    plot.addEventListener("pointermove", show);
    plot.addEventListener("pointerdown", show);
    plot.addEventListener("pointerleave", () => (cursor.style.display = tip.style.display = "none"));
  }

  // The map: the example whose code is nearest to the pointer.
  for (const script of document.querySelectorAll("script.points")) {
    const { points, labels, numbers, grid, texts } = JSON.parse(script.textContent);
    const plot = script.parentElement.querySelector(".plot");
    const [ring, tip] = [create(plot, "ring"), create(plot, "tip")];
    const show = (event) => {
      const [x, y] = pointer(plot, event);
      let [nearest, least] = [-1, 900];
      points.forEach(([a, b], i) => {
        const distance = (a - x) ** 2 + (b - y) ** 2;
        if (distance < least) [nearest, least] = [i, distance];
      });
      ring.style.display = tip.style.display = nearest < 0 ? "none" : "block";
      if (nearest < 0) return;
      [ring.style.left, ring.style.top] = points[nearest].map((at) => `${at / 10}%`);
      tip.textContent = "";
      if (grid) {
        const [columns, rows] = grid;
        const image = create(tip, "tile s-thumbs");
        const share = (at, of) => (100 * at) / Math.max(of - 1, 1);
        image.style.backgroundPosition =
          `${share(nearest % columns, columns)}% ${share(Math.floor(nearest / columns), rows)}%`;
      }
      create(tip, "row").textContent = `example ${numbers[nearest]}${labels ? `, class ${labels[nearest]}` : ""}`;
      if (texts) create(tip, "row text").textContent = texts[nearest];
      beside(tip, points[nearest]);
    };
    plot.addEventListener("pointermove", show);
    plot.addEventListener("pointerdown", show);
    plot.addEventListener("pointerleave", () => (ring.style.display = tip.style.display = "none"));
  }
})();
