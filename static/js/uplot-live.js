/* The curve of a fine-tune while it learns. `<figure data-live-chart data-events="…" data-poll="…">` holds a table of
   step, training loss and validation loss; the table is the first data, the fallback and what a screen reader gets.
   Events (server-sent): `point` with {"step", "train_loss", "valid_loss"}, `end` when nothing more will come.
   When the stream cannot be opened, `data-poll?after=STEP` is asked every 3 s: {"points": [...], "done": bool}. */
import { onContent } from "./content.js";

const POLL_MS = 3000;
const RETRIES = 3;
const charts = new Set();

function vendor() {
  return document.querySelector('meta[name="holdout-uplot"]')?.content;
}

let loading = null;
/** uPlot is only fetched by pages that have a curve. */
function loadUPlot() {
  loading ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = vendor();
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

class LiveChart {
  constructor(figure) {
    this.figure = figure;
    this.body = figure.querySelector("tbody");
    this.state = figure.querySelector("[data-live-state]");
    this.points = new Map();
    this.failures = 0;
    for (const row of this.body.rows) this.keep(...[...row.cells].map((cell) => number(cell.textContent)));
  }

  keep(step, train, valid) {
    if (step === null) return;
    const old = this.points.get(step) ?? [null, null];
    this.points.set(step, [train ?? old[0], valid ?? old[1]]);
  }

  data() {
    const steps = [...this.points.keys()].sort((a, b) => a - b);
    return [steps, steps.map((s) => this.points.get(s)[0]), steps.map((s) => this.points.get(s)[1])];
  }

  colour(name) {
    const probe = this.figure.querySelector(`[data-colour="${name}"]`);
    return getComputedStyle(probe).color;
  }

  draw(UPlot) {
    this.UPlot = UPlot;
    this.plot?.destroy();
    const place = this.figure.querySelector("[data-live-plot]");
    const font = `11px ${getComputedStyle(place).fontFamily}`;
    const axis = { stroke: this.colour("axis"), font, labelFont: font, grid: { stroke: this.colour("grid"), width: 1 }, ticks: { show: false } };
    const shown = (_plot, value) => (value === null ? "–" : value.toFixed(4));
    const series = (label, name, dash) => ({
      label, stroke: this.colour(name), width: 2, spanGaps: true, dash, value: shown, points: { show: dash !== undefined, size: 6 },
    });
    this.plot = new UPlot(
      {
        width: place.clientWidth || 600,
        height: 240,
        scales: { x: { time: false } },
        axes: [{ ...axis, size: 30 }, { ...axis, size: 40 }],
        series: [{ label: "step" }, series("training loss", "train"), series("validation loss", "valid", [5, 4])],
      },
      this.data(),
      place,
    );
  }

  add(point) {
    this.keep(point.step ?? null, point.train_loss ?? null, point.valid_loss ?? null);
    this.plot?.setData(this.data());
    const row = [...this.body.rows].find((known) => number(known.cells[0].textContent) === point.step) ?? this.row();
    const [train, valid] = this.points.get(point.step);
    [point.step, train, valid].forEach((value, index) => {
      row.cells[index].textContent = value === null ? "–" : index ? value.toFixed(4) : String(value);
    });
  }

  row() {
    const row = this.body.insertRow();
    for (let index = 0; index < 3; index += 1) row.insertCell().className = "num";
    return row;
  }

  say(words) {
    if (this.state) this.state.textContent = words;
  }

  listen() {
    if (!this.figure.dataset.events) return;
    this.source = new EventSource(this.figure.dataset.events);
    this.source.addEventListener("open", () => {
      this.failures = 0;
      this.say("live");
    });
    this.source.addEventListener("point", (event) => this.add(JSON.parse(event.data)));
    this.source.addEventListener("end", () => this.finish());
    this.source.addEventListener("error", () => {
      this.failures += 1;
      if (this.source.readyState !== EventSource.CLOSED && this.failures < RETRIES) return;
      this.source.close();
      this.poll();
    });
  }

  finish() {
    this.source?.close();
    this.finished = true;
    this.say("finished");
    this.figure.dispatchEvent(new CustomEvent("holdout:live-done", { bubbles: true }));
  }

  async poll() {
    if (!this.figure.dataset.poll || this.finished || !this.figure.isConnected) return;
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
    setTimeout(() => this.poll(), POLL_MS);
  }
}

async function start(figure) {
  if (figure.dataset.started !== undefined) return;
  figure.dataset.started = "";
  const chart = new LiveChart(figure);
  charts.add(chart);
  chart.listen();
  chart.draw(await loadUPlot());
  new ResizeObserver(([entry]) => {
    chart.plot.setSize({ width: Math.max(200, Math.floor(entry.contentRect.width)), height: 240 });
  }).observe(figure.querySelector("[data-live-plot]"));
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
