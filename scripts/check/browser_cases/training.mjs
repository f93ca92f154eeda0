// Training from a page and following it: simulated flows; with NTA_DATA, NSL-KDD and a labelled Zeek log, then scored.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";

import { Server } from "./server.mjs";
import { Visit } from "./visit.mjs";
import { simulated } from "./files.mjs";

export async function training(at) {
  const { nta, browser, home, scratch, pictures, faults, holds } = at;
  const server = await Server.start(nta, home);
  const visit = await Visit.begin(browser, server.url, faults, pictures);
  try {
    await train(visit, holds, simulated(at, 6000), "train");
    await cancelled(visit, holds, simulated(at, 6000));
    await builtIn(visit, holds, simulated(at, 6000));
    await corrected(visit, holds, ownColumns(join(scratch, "mine.csv")));
    if (process.env.NTA_DATA) await real(visit, holds, scratch);
  } finally {
    await visit.end();
    await server.stop();
  }
}

async function train(visit, holds, file, name) {
  const { page } = visit;
  await visit.go("/train");
  await visit.send(file);
  await page.waitForURL("**/train/*", { timeout: 60_000 });
  if (name) await visit.look(`${name}-recognised`);
  await page.click("[data-start]");
  await page.waitForURL("**/jobs/*");
  if (name) {
    await page.waitForSelector("[data-epochs]:not([hidden]) svg path", { timeout: 300_000 }).catch(() => holds(false, "no learning curve is shown"));
    await visit.look(`${name}-following`);
  }
  const ended = await visit.followed();
  holds(ended === "done", `training on ${file} ended as ${ended}: ${await visit.text()}`);
  if (ended !== "done") return undefined;
  await page.waitForSelector("text=Taken for granted");
  if (name) await visit.look(`${name}-done`);
  const model = await page.textContent("[data-follow] b");
  await page.click("text=Read the report");
  await page.waitForSelector("h1");
  holds(page.url().endsWith("/report"), "the report has no address");
  return model;
}

async function cancelled(visit, holds, file) {
  await visit.go("/train");
  await visit.page.check('input[name="at_once"]');
  await visit.send(file);
  await visit.page.click("[data-cancel]");
  holds((await visit.followed(120)) === "cancelled", "a training cannot be cancelled");
}

/** A column of a built-in schema is put right by a choice: the schema becomes one of their own, and all else of it stays. */
async function builtIn(visit, holds, file) {
  const { page } = visit;
  await visit.go("/train");
  await visit.send(file);
  await page.waitForURL("**/train/*", { timeout: 60_000 });
  await page.waitForSelector("text=built-in schema");
  const roles = () => page.$$eval("select[data-column]", (all) => Object.fromEntries(all.map((select) => [select.dataset.column, select.value])));
  const before = await roles();
  await Promise.all([page.waitForEvent("load"), page.selectOption('[data-column="wrong_fragment"]', "ignored")]);
  await page.waitForSelector('[data-text="schema"]');
  holds((await page.inputValue('[data-text="schema"]')).includes("nta-corrected"), "the schema is not one of their own");
  const after = await roles();
  const odd = Object.keys(before).filter((name) => before[name] !== after[name]);
  holds(odd.join() === "wrong_fragment" && after.wrong_fragment === "ignored", `other columns changed: ${odd}`);
  holds(!(await page.isDisabled("[data-start]")), `it cannot be trained: ${await visit.text("[data-problem]")}`);
  await visit.look("built-in-corrected");
}

/** Flows in columns that no built-in schema has. */
function ownColumns(to) {
  const row = (i) => {
    const attack = i % 7 === 3;
    const [bytes, packets] = attack ? [40 + (i % 9), 1] : [900 + 31 * (i % 50), 4 + (i % 11)];
    const time = `2024-05-01T${String(8 + (Math.floor(i / 3600) % 12)).padStart(2, "0")}:${String(Math.floor(i / 60) % 60).padStart(2, "0")}:${String(i % 60).padStart(2, "0")}Z`;
    return `${time},10.0.0.${1 + (i % 23)},10.0.1.${1 + (i % 5)},${i % 4}.5,${bytes},${packets},${["tcp", "udp"][i % 2]},${i % 13},${attack ? "scan" : "ok"}`;
  };
  writeFileSync(to, ["when,from,to,took,bytes,packets,kind,session,verdict", ...Array.from({ length: 4000 }, (_, i) => row(i))].join("\n") + "\n");
  return to;
}

/** What is recognised is put right by a choice and in the text, errors are placed, and the training is what was asked for. */
async function corrected(visit, holds, file) {
  const { page } = visit;
  await visit.go("/train");
  await visit.send(file);
  await page.waitForURL("**/train/*", { timeout: 60_000 });
  await page.waitForSelector("[data-column]");
  const choose = (column, role) => Promise.all([page.waitForEvent("load"), page.selectOption(`[data-column="${column}"]`, role)]);
  const is = (column) => page.inputValue(`[data-column="${column}"]`);
  holds((await is("when")) === "time", `\`when\` is taken for ${await is("when")}`);
  if ((await is("verdict")) !== "label") await choose("verdict", "label");
  await choose("from", "src");
  await choose("session", "category");
  holds((await is("session")) === "category" && (await is("from")) === "src", "a choice does not stay");
  if (!(await page.isChecked('input[name="benign"][value="ok"]'))) await Promise.all([page.waitForEvent("load"), page.check('input[name="benign"][value="ok"]')]);
  await visit.look("corrected");
  const config = await page.inputValue('[data-text="config"]');
  const answered = () => page.waitForResponse((r) => r.url().includes("/api/v1/trainings/"));
  await Promise.all([answered(), page.fill('[data-text="config"]', config.replace("trees: 100", "trees: many"))]);
  await page.waitForSelector("[data-problem]:not([hidden])");
  holds(/^mine\.yaml:\d+:\d+: /.test(await visit.text("[data-problem]")), `the error has no place: ${await visit.text("[data-problem]")}`);
  holds(await page.isDisabled("[data-start]"), "a wrong config can be started");
  await visit.look("wrong-config");
  await Promise.all([answered(), page.fill('[data-text="config"]', config.replace("trees: 100", "trees: 11").replace("epochs: 20", "epochs: 1"))]);
  await page.waitForSelector("[data-problem]", { state: "hidden" });
  await page.click("[data-start]:not([disabled])");
  await page.waitForURL("**/jobs/*");
  const ended = await visit.followed();
  holds(ended === "done", `the corrected training ended as ${ended}: ${await visit.text()}`);
}

async function real(visit, holds, scratch) {
  const rows = gunzipSync(readFileSync(join(process.env.NTA_DATA, "nsl-kdd/KDDTrain+.txt.gz"))).toString().split("\n");
  const part = (name, from, until) => {
    const file = join(scratch, name);
    writeFileSync(file, rows.slice(from, until).join("\n") + "\n");
    return file;
  };
  const model = await train(visit, holds, part("KDDTrain+.txt", 0, 6000));
  if (model) await scored(visit, holds, model, part("KDDTrain+later.txt", 6000, 10000), "nsl-kdd");
  const zeek = zeekLog(join(process.env.NTA_DATA, "iot-23/CTU-Malware-Capture-34-1-labeled.csv"), join(scratch, "conn.log"));
  const zeekModel = await train(visit, holds, zeek);
  if (zeekModel) await scored(visit, holds, zeekModel, zeek, "zeek");
}

/** A labelled log of Zeek's as Zeek writes it, from the same as CSV. */
function zeekLog(csv, to) {
  const [head, ...rows] = readFileSync(csv, "utf8").trimEnd().split("\n");
  const types = head.split(",").map((name) => ({ ts: "time", duration: "interval" })[name] ?? (/_bytes|_pkts/.test(name) ? "count" : /_p$/.test(name) ? "port" : "string"));
  const line = (row) => row.split(",").map((cell) => cell || "-").join("\t");
  const begin = ["#separator \\x09", "#set_separator\t,", "#empty_field\t(empty)", "#unset_field\t-", "#path\tconn"];
  writeFileSync(to, [...begin, `#fields\t${line(head)}`, `#types\t${types.join("\t")}`, ...rows.map(line)].join("\n") + "\n");
  return to;
}

async function scored(visit, holds, model, file, name) {
  const { page } = visit;
  await visit.go("/");
  await page.selectOption('select[name="model"]', model);
  await visit.send(file);
  const ended = await visit.followed();
  holds(ended === "done", `scoring ${file} ended as ${ended}: ${await visit.text()}`);
  if (ended !== "done") return;
  if (page.url().includes("/jobs/")) await page.click("text=See the result");
  await page.waitForSelector("table.flows tbody tr");
  holds((await visit.text()).includes("How right"), `${name}: no metrics of a labelled file`);
  await visit.look(`result-${name}`);
}
