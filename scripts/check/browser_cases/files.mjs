// Files of one's own, scored: the example in full, a broken one, one of other columns.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { Server, command } from "./server.mjs";
import { Visit } from "./visit.mjs";

export const SMALL = ["--set", "choice=off", "--set", "forest.trees=25", "--set", "lstm.hidden=16", "--set", "lstm.epochs=2"];

/** A small model where an earlier case left none. */
export function withModel({ nta, home }) {
  if (!command(nta, home, "models", "--json").includes("quickstart/1")) command(nta, home, "run", "configs/quickstart.yaml", ...SMALL);
}

export function simulated({ nta, home, scratch }, flows = 4000, name = "flows.csv") {
  const file = join(scratch, name);
  command(nta, home, "simulate", "--seed", "9", "--set", `flows=${flows}`, "-o", file);
  return file;
}

export async function files(at) {
  const { nta, browser, home, scratch, pictures, faults, holds } = at;
  withModel(at);
  const file = simulated(at);
  const server = await Server.start(nta, home);
  const visit = await Visit.begin(browser, server.url, faults, pictures);
  try {
    await visit.go("/");
    await visit.send(file);
    holds((await visit.followed()) === "done", `scoring ended as: ${await visit.text()}`);
    if (visit.page.url().includes("/jobs/")) await visit.page.click("text=See the result");
    await result(visit, holds, file);
    await broken(visit, holds, file, join(scratch, "broken.csv"));
    await others(visit, holds, join(scratch, "others.csv"));
  } finally {
    await visit.end();
    await server.stop();
  }
}

/** The count that the table tells, as [matching, total]. */
async function counted(page) {
  await page.waitForFunction(() => /flow/.test(document.querySelector("[data-count]").textContent));
  const numbers = (await page.textContent("[data-count]")).replaceAll(",", "").match(/\d+/g).map(Number);
  return (await page.textContent("[data-count]")).startsWith("no flow") ? [0, numbers[0]] : numbers;
}

async function settled(page, act) {
  await Promise.all([page.waitForResponse((r) => r.url().includes("/rows?")), act()]);
  await page.waitForTimeout(50);
}

async function result(visit, holds, file) {
  const { page } = visit;
  await page.waitForSelector("table.flows tbody tr");
  const lines = readFileSync(file, "utf8").trimEnd().split("\n").length - 1;
  const [flagged, total] = await counted(page);
  holds(total === lines, `${total} flows told of ${lines}`);
  holds(flagged > 0 && flagged < total, `${flagged} of ${total} flagged`);

  await settled(page, () => page.selectOption('select[name="which"]', "all"));
  holds((await counted(page))[0] === total, "all rows are not all");
  await settled(page, () => page.selectOption('select[name="sort"]', "file"));
  holds((await page.textContent("table.flows tbody tr td")) === "1", "the order of the file does not begin with row 1");
  await settled(page, () => page.click("[data-next]"));
  holds((await page.textContent("table.flows tbody tr td")) === "51", "the second page does not begin with row 51");
  const host = await page.textContent("[data-host]");
  await settled(page, () => page.click("[data-host]"));
  holds((await counted(page))[0] < total, `the filter on ${host} filters nothing`);
  holds((await page.textContent("table.flows tbody")).includes(host), `the filter does not find ${host}`);

  const shown = () => page.textContent("[data-whatif]");
  const before = await shown();
  await page.focus("#slider");
  for (let i = 0; i < 40; i++) await page.keyboard.press("ArrowRight");
  holds((await shown()) !== before, "the slider moves nothing");
  await settled(page, () => page.click("[data-show-above]"));
  const above = Number((await page.textContent("[data-whatif] dd")).replaceAll(",", "").match(/\d+/)[0]);
  await page.fill('input[name="host"]', "");
  await settled(page, () => page.click("[data-filter] button"));
  holds((await counted(page))[0] === above, `${above} flows above the slider, and the table has ${(await counted(page))[0]}`);

  const csv = await visit.download('a:text-is("CSV")');
  holds(csv.bytes.toString().trimEnd().split("\n").length === lines + 1, "the CSV has not every flow");
  const jsonl = await visit.download('a:text-is("JSON Lines")');
  const flags = jsonl.bytes.toString().trimEnd().split("\n").map((line) => JSON.parse(line).flagged);
  holds(flags.filter(Boolean).length === flagged, "the JSON Lines flag others than the page");
  const parquet = await visit.download('a:text-is("Parquet")');
  holds(parquet.bytes.subarray(0, 4).toString() === "PAR1", "the Parquet file is none");
  const address = page.url();
  await page.goto(address);
  holds((await visit.text("h1")) === "flows.csv", "the address does not lead back");
}

async function broken(visit, holds, file, to) {
  const lines = readFileSync(file, "utf8").split("\n");
  lines[4] = lines[4].replace(/\d/, "x");
  writeFileSync(to, lines.join("\n"));
  await visit.go("/");
  await visit.send(to);
  holds((await visit.followed()) === "failed", "a broken file is scored");
  await visit.page.waitForSelector(".note.bad");
  const why = await visit.text(".note.bad");
  holds(why.includes("broken.csv") && why.includes("line 5"), `the refusal names no place: ${why}`);
  holds(!why.includes("/uploads/") && !/--[a-z]/.test(why), `the refusal names what a page has not: ${why}`);
  await visit.look("broken");
}

async function others(visit, holds, to) {
  writeFileSync(to, "colour,size\nred,1\nblue,2\n");
  await visit.go("/");
  await visit.send(to);
  holds((await visit.followed()) === "failed", "a file of other columns is scored");
  await visit.page.waitForSelector(".note.bad");
  const why = await visit.text(".note.bad");
  holds(!/--[a-z]|`nta /.test(why), `the refusal names the command line: ${why}`);
}
