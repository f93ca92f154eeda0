// Three runs: found, sorted, chosen and compared, under an address that shows the same to somebody else.
import { Server, command } from "./server.mjs";
import { Visit } from "./visit.mjs";
import { SMALL } from "./files.mjs";

export async function runs(at) {
  const { nta, browser, home, pictures, faults, holds } = at;
  for (const set of ["seed=1", "seed=2", "forest.trees=60"]) command(nta, home, "run", "configs/quickstart.yaml", ...SMALL, "--set", `name=three`, "--set", set);
  const server = await Server.start(nta, home);
  const visit = await Visit.begin(browser, server.url, faults, pictures);
  const { page } = visit;
  const shown = () => page.$$eval("table tbody tr", (rows) => rows.length);
  try {
    await visit.go("/runs");
    const all = await shown();
    await visit.look("runs");
    await page.fill('input[name="q"]', "three");
    await page.click('form[role="search"] button');
    await page.waitForURL(/q=three/);
    holds((await shown()) === 3, `${await shown()} of ${all} runs are called three`);
    await page.click('th >> text="F1"');
    await page.waitForURL(/sort=f1/);
    const f1 = await page.$$eval("table tbody tr", (rows) => rows.map((row) => parseFloat(row.children[8].textContent)));
    holds(f1.every((x, i) => i === 0 || f1[i - 1] >= x), `not by falling F1: ${f1}`);
    holds((await page.getAttribute("th[aria-sort]", "aria-sort")) === "descending", "the order is not told");
    await visit.go("/runs?status=failed");
    holds((await shown()) < all, "the status filters nothing");

    await visit.go("/runs?q=three");
    holds(await page.isDisabled("[data-compare] button"), "nothing can be compared with nothing");
    for (const box of await page.$$("[data-run]")) await box.check();
    const baseline = await page.$eval("[data-run]:last-of-type", (box) => box.value);
    await page.selectOption('select[name="baseline"]', baseline);
    await page.click("[data-compare] button");
    await page.waitForURL(/runs.compare.runs=/);
    await visit.look("comparison", { axe: false });
    await visit.axeWithout("comparison");
    const text = await visit.text("body");
    for (const word of ["forest.trees", "60", "Curves", "seed", baseline]) holds(text.includes(word), `the comparison lacks ${word}`);
    const address = page.url().replace(server.url, "");
    await page.click('header >> text="Runs"');
    await page.waitForURL("**/runs");

    const other = await Visit.begin(browser, server.url, faults, pictures);
    await other.go(address);
    holds((await other.text("body")) === text, "the address shows somebody else something else");
    await other.end();
  } finally {
    await visit.end();
    await server.stop();
  }
}
