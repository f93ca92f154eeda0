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
  await visit.send(file);
  await visit.page.click("[data-cancel]");
  holds((await visit.followed(120)) === "cancelled", "a training cannot be cancelled");
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
