// A fresh home: two clicks lead to a result with something on every page.
import { Server } from "./server.mjs";
import { Visit } from "./visit.mjs";

export async function newcomer({ nta, browser, home, pictures, faults, holds }) {
  const server = await Server.start(nta, home);
  const visit = await Visit.begin(browser, server.url, faults, pictures);
  const { page } = visit;
  try {
    await visit.go("/");
    await visit.look("first");
    const painted = await page.evaluate(() => performance.getEntriesByType("resource").reduce((sum, r) => sum + r.encodedBodySize, 0));
    holds(painted < 200_000, `first paint takes ${painted} bytes`);
    for (const path of ["/train", "/live", "/runs", "/models"]) {
      await visit.go(path);
      await visit.look(`empty${path.replace("/", "-")}`);
    }
    await visit.go("/");
    await page.click('button.main:has-text("Try it")');
    await page.waitForURL("**/jobs/*");
    await page.waitForSelector("[data-words]:has-text(\"s\")");
    await visit.look("following");
    holds((await visit.followed()) === "done", `trying ended as: ${await visit.text()}`);
    if (page.url().includes("/jobs/")) await page.click("text=See the result");
    await page.waitForSelector("table.flows tbody tr");
    await visit.look("result");
    const text = await visit.text();
    for (const word of ["Flows", "Flagged", "When", "Who", "How right", "What if the threshold"]) holds(text.includes(word), `the result lacks ${word}`);
    for (const path of ["/", "/runs", "/models"]) {
      await visit.go(path);
      await visit.look(`after${path === "/" ? "" : path.replace("/", "-")}`);
      holds(!(await page.$(".empty")), `${path} is empty after the first model`);
    }
  } finally {
    await visit.end();
    holds((await server.stop()) === 0, "the server did not end well");
  }
}
