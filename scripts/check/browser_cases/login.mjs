// A server with a token: nothing without it, a wrong one, the right one, out again, and a session that ended.
import { execFileSync } from "node:child_process";
import { join } from "node:path";

import { Server } from "./server.mjs";
import { Visit } from "./visit.mjs";

const TOKEN = "the token of this very check";

export async function login({ nta, browser, home, pictures, faults, holds }) {
  let server = await Server.start(nta, home, { token: TOKEN });
  const visit = await Visit.begin(browser, server.url, faults, pictures);
  const { page } = visit;
  // What a browser writes of a refusal that is meant to be one.
  visit.allowed.push(/401 \(Unauthorized\)/);
  const enter = async (token) => {
    await page.fill('input[name="token"]', token);
    await page.click("button.main");
  };
  const out = async () => new URL(page.url()).pathname === "/login";
  try {
    for (const path of ["/", "/train", "/live", "/runs", "/models"]) {
      await visit.go(path);
      holds(await out(), `${path} is answered without a token`);
    }
    await visit.look("login");
    await enter("a wrong token, and a long one");
    await page.waitForSelector("#said:not([hidden])");
    holds((await visit.text("#said")).includes("not the token"), "a wrong token is not called one");
    await enter(TOKEN);
    await page.waitForURL(`${visit.url}/`);
    await visit.go("/models");
    holds(!(await out()), "the session does not last");
    const cookie = (await visit.context.cookies()).find((c) => c.name === "nta_session");
    holds(cookie.httpOnly && cookie.sameSite === "Strict", "the session's cookie can be read or sent from elsewhere");
    await page.click("[data-logout]");
    await page.waitForURL("**/login");
    await visit.go("/");
    holds(await out(), "logging out leaves one in");
    await enter(TOKEN);
    await page.waitForURL(`${visit.url}/`);
    await visit.context.addCookies([{ ...cookie, value: "0".repeat(32) }]);
    await page.click('[data-job]');
    await page.waitForURL("**/login");
    holds(await out(), "a session that ended does not lead to the login");
  } finally {
    await visit.end();
    await server.stop();
  }
  await byName({ nta, browser, home, pictures, faults, holds });
}

/** Users log in by name; pages show what their roles allow, and what a role does not allow is said. */
async function byName({ nta, browser, home, pictures, faults, holds }) {
  const users = join(home, "users");
  const user = (...words) => execFileSync(nta, ["serve", "user", ...words, "--home", users, "--quiet"], { input: "the password of this user\n" });
  user("add", "lena", "--role", "look");
  user("add", "anna", "--role", "administer");
  const server = await Server.start(nta, users);
  const visit = await Visit.begin(browser, server.url, faults, pictures);
  const { page } = visit;
  visit.allowed.push(/40[13] \((Unauthorized|Forbidden)\)/);
  const enter = async (name, password = "the password of this user") => {
    await page.fill('input[name="name"]', name);
    await page.fill('input[name="password"]', password);
    await page.click("button.main");
  };
  try {
    await visit.go("/");
    await visit.look("login-by-name");
    await enter("lena", "not the password of lena");
    await page.waitForSelector("#said:not([hidden])");
    holds((await visit.text("#said")).includes("no user has this name"), "a wrong password is not called one");
    await enter("lena");
    await page.waitForURL(`${visit.url}/`);
    holds((await visit.text("nav")).includes("lena"), "the page does not say who is in");
    holds(!(await page.$("form[data-upload], [data-job]")), "one who may look is offered work");
    await visit.look("looking");
    const refused = await page.evaluate(async () => (await fetch("/api/v1/uploads", { method: "POST", headers: { "x-csrf-token": document.querySelector('meta[name="csrf"]').content }, body: '{"name":"a","size":1}' })).status);
    holds(refused === 403, `one who may look may send: ${refused}`);
    await page.click("[data-logout]");
    await page.waitForURL("**/login");
    await enter("anna");
    await page.waitForURL(`${visit.url}/`);
    holds(await page.$("form[data-upload]"), "an administrator cannot work");
    user("remove", "anna");
    await visit.go("/");
    holds(new URL(page.url()).pathname === "/login", "a user who was removed is still in");
  } finally {
    await visit.end();
    await server.stop();
  }
}
