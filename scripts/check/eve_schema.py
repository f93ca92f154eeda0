#!/usr/bin/env python3
"""Whether lines of alerts, single ones and groups, keep to Suricata's published schema.

    scripts/check/eve_schema.py SCHEMA target/release/nta       (needs jsonschema; SCHEMA is etc/schema.json of Suricata's repository)
    scripts/check/eve_schema.py SCHEMA ALERTS                   of a file of alerts that stands already

Given nta, a small model is trained on simulated Zeek logs and a watch groups its alerts; both rules must come. Ends with 1 where a
line does not keep to the schema, and names the first.
"""
import collections, json, os, subprocess, sys, tempfile

import jsonschema

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from watch_kill import HEADER, line, train

ALERT, GROUP = 8_470_001, 8_470_002


def alerts_of(nta, home):
    at = lambda name: os.path.join(home, name)
    train(nta, home)
    with open(at("conn.log"), "w") as log:
        log.write(HEADER + "".join(map(line, range(3000))))
    subprocess.run([nta, "watch", "live", at("conn.log"), "--alerts", at("alerts.json"), "--state", at("state"), "--group", "60", "--once", "--quiet",
                    "--home", home], check=True)
    return at("alerts.json")


def main():
    schema, given = sys.argv[1:3]
    check = jsonschema.Draft202012Validator(json.load(open(schema)))
    rules, with_id = collections.Counter(), 0
    with tempfile.TemporaryDirectory() as home:
        is_nta = os.access(given, os.X_OK)
        for n, text in enumerate(open(alerts_of(os.path.abspath(given), home) if is_nta else given), 1):
            alert = json.loads(text)
            wrong = next(check.iter_errors(alert), None)
            if wrong:
                sys.exit(f"line {n}: {'/'.join(map(str, wrong.path))}: {wrong.message}")
            rules[alert["alert"]["signature_id"]] += 1
            with_id += "community_id" in alert
    print(f"{rules[ALERT]:,} alerts and {rules[GROUP]:,} groups keep to {schema}; {with_id:,} with a community id")
    lacks = [rule for rule in (ALERT, GROUP) if not rules[rule]] if is_nta else [] if rules else ["any"]
    sys.exit(f"no line of rule {lacks[0]}" if lacks else 0)


if __name__ == "__main__":
    main()
