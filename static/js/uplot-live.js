/* Curves of a fine-tune while it learns. `<figure data-live-chart data-events="…" data-poll="…">` holds a table whose heads
   name fields (`data-field`), and plots that name the fields they draw (`data-live-plot="train_loss valid_loss"`). The table
   is the first data, the fallback and what a screen reader gets.
   Events (server-sent): `point` with {"step", field: value, …}, `end` when nothing more will come. A stream that breaks is
   opened again where it broke off. When it cannot be opened, `data-poll?after=STEP` is asked every 3 s:
   {"points": [...], "done": bool}. */
import { onContent } from "./content.js";

const RETRY_MS = 3000;
const RETRIES = 3;
const DASHES = [undefined, [5, 4], [2, 3], [9, 4], [9, 3, 2, 3], [1, 3]];
const charts = new Set();

let loading = null;
/** uPlot is only fetched by pages that have a curve. */
function loadUPlot() {
  loading ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = document.querySelector('meta[name="holdout-uplot"]')?.content;
    script.onload = () => resolve(globalThis.uPlot);
    script.onerror = () => reject(new Error("uPlot could not be loaded"));
    document.head.append(script);
  });
  return loading;
}

function number(text) {
  const value = Number.parseFloat(text);
  return Number.isFinite(value) ? value : null;
}

/** A column of the table: its field, its words, and how its numbers are written. */
class Column {
  constructor(head) {
    this.field = head.dataset.field;
    this.words = head.textContent;
    this.digits = head.dataset.digits ? Number(head.dataset.digits) : null;
  }

  write(value) {
    if (value === null) return "–";
    if (this.field === "step") return String(value);
    return this.digits === null ? String(Number(value.toPrecision(3))) : value.toFixed(this.digits);
  }
}

class LiveChart {
  constructor(figure) {
    this.figure = figure;
    this.body = figure.querySelector("tbody");
    this.state = figure.querySelector("[data-live-state]");
    this.columns = [...figure.querySelectorAll("th[data-field]")].map((head) => new Column(head));
    this.points = new Map();
    this.rows = new Map();
    this.plots = [];
    this.failures = 0;
    for (const row of this.body.rows) {
      const values = [...row.cells].map((cell) => number(cell.textContent));
      this.rows.set(values[0], row);
      this.keep(Object.fromEntries(this.columns.map((column, index) => [column.field, values[index]])));
    }
  }

  keep(point) {
    if ((point.step ?? null) === null) return null;
    const kept = this.points.get(point.step) ?? {};
    for (const { field } of this.columns) kept[field] = point[field] ?? kept[field] ?? null;
    this.points.set(point.step, kept);
    return kept;
  }

  data(fields) {
    const steps = [...this.points.keys()].sort((a, b) => a - b);
    return [steps, ...fields.map((field) => steps.map((step) => this.points.get(step)[field]))];
  }

  colour(name) {
    return getComputedStyle(this.figure.querySelector(`[data-colour="${name}"]`)).color;
  }

  draw(UPlot) {
    this.UPlot = UPlot;
    for (const { plot } of this.plots) plot?.destroy();
    this.plots = [...this.figure.querySelectorAll("[data-live-plot]")].map((place) => this.plot(place));
    this.refresh();
  }

  plot(place) {
    const fields = place.dataset.livePlot.split(" ");
    place.hidden = false; // it is measured
    const font = `11px ${getComputedStyle(place).fontFamily}`;
    const axis = { stroke: this.colour("axis"), font, labelFont: font, grid: { stroke: this.colour("grid"), width: 1 }, ticks: { show: false } };
    const series = fields.map((field, index) => {
      const column = this.columns.find((one) => one.field === field);
      const value = (_plot, shown) => column.write(shown ?? null);
      const points = { show: index > 0, size: 5 };
      return { label: column.words, stroke: this.colour(`series-${index % 6}`), width: 2, spanGaps: true, dash: DASHES[index % 6], value, points };
    });
    const plot = new this.UPlot(
      {
        width: Math.max(200, place.clientWidth),
        height: place.matches(":first-child") ? 240 : 170,
        scales: { x: { time: false } },
        cursor: { sync: { key: "steps" } },
        axes: [{ ...axis, size: 30 }, { ...axis, size: 56 }],
        series: [{ label: "step" }, ...series],
      },
      this.data(fields),
      place,
    );
    return { place, fields, plot };
  }

  /** Data of all plots; those that have none are not shown. */
  refresh() {
    this.waiting = false;
    for (const { place, fields, plot } of this.plots) {
      const data = this.data(fields);
      const empty = !data.slice(1).some((values) => values.some((value) => value !== null));
      if (place.hidden !== empty) {
        place.hidden = empty;
        this.resize();
      }
      plot.setData(data);
    }
  }

  add(point) {
    const kept = this.keep(point);
    if (kept === null) return;
    const row = this.rows.get(point.step) ?? this.row(point.step);
    this.columns.forEach((column, index) => {
      row.cells[index].textContent = column.write(column.field === "step" ? point.step : kept[column.field]);
    });
    if (this.waiting) return; // many points at once are drawn once
    this.waiting = true;
    requestAnimationFrame(() => this.refresh());
  }

  row(step) {
    const row = this.body.insertRow();
    for (let index = 0; index < this.columns.length; index += 1) row.insertCell().className = "num";
    this.rows.set(step, row);
    return row;
  }

  say(words) {
    if (this.state) this.state.textContent = words;
  }

  listen() {
    if (!this.figure.dataset.events || !this.figure.isConnected) return;
    const url = new URL(this.figure.dataset.events, location.href);
    if (this.last) url.searchParams.set("after", this.last);
    this.source = new EventSource(url);
    this.source.addEventListener("open", () => {
      this.failures = 0;
      this.say("live");
    });
    this.source.addEventListener("point", (event) => {
      this.last = event.lastEventId;
      this.add(JSON.parse(event.data));
    });
    this.source.addEventListener("end", () => this.finish());
    this.source.addEventListener("error", () => this.broken());
  }

  /** A browser opens a broken stream again by itself, but not one that a proxy or a restart answered with an error. */
  broken() {
    this.failures += 1;
    this.say("the connection broke; trying again");
    if (this.source.readyState !== EventSource.CLOSED && this.failures < RETRIES) return;
    this.source.close();
    if (this.figure.dataset.poll) this.poll();
    else setTimeout(() => this.listen(), RETRY_MS);
  }

  finish() {
    this.source?.close();
    this.finished = true;
    this.say("finished");
    this.figure.dispatchEvent(new CustomEvent("holdout:live-done", { bubbles: true }));
  }

  async poll() {
    if (this.finished || !this.figure.isConnected) return;
    this.say("checking every 3 s");
    try {
      const url = new URL(this.figure.dataset.poll, location.href);
      url.searchParams.set("after", String(Math.max(-1, ...this.points.keys())));
      const answer = await fetch(url, { headers: { Accept: "application/json" } });
      if (answer.ok) {
        const news = await answer.json();
        news.points.forEach((point) => this.add(point));
        if (news.done) {
          this.finish();
          return;
        }
      }
    } catch {
      this.say("the server does not answer; trying again");
    }
    setTimeout(() => this.poll(), RETRY_MS);
  }

  resize() {
    for (const { place, plot } of this.plots) {
      if (!place.hidden) plot.setSize({ width: Math.max(200, place.clientWidth), height: plot.height });
    }
  }
}

async function start(figure) {
  if (figure.dataset.started !== undefined) return;
  figure.dataset.started = "";
  const chart = new LiveChart(figure);
  charts.add(chart);
  chart.listen();
  chart.draw(await loadUPlot());
  new ResizeObserver(() => chart.resize()).observe(figure);
}

export function startLiveCharts() {
  onContent("[data-live-chart]", start);
  document.addEventListener("holdout:theme", () => {
    for (const chart of charts) {
      if (!chart.figure.isConnected) {
        chart.source?.close();
        charts.delete(chart);
      } else if (chart.UPlot) chart.draw(chart.UPlot);
    }
  });
  // A figure that htmx swapped away takes its stream with it
  document.addEventListener("htmx:before:cleanup", (event) => {
    for (const chart of charts) if (event.target === chart.figure) chart.source?.close();
  });
}
