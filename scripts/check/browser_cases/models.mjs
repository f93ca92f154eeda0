// A model's life: a baseline of a site, promoted with a reason, rolled back; a file deleted; the audit log that tells of it.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { Server } from "./server.mjs";
import { Visit } from "./visit.mjs";
import { simulated, withModel } from "./files.mjs";

export async function models(at) {
  const { nta, browser, home, scratch, pictures, faults, holds } = at;
  withModel(at);
  const server = await Server.start(nta, home);
  const visit = await Visit.begin(browser, server.url, faults, pictures);
  const { page } = visit;
  try {
    await visit.go("/models");
    await page.click('th a:text-is("quickstart/1")');
    await page.waitForURL("**/models/quickstart/1");
    holds(/at most [\d,.]+ false ones a day at the pace of its test traffic/.test(await visit.text()), "a trained model does not tell its alerts a day");
    await twice(visit, holds, benign(simulated(at, 2000), join(scratch, "twice.csv")));
    await visit.go("/models/quickstart/1");
    await promoted(visit, "the first of all");

    await page.setInputFiles('form[data-upload="baseline"] input[type="file"]', benign(simulated(at, 6000), join(scratch, "office.csv")));
    await page.fill('input[name="budget"]', "5");
    await page.check('input[name="verified"]');
    await page.check('input[name="accept"]');
    await page.check('input[name="all_hosts"]');
    await page.fill('input[name="flows_per_day"]', "50000");
    await page.click('form[data-upload="baseline"] button.main');
    await page.waitForURL("**/jobs/*");
    const ended = await visit.followed(120);
    holds(ended === "done", `the baseline ended as ${ended}: ${await visit.text()}`);
    await page.waitForSelector("text=is made from");
    holds((await visit.text()).includes("of 50,000 flows"), "the baseline does not tell its alerts a day");
    await visit.look("baseline");
    await page.click("text=Look at it");
    await page.waitForURL("**/models/quickstart/*");
    const version = await visit.text("h1");
    holds((await visit.text()).includes("of its site"), "the version does not tell of its site");
    holds(/at most [\d,.]+ false ones a day of 50,000 flows \(stated\)/.test(await visit.text()), "the version does not tell its alerts a day");
    await promoted(visit, "=it knows <b>our</b> office");
    await visit.look("model");
    holds((await visit.text()).includes("=it knows <b>our</b> office"), "the reason is not told");
    await visit.go("/models");
    holds((await visit.text("tbody tr")).startsWith(version), "the champion does not stand first");

    await visit.go(`/models/${version}`);
    await page.fill('form[data-post$="rollback"] input[name="why"]', "too many alerts at night");
    await Promise.all([page.waitForEvent("load"), page.click('form[data-post$="rollback"] button')]);
    await visit.go("/models");
    holds((await visit.text("tbody tr")).startsWith("quickstart/1"), "the alias did not go back");

    await challenged(visit, holds, simulated(at, 5000, "later.csv"));
    await moved(visit, holds, simulated(at, 4000));

    await visit.go("/");
    visit.page.on("dialog", (dialog) => dialog.accept());
    await Promise.all([page.waitForEvent("load"), page.click('[aria-label="Delete office.csv"]')]);
    holds(!(await visit.text()).includes("Delete office.csv") && !(await page.$('[aria-label="Delete office.csv"]')), "the file is still there");

    const log = readFileSync(join(home, "web/audit.jsonl"), "utf8").trimEnd().split("\n").map((line) => JSON.parse(line));
    const done = log.map((entry) => entry.done ?? `${entry.method} ${entry.path}`).join("\n");
    for (const told of ["office.csv of", "baseline office.csv", `quickstart@champion is ${version}`, "too many alerts at night", "DELETE /api/v1/uploads/"]) holds(done.includes(told), `the audit log lacks ${told}`);
    const metrics = await (await fetch(`${server.url}/metrics`)).text();
    for (const line of ["nta_http_requests_total{method=\"POST\",status=\"200\"}", "nta_jobs{state=\"done\"}", "nta_http_request_seconds_bucket{le=\"+Inf\"}"]) holds(metrics.includes(line), `the metrics lack ${line}`);
    const answered = server.lines.filter((line) => line.event === "answered");
    holds(answered.length > 10 && answered.every((line) => line.request.length === 32), "requests have no ids in the log");
  } finally {
    await visit.end();
    await server.stop();
  }
}

/** False alarms as a share and a day at once are refused in words. */
async function twice(visit, holds, file) {
  const { page } = visit;
  await page.setInputFiles('form[data-upload="baseline"] input[type="file"]', file);
  await page.fill('input[name="budget"]', "5");
  await page.fill('input[name="alerts_per_day"]', "20");
  await visit.look("baseline-form");
  visit.allowed.push(/400 \(Bad Request\)/);
  await page.click('form[data-upload="baseline"] button.main');
  await page.waitForSelector("text=give either");
  holds(page.url().endsWith("/models/quickstart/1"), "a baseline by two budgets began");
  visit.allowed.pop();
}

/** A challenger from later traffic, and the page of the decision. */
async function challenged(visit, holds, file) {
  const { page } = visit;
  await visit.go("/models/quickstart/1");
  await page.setInputFiles('form[data-upload="retrain"] input[type="file"]', file);
  await page.click('form[data-upload="retrain"] button.main');
  await page.waitForURL("**/jobs/*");
  const ended = await visit.followed();
  holds(ended === "done", `the challenger ended as ${ended}: ${await visit.text()}`);
  if (ended !== "done") return;
  await page.waitForSelector("text=Read the decision");
  await visit.look("challenger");
  await page.click("text=Read the decision");
  await page.waitForSelector("h1");
  holds(page.url().endsWith("/decision"), "the decision has no address");
  await visit.look("decision", { axe: false });
  await visit.axeWithout("decision");
}

/** A scored file against what its model was trained on. */
async function moved(visit, holds, file) {
  const { page } = visit;
  await visit.go("/");
  await visit.send(file);
  await visit.followed();
  if (page.url().includes("/jobs/")) await page.click("text=See the result");
  await page.click("[data-drift]");
  await page.waitForURL("**/jobs/*");
  const ended = await visit.followed(120);
  holds(ended === "done", `the drift ended as ${ended}: ${await visit.text()}`);
  await page.click("text=See every column");
  await page.waitForSelector("h1");
  holds(page.url().endsWith("/drift") && (await visit.text("body")).includes("flows.csv"), "the drift has no page");
  await visit.look("drift", { axe: false });
  await visit.axeWithout("drift");
}

/** Puts the version in view in service. */
async function promoted(visit, why) {
  const form = 'form[data-post$="promote"]';
  await visit.page.fill(`${form} input[name="why"]`, why);
  await Promise.all([visit.page.waitForEvent("load"), visit.page.click(`${form} button`)]);
}

/** The benign rows of a simulated file, their label among them. */
function benign(file, to) {
  const [head, ...rows] = readFileSync(file, "utf8").trimEnd().split("\n");
  writeFileSync(to, [head, ...rows.filter((row) => /benign|normal/i.test(row))].join("\n") + "\n");
  return to;
}
