// Runs the cases, one after the other, in one home: later ones find the models that earlier ones made.
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { launch } from "./visit.mjs";
import { newcomer } from "./newcomer.mjs";
import { files } from "./files.mjs";
import { training } from "./training.mjs";
import { runs } from "./runs.mjs";
import { models } from "./models.mjs";
import { lanes } from "./lanes.mjs";
import { login } from "./login.mjs";
import { live } from "./live.mjs";
import { formats } from "./formats.mjs";

const CASES = { newcomer, files, formats, training, runs, models, lanes, login, live };

const [nta, ...asked] = process.argv.slice(2);
const unknown = asked.filter((name) => !CASES[name]);
if (unknown.length) throw new Error(`no case ${unknown}; there are ${Object.keys(CASES).join(", ")}`);
const scratch = mkdtempSync(join(tmpdir(), "nta-browser-"));
const pictures = process.env.BROWSER_PICTURES || join(tmpdir(), "nta-browser-pictures");
mkdirSync(pictures, { recursive: true });

const browser = await launch();
let failed = 0;
for (const name of asked.length ? asked : Object.keys(CASES)) {
  const faults = [];
  const begun = Date.now();
  const at = { nta, browser, scratch, home: join(scratch, "home"), pictures, faults };
  at.holds = (is, what) => void (is || faults.push(what));
  try {
    await CASES[name](at);
  } catch (error) {
    faults.push(error.stack);
  }
  failed += faults.length;
  console.log(`${faults.length ? "FAILED" : "ok    "} ${name} (${((Date.now() - begun) / 1000).toFixed(1)} s)`);
  for (const fault of [...new Set(faults)]) console.log(`       ${fault}`);
}
await browser.close();
rmSync(scratch, { recursive: true, force: true });
console.log(`pictures in ${pictures}`);
process.exit(failed ? 1 : 0);
