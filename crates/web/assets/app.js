// The pages' behaviour: sending files in pieces, following jobs, the table of flows, the threshold.
"use strict";

const $ = (selector, within = document) => within.querySelector(selector);
const $$ = (selector, within = document) => [...within.querySelectorAll(selector)];
const csrf = $('meta[name="csrf"]').content;
const thousands = (n) => Math.round(n).toString().replace(/\B(?=(\d{3})+$)/g, ",");
const wait = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

function say(text) {
  const said = $("#said");
  said.textContent = text;
  said.hidden = !text;
}

/** An element with text and classes; nothing that a file brought is ever taken for markup. */
function element(name, text = "", classes = "") {
  const made = document.createElement(name);
  made.textContent = text;
  if (classes) made.className = classes;
  return made;
}

async function ask(method, path, body) {
  const headers = { "x-csrf-token": csrf, accept: "application/json" };
  const answer = await fetch(path, { method, headers, body: body && JSON.stringify(body), credentials: "same-origin" });
  if (answer.status === 401 && path !== "/api/v1/session") location.href = "/login";
  const text = await answer.text();
  const value = text ? JSON.parse(text) : {};
  if (!answer.ok) throw new Error(value.detail || `the server answered ${answer.status}`);
  return value;
}

const told = (work) => (event) => {
  event.preventDefault();
  say("");
  Promise.resolve(work(event)).catch((error) => say(error.message));
};

async function begin(job) {
  const made = await ask("POST", "/api/v1/jobs", job);
  location.href = `/jobs/${made.id}`;
}

// ---- Sending a file

const PIECE = 8 << 20;
const TRIES = 8;

async function offsetOf(id) {
  const answer = await fetch(`/api/v1/uploads/${id}`, { method: "HEAD", credentials: "same-origin" });
  if (!answer.ok) throw new Error("the server does not know this upload any more; send the file again");
  return Number(answer.headers.get("upload-offset"));
}

/** Where a broken transfer of the same file in this tab can go on. */
async function unfinished(file) {
  const key = `upload:${file.name}:${file.size}:${file.lastModified}`;
  const id = sessionStorage.getItem(key);
  if (id) {
    try {
      return { key, id, offset: await offsetOf(id) };
    } catch {
      sessionStorage.removeItem(key);
    }
  }
  const { id: begun } = await ask("POST", "/api/v1/uploads", { name: file.name, size: file.size });
  sessionStorage.setItem(key, begun);
  return { key, id: begun, offset: 0 };
}

async function send(file, shown) {
  let { key, id, offset } = await unfinished(file);
  let failures = 0;
  while (offset < file.size) {
    shown(offset / file.size, `${thousands(offset / 1e6)} of ${thousands(file.size / 1e6)} MB sent`);
    try {
      const answer = await fetch(`/api/v1/uploads/${id}`, {
        method: "PATCH",
        headers: { "x-csrf-token": csrf, "upload-offset": String(offset), "content-type": "application/octet-stream" },
        body: file.slice(offset, offset + PIECE),
        credentials: "same-origin",
      });
      if (answer.ok || answer.status === 409) {
        offset = Number(answer.headers.get("upload-offset"));
        failures = answer.ok ? 0 : failures + 1;
        if (failures > TRIES) throw new Error("the server and this page do not agree how much was sent");
        continue;
      }
      const problem = await answer.json();
      failures = TRIES;
      throw new Error(problem.detail);
    } catch (error) {
      failures += 1;
      if (failures > TRIES) throw error;
      shown(offset / file.size, "the connection broke off; trying again …");
      await wait(Math.min(1000 * 2 ** failures, 15000));
      offset = await offsetOf(id).catch(() => offset);
    }
  }
  sessionStorage.removeItem(key);
  shown(1, "sent");
  return id;
}

/** What a baseline asks for beside its file. */
function baseline({ elements, dataset }) {
  const asked = { model: dataset.model };
  for (const name of ["verified", "accept", "all_hosts"]) asked[name] = elements[name].checked;
  if (elements.budget.value) asked.budget = Number(elements.budget.value) / 100;
  for (const name of ["alerts_per_day", "flows_per_day"]) if (elements[name].value) asked[name] = Number(elements[name].value);
  if (elements.groups.value) asked.groups = elements.groups.value;
  return asked;
}

for (const form of $$("form[data-upload]")) {
  const input = $('input[type="file"]', form);
  const sending = $(".sending", form);
  form.addEventListener("submit", told(async () => {
    const button = $("button.main", form);
    button.disabled = true;
    sending.hidden = false;
    const shown = (share, words) => {
      $("progress", sending).value = share;
      $("[role=status]", sending).textContent = words;
    };
    try {
      const upload = await send(input.files[0], shown);
      const kind = form.dataset.upload;
      const score = kind === "score" && { model: form.elements.model.value, explain: form.elements.explain.checked };
      const asked = kind === "baseline" && baseline(form);
      const challenged = kind === "retrain" && { model: form.dataset.model };
      const looked = kind === "train" && !form.elements.at_once.checked && { kind: "draft" };
      await begin({ kind, upload, ...score, ...asked, ...challenged, ...looked });
    } finally {
      button.disabled = false;
    }
  }));
  const drop = $("[data-drop]", form);
  for (const [name, is] of [["dragover", true], ["dragleave", false], ["drop", false]]) {
    drop.addEventListener(name, (event) => {
      event.preventDefault();
      drop.classList.toggle("over-it", is);
      if (name === "drop" && event.dataTransfer.files.length) input.files = event.dataTransfer.files;
    });
  }
}

for (const button of $$("[data-job]")) {
  button.addEventListener("click", told(() => {
    button.disabled = true;
    return begin(JSON.parse(button.dataset.job));
  }));
}

// ---- Following a job

function drawLearning(epochs) {
  const section = $("[data-epochs]");
  section.hidden = epochs.length === 0;
  if (!epochs.length) return;
  const svg = $("svg", section);
  const losses = epochs.flatMap((e) => [e.train_loss, e.validation_log_loss]);
  const [low, high] = [Math.min(...losses), Math.max(...losses)];
  const x = (i) => 40 + (580 * i) / Math.max(epochs.length - 1, 1);
  const y = (loss) => 15 + 180 * (1 - (loss - low) / (high - low || 1));
  const line = (name, key) => {
    const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
    path.setAttribute("class", name);
    path.setAttribute("d", epochs.map((e, i) => `${i ? "L" : "M"}${x(i)} ${y(e[key])}`).join(" "));
    return path;
  };
  const mark = (loss) => {
    const text = document.createElementNS("http://www.w3.org/2000/svg", "text");
    text.setAttribute("x", "0");
    text.setAttribute("y", String(y(loss) + 4));
    text.textContent = loss.toFixed(3);
    return text;
  };
  svg.replaceChildren(line("train", "train_loss"), line("validation", "validation_log_loss"), mark(low), mark(high));
  const row = (e) => {
    const made = element("tr");
    const precision = e.validation_average_precision;
    const cells = [e.epoch + (e.best ? " (best)" : ""), e.train_loss.toFixed(4), e.validation_log_loss.toFixed(4)];
    made.append(...[...cells, precision == null ? "–" : precision.toFixed(4)].map((text) => element("td", text)));
    return made;
  };
  $("tbody", section).replaceChildren(...epochs.map(row));
}

function drawStages(stages) {
  const section = $("[data-stages]");
  section.hidden = stages.length === 0;
  const row = ([stage, seconds]) => {
    const made = element("tr");
    made.append(element("td", stage), element("td", seconds.toFixed(1)));
    return made;
  };
  $("tbody", section).replaceChildren(...stages.map(row));
}

async function follow(card) {
  const bar = $("[data-bar]", card);
  const words = $("[data-words]", card);
  for (;;) {
    let job;
    try {
      job = await ask("GET", `/api/v1/jobs/${card.dataset.follow}`);
    } catch (error) {
      words.textContent = `${error.message}; trying again …`;
      await wait(3000);
      continue;
    }
    $("[data-badge]", card).textContent = job.state;
    if (job.state === "done" && ["score", "try"].includes(card.dataset.kind)) return location.replace(`/results/${job.id}`);
    if (job.state === "done" && card.dataset.kind === "draft") return location.replace(`/train/${job.id}`);
    if (!["queued", "running"].includes(job.state)) return location.reload();
    const p = job.progress;
    if (job.state === "queued") words.textContent = job.waiting_for ? `${job.waiting_for} before it` : "next";
    if (p) {
      if (p.total) {
        [bar.max, bar.value] = [p.total, p.done];
      } else {
        bar.removeAttribute("value");
      }
      const of = p.total ? ` of ${thousands(p.total)}` : "";
      const counted = p.unit ? `${thousands(p.done)}${of} ${p.unit}` : "";
      words.textContent = [p.stage, counted, `${p.seconds.toFixed(0)} s`].filter(Boolean).join(" · ");
      drawStages(p.stages);
      drawLearning(p.epochs);
    }
    await wait(700);
  }
}

for (const card of $$("[data-follow]")) {
  if (["queued", "running"].includes(card.dataset.state)) follow(card);
  $("[data-cancel]", card)?.addEventListener("click", told(async (event) => {
    event.target.disabled = true;
    await ask("DELETE", `/api/v1/jobs/${card.dataset.follow}`);
  }));
}

// ---- A training in preparation

function preparing(section) {
  const id = section.dataset.training;
  const [problem, looked, start] = [$("[data-problem]", section), $("[data-looked]", section), $("[data-start]", section)];
  const selects = $$("select[data-column]", section);
  const boxes = $$('input[name="benign"]', section);
  const texts = $$("[data-text]", section);
  const were = new Map(selects.map((select) => [select, select.value]));
  let edited = false;
  // One change at a time, in order: the last is what stands.
  let queue = Promise.resolve();
  const change = (body, after) => {
    start.disabled = true;
    looked.textContent = "looking …";
    queue = queue
      .then(() => ask("POST", `/api/v1/trainings/${id}`, body()))
      .then(after)
      .catch((error) => {
        problem.textContent = error.message;
        problem.hidden = false;
        looked.textContent = "";
      });
    return queue;
  };
  const told = (draft) => {
    problem.textContent = draft.problem ?? "";
    problem.hidden = !draft.problem;
    start.disabled = Boolean(draft.problem);
    looked.textContent = draft.problem ? "" : `reads ${thousands(draft.plan.rows)} flows`;
  };
  const answer = () => {
    if (edited && !confirm("The texts are made anew, without what you edited. Go on?")) return;
    const { answers } = { answers: JSON.parse(section.dataset.answers) };
    for (const select of selects) if (select.value && select.value !== were.get(select)) answers.columns[select.dataset.column] = select.value;
    const label = selects.find((select) => select.value === "label");
    const isNew = label && were.get(label) !== "label";
    const benign = isNew ? [] : boxes.filter((box) => box.checked).map((box) => box.value);
    // One column alone can be each of these: the one that was is free again.
    for (const select of selects) {
      const role = were.get(select);
      const taken = selects.some((other) => other !== select && other.value === role && were.get(other) !== role);
      if (taken && ["label", "family", "time", "duration", "src", "dst"].includes(role) && select.value === role) answers.columns[select.dataset.column] = "ignored";
    }
    change(() => ({ answers: { ...answers, benign } }), () => location.reload());
  };
  for (const field of [...selects, ...boxes]) field.addEventListener("change", answer);
  let timer;
  const save = () => change(() => Object.fromEntries(texts.map((text) => [text.dataset.text, text.value])), told);
  for (const text of texts) {
    text.addEventListener("input", () => {
      edited = true;
      start.disabled = true;
      clearTimeout(timer);
      timer = setTimeout(save, 600);
    });
  }
  start?.addEventListener("click", () => {
    start.disabled = true;
    say("");
    begin({ kind: "train", upload: section.dataset.uploadOf, draft: id }).catch((error) => {
      say(error.message);
      start.disabled = false;
    });
  });
}

$$("[data-training]").forEach(preparing);
$("[data-discard]")?.addEventListener("click", told(async () => {
  if (!confirm("Discard what was prepared? The file that was sent stays.")) return;
  await ask("DELETE", `/api/v1/trainings/${$("[data-training]").dataset.training}`);
  location.href = "/train";
}));

// ---- The table of flows

const FIRST = ["row", "flagged", "hybrid", "probability", "reasons"];

function flows(section, threshold) {
  const form = $("[data-filter]", section);
  const table = $("[data-table]", section);
  const [previous, next] = [$("[data-previous]", section), $("[data-next]", section)];
  const SIZE = 50;
  let page = 1;
  const show = async () => {
    const query = new URLSearchParams({ page, size: SIZE, sort: form.elements.sort.value });
    const which = form.elements.which.value;
    if (which === "flagged") query.set("above", threshold.chosen);
    if (which === "above") query.set("above", threshold.at);
    if (form.elements.host.value) query.set("host", form.elements.host.value);
    const found = await ask("GET", `/api/v1/results/${section.dataset.rows}/rows?${query}`);
    const pages = Math.max(1, Math.ceil(found.matching / SIZE));
    const shown = `${thousands(found.matching)} of ${thousands(found.total)} flows`;
    const rest = found.unsearched ? `; ${thousands(found.unsearched)} were not searched: their hosts are beyond the first million` : "";
    $("[data-count]", section).textContent = (found.matching ? `${shown}, page ${thousands(page)} of ${thousands(pages)}` : `no flow matches (${thousands(found.total)} in all)`) + rest;
    [previous.disabled, next.disabled] = [page <= 1, page >= pages];
    draw(found.rows);
  };
  const draw = (rows) => {
    const names = rows.length ? ["row", ...Object.keys(rows[0].cells)] : [];
    const known = FIRST.filter((name) => names.includes(name));
    const order = [...known, ...names.filter((name) => !known.includes(name))];
    const head = element("tr");
    head.append(...order.map((name) => element("th", name)));
    $$("th", head).forEach((th) => th.setAttribute("scope", "col"));
    $("thead", table).replaceChildren(head);
    $("tbody", table).replaceChildren(...rows.map(({ row, cells }) => {
      const made = element("tr", "", cells.flagged ? "is-flagged" : "");
      const value = (name) => {
        if (name === "row") return thousands(row + 1);
        if (name === "flagged") return cells.flagged ? "flagged" : "–";
        const cell = cells[name];
        return cell == null ? "–" : typeof cell === "number" && !Number.isInteger(cell) ? String(+cell.toPrecision(6)) : String(cell);
      };
      made.append(...order.map((name) => element("td", value(name), name === "reasons" ? "reasons" : "")));
      return made;
    }));
  };
  const again = told(() => {
    page = 1;
    return show();
  });
  form.addEventListener("submit", again);
  form.addEventListener("change", again);
  previous.addEventListener("click", told(() => ((page -= 1), show())));
  next.addEventListener("click", told(() => ((page += 1), show())));
  show().catch((error) => say(error.message));
  return {
    ofHost(host) {
      form.elements.host.value = host;
      form.requestSubmit();
      section.scrollIntoView();
    },
    above() {
      $('option[value="above"]', form).hidden = false;
      form.elements.which.value = "above";
      form.requestSubmit();
      section.scrollIntoView();
    },
  };
}

// ---- The threshold

function thresholds(section, threshold, moved) {
  const slider = $("#slider", section);
  const sum = (counts, from) => counts.slice(from).reduce((a, b) => a + b, 0);
  const share = (n, of) => (of ? `${((100 * n) / of).toFixed(2)} %` : "–");
  let hybrid;
  const tile = (name, value, hint = "") => {
    const made = element("div");
    const shown = element("dd", value);
    if (hint) shown.append(element("span", hint, "hint"));
    made.append(element("dt", name), shown);
    return made;
  };
  const draw = () => {
    const k = Number(slider.value);
    threshold.at = k / 1000;
    $("[data-at]", section).textContent = threshold.at.toFixed(3);
    const above = (counts) => sum(counts, k + 1);
    const [tp, fp, unknown] = [above(hybrid.attacks), above(hybrid.benign), above(hybrid.unjudged)];
    const [attacks, benign] = [sum(hybrid.attacks, 0), sum(hybrid.benign, 0)];
    const flagged = tp + fp + unknown;
    const days = Number(section.dataset.days);
    const tiles = [tile("Flagged", thousands(flagged))];
    if (days > 0) tiles.push(tile("Alerts a day", thousands(flagged / days)));
    if (attacks + benign > 0) {
      tiles.push(
        tile("Attacks found", thousands(tp), `recall ${share(tp, attacks)}`),
        tile("Attacks missed", thousands(attacks - tp)),
        tile("False alarms", thousands(fp), `FPR ${share(fp, benign)}`),
        tile("Benign left alone", thousands(benign - fp)),
        tile("Precision", share(tp, tp + fp)),
        tile("F1", share(2 * tp, attacks + tp + fp)),
      );
    }
    $("[data-whatif]", section).replaceChildren(...tiles);
  };
  const load = async () => {
    const analysis = await ask("GET", `/api/v1/results/${section.dataset.thresholds}`);
    hybrid = analysis.members.at(-1);
    slider.value = Math.round(threshold.chosen * 1000);
    slider.disabled = $("[data-show-above]", section).disabled = false;
    draw();
  };
  slider.addEventListener("input", draw);
  $("[data-show-above]", section).addEventListener("click", () => moved());
  load().catch((error) => say(error.message));
}

const table = $("[data-rows]");
if (table) {
  const what = $("[data-thresholds]");
  const threshold = { chosen: Number(what.dataset.chosen), at: 0 };
  const shown = flows(table, threshold);
  thresholds(what, threshold, () => shown.above());
  for (const button of $$("[data-host]")) button.addEventListener("click", () => shown.ofHost(button.dataset.host));
}
for (const cell of $$("[data-micros]")) {
  cell.textContent = new Date(Number(cell.dataset.micros) / 1000).toISOString().replace(".000Z", "Z");
}
$("[data-delete]")?.addEventListener("click", told(async (event) => {
  if (!confirm("Remove this result from the server?")) return;
  await ask("DELETE", `/api/v1/results/${event.target.dataset.delete}`);
  location.href = "/";
}));

$("[data-drift]")?.addEventListener("click", told((event) => {
  event.target.disabled = true;
  return begin({ kind: "drift", result: event.target.dataset.drift });
}));

// ---- What changes by a form or a button

for (const form of $$("form[data-post]")) {
  form.addEventListener("submit", told(async () => {
    await ask("POST", form.dataset.post, Object.fromEntries(new FormData(form)));
    location.reload();
  }));
}
for (const button of $$("[data-remove-upload]")) {
  button.addEventListener("click", told(async () => {
    if (!confirm("Delete this file from the server?")) return;
    await ask("DELETE", `/api/v1/uploads/${button.dataset.removeUpload}`);
    location.reload();
  }));
}

// ---- Choosing runs to compare

const compare = $("form[data-compare]");
if (compare) {
  const [FEWEST, MOST] = [2, 20];
  const boxes = $$("[data-run]");
  // In the order in which they were chosen: the first is what the others are held against.
  const chosen = boxes.filter((box) => box.checked);
  const draw = () => {
    const { baseline } = compare.elements;
    const kept = baseline.value;
    const options = chosen.map((box) => new Option(`${box.dataset.name} ${box.value}`, box.value, false, box.value === kept));
    baseline.replaceChildren(new Option("the first chosen", ""), ...options);
    const may = chosen.length >= FEWEST && chosen.length <= MOST;
    $("button", compare).disabled = !may;
    baseline.disabled = !may;
    $("[data-chosen-runs]").textContent = chosen.length ? `${chosen.length} chosen${chosen.length > MOST ? `; at most ${MOST} can be compared` : ""}` : "Choose two to twenty finished runs.";
  };
  for (const box of boxes) {
    box.addEventListener("change", () => {
      if (box.checked) chosen.push(box);
      else chosen.splice(chosen.indexOf(box), 1);
      draw();
    });
  }
  compare.addEventListener("submit", told(() => {
    const baseline = compare.elements.baseline.value;
    location.href = `/runs/compare?runs=${chosen.map((box) => box.value).join(",")}${baseline && `&baseline=${baseline}`}`;
  }));
  draw();
}

// ---- Logging in and out

$("form[data-login]")?.addEventListener("submit", told(async (event) => {
  await ask("POST", "/api/v1/session", Object.fromEntries(new FormData(event.target)));
  location.href = "/";
}));
const logout = $("[data-logout]");
if (logout && location.pathname !== "/login") {
  logout.hidden = false;
  logout.addEventListener("click", told(async () => {
    await ask("DELETE", "/api/v1/session");
    location.href = "/login";
  }));
}
