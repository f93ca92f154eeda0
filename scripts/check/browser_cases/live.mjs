// The live page during a replay: alerts come, one is marked a false alarm, a host's are folded and suppressed while the watch runs,
// and all of it is found again after a restart of server and watch.
import { spawn } from "node:child_process";
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { Server, command } from "./server.mjs";
import { Visit } from "./visit.mjs";
import { simulated, withModel } from "./files.mjs";

/** A watch that ends with the case. */
class Watching {
  constructor(nta, home, spool) {
    const files = ["--alerts", join(spool, "alerts.json"), "--flows", join(spool, "flows.jsonl"), "--state", join(spool, "watch.state")];
    this.child = spawn(nta, ["watch", "quickstart", `gate=${join(spool, "flows.csv")}`, ...files, "--home", home, "--quiet", "--save-every", "0.5"], { stdio: ["ignore", "ignore", "inherit"] });
  }

  async end(signal) {
    const ended = new Promise((done) => this.child.once("exit", done));
    this.child.kill(signal);
    await ended;
  }
}

/** Lines of a simulated file, some at a time, as a sensor writes them. */
class Replay {
  constructor(file, log) {
    const [head, ...lines] = readFileSync(file, "utf8").trimEnd().split("\n");
    Object.assign(this, { lines, log, at: 0 });
    writeFileSync(log, head + "\n");
  }

  write(n) {
    appendFileSync(this.log, this.lines.slice(this.at, this.at + n).join("\n") + "\n");
    this.at += n;
  }

  /** What was written of a host, once more. */
  again(host) {
    const theirs = this.lines.slice(0, this.at).filter((line) => line.split(",").includes(host));
    appendFileSync(this.log, theirs.join("\n") + "\n");
  }
}

const alertsOf = (spool) => {
  const file = join(spool, "alerts.json");
  return existsSync(file) ? readFileSync(file, "utf8").trimEnd().split("\n").filter(Boolean).map((line) => JSON.parse(line)) : [];
};

export async function live(at) {
  const { nta, browser, home, scratch, pictures, faults, holds } = at;
  withModel(at);
  const spool = join(scratch, "spool");
  mkdirSync(spool, { recursive: true });
  const replay = new Replay(simulated(at, 16_000, "replayed.csv"), join(spool, "flows.csv"));
  replay.write(3_000);
  let server = await Server.start(nta, home, { watch: `gate=${spool}` });
  let visit = await Visit.begin(browser, server.url, faults, pictures);
  let watch;
  try {
    await visit.go("/live");
    await visit.until(() => document.querySelector("[data-standing]").textContent.includes("no watch has begun"));
    watch = new Watching(nta, home, spool);
    await visit.page.waitForSelector("[data-alerts] tr", { timeout: 60_000 });
    const falseAlarm = await marked(visit, holds, replay, home, nta);
    await looked(visit, holds, falseAlarm);
    await visit.look("live");
    const host = await suppressed(visit, holds, replay, spool);
    await paused(visit, holds, replay);
    await ranged(visit, holds);

    await visit.end();
    holds((await server.stop()) === 0, "the server does not end as asked");
    await watch.end("SIGKILL");
    replay.write(1_000);
    server = await Server.start(nta, home, { watch: `gate=${spool}` });
    visit = await Visit.begin(browser, server.url, faults, pictures);
    await visit.go("/live");
    await visit.until(() => /not heard of/.test(document.querySelector("[data-standing]").textContent));
    watch = new Watching(nta, home, spool);
    await visit.until(() => /^running/.test(document.querySelector("[data-standing]").textContent));
    await foundAgain(visit, holds, falseAlarm, host);
  } finally {
    await watch?.end("SIGTERM").catch(() => {});
    await visit.end();
    await server.stop();
  }
}

const count = async (page) => Number((await page.textContent("[data-count]")).replaceAll(",", "").match(/of (\d+) alerts/)?.[1] ?? 0);
const state = (page, name) => page.locator(`[data-states] button[data-state="${name}"]`);
async function settled(page, act) {
  await Promise.all([page.waitForResponse((r) => r.url().includes("/alerts?")), act()]);
  await page.waitForTimeout(100);
}

/** An alert is marked a false alarm in the list, and what comes meanwhile comes in by itself. */
async function marked(visit, holds, replay, home, nta) {
  const { page } = visit;
  const before = await count(page);
  replay.write(1_500);
  await visit.until((n) => Number(document.querySelector("[data-count]").textContent.replaceAll(",", "").match(/of (\d+) alerts/)?.[1]) > n, before);
  const row = page.locator("[data-alerts] tr").first();
  const id = await row.getAttribute("data-id");
  await row.locator("input").check();
  await page.fill("[data-note]", "the <b>backup</b> host");
  await settled(page, () => page.click('[data-act="false_alarm"]'));
  await visit.until((id) => document.querySelector(`[data-id="${id}"] .state`)?.textContent === "False alarm", id);
  holds((await state(page, "false_alarm").textContent()) === "False alarms 1", `the tab says ${await state(page, "false_alarm").textContent()}`);
  const kept = JSON.parse(command(nta, home, "feedback", "quickstart", "--list", "--json"));
  holds(kept.at(-1)?.verdicts.false_alarm === 1 && kept.at(-1).why.includes("backup"), `the label is not kept: ${JSON.stringify(kept)}`);
  return id;
}

/** One alert in full, under an address that stays. */
async function looked(visit, holds, id) {
  const { page } = visit;
  await settled(page, () => state(page, "false_alarm").click());
  holds((await page.locator("[data-alerts] tr").count()) === 1, "the tab of false alarms shows others");
  await page.click(`[data-id="${id}"] a`);
  await page.waitForSelector("dialog[open] [data-hour] tr");
  const text = await visit.text("dialog");
  holds(text.includes("the <b>backup</b> host"), `the note is not told: ${text}`);
  holds(/flows, \d{4}-/.test(await visit.text("[data-hour-words]")), "the host's last hour is not its flows");
  holds((await page.inputValue('[aria-label="5-tuple"]')).includes("->"), "no 5-tuple to copy");
  await page.click('[aria-label="Copy 5-tuple"]');
  await page.waitForSelector("text=Copied");
  await visit.look("live-alert", { fullPage: false });
  const address = page.url();
  await page.goto(address);
  await page.waitForSelector("dialog[open]");
  holds((await visit.text("dialog")).includes(id) || (await page.inputValue('dialog [aria-label="id"]')) === id, "the address leads to another alert");
  await page.click("[data-close]");
  // A dialog tells that it was closed a moment later.
  await page.waitForURL((url) => !url.searchParams.has("alert"), { timeout: 5_000 }).catch(() => holds(false, "the address keeps a closed alert"));
  await settled(page, () => page.click("[data-clear]"));
}

/** The alerts of a host are folded, and suppressed: the running watch alerts no more of it. */
async function suppressed(visit, holds, replay, spool) {
  const { page } = visit;
  await page.check('[name="fold"]');
  await settled(page, () => page.click("[data-filter] button"));
  const rows = page.locator("[data-alerts] tr");
  const times = await rows.locator("td:nth-last-child(2)").allTextContents();
  const most = times.map((n) => Number(n.replaceAll(",", ""))).reduce((best, n, i, all) => (n > all[best] ? i : best), 0);
  holds(Number(times[most].replaceAll(",", "")) > 1, `nothing is folded: ${times}`);
  await visit.look("live-folded");
  await rows.nth(most).locator("a").click();
  await page.waitForSelector("dialog[open] [data-hour] tr");
  await page.selectOption('[name="what"]', "src");
  await page.fill('[data-alert-suppress] [name="note"]', "a scanner of ours");
  await page.click("[data-alert-suppress] button");
  await page.waitForSelector("[data-suppressions] button");
  const host = await page.textContent("[data-suppressions] th");
  // From the top: where it was scrolled to, the bar above covers a field by half.
  await page.evaluate(() => scrollTo(0, 0));
  await visit.look("live-suppressed");
  await page.uncheck('[name="fold"]');
  await settled(page, () => page.click("[data-filter] button"));
  // The watch looks at its list with each batch.
  await page.waitForTimeout(1_500);
  const of = () => alertsOf(spool).filter((alert) => alert.src_ip === host || alert.dest_ip === host).length;
  const [before, others] = [of(), alertsOf(spool).length];
  const flows = () => readFileSync(join(spool, "flows.jsonl"), "utf8").split("\n").filter((line) => line.includes(`"${host}"`) && line.includes('"flagged":true')).length;
  const flagged = flows();
  // What it was flagged for comes once more, and more of others.
  replay.again(host);
  for (let tries = 0; tries < 6 && (flows() === flagged || alertsOf(spool).length === others); tries++) {
    replay.write(500);
    await page.waitForTimeout(1_500);
  }
  holds(flows() > flagged, `${host} was flagged no more: nothing is shown`);
  holds(of() === before, `${of() - before} alerts of ${host} though it is suppressed`);
  holds(alertsOf(spool).length > others, "no other alert came either");
  return host;
}

async function paused(visit, holds, replay) {
  const { page } = visit;
  await page.click("[data-pause]");
  holds(page.url().includes("paused=1"), "the address does not say that it is paused");
  const before = await visit.text("[data-count]");
  replay.write(500);
  await page.waitForTimeout(2_500);
  holds((await visit.text("[data-count]")) === before, "what is paused goes on");
  await page.click("[data-pause]");
  await visit.until((n) => document.querySelector("[data-count]").textContent !== n, before, 15).catch(() => holds(false, "what was paused does not go on"));
}

/** A range of time in the address, and a link that shows the same. */
async function ranged(visit, holds) {
  const { page } = visit;
  const stamps = (await page.locator("[data-alerts] th").allTextContents()).sort();
  const [from, all] = [stamps.at(-10).replace(" ", "T"), await count(page)];
  await page.fill('[name="from"]', from);
  await settled(page, () => page.click("[data-filter] button"));
  const told = await visit.text("[data-count]");
  const matching = Number(told.replaceAll(",", "").match(/^\d+/)[0]);
  holds(matching >= 10 && matching < all, `since ${from} there are ${told}`);
  await page.goto(page.url());
  await visit.until(() => /alerts, page/.test(document.querySelector("[data-count]").textContent));
  holds(Number((await visit.text("[data-count]")).replaceAll(",", "").match(/^\d+/)[0]) >= matching, "the link shows less");
  await settled(page, () => page.click("[data-clear]"));
}

async function foundAgain(visit, holds, falseAlarm, host) {
  const { page } = visit;
  await page.waitForSelector("[data-alerts] tr");
  await settled(page, () => state(page, "false_alarm").click());
  await visit.until((id) => document.querySelectorAll("[data-alerts] tr").length === 1 && document.querySelector("[data-alerts] tr").dataset.id === id, falseAlarm, 5).catch(() => holds(false, "the false alarm is not found again"));
  await settled(page, () => state(page, "suppressed").click());
  holds((await page.locator("[data-alerts] tr").count()) > 1, "what was suppressed is not found again");
  holds((await page.textContent("[data-suppressions] th")) === host, `${host} is not suppressed any more`);
  const eve = await visit.download("[data-eve]");
  const lines = eve.bytes.toString().trimEnd().split("\n").map((line) => JSON.parse(line));
  holds(lines.every((line) => line.event_type === "alert" && line.src_ip === host), "the download has others");
  await page.click("[data-suppressions] button");
  await visit.until(() => document.querySelector("[data-suppressions]").textContent === "nothing");
}
