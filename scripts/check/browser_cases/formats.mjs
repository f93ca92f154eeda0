// Packets, a packed Zeek log, Suricata's eve.json and NetFlow, sent as a person sends them: scored, looked at, taken away as alerts in EVE.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

import { Server, command } from "./server.mjs";
import { Visit } from "./visit.mjs";

/** A pcap of hosts that ask a name server, every third of which also knocks at a door that stays shut. */
function capture() {
  const parts = [Buffer.from([0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 101, 0, 0, 0])];
  const packet = (millis, protocol, src, dst, rest) => {
    const length = 20 + rest.length;
    const head = Buffer.alloc(16);
    [1_700_000_000 + Math.floor(millis / 1000), (millis % 1000) * 1000, length, length].forEach((word, i) => head.writeUInt32LE(word, 4 * i));
    parts.push(head, Buffer.from([0x45, 0, 0, length, 0, 0, 0, 0, 64, protocol, 0, 0, ...src, ...dst]), Buffer.from(rest));
  };
  for (let i = 0; i < 1200; i++) {
    const [host, port] = [[10, 0, Math.floor((i % 300) / 100), i % 100], 10_000 + i];
    const [high, low] = [port >> 8, port & 255];
    packet(i * 500, 17, host, [10, 9, 9, 9], [high, low, 0, 53, 0, 18, 0, 0, ...Buffer.from("a question")]);
    packet(i * 500 + 20, 17, [10, 9, 9, 9], host, [0, 53, high, low, 0, 40, 0, 0, ...Array(32).fill(7)]);
    if (i % 3 === 0) packet(i * 500 + 30, 6, host, [10, 8, 8, i % 200], [high, low, 0, 23, 0, 0, 0, 1, 0, 0, 0, 0, 0x50, 2, 4, 0, 0, 0, 0, 0]);
  }
  return Buffer.concat(parts);
}

/** Lines of eve.json: the same hosts, and other events among them. */
function eve() {
  const lines = [];
  for (let i = 0; i < 3000; i++) {
    const bad = i % 3 === 0;
    const at = (seconds) => new Date(1.7e12 + 1000 * (i + seconds)).toISOString().replace("Z", "000+0000");
    const flow = { pkts_toserver: bad ? 1 : 2 + (i % 5), pkts_toclient: bad ? 0 : 2, bytes_toserver: bad ? 60 : 300 + (i % 97), bytes_toclient: bad ? 0 : 900 + (i % 89), start: at(0), end: at(1), age: 1, state: bad ? "new" : "closed", reason: "timeout", alerted: false };
    lines.push({ timestamp: at(2), flow_id: 1000 + i, event_type: "flow", src_ip: `10.0.0.${i % 50}`, src_port: 20_000 + i, dest_ip: "10.9.9.9", dest_port: bad ? 23 : 443, proto: "TCP", flow });
    if (i % 10 === 0) lines.push({ timestamp: at(2), flow_id: 1000 + i, event_type: "dns", dns: {} });
  }
  return lines.map((line) => JSON.stringify(line)).join("\n") + "\n";
}

const SMALL = "hybrid: { budget: { false_positive_rate: 0.2 } }\nforest: { trees: 10 }\nlstm: { hidden: 4, epochs: 1 }\n";

/** Datagrams of NetFlow version 5, 30 flows each. */
function netflow() {
  const datagrams = [];
  for (let first = 0; first < 3000; first += 30) {
    const datagram = Buffer.alloc(24 + 30 * 48);
    // Version, records, uptime in ms, seconds since 1970, sequence.
    [[0, 5], [2, 30]].forEach(([at, n]) => datagram.writeUInt16BE(n, at));
    [[4, 3_600_000], [8, 1_700_000_000 + first], [16, first]].forEach(([at, n]) => datagram.writeUInt32BE(n, at));
    for (let nth = 0; nth < 30; nth++) {
      const [i, at] = [first + nth, 24 + 48 * nth];
      const bad = i % 3 === 0;
      datagram.set([10, 0, 0, i % 50, 10, 9, 9, 9], at);
      [[16, bad ? 1 : 2 + (i % 5)], [20, bad ? 60 : 300 + (i % 97)], [24, 3_590_000 + nth], [28, 3_595_000 + nth]].forEach(([behind, n]) => datagram.writeUInt32BE(n, at + behind));
      [[32, 20_000 + i], [34, bad ? 23 : 443]].forEach(([behind, n]) => datagram.writeUInt16BE(n, at + behind));
      datagram.set([bad ? 2 : 27, 6], at + 37);
    }
    datagrams.push(datagram);
  }
  return Buffer.concat(datagrams);
}

/** A small model of a file with its labels beside it: a table, or windows of time and ports. */
function trained({ nta, home, scratch }, name, schema, file, labels, accepted) {
  const [beside, config] = [join(scratch, `${name}-labels.${labels.includes("windows:") ? "yaml" : "csv"}`), join(scratch, `${name}.yaml`)];
  writeFileSync(beside, labels);
  writeFileSync(config, `name: ${name}\ndata: { schema: ${schema}, train: '${file}', labels: '${beside}', accepted: [${accepted}] }\n${SMALL}`);
  command(nta, home, "run", config);
}

export async function formats(at) {
  const { nta, browser, home, scratch, pictures, faults, holds } = at;
  const place = (name, bytes) => (writeFileSync(join(scratch, name), bytes), join(scratch, name));
  const packets = place("packets.pcap", capture());
  const log = join(scratch, "conn.log");
  command(nta, home, "meter", packets, "-o", log);
  const flows = readFileSync(log, "utf8").trimEnd().split("\n").filter((line) => !line.startsWith("#")).map((line) => line.split("\t"));
  const told = flows.map((cells) => `${cells[1]},${cells[5] === "23" ? "Malicious" : "Benign"}`);
  trained(at, "packets", "zeek-conn", packets, `uid,label\n${told.join("\n")}\n`, "proto, id.resp_p, service, conn_state, history, duration, orig_bytes, resp_bytes, orig_pkts, orig_ip_bytes, resp_pkts, resp_ip_bytes");
  const suricata = place("eve.json", eve());
  const judged = Array.from({ length: 3000 }, (_, i) => `${1000 + i},${new Date(1.7e12 + 1000 * i).toISOString()},${i % 3 ? "Benign" : "Malicious"}`);
  trained(at, "suricata", "suricata", suricata, `flow_id,timestamp,label\n${judged.join("\n")}\n`, "dest_port, flow.pkts_toserver, flow.pkts_toclient, flow.bytes_toserver, flow.bytes_toclient, flow.state, flow.reason, proto, app_proto");
  const datagrams = place("flows.netflow", netflow());
  const windows = "time_zone: UTC\ndefault: benign\nwindows:\n  - { label: knocking, from: 2023-11-14 00:00, until: 2023-11-16 00:00, ports: 23 }\n";
  trained(at, "netflow", "netflow", datagrams, windows, "dst_port, src_port, packets, bytes, tcp_flags, proto, duration");
  const server = await Server.start(nta, home);
  const visit = await Visit.begin(browser, server.url, faults, pictures);
  try {
    for (const [model, file, rows] of [["packets", packets, flows.length], ["packets", place("conn.log.gz", gzipSync(readFileSync(log))), flows.length], ["suricata", suricata, 3000], ["suricata", place("eve.json.gz", gzipSync(readFileSync(suricata))), 3000], ["netflow", datagrams, 3000]]) {
      await scored(visit, holds, model, file, rows);
    }
    await visit.look("result-eve");
  } finally {
    await visit.end();
    await server.stop();
  }
}

async function scored(visit, holds, model, file, rows) {
  const { page } = visit;
  await visit.go("/");
  const version = await page.locator('select[name="model"] option').evaluateAll((all, name) => all.map((o) => o.value).find((v) => v.startsWith(`${name}/`)), model);
  await page.selectOption('select[name="model"]', version);
  await visit.send(file);
  const ended = await visit.followed(120);
  holds(ended === "done", `${file} ended as ${ended}: ${await visit.text()}`);
  if (page.url().includes("/jobs/")) await page.click("text=See the result");
  await page.waitForSelector("table.flows tbody tr");
  const tiles = (await page.locator(".tiles dd").allTextContents()).map((text) => Number(text.replaceAll(",", "").match(/[\d.]+/)?.[0]));
  holds(tiles[0] === rows, `${file}: ${tiles[0]} flows of ${rows}`);
  const alerts = (await visit.download('a:text-is("alerts as EVE")')).bytes.toString().trimEnd().split("\n").map((line) => JSON.parse(line));
  holds(alerts.length === tiles[1], `${file}: ${alerts.length} alerts of ${tiles[1]} flagged`);
  const whole = alerts.every((alert) => alert.event_type === "alert" && alert.src_ip.startsWith("10.") && alert.dest_port > 0 && alert.timestamp.startsWith("2023-11-"));
  holds(whole, `${file}: an alert lacks what it should hold: ${JSON.stringify(alerts[0])}`);
}
