// Two users: the small file of the second is done while the large one of the first is scored, and pages answer meanwhile.
import { statSync } from "node:fs";

import { Server } from "./server.mjs";
import { Visit } from "./visit.mjs";
import { simulated, withModel } from "./files.mjs";

const SMALL = 32 << 20;

export async function lanes(at) {
  const { nta, browser, home, pictures, faults, holds } = at;
  withModel(at);
  const large = simulated(at, 2_000_000, "large.csv");
  holds(statSync(large).size > SMALL, `${large} has ${statSync(large).size} bytes: no large file`);
  const small = simulated(at);
  const server = await Server.start(nta, home);
  const [first, second] = [await Visit.begin(browser, server.url, faults, pictures), await Visit.begin(browser, server.url, faults, pictures)];
  try {
    await first.go("/");
    await first.send(large);
    const job = first.page.url().split("/").pop();
    await second.go("/");
    await second.send(small);
    const waits = answers(server.url);
    holds((await second.followed()) === "done", `the small file: ${await second.text()}`);
    const { state } = await (await fetch(`${server.url}/api/v1/jobs/${job}`)).json();
    holds(state === "running", `the large file was ${state} when the small one was done`);
    const slowest = await waits.stop();
    holds(slowest < 200, `a page took ${slowest.toFixed(0)} ms (p99) while both were scored`);
    await first.page.click("[data-cancel]").catch(() => {});
    await first.followed();
  } finally {
    await Promise.all([first.end(), second.end()]);
    await server.stop();
  }
}

/** Asks for a page again and again; the 99th percentile of its milliseconds. */
function answers(url) {
  const times = [];
  let on = true;
  const asking = (async () => {
    while (on) {
      const begun = performance.now();
      await (await fetch(`${url}/`)).text();
      times.push(performance.now() - begun);
      await new Promise((done) => setTimeout(done, 10));
    }
  })();
  return {
    async stop() {
      on = false;
      await asking;
      times.sort((a, b) => a - b);
      return times[Math.floor(0.99 * (times.length - 1))];
    },
  };
}
