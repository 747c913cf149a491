// One slide at a time: arrows, space, page keys, a click or a swipe lead on; Home and End to the ends.
const slides = [...document.querySelectorAll("section")];
const place = document.body.appendChild(document.createElement("div"));
place.id = "place";

// A slide that is too long for the screen is drawn smaller.
function fit(slide) {
  const inner = slide.firstElementChild;
  inner.style.transform = "";
  inner.style.width = "";
  const style = getComputedStyle(slide);
  const room = slide.clientHeight - parseFloat(style.paddingTop) - parseFloat(style.paddingBottom);
  const scale = Math.min(1, room / inner.scrollHeight);
  if (scale < 1) {
    inner.style.width = `${100 / scale}%`;
    inner.style.transform = `scale(${Math.min(1, room / inner.scrollHeight)})`;
  }
}

let now = 0;
function show(number) {
  now = Math.max(0, Math.min(slides.length - 1, number));
  slides.forEach((slide, i) => slide.classList.toggle("now", i === now));
  fit(slides[now]);
  place.textContent = `${now + 1} / ${slides.length}`;
  history.replaceState(null, "", `#${now + 1}`);
}

addEventListener("keydown", (event) => {
  const steps = { ArrowRight: 1, ArrowDown: 1, PageDown: 1, " ": 1, ArrowLeft: -1, ArrowUp: -1, PageUp: -1 };
  if (event.key in steps) {
    event.preventDefault();
    show(now + steps[event.key]);
  } else if (event.key === "Home") show(0);
  else if (event.key === "End") show(slides.length - 1);
});
document.body.addEventListener("click", (event) => {
  if (!event.target.closest("a")) show(now + (event.clientX < innerWidth / 3 ? -1 : 1));
});
let touch = 0;
addEventListener("touchstart", (event) => (touch = event.changedTouches[0].clientX));
addEventListener("touchend", (event) => {
  const moved = event.changedTouches[0].clientX - touch;
  if (Math.abs(moved) > 40) show(now + (moved < 0 ? 1 : -1));
});
addEventListener("resize", () => fit(slides[now]));
// On paper all slides stand one below the other, so all are measured.
addEventListener("beforeprint", () => {
  document.body.classList.add("paper");
  slides.forEach(fit);
});
addEventListener("afterprint", () => document.body.classList.remove("paper"));
// A link within the slides leads to the slide with its goal.
addEventListener("hashchange", () => {
  const goal = document.getElementById(location.hash.slice(1));
  if (goal) show(slides.indexOf(goal.closest("section")));
});
show((parseInt(location.hash.slice(1), 10) || 1) - 1);
