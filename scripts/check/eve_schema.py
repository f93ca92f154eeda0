#!/usr/bin/env python3
"""Whether lines of alerts keep to Suricata's published schema.

    scripts/check/eve_schema.py SCHEMA ALERTS       (needs jsonschema; SCHEMA is etc/schema.json of Suricata's repository)

Ends with 1 where a line does not, and names the first.
"""
import json, sys
import jsonschema

schema, alerts = sys.argv[1:3]
check = jsonschema.Draft202012Validator(json.load(open(schema)))
n = 0
for n, line in enumerate(open(alerts), 1):
    wrong = next(check.iter_errors(json.loads(line)), None)
    if wrong:
        sys.exit(f"line {n}: {'/'.join(map(str, wrong.path))}: {wrong.message}")
print(f"{n:,} alerts keep to {schema}")
sys.exit(0 if n else "no alert at all")
