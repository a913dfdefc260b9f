// The pictures of a product: show the chosen variant's picture, mark the one in view, and open it large.
(() => {
  "use strict";

  const gallery = document.querySelector("[data-gallery]");
  if (!gallery) return;
  const row = gallery.querySelector("[data-views]");
  const views = [...row.children];
  const thumbs = [...gallery.querySelectorAll("[data-view]")];
  const dialog = gallery.querySelector("[data-enlarged]");
  const zoom = dialog.querySelector("[data-zoom]");
  const image = zoom.querySelector("img");
  let current = 0;

  const mark = (place) => {
    current = place;
    thumbs.forEach((thumb, position) => {
      if (position === place) thumb.setAttribute("aria-current", "true");
      else thumb.removeAttribute("aria-current");
    });
    // The keyboard stops at the picture in view alone; the thumbnails bring the others into view.
    views.forEach((view, position) => (view.querySelector("a").tabIndex = position === place ? 0 : -1));
  };
  const show = (place) => {
    mark(place);
    row.scrollTo({ left: views[place].offsetLeft - row.offsetLeft });
  };

  // A picture beside the one in view is loaded when it comes into view.
  const coming = new IntersectionObserver(
    (entries) => {
      entries
        .filter((entry) => entry.isIntersecting)
        .forEach(({ target }) => {
          coming.unobserve(target);
          const held = target.querySelector("template");
          if (held) held.replaceWith(held.content);
        });
    },
    { root: row },
  );
  views.forEach((view) => coming.observe(view));
  mark(0);

  let waiting = false;
  row.addEventListener("scroll", () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      mark(Math.min(views.length - 1, Math.round(row.scrollLeft / row.clientWidth)));
    });
  });
  thumbs.forEach((thumb, place) => {
    thumb.addEventListener("click", (event) => {
      event.preventDefault();
      show(place);
    });
  });
  document.addEventListener("change", (event) => {
    const kind = event.target.name === "variant" && event.target.closest("[data-picture]");
    if (kind) show(Number(kind.dataset.picture) - 1);
  });

  const closer = (isCloser, event) => {
    const box = image.getBoundingClientRect();
    const [across, down] = event?.detail
      ? [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height]
      : [0.5, 0.5];
    zoom.setAttribute("aria-pressed", String(isCloser));
    if (!isCloser) return;
    zoom.scrollTo({
      left: across * zoom.scrollWidth - zoom.clientWidth / 2,
      top: down * zoom.scrollHeight - zoom.clientHeight / 2,
      behavior: "instant",
    });
  };
  const enlarge = (place) => {
    const link = views[place].querySelector("[data-enlarge]");
    if (!link) return;
    closer(false);
    image.src = link.href;
    image.alt = link.getAttribute("aria-label").split(":")[0];
    const told = dialog.querySelector("[data-place]");
    if (told) told.textContent = `${place + 1}/${views.length}`;
    show(place);
    if (!dialog.open) dialog.showModal();
  };
  const turn = (by) => enlarge((current + by + views.length) % views.length);

  row.addEventListener("click", (event) => {
    const link = event.target.closest("[data-enlarge]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    enlarge(views.indexOf(link.closest("li")));
  });
  dialog.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button || button.hasAttribute("data-close")) dialog.close();
    else if (button.dataset.turn) turn(Number(button.dataset.turn));
    else closer(zoom.getAttribute("aria-pressed") !== "true", event);
  });
  dialog.addEventListener("keydown", (event) => {
    if (event.key === "ArrowRight") turn(1);
    else if (event.key === "ArrowLeft") turn(-1);
    else if (event.key === "+" || event.key === "=") closer(true);
    else if (event.key === "-") closer(false);
    else return;
    event.preventDefault();
  });

  // A finger that moves sideways turns the page, unless the picture is enlarged and scrolls itself.
  let from = null;
  dialog.addEventListener(
    "touchstart",
    (event) => {
      from = event.touches.length === 1 ? event.touches[0].clientX : null;
    },
    { passive: true },
  );
  dialog.addEventListener("touchend", (event) => {
    const moved = from === null ? 0 : event.changedTouches[0].clientX - from;
    if (Math.abs(moved) > 48 && zoom.getAttribute("aria-pressed") !== "true") turn(moved < 0 ? 1 : -1);
  });
})();
