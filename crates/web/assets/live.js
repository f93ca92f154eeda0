// The live page: where a watch stands, its alerts as an inbox, one alert in full. The address says what is shown.
"use strict";

const live = $("[data-live]");
const mayWork = "mayWork" in live.dataset;
const SIZE = 50;
const STATES = [["", "All"], ["new", "New"], ["acknowledged", "Acknowledged"], ["false_alarm", "False alarms"], ["suppressed", "Suppressed"], ["escalated", "Escalated"]];
const WORDS = Object.fromEntries(STATES.map(([state, words]) => [state, words.replace("alarms", "alarm")]));
const KEYS = ["state", "host", "kind", "rule", "from", "until", "sort", "fold", "page"];
const SVG = "http://www.w3.org/2000/svg";

const filter = $("[data-filter]", live);
const dialog = $("[data-alert]", live);
const stamp = (micros) => new Date(micros / 1000).toISOString().replace("T", " ").slice(0, 19);
const moment = (milliseconds) => stamp(milliseconds * 1000);
const percent = (share, digits = 2) => `${(100 * share).toFixed(digits)} %`;
const short = (score) => score.toFixed(4);

/** What the address asks for. */
const asked = Object.fromEntries(new URLSearchParams(location.search));
asked.watch = [...$("[data-watch]", live).options].some((option) => option.value === asked.watch) ? asked.watch : $("[data-watch]", live).value;
let shown = { alerts: [] };
let events;
let samples = [];
let version = 0;
const chosen = new Set();
const api = (rest = "") => `/api/v1/live/${encodeURIComponent(asked.watch)}${rest}`;

/** Puts what is asked for into the address; a link to it shows the same. */
function remember() {
  const query = new URLSearchParams();
  for (const key of ["watch", ...KEYS, "alert", "paused"]) if (asked[key]) query.set(key, asked[key]);
  history.replaceState(null, "", `?${query}`);
}

/** The filter as the API reads it. Times are in UTC, to the second. */
function wanted() {
  const query = {};
  for (const key of ["state", "host", "kind", "rule"]) if (asked[key]) query[key] = asked[key];
  for (const key of ["from", "until"]) {
    const at = asked[key] ? Date.parse(`${asked[key]}Z`) : NaN;
    if (!Number.isNaN(at)) query[key] = at * 1000;
  }
  return query;
}

// ---- Where the watch stands

function drawn(name, attributes, text) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text) made.textContent = text;
  return made;
}

function bars(svg, counts, height, classOf = () => "flows") {
  const most = Math.max(...counts, 1);
  const width = 600 / counts.length;
  svg.replaceChildren(...counts.map((n, i) => {
    const h = n ? Math.max(1, (height * n) / most) : 0;
    return drawn("rect", { class: classOf(i), x: i * width + 0.5, y: height - h, width: Math.max(1, width - 1), height: h });
  }));
}

function drawRates() {
  const svg = $("[data-rates]", live);
  const most = Math.max(...samples.map((s) => s.rate), 1);
  const [first, last] = [samples[0]?.at ?? 0, samples.at(-1)?.at ?? 1];
  const x = (at) => (600 * (at - first)) / Math.max(last - first, 1);
  const line = samples.map((s, i) => `${i ? "L" : "M"}${x(s.at).toFixed(1)} ${(118 - (114 * s.rate) / most).toFixed(1)}`).join(" ");
  svg.replaceChildren(drawn("path", { d: line || "M0 118" }));
  $("[data-rates-words]", live).textContent = samples.length ? `${moment(first).slice(11)} to ${moment(last).slice(11)} UTC, at most ${thousands(most)}` : "nothing was heard yet";
}

function tile(name, value, hint = "") {
  const made = element("div");
  const told = element("dd", value);
  if (hint) told.append(element("span", hint, "hint"));
  made.append(element("dt", name), told);
  return made;
}

const STANDING = { unknown: "no watch has begun there yet", running: "running", ended: "ended", silent: "not heard of" };

function stands(view) {
  const { status } = view;
  const { counts } = status;
  const since = view.heard ? `, last heard ${moment(view.heard)} UTC` : "";
  $("[data-standing]", live).textContent = `${STANDING[view.standing]}${view.standing === "running" ? "" : since}${status.model ? ` · ${status.model}` : ""}${view.reading ? " · its alerts are being read …" : ""}`;
  const problem = view.problem ?? (view.standing !== "unknown" && !view.keeps_alerts ? "This watch writes its alerts to standard output; begun with --alerts FILE it has an inbox." : "");
  $("[data-problem]", live).textContent = problem;
  $("[data-problem]", live).hidden = !problem;
  const today = counts.today;
  $("[data-tiles]", live).replaceChildren(
    tile("Flows", thousands(counts.flows), `${thousands(status.rate)} a second`),
    tile("Alerts", thousands(counts.alerts), `${thousands(today.alerts)} on the last day${view.most_alerts_a_day ? ` of ${thousands(view.most_alerts_a_day)}` : ""}`),
    tile("Flagged", thousands(counts.flagged), today.flows ? `${percent(today.flagged / today.flows)} on the last day` : ""),
    tile("Held back", thousands(counts.grouped + counts.suppressed + counts.over_budget), `${thousands(counts.grouped)} in groups, ${thousands(counts.suppressed)} suppressed, ${thousands(counts.over_budget)} over the day’s budget`),
  );
  const all = counts.scores.reduce((a, b) => a + b, 0);
  // Few alerts beside many flows are seen on a scale of powers.
  bars($("[data-scores]", live), counts.scores.map((n) => Math.log10(n + 1)), 118, (i) => ((i + 1) / counts.scores.length > status.threshold ? "flagged" : "flows"));
  $("[data-scores-words]", live).textContent = `0 to 1 of ${thousands(all)} flows, on a scale of powers of ten; flagged above ${short(status.threshold)}`;
  $("[data-verdicts-words]", live).textContent = status.model ? `nta verdicts ${status.model} FILE --flows ${counts.flows}` : "";
  promised(status);
  losses(view);
}

function promised({ promise, flagged_share: share, counts }) {
  const place = $("[data-promise]", live);
  if (!promise) return place.replaceChildren(element("p", "The model promises nothing.", "small"));
  const flagged = counts.today.flows ? counts.today.flagged / counts.today.flows : 0;
  const between = share ? ` [${percent(share.low)}, ${percent(share.high)}]` : "";
  const holds = { true: "The last flows are spread like those of the training.", false: "The last flows have moved away from those of the training: the promise does not hold for them." }[promise.holds] ?? "Too few flows to tell whether they are spread like those of the training.";
  const made = [element("p", `Promised: at most ${percent(promise.budget)} of benign flows flagged.`), element("p", `On the last day ${percent(flagged)}${between} of all flows were.`), element("p", holds, promise.holds === false ? "note near" : "small")];
  if (promise.moved.length) made.push(element("p", `Moved most (PSI): ${promise.moved.slice(0, 5).map((m) => `${m.name} ${m.psi.toFixed(2)}`).join(", ")}.`, "small"));
  place.replaceChildren(...made);
}

function losses(view) {
  const { status } = view;
  const { counts } = status;
  const seconds = (x) => (x == null ? "–" : x < 1 ? `${(1000 * x).toFixed(0)} ms` : x < 7200 ? `${x.toFixed(1)} s` : `${thousands(x / 86400)} days`);
  const rows = [
    ["newest flow behind the clock", seconds(status.lag)],
    ["from line to alert, half and 99 %", `${seconds(status.latency_half)}, ${seconds(status.latency_99)}`],
    ["waiting to be put in order", thousands(status.waiting)],
    ["late, early", `${thousands(counts.late)}, ${thousands(counts.early)}`],
    ["lines not read, lines without a flow", `${thousands(counts.set_aside)}, ${thousands(counts.left_out)}`],
    ["datagrams, damaged, dropped", status.datagrams.map(thousands).join(", ")],
    ["files lost", thousands(counts.lost_files)],
    ["tries without room on the disk", thousands(counts.no_room)],
  ];
  for (const [address, to] of Object.entries(status.forwarded)) rows.push([`sent to ${address}`, `${thousands(to.sent)}, ${thousands(to.failed)} failed, ${thousands(to.given_up)} given up`]);
  $("[data-losses]", live).replaceChildren(...rows.map(([name, value]) => {
    const row = element("tr");
    const head = element("th", name, "words");
    head.scope = "row";
    row.append(head, element("td", value));
    return row;
  }));
}

// ---- The inbox

async function show() {
  const query = new URLSearchParams({ ...wanted(), size: SIZE, page: asked.page || 1 });
  if (asked.fold) query.set("fold", "true");
  if (asked.sort) query.set("sort", asked.sort);
  shown = await ask("GET", `${api("/alerts")}?${query}`);
  const page = Number(asked.page || 1);
  const pages = Math.max(1, Math.ceil(shown.matching / SIZE));
  const what = asked.fold ? `${thousands(shown.matching)} hosts and reasons of ${thousands(shown.alerts_matching)} alerts` : `${thousands(shown.matching)} of ${thousands(shown.total)} alerts`;
  const older = shown.let_go ? `; ${thousands(shown.let_go)} older ones stand in the watch’s files alone` : "";
  $("[data-count]", live).textContent = shown.matching ? `${what}, page ${thousands(page)} of ${thousands(pages)}${older}` : `no alert matches (${thousands(shown.total)} in all${older})`;
  $("[data-previous]", live).disabled = page <= 1;
  $("[data-next]", live).disabled = page >= pages;
  $("[data-states]", live).replaceChildren(...STATES.map(([state, words]) => {
    const n = state ? shown.states[state] : Object.values(shown.states).reduce((a, b) => a + b, 0);
    const button = element("button", `${words} ${thousands(n)}`);
    button.type = "button";
    button.dataset.state = state;
    button.setAttribute("aria-pressed", String((asked.state ?? "") === state));
    button.addEventListener("click", told(() => again({ state })));
    return button;
  }));
  bars($("[data-bars]", live), shown.bars.length ? shown.bars : [0], 40, () => "flagged");
  $("[data-bars-words]", live).textContent = shown.span ? `${stamp(shown.span[0])} to ${stamp(shown.span[1])}, at most ${thousands(Math.max(...shown.bars))} in a bar` : "";
  for (const id of [...chosen]) if (!shown.alerts.some((alert) => alert.id === id)) chosen.delete(id);
  $("[data-alerts]", live).replaceChildren(...shown.alerts.map(rowOf));
  const away = new URLSearchParams(wanted());
  $("[data-eve]", live).href = `${api("/download/eve")}?${away}`;
  $("[data-verdicts]", live).href = `${api("/download/verdicts")}?${away}`;
  choosing();
}

function rowOf(alert) {
  const row = element("tr", "", alert.state === "new" ? "is-new" : "");
  row.dataset.id = alert.id;
  if (mayWork) {
    const box = Object.assign(document.createElement("input"), { type: "checkbox", checked: chosen.has(alert.id) });
    box.setAttribute("aria-label", `Choose the alert of ${alert.src} at ${stamp(alert.micros)}`);
    box.addEventListener("change", () => {
      if (box.checked) chosen.add(alert.id);
      else chosen.delete(alert.id);
      choosing();
    });
    const cell = element("td");
    cell.append(box);
    row.append(cell);
  }
  const head = element("th");
  head.scope = "row";
  const open = element("a", stamp(alert.micros));
  open.href = `?${new URLSearchParams({ watch: asked.watch, alert: alert.id })}`;
  open.addEventListener("click", told(() => look(alert.id, alert.folded)));
  head.append(open);
  const port = (n) => (n == null ? "" : `:${n}`);
  const more = alert.folded ?? (alert.count > 1 ? alert.count : 1);
  const state = element("td");
  state.append(element("span", WORDS[alert.state], `state ${alert.state}`));
  row.append(head, element("td", alert.src + port(alert.src_port)), element("td", alert.dst + port(alert.dst_port)), element("td", short(alert.score)), element("td", alert.kind || "–", "words"), element("td", thousands(more)), state);
  return row;
}

function choosing() {
  for (const button of $$("[data-act]", live)) button.disabled = chosen.size === 0;
  const all = $("[data-choose-all]", live);
  if (all) all.checked = shown.alerts.length > 0 && shown.alerts.every((alert) => chosen.has(alert.id));
}

/** Shows what is asked for from now on, from its first page. */
function again(change) {
  Object.assign(asked, { page: "" }, change);
  remember();
  chosen.clear();
  return show();
}

/** The alerts that one row stands for: all of its host and reason that were there when it was looked at, where rows are folded. */
const behind = (alert, folded) => (folded ? { all: { ...wanted(), src: alert.src, kind: alert.kind, through: shown.newest } } : { ids: [alert.id] });

async function act(which, state, note, more = {}) {
  const marked = await ask("POST", api("/marks"), { ...which, state, note, ...more });
  const { labels } = marked;
  if (labels?.problem) say(`It is noted, but its label is not kept for the next retraining: ${labels.problem}`);
  else if (labels?.without_flow) say(`It is noted; ${thousands(labels.without_flow)} of the flows are not kept by the watch any more and teach the next retraining nothing.`);
  return marked;
}

for (const button of $$("[data-act]", live)) {
  button.addEventListener("click", told(async () => {
    const note = $("[data-note]", live);
    const rows = shown.alerts.filter((alert) => chosen.has(alert.id));
    button.disabled = true;
    if (asked.fold) for (const alert of rows) await act(behind(alert, true), button.dataset.act, note.value);
    else await act({ ids: rows.map((alert) => alert.id) }, button.dataset.act, note.value);
    note.value = "";
    chosen.clear();
    await show();
  }));
}
$("[data-choose-all]", live)?.addEventListener("change", (event) => {
  for (const alert of shown.alerts) {
    if (event.target.checked) chosen.add(alert.id);
    else chosen.delete(alert.id);
  }
  for (const box of $$("[data-alerts] input", live)) box.checked = event.target.checked;
  choosing();
});
filter.addEventListener("submit", told(() => {
  const { elements } = filter;
  const fields = ["host", "kind", "rule", "from", "until", "sort"].map((key) => [key, elements[key].value.trim()]);
  return again({ ...Object.fromEntries(fields), fold: elements.fold.checked ? "1" : "" });
}));
$("[data-clear]", live).addEventListener("click", told(() => {
  filter.reset();
  return again(Object.fromEntries(KEYS.map((key) => [key, ""])));
}));
const turn = (by) => told(() => {
  asked.page = String(Number(asked.page || 1) + by);
  remember();
  return show();
});
$("[data-previous]", live).addEventListener("click", turn(-1));
$("[data-next]", live).addEventListener("click", turn(1));

// ---- What is suppressed

async function listSuppressed() {
  const { suppressions } = await ask("GET", api("/suppressions"));
  const place = $("[data-suppressions]", live);
  const row = (entry) => {
    const made = element("tr");
    const head = element("th", entry.host ?? "any");
    head.scope = "row";
    made.append(head, element("td", entry.reason ?? "any"), element("td", entry.until ? moment(entry.until) : "for ever"), element("td", entry.who ?? "–"), element("td", entry.why ?? "–", "words"));
    if (mayWork) {
      const end = element("button", "End it", "link");
      end.type = "button";
      end.setAttribute("aria-label", `Suppress ${entry.host ?? entry.reason} no more`);
      end.addEventListener("click", told(async () => {
        await ask("DELETE", api(`/suppressions/${entry.id}`));
        await listSuppressed();
      }));
      const cell = element("td");
      cell.append(end);
      made.append(cell);
    }
    return made;
  };
  const none = element("tr");
  none.append(Object.assign(element("td", "nothing"), { colSpan: mayWork ? 6 : 5 }));
  place.replaceChildren(...(suppressions.length ? suppressions.map(row) : [none]));
}

// ---- One alert in full

let looked;

async function look(id, folded) {
  const alert = await ask("GET", api(`/alerts/${encodeURIComponent(id)}`));
  looked = { alert, folded };
  asked.alert = id;
  remember();
  $("#alert-title", dialog).textContent = `${alert.src} to ${alert.dst}`;
  const several = alert.count > 1 ? ` · ${thousands(alert.count)} of this host and kind until ${stamp(alert.last)}` : "";
  $("[data-alert-over]", dialog).textContent = `${stamp(alert.micros)} UTC · seen by ${alert.sensor} · ${WORDS[alert.state]}${several}`;
  $("[data-alert-reasons]", dialog).replaceChildren(...(alert.reasons.length ? alert.reasons : ["the model names none"]).map((text) => element("li", text)));
  const scores = [["score", short(alert.score)], ["flagged above", short(alert.threshold)], ...Object.entries(alert.members).map(([name, score]) => [name, short(score)]), ["model", alert.model]];
  $("[data-alert-scores]", dialog).replaceChildren(...scores.map(([name, value]) => {
    const row = element("tr");
    const head = element("th", name);
    head.scope = "row";
    row.append(head, element("td", value));
    return row;
  }));
  keys(alert);
  $("[data-alert-marks]", dialog).replaceChildren(...(alert.marks.length ? alert.marks : [null]).map((mark) => element("li", mark ? `${moment(mark.when)} UTC, ${mark.who}: ${WORDS[mark.state]}${mark.note ? ` – ${mark.note}` : ""}` : "nothing yet")));
  if (mayWork) {
    const others = $("[data-others]", dialog);
    others.hidden = !folded || folded < 2;
    $("input", others).checked = !others.hidden;
    $("span", others).textContent = folded ? `and the ${thousands(folded - 1)} others of this host and reason` : "";
    const options = [["src", `alerts of ${alert.src}`], ["dst", `alerts to ${alert.dst}`]].map(([what, words]) => new Option(words, what));
    if (alert.kind) options.unshift(new Option(`alerts of ${alert.src} for ${alert.kind}`, "both"));
    if (alert.kind) options.push(new Option(`alerts for ${alert.kind}, of any host`, "kind"));
    $('[name="what"]', dialog).replaceChildren(...options);
  }
  if (!dialog.open) dialog.showModal();
  await hour(id);
}

/** A key in a field of its own, to be copied: by the button, or by hand where a browser lets no script. */
function keys(alert) {
  const at = (micros) => new Date(micros / 1000).toISOString();
  const tuple = `${alert.proto} ${alert.src}:${alert.src_port ?? ""} -> ${alert.dst}:${alert.dst_port ?? ""}`;
  const all = [["community_id", alert.community_id], ["Zeek uid", alert.uid], ["flow_id", alert.flow_id], ["5-tuple", tuple], ["time window", `${at(alert.micros - 3.6e9)} ${at(alert.last + 6e7)}`], ["id", alert.id]];
  $("[data-alert-keys]", dialog).replaceChildren(...all.filter(([, value]) => value != null).flatMap(([name, value]) => {
    const field = Object.assign(document.createElement("input"), { value: String(value), readOnly: true });
    field.setAttribute("aria-label", name);
    const button = element("button", "Copy");
    button.type = "button";
    button.setAttribute("aria-label", `Copy ${name}`);
    button.addEventListener("click", told(async () => {
      field.select();
      if (navigator.clipboard) await navigator.clipboard.writeText(field.value).catch(() => document.execCommand("copy"));
      else document.execCommand("copy");
      button.textContent = "Copied";
    }));
    const told_ = element("dd");
    told_.append(field, button);
    return [element("dt", name), told_];
  }));
}

async function hour(id) {
  const words = $("[data-hour-words]", dialog);
  words.textContent = "…";
  $("[data-hour-head]", dialog).replaceChildren();
  $("[data-hour]", dialog).replaceChildren();
  const found = await ask("GET", api(`/alerts/${encodeURIComponent(id)}/hour`));
  if (looked.alert.id !== id) return;
  const what = found.all_flows ? "flows" : "alerts; begun with --flows FILE the watch would keep all its flows";
  words.textContent = `${found.cut ? "the last " : ""}${thousands(found.rows.length)} ${what}, ${stamp(found.from)} to ${stamp(found.until)} UTC`;
  if (!found.rows.length) return;
  const names = Object.keys(found.rows[0]).filter((name) => !["nta_id", "nta_sensor", "nta_end"].includes(name));
  const head = element("tr");
  head.append(...["end (UTC)", ...names].map((name) => Object.assign(element("th", name), { scope: "col" })));
  $("[data-hour-head]", dialog).replaceChildren(head);
  $("[data-hour]", dialog).replaceChildren(...found.rows.map((row) => {
    const made = element("tr", "", row.flagged ? "is-flagged" : "");
    const cell = (value) => (value == null ? "–" : typeof value === "number" && !Number.isInteger(value) ? String(+value.toPrecision(6)) : String(value));
    made.append(element("td", stamp(row.nta_end)), ...names.map((name) => element("td", cell(row[name]))));
    return made;
  }));
}

$("[data-close]", dialog).addEventListener("click", () => dialog.close());
dialog.addEventListener("close", () => {
  asked.alert = "";
  remember();
});
if (mayWork) {
  $("[data-alert-act]", dialog).addEventListener("submit", told(async (event) => {
    const { alert, folded } = looked;
    const { note, others } = event.target.elements;
    await act(behind(alert, folded > 1 && others.checked), event.submitter.value, note.value);
    note.value = "";
    dialog.close();
    await show();
  }));
  $("[data-alert-suppress]", dialog).addEventListener("submit", told(async (event) => {
    const { alert, folded } = looked;
    const { note, what, long } = event.target.elements;
    const host = { both: alert.src, src: alert.src, dst: alert.dst }[what.value];
    const reason = ["both", "kind"].includes(what.value) ? alert.kind : undefined;
    const until = long.value ? Date.now() + 1000 * Number(long.value) : undefined;
    const others = $("[data-others] input", dialog);
    await act(behind(alert, folded > 1 && others.checked), "suppressed", note.value, { suppress: { host, reason, until } });
    note.value = "";
    dialog.close();
    await Promise.all([show(), listSuppressed()]);
  }));
}

// ---- What comes

function listen() {
  events?.close();
  events = new EventSource(api("/events"));
  events.addEventListener("status", (event) => {
    const view = JSON.parse(event.data);
    stands(view);
    if (view.heard && samples.at(-1)?.at !== view.heard) samples = [...samples, { at: view.heard, rate: view.status.rate }].slice(-600);
    drawRates();
    const isNew = version !== view.version;
    version = view.version;
    // While somebody chooses or looks, no row moves away under the hand.
    if (isNew && !dialog.open && chosen.size === 0) show().catch((error) => say(error.message));
  });
}

function pause(is) {
  asked.paused = is ? "1" : "";
  remember();
  const button = $("[data-pause]", live);
  button.setAttribute("aria-pressed", String(is));
  button.textContent = is ? "Go on" : "Pause";
  if (is) events?.close();
  else listen();
}

async function begin_() {
  $("[data-watch]", live).value = asked.watch;
  for (const key of ["host", "kind", "rule", "from", "until", "sort"]) filter.elements[key].value = asked[key] ?? "";
  filter.elements.fold.checked = Boolean(asked.fold);
  const view = await ask("GET", api());
  ({ samples, version } = view);
  stands(view);
  drawRates();
  await Promise.all([show(), listSuppressed()]);
  pause(Boolean(asked.paused));
  if (asked.alert) await look(asked.alert);
}

$("[data-watch]", live).addEventListener("change", told((event) => {
  asked.watch = event.target.value;
  asked.alert = "";
  chosen.clear();
  remember();
  return begin_();
}));
$("[data-pause]", live).addEventListener("click", () => pause(!asked.paused));
begin_().catch((error) => say(error.message));
