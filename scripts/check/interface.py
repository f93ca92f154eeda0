#!/usr/bin/env python3
"""Live capture held against what was sent: connections over loopback, metered and watched from the interface.

    scripts/check/interface.py NTA MODEL [--home DIR] [--connections 300]

NTA is built with `--features capture`; MODEL learned from Zeek's columns. Needs the right to capture. Ends with 1 where a flow,
a packet's bytes or a watched flow is missing, or where an interruption does not end the capture with its flows written.
"""
import argparse, csv, json, os, signal, socket, subprocess, sys, tempfile, threading, time


def talk(n):
    """n connections, one after the other: 5 bytes there, 1,000 back. Returns the server's port."""
    server = socket.socket()
    server.bind(("127.0.0.1", 0))
    server.listen(16)

    def answer():
        for _ in range(n):
            peer, _ = server.accept()
            peer.recv(100)
            peer.sendall(b"x" * 1_000)
            peer.close()

    threading.Thread(target=answer, daemon=True).start()
    for _ in range(n):
        peer = socket.create_connection(server.getsockname())
        peer.sendall(b"hello")
        while peer.recv(4_096):
            pass
        peer.close()
    return server.getsockname()[1]


def captured(command, log, n):
    """Runs the command while the connections are made, interrupts it, and gives their port."""
    with open(log, "w") as out:
        job = subprocess.Popen(command, stdout=out, stderr=out)
        time.sleep(2)
        assert job.poll() is None, open(log).read()
        port = talk(n)
        # A connection that was closed is over 5 s later, by the clock where no packet comes.
        time.sleep(8)
        job.send_signal(signal.SIGINT)
        code = job.wait(timeout=20)
    assert code == 0, (code, open(log).read())
    return port


def main():
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("nta")
    asked.add_argument("model")
    asked.add_argument("--home", default=os.environ.get("NTA_HOME", "."))
    asked.add_argument("--connections", type=int, default=300)
    asked = asked.parse_args()
    n, wrong = asked.connections, []
    with tempfile.TemporaryDirectory() as folder:
        at = lambda name: os.path.join(folder, name)
        port = captured([asked.nta, "meter", "interface://lo", "-o", at("flows.csv")], at("meter.log"), n)
        flows = [row for row in csv.DictReader(open(at("flows.csv"))) if row["id.resp_p"] == str(port)]
        wrong += [f"{len(flows)} of {n} flows metered"] * (len(flows) != n)
        odd = [row for row in flows if (row["orig_bytes"], row["resp_bytes"], row["conn_state"]) != ("5", "1000", "SF")]
        wrong += [f"{len(odd)} flows of other lengths or states, e.g. {odd[:1]}"] * bool(odd)
        print(f"meter: {len(flows)} of {n} connections, {len(odd)} of other lengths or states")

        port = captured(
            [asked.nta, "watch", asked.model, "interface://lo", "--alerts", at("alerts.json"), "--flows", at("scored.json"),
             "--state", at("state"), "--home", asked.home, "--plain"], at("watch.log"), n)
        scored = [flow for flow in map(json.loads, open(at("scored.json"))) if str(port) in map(str, flow.values())]
        wrong += [f"{len(scored)} of {n} flows watched"] * (len(scored) != n)
        print(f"watch: {len(scored)} of {n} connections scored")
    sys.exit("; ".join(wrong) or 0)


if __name__ == "__main__":
    main()
