"use strict";
(function () {
  const value = (cell) => cell.dataset.v !== undefined ? parseFloat(cell.dataset.v) : cell.textContent.trim();
  const order = (one, other) => {
    const a = value(one), b = value(other);
    if (typeof a === "number" && typeof b === "number") return a - b;
    const x = parseFloat(String(a).replace(/[^0-9.eE+-]/g, "")), y = parseFloat(String(b).replace(/[^0-9.eE+-]/g, ""));
    return one.classList.contains("n") && !isNaN(x) && !isNaN(y) ? x - y : String(a).localeCompare(String(b), "en", {numeric: true});
  };
  for (const table of document.querySelectorAll("table.sortable")) {
    const heads = [...table.tHead.rows[0].cells], body = table.tBodies[0];
    heads.forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = head.textContent;
      head.replaceChildren(button);
      button.addEventListener("click", () => {
        const down = head.getAttribute("aria-sort") !== "descending";
        heads.forEach((other) => other.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", down ? "descending" : "ascending");
        const rows = [...body.rows].sort((a, b) => order(a.cells[column], b.cells[column]));
        body.append(...(down ? rows.reverse() : rows));
      });
    });
  }
  for (const button of document.querySelectorAll("button.all")) {
    button.hidden = false;
    button.addEventListener("click", () => {
      const tasks = [...button.closest(".card").querySelectorAll("details.task")], open = tasks.some((one) => !one.open);
      tasks.forEach((one) => { one.open = open; });
      button.textContent = open ? "close all" : "open all";
    });
  }
  const tip = document.getElementById("tip");
  let shown = null;
  const hide = () => { if (shown) { shown.title.textContent = shown.said; shown = null; } tip.hidden = true; };
  document.addEventListener("pointerover", (event) => {
    const holder = event.target.closest && event.target.closest("svg *");
    let title = null;
    for (let at = holder; at && at.tagName !== "svg" && !title; at = at.parentElement) title = at.querySelector(":scope > title");
    if (shown && title === shown.title) return;
    hide();
    if (!title || !title.textContent) return;
    shown = {title, said: title.textContent};
    tip.textContent = shown.said;
    title.textContent = "";
    tip.hidden = false;
  });
  document.addEventListener("pointermove", (event) => {
    if (tip.hidden) return;
    const box = tip.getBoundingClientRect();
    tip.style.left = Math.max(4, Math.min(event.clientX + 14, innerWidth - box.width - 8)) + "px";
    tip.style.top = (event.clientY + box.height + 26 > innerHeight ? event.clientY - box.height - 10 : event.clientY + 18) + "px";
  });
  document.addEventListener("scroll", hide, {passive: true});
})();
