// A server with a token: nothing without it, a wrong one, the right one, out again, and a session that ended.
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
    for (const path of ["/", "/train", "/runs", "/models"]) {
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
}
