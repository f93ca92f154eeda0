#!/usr/bin/env python3
"""A watch's alerts, read by EveBox as it reads Suricata's.

    scripts/check/eve_reader.py EVEBOX ALERTS       (EVEBOX: https://evebox.org, built or downloaded)

EveBox imports the file unchanged; every line has to be an event of it, with its signature, addresses and time, and its inbox
has to show the alerts. Ends with 1 where one is missing or says something else.
"""
import json, os, re, sqlite3, subprocess, sys, tempfile, time, urllib.request

evebox, alerts = sys.argv[1:3]
told = [json.loads(line) for line in open(alerts)]
assert told, "no alert at all"
with tempfile.TemporaryDirectory() as folder:
    database, log = os.path.join(folder, "events.sqlite"), os.path.join(folder, "log")
    with open(log, "w") as out:
        job = subprocess.Popen([evebox, "-D", folder, "oneshot", "--no-open", "--database-filename", database, alerts], stdout=out, stderr=out)
    try:
        for _ in range(120):
            found = re.search(r"http://[\w.:]+", open(log).read())
            if found or job.poll() is not None:
                break
            time.sleep(1)
        assert found, open(log).read()
        with urllib.request.urlopen(found[0] + "/api/alerts") as answer:
            inbox = json.load(answer)["events"]
        read = [json.loads(source) for (source,) in sqlite3.connect(database).execute("select source from events order by rowid")]
    finally:
        job.kill()
keys = ("timestamp", "event_type", "src_ip", "src_port", "dest_ip", "dest_port", "proto", "flow_id", "alert")
plain = lambda event: {key: event.get(key) for key in keys} | {"timestamp": re.sub(r"\+0000$", "Z", event["timestamp"])}
same = list(map(plain, read)) == list(map(plain, told))
signatures = {event["_source"]["alert"]["signature_id"] for event in inbox}
shown = signatures <= {event["alert"]["signature_id"] for event in told} and bool(inbox)
print(f"{len(told):,} alerts: {len(read):,} events, the same: {same}; the inbox groups them in {len(inbox)}")
sys.exit(0 if same and shown else 1)
