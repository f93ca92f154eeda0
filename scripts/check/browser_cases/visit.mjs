// A person's visit: a browser that notices whatever must not happen on any page.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { join } from "node:path";

const need = createRequire(join(process.env.BROWSER_MODULES, "x.js"));
const { chromium } = need("playwright-core");
const AXE = readFileSync(need.resolve("axe-core/axe.min.js"), "utf8");

const WIDTHS = { phone: [390, 844], laptop: [1366, 768], wide: [1920, 1080] };

export const launch = () => chromium.launch({ executablePath: process.env.CHROMIUM || "/usr/bin/chromium", args: ["--no-sandbox"] });

/** Looks at the pages of one server. `faults` gathers what is wrong. */
export class Visit {
  static async begin(browser, url, faults, pictures) {
    const visit = Object.assign(new Visit(), { url, faults, pictures, allowed: [] });
    visit.context = await browser.newContext({ viewport: { width: 1366, height: 768 }, acceptDownloads: true });
    visit.page = await visit.context.newPage();
    visit.context.on("request", (request) => {
      const to = request.url();
      if (!to.startsWith(url) && !to.startsWith("data:") && !to.startsWith("blob:")) faults.push(`a request leaves the host: ${to}`);
    });
    visit.context.on("response", (response) => {
      if (response.status() >= 500) faults.push(`${response.status()} from ${response.url()}`);
    });
    visit.context.on("console", (message) => {
      const text = `${message.text()} ${message.location().url}`;
      if (message.type() === "error" && !visit.allowed.some((allowed) => allowed.test(text))) faults.push(`console on ${visit.page.url()}: ${text}`);
    });
    visit.context.on("weberror", (error) => faults.push(`script on ${visit.page.url()}: ${error.error()}`));
    return visit;
  }

  go(path) {
    return this.page.goto(this.url + path);
  }

  /** Pictures of the page (of what is in view, without `fullPage`) at every width, light and dark, with no sideways scrolling; and what axe finds in both. */
  async look(name, { axe = true, fullPage = true } = {}) {
    const { page } = this;
    for (const scheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme: scheme });
      for (const [width, [w, h]] of Object.entries(WIDTHS)) {
        await page.setViewportSize({ width: w, height: h });
        await page.evaluate(() => window.scrollTo(0, 0));
        const beyond = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
        if (beyond > 0) this.faults.push(`${name}: ${beyond} px beyond the edge at ${width}`);
        // Figures load when they come near.
        await page.evaluate(async () => {
          for (const image of document.images) image.loading = "eager";
          await Promise.all([...document.images].map((image) => image.decode().catch(() => {})));
        });
        if (scheme === "light" || width !== "wide") await page.screenshot({ path: join(this.pictures, `${name}-${width}-${scheme}.png`), fullPage });
      }
      await page.setViewportSize({ width: 1366, height: 768 });
      if (axe) await this.axe(`${name}, ${scheme}`);
    }
    await page.emulateMedia({ colorScheme: "light" });
  }

  /** WCAG 2.2 AA: nothing serious or critical. */
  async axe(name) {
    // Scrolled, the bar that stays on top would cover half a link.
    await this.page.evaluate(() => window.scrollTo(0, 0));
    await this.page.evaluate(AXE);
    const { violations } = await this.page.evaluate(() => window.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"] }));
    for (const found of violations.filter((v) => ["serious", "critical"].includes(v.impact))) {
      this.faults.push(`axe, ${name}: ${found.id} (${found.impact}): ${found.nodes.map((n) => n.target.join(" ")).slice(0, 3).join("; ")}`);
    }
  }

  /** The same of the page in view where its policy allows no script at all, not even axe's: in a browser that minds no policy. */
  async axeWithout(name) {
    const context = await this.context.browser().newContext({ bypassCSP: true });
    const page = await context.newPage();
    await page.setContent(await (await fetch(this.page.url())).text());
    await Visit.prototype.axe.call({ page, faults: this.faults }, name);
    await context.close();
  }

  /** Sends a file from the page in view and waits for the job's page. */
  async send(file) {
    await this.page.setInputFiles('input[type="file"]', file);
    await this.page.click("form[data-upload] button.main");
    await this.page.waitForURL("**/jobs/*", { timeout: 60_000 });
  }

  /** Follows the job in view until it is over; its last word. */
  async followed(seconds = 600) {
    const badge = () => this.page.textContent("[data-badge]").catch(() => "");
    const until = Date.now() + seconds * 1000;
    while (Date.now() < until) {
      if (this.page.url().includes("/results/")) return "done";
      const word = (await badge())?.trim();
      if (["done", "failed", "cancelled"].includes(word)) return word;
      await this.page.waitForTimeout(300);
    }
    return "too slow";
  }

  /** Waits until `is(argument)` holds on the page. Asked from here: a page's policy lets no function in that is told as text. */
  async until(is, argument, seconds = 30) {
    const end = Date.now() + seconds * 1000;
    while (!(await this.page.evaluate(is, argument))) {
      if (Date.now() > end) throw new Error(`it did not come to hold within ${seconds} s: ${is}`);
      await this.page.waitForTimeout(100);
    }
  }

  async text(selector = "main") {
    return (await this.page.textContent(selector)).replace(/\s+/g, " ").trim();
  }

  async download(selector) {
    const [download] = await Promise.all([this.page.waitForEvent("download"), this.page.click(selector)]);
    return { name: download.suggestedFilename(), bytes: readFileSync(await download.path()) };
  }

  end() {
    return this.context.close();
  }
}
