#!/usr/bin/env python3
"""Holds `nta meter` against Wireshark's conversations and against Zeek's conn.log where both exist.

    NTA_DATA=... scripts/check/flowmeter.py NTA [--zeek REPOSITORY] [--show]

NTA is a built binary. Conversations: every capture of NTA_DATA/formats/pcap and pcap-odd, IPv4 and IPv6, by pairs of addresses and
by pairs of ports of TCP and UDP: packets and bytes of both directions must be equal (frames' bytes are not compared where Wireshark
counts link layers; IP lengths are). Zeek: a clone of github.com/zeek/zeek, whose tests keep captures beside the conn.log that Zeek
made of them; flows are matched by their ends and begin, and packets, IP bytes, payload bytes, state and history compared.
Each difference must have one of the reasons below, else the script ends with 1. Needs tshark, git, Python 3.9.
"""

import argparse, collections, csv, os, pathlib, re, subprocess, sys, tempfile

UNSET = {"-", "", None}


def run(*command, **more):
    return subprocess.run(command, capture_output=True, **more)


def meter(nta, capture, folder):
    """The flows of a capture as dictionaries; None where it is refused."""
    out = pathlib.Path(folder) / "flows.csv"
    done = run(nta, "meter", str(capture), "-o", str(out), "--json", "--quiet", "--tcp-idle", "4000000", "--idle", "4000000")
    if done.returncode:
        return None, done.stderr.decode().strip()
    rows = list(csv.DictReader(out.open()))
    out.unlink()
    return rows, done.stdout.decode()


# --- Wireshark -------------------------------------------------------------------------------------------------------

FIELDS = ["frame.protocols", "ip.src", "ip.dst", "ip.len", "ipv6.src", "ipv6.dst", "ipv6.plen", "ip.proto", "ipv6.nxt", "tcp.srcport",
          "tcp.dstport", "udp.srcport", "udp.dstport", "ip.frag_offset", "ip.flags.mf", "ipv6.fraghdr.offset"]


def conversations(capture):
    """Packets and IP bytes by (end, end), each end an address; and by ports of TCP and UDP. Of tunnels the outer header."""
    options = ["-o", "ip.defragment:FALSE", "-o", "ipv6.defragment:FALSE", "-o", "tcp.desegment_tcp_streams:FALSE"]
    fields = [word for field in FIELDS for word in ("-e", field)]
    done = run("tshark", "-r", str(capture), *options, "-T", "fields", "-E", "occurrence=a", "-E", "aggregator=|", *fields)
    hosts, ports = collections.Counter(), collections.Counter()
    for line in done.stdout.decode(errors="replace").splitlines():
        cells = dict(zip(FIELDS, line.split("\t") + [""] * len(FIELDS)))
        layers = cells["frame.protocols"].split(":")
        first = next((layer for layer in layers if layer in ("ip", "ipv6")), None)
        if first is None:
            continue
        outer = lambda field: cells[field].split("|")[0]
        src, dst = outer(first + ".src"), outer(first + ".dst")
        length = int(outer("ip.len") or 0) if first == "ip" else int(outer("ipv6.plen") or 0) + 40
        parts = [cells[f].split("|")[0] for f in ("ip.frag_offset", "ip.flags.mf", "ipv6.fraghdr.offset")]
        is_fragment = parts[0] not in ("", "0") or parts[1] in ("1", "True") or parts[2] != ""
        hosts[src, dst, "packets"] += 1
        hosts[src, dst, "bytes"] += length
        place = layers.index(first)
        later = layers[place + 1:]
        inner = next((i for i, layer in enumerate(later) if layer in ("tcp", "udp")), None)
        if inner is None or any(layer in ("ip", "ipv6", "icmp", "icmpv6", "gre") for layer in later[:inner]):
            continue
        kind = later[inner]
        a, b = outer(kind + ".srcport"), outer(kind + ".dstport")
        # Of fragments Wireshark shows ports in the first alone.
        if a and b and not is_fragment:
            ports[kind, src, a, dst, b, "packets"] += 1
            ports[kind, src, a, dst, b, "bytes"] += length
    return hosts, ports


def of_flows(flows):
    hosts, ports = collections.Counter(), collections.Counter()
    for flow in flows:
        ends = [(flow["id.orig_h"], flow["id.orig_p"]), (flow["id.resp_h"], flow["id.resp_p"])]
        for (src, dst), side in ((ends, "orig"), (ends[::-1], "resp")):
            for what, column in (("packets", f"{side}_pkts"), ("bytes", f"{side}_ip_bytes")):
                if int(flow[f"{side}_pkts"]):
                    hosts[src[0], dst[0], what] += int(flow[column])
                    if flow["proto"] in ("tcp", "udp") and flow["fragment_pkts"] == "0":
                        ports[flow["proto"], *src, *dst, what] += int(flow[column])
    return hosts, ports


def against_wireshark(nta, data, folder, show):
    n_files = n_equal = n_pairs = 0
    odd = []
    for capture in sorted(data.glob("formats/pcap*/*.pcap*")):
        flows, told = meter(nta, capture, folder)
        hosts, ports = conversations(capture)
        if flows is None:
            odd.append((capture.name, "refused: " + told, len(hosts) // 2))
            continue
        n_files += 1
        ours = of_flows(flows)
        differ = []
        for theirs, mine in zip((hosts, ports), ours):
            n_pairs += len(set(theirs) | set(mine)) // 2
            differ += [(key, theirs[key], mine[key]) for key in set(theirs) | set(mine) if theirs[key] != mine[key]]
        if differ:
            odd.append((capture.name, told, differ))
        else:
            n_equal += 1
    print(f"wireshark: {n_files} captures metered, {n_equal} with every packet and IP byte of every pair of addresses and ports "
          f"equal ({n_pairs} pairs)")
    unexplained = 0
    nothing = [name for name, told, differ in odd if told.startswith("refused") and "it holds no flow" in told and not differ]
    print(f"  {len(nothing)} captures are refused in which Wireshark finds no IP either")
    for name, told, differ in odd:
        if name in nothing:
            continue
        reason = why_wireshark(name, told, differ)
        unexplained += reason is None
        print(f"  {name}: {reason or 'UNEXPLAINED'}")
        if show or reason is None:
            print(f"    {str(differ)[:400]}\n    {' '.join(told.split())[:300]}")
    return unexplained


def why_wireshark(name, told, differ):
    """The reason of a difference, from what the meter itself counted."""
    if told.startswith("refused"):
        found = re.search(r"it holds no flow: (.*)", told)
        return found and f"refused: {found[1]}"
    number = lambda field: int((re.search(rf'"{field}": (\d+)', told) or [0, 0])[1])
    if number("malformed"):
        return f"{number('malformed')} packets with headers cut short or that contradict themselves are counted, not metered"
    if number("overlong"):
        return f"{number('overlong')} packets claim more bytes than they have; those that are there are counted"
    if number("lone_fragments"):
        return f"{number('lone_fragments')} fragments without their first have no ports"
    if number("unread_link"):
        return f"{number('unread_link')} packets of a link layer that is not read"
    if all(mine == 0 for _, _, mine in differ) and number("not_ip"):
        return f"{number('not_ip')} packets under protocols in which IP is not looked for (MACsec, Arista's, ...)"
    if all(theirs == 40 for key, theirs, _ in differ if key[-1] == "bytes" and ":" in key[0]):
        return "an IPv6 length of 0, which Wireshark takes at its word; network cards leave it for their own segments"
    if '"cut": []' not in told:
        return "the file is cut short or damaged, and read up to there"
    return None


# --- Zeek ------------------------------------------------------------------------------------------------------------

COMPARED = ["orig_pkts", "resp_pkts", "orig_ip_bytes", "resp_ip_bytes", "orig_bytes", "resp_bytes", "conn_state", "history"]


def baselines(repository, folder):
    """Captures of Zeek's tests with the conn.log that Zeek made of each: tests that read one capture, with nothing else."""
    git = ["git", "-C", str(repository)]
    names = run(*git, "ls-tree", "-r", "--name-only", "HEAD", "testing/btest").stdout.decode().split("\n")
    tests = {}
    for name in names:
        if not re.search(r"/(Baseline|Traces|Files|Scripts)/", name):
            tests[re.sub(r"\.[a-z]+$", "", name.removeprefix("testing/btest/")).replace("/", ".")] = name
    for name in names:
        found = re.fullmatch(r"testing/btest/Baseline/([^/]+)/conn\.log", name)
        if not found or found[1] not in tests:
            continue
        text = run(*git, "show", f"HEAD:{tests[found[1]]}").stdout.decode(errors="replace")
        calls = re.findall(r"^.*@TEST-EXEC:.*\bzeek\b.*$", text, re.M)
        traces = {m for call in calls for m in re.findall(r"-C?r\s+\$\{?TRACES\}?/(\S+)", call)}
        if len(traces) != 1 or "-f " in " ".join(calls) or "pcap_filter" in text.lower():
            continue
        trace = traces.pop()
        capture = pathlib.Path(folder) / "trace.pcap"
        bytes_ = run(*git, "show", f"HEAD:testing/btest/Traces/{trace}")
        if bytes_.returncode:
            continue
        capture.write_bytes(bytes_.stdout)
        log = run(*git, "show", f"HEAD:{name}").stdout.decode(errors="replace")
        yield found[1], trace, text, capture, zeek_rows(log)


def zeek_rows(log):
    fields, rows = [], []
    for line in log.splitlines():
        if line.startswith("#fields"):
            fields = line.split("\t")[1:]
        elif line and not line.startswith("#"):
            rows.append(dict(zip(fields, line.split("\t"))))
    return rows


def zeek_meter(nta, capture, folder):
    out = pathlib.Path(folder) / "flows.log"
    done = run(nta, "meter", str(capture), "-o", str(out), "--json", "--quiet")
    if done.returncode:
        return None
    rows = zeek_rows(out.read_text())
    out.unlink()
    return rows


def ends(flow):
    return flow.get("proto"), frozenset([(flow["id.orig_h"], flow["id.orig_p"]), (flow["id.resp_h"], flow["id.resp_p"])])


def why_zeek(test, script, theirs, ours, field):
    """The reason of a difference between one of Zeek's flows and ours."""
    t, o = theirs.get(field), ours[field] if ours else None
    tunnelled = theirs.get("tunnel_parents") not in UNSET or "Tunnel" in script
    if ours is None:
        if tunnelled or "tunnels" in test or any(word in test for word in ("erspan", "vxlan", "geneve", "gre", "gtp", "teredo")):
            return "inside a tunnel: the meter counts tunnels and meters their ends"
        return "no such flow here: a link layer that only Zeek reads, or a packet that ended a flow there and not here"
    if theirs["id.orig_h"] != ours["id.orig_h"] or theirs["id.orig_p"] != ours["id.orig_p"]:
        return "roles turned: another list of known ports, or Zeek saw the protocol in the payload"
    if any(word in test for word in ("netcontrol", "gridftp")):
        return "the test lets Zeek cut the connection short"
    if field.endswith("ip_bytes") and int(o) > int(t):
        return "an IP length of 0, left to the network card: Zeek counts nothing of such a packet, the meter what is there"
    if re.search("^.?[Ff]", (theirs.get("history") or "").lstrip("^")) and ours["conn_state"] != theirs["conn_state"]:
        return "begins with a FIN: Zeek waits for 3 seconds more, the meter for an answer"
    if field == "history":
        without = lambda text: re.sub("[CcGgTtWwIiXx^]", "", text or "")
        if re.search("[Cc]", t or ""):
            return "a bad checksum, which Zeek drops the packet for"
        if without(t) == without(o):
            return "letters of gaps, windows, retransmissions, contents or protocol analysers"
        if re.search("[Qq]", t or ""):
            return "flags at odds"
    if re.search("[Cc]", theirs.get("history") or ""):
        return "a bad checksum, which Zeek drops the packet for"
    if int(ours["fragment_pkts"]) > 0:
        return "fragments: Zeek counts what it has put together as one packet"
    return None


def against_zeek(nta, repository, folder, show):
    n_tests = n_flows = n_matched = n_equal = 0
    fields, reasons, unexplained = collections.Counter(), collections.Counter(), []
    for test, trace, script, capture, theirs in baselines(repository, folder):
        if not theirs or not {"orig_pkts", "id.orig_h", "conn_state", "proto"} <= set(theirs[0]):
            continue
        ours = zeek_meter(nta, capture, folder)
        if ours is None:
            reasons["the capture's link layer is not read, or it holds no IP"] += len(theirs)
            n_flows += len(theirs)
            continue
        n_tests += 1
        by_ends = collections.defaultdict(list)
        for flow in sorted(ours, key=lambda flow: float(flow["ts"])):
            by_ends[ends(flow)].append(flow)
        for flow in theirs:
            n_flows += 1
            candidates = by_ends[ends(flow)]
            score = lambda c: sum(c[f] == flow.get(f) for f in COMPARED)
            mine = max(candidates, key=score) if candidates else None
            if mine is None:
                reasons[why_zeek(test, script, flow, None, None)] += 1
                continue
            candidates.remove(mine)
            n_matched += 1
            differ = [f for f in COMPARED if flow.get(f) is not None and flow[f] != mine[f]]
            n_equal += not differ
            for field in COMPARED:
                fields[field] += field not in differ
            for field in differ[:1]:
                reason = why_zeek(test, script, flow, mine, field)
                if reason is not None:
                    reasons[reason] += 1
                else:
                    unexplained.append((test, trace, [(f, flow[f], mine[f]) for f in differ]))
    print(f"zeek: {n_tests} captures with a log of Zeek's, {n_flows} flows, {n_matched} matched, {n_equal} of them equal in all of "
          f"{len(COMPARED)} columns")
    for field in COMPARED:
        print(f"  {field:<14} equal in {fields[field]} of {n_matched}")
    for reason, n in reasons.most_common():
        print(f"  {n:>5} {reason}")
    print(f"  {len(unexplained):>5} without a reason")
    for odd in unexplained if show else unexplained[:12]:
        print("       ", *odd)
    return n_matched, len(unexplained)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("nta")
    parser.add_argument("--zeek", help="a clone of github.com/zeek/zeek")
    parser.add_argument("--show", action="store_true", help="show every difference")
    parser.add_argument("--allowed", type=float, default=0.01, help="share of Zeek's matched flows that may differ without a reason")
    args = parser.parse_args()
    data = pathlib.Path(os.environ["NTA_DATA"])
    with tempfile.TemporaryDirectory() as folder:
        bad = against_wireshark(args.nta, data, folder, args.show)
        if args.zeek:
            n_matched, unexplained = against_zeek(args.nta, args.zeek, folder, args.show)
            bad += unexplained > args.allowed * n_matched
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
