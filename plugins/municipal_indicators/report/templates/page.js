// Opens and closes all tables at once. Without scripts each opens by itself.
(() => {
  "use strict";
  const button = document.getElementById("unfold");
  button.hidden = document.querySelector("details") === null;
  button.addEventListener("click", () => {
    const open = button.getAttribute("aria-expanded") !== "true";
    for (const table of document.querySelectorAll("details")) table.open = open;
    button.setAttribute("aria-expanded", String(open));
    button.textContent = open ? "Свернуть все таблицы" : "Раскрыть все таблицы";
  });
})();
