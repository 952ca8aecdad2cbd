// Draws the figures of the page in the colours of the reader's scheme, and in light ones on paper.
(() => {
  "use strict";
  const months = ["январь", "февраль", "март", "апрель", "май", "июнь", "июль", "август",
    "сентябрь", "октябрь", "ноябрь", "декабрь"];
  const days = ["воскресенье", "понедельник", "вторник", "среда", "четверг", "пятница", "суббота"];
  Plotly.register({
    moduleType: "locale",
    name: "ru",
    dictionary: {},
    format: {
      days,
      shortDays: ["вс", "пн", "вт", "ср", "чт", "пт", "сб"],
      months,
      shortMonths: months.map((month) => month.slice(0, 3)),
      date: "%d.%m.%Y",
      decimal: ",",
      thousands: "\u00a0",
    },
  });

  const root = document.documentElement;
  const config = { locale: "ru", displayModeBar: false, responsive: true, doubleClick: false };
  // A4 without margins is 182 mm: cards in one column, indicators beside their numbers.
  const PAPER_CARD = { width: 640, autosize: false };
  const PAPER_INDICATOR = { width: 420, height: 225, autosize: false };

  const figures = [...document.querySelectorAll("script[data-chart]")].map((script) => ({
    element: document.getElementById(script.dataset.chart),
    text: script.textContent,
  }));

  const coloured = (text) => {
    const style = getComputedStyle(root);
    return JSON.parse(text, (key, value) => {
      const name = typeof value === "string" && value.match(/^var\((--[\w-]+)\)$/);
      return name ? style.getPropertyValue(name[1]).trim() : value;
    });
  };

  const draw = ({ element, text }, size = {}) => {
    const { data, layout } = coloured(text);
    return Plotly.react(element, data, { autosize: true, ...layout, ...size }, config);
  };
  const drawAll = () => Promise.all(figures.map((figure) => draw(figure)));

  drawAll().then(() => { root.dataset.drawn = figures.length; });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);

  addEventListener("beforeprint", () => {
    root.dataset.print = "";
    for (const figure of figures) {
      draw(figure, figure.element.closest(".indicator") ? PAPER_INDICATOR : PAPER_CARD);
    }
  });
  addEventListener("afterprint", () => { delete root.dataset.print; drawAll(); });

  const button = document.getElementById("unfold");
  button.hidden = document.querySelector("details") === null;
  button.addEventListener("click", () => {
    const open = button.getAttribute("aria-expanded") !== "true";
    for (const table of document.querySelectorAll("details")) table.open = open;
    button.setAttribute("aria-expanded", String(open));
    button.textContent = open ? "Свернуть все таблицы" : "Раскрыть все таблицы";
  });
})();
