#!/usr/bin/env python3
"""Whether a watch takes NetFlow v9 from a port as fast as it comes.

    scripts/check/netflow_port.py target/release/nta [--records 20000] [--seconds 30] [--most-lost 0]

A sender on this machine sends so many records a second, 30 a datagram, over loopback. In the end every record must have been
scored: what the system dropped before the port was read (from /proc/net/udp), and what the watch dropped and counted, is told.
Ends with 1 where more than --most-lost records are missing.
"""
import argparse, os, re, socket, struct, subprocess, sys, tempfile, time
from watch_faults import free_port, metric, wait_for

COLUMNS = "time duration observer src src_port dst dst_port proto tcp_flags packets bytes packets_back bytes_back tos end_reason".split()
TEMPLATE = [(8, 4), (12, 4), (7, 2), (11, 2), (4, 1), (6, 1), (2, 4), (1, 4), (22, 4), (21, 4)]
TOGETHER = 30


def record(i, up):
    attack = i % 10 == 3
    size = 40 + i % 3 if attack else 300 + i * 7919 % 4000
    return (0x0A000000 + i % 5000, 0xC0A80100 + i % 9, 1024 + i % 5000, 443, 6, 2 if attack else 24, 1 + size // 100, size, up - 900, up), attack


def datagram(sequence, first, n, up, with_template):
    sets = b""
    if with_template:
        fields = b"".join(struct.pack("!HH", *field) for field in TEMPLATE)
        sets += struct.pack("!HHHH", 0, 8 + len(fields), 256, len(TEMPLATE)) + fields
    rows = b"".join(struct.pack("!IIHHBBIIII", *record(i, up)[0]) for i in range(first, first + n))
    rows += b"\0" * (-len(rows) % 4)
    sets += struct.pack("!HH", 256, 4 + len(rows)) + rows
    return struct.pack("!HHIIII", 9, n + with_template, up, int(time.time()), sequence, 1) + sets


def train(nta, home):
    with open(os.path.join(home, "flows.csv"), "w") as table:
        table.write(",".join(COLUMNS) + ",label\n")
        for i in range(6000):
            (src, dst, src_port, dst_port, proto, flags, packets, size, _, _), attack = record(i * 7 + i // 3, 1000)
            ip = lambda n: ".".join(str(n >> shift & 255) for shift in (24, 16, 8, 0))
            row = [1_700_000_000 + i, 0.9, "127.0.0.1/1", ip(src), src_port, ip(dst), dst_port, proto, flags, packets, size, "", "", 0, ""]
            table.write(",".join(map(str, row)) + (",Malicious\n" if attack else ",Benign\n"))
    with open(os.path.join(home, "port.yaml"), "w") as config:
        config.write(f"name: port\nchoice: off\ndata: {{ schema: netflow, train: {home}/flows.csv, accepted: [tcp_flags, packets, bytes] }}\n"
                     "split: { strategy: temporal, test: 0.3, validation: 0.1, calibration: 0.1, threshold: 0.1 }\n"
                     "forest: { trees: 50 }\nlstm: { hidden: 16, epochs: 1, sequence: { by: src, length: 16 } }\n"
                     "hybrid: { budget: { false_positive_rate: 0.01 } }\n")
    subprocess.run([nta, "run", os.path.join(home, "port.yaml"), "--home", home, "--quiet"], check=True, stdout=subprocess.DEVNULL)


def system_drops(port):
    for row in open("/proc/net/udp").readlines()[1:]:
        fields = row.split()
        if int(fields[1].split(":")[1], 16) == port:
            return int(fields[-1])
    return 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("nta")
    parser.add_argument("--records", type=int, default=20_000, help="a second")
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--most-lost", type=int, default=0)
    asked = parser.parse_args()
    nta = os.path.abspath(asked.nta)
    with tempfile.TemporaryDirectory() as home:
        train(nta, home)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as found:
            found.bind(("127.0.0.1", 0))
            port = found.getsockname()[1]
        shown = free_port()
        watch = subprocess.Popen([nta, "watch", "port", f"udp://127.0.0.1:{port}", "--alerts", home + "/alerts.json", "--state", home + "/state",
                                  "--home", home, "--metrics", f"127.0.0.1:{shown}", "--quiet"])
        time.sleep(2)
        out, total = socket.socket(socket.AF_INET, socket.SOCK_DGRAM), int(asked.records * asked.seconds)
        begun, sent, sequence = time.time(), 0, 0
        while sent < total:
            n = min(TOGETHER, total - sent)
            out.sendto(datagram(sequence, sent, n, int((time.time() - begun) * 1000) + 10_000, sequence % 500 == 0), ("127.0.0.1", port))
            sent, sequence = sent + n, sequence + 1
            ahead = begun + sent / asked.records - time.time()
            if ahead > 0.002:
                time.sleep(ahead)
        took = time.time() - begun
        scored = lambda: metric(shown, "nta_flows_total")
        wait_for(lambda: scored() == total, 15)
        lost, dropped = system_drops(port), metric(shown, "nta_datagrams_dropped_total")
        print(f"sent {total:,} records in {took:.1f} s ({total / took:,.0f}/s), {sequence:,} datagrams; scored {scored():,}; datagrams dropped by the "
              f"system {lost:,}, by the watch {dropped:,}; late {time.time() - begun - took:.1f} s")
        missing = total - scored()
        watch.terminate()
        watch.wait(60)
    sys.exit(1 if missing > asked.most_lost else 0)


if __name__ == "__main__":
    main()
