// One `nta serve` in a home of its own.
import { spawn, execFileSync } from "node:child_process";
import { createInterface } from "node:readline";
import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "../../..");

/** Runs a command of nta in `home`, from the repository's root. */
export function command(nta, home, ...parts) {
  return execFileSync(nta, [...parts, "--home", home, "--quiet"], { cwd: ROOT, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}

export class Server {
  /** Starts a server in `home`; its log stands in `lines`. */
  static async start(nta, home, { token, watch } = {}) {
    mkdirSync(home, { recursive: true });
    const env = { ...process.env };
    delete env.NTA_TOKEN;
    if (token) env.NTA_TOKEN = token;
    const server = new Server();
    server.lines = [];
    server.child = spawn(nta, ["serve", "--listen", "127.0.0.1:0", "--json", "--home", home, ...(watch ? ["--watch", watch] : [])], { cwd: ROOT, env, stdio: ["ignore", "pipe", "inherit"] });
    server.url = await new Promise((found, failed) => {
      createInterface({ input: server.child.stdout }).on("line", (line) => {
        const told = JSON.parse(line);
        server.lines.push(told);
        if (told.event === "listening") found(told.url);
      });
      server.child.on("exit", (code) => failed(new Error(`nta serve ended with ${code}`)));
    });
    return server;
  }

  /** Ends it as an operator does; 0 is what it must say. */
  async stop() {
    if (this.child.exitCode !== null) return this.child.exitCode;
    const ended = new Promise((done) => this.child.once("exit", done));
    this.child.kill("SIGTERM");
    return ended;
  }
}
