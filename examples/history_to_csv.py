"""An hour of one topic, averaged per minute, as CSV on standard output. Standard library only."""

import csv
import json
import os
import sys
from urllib.parse import quote, urlencode
from urllib.request import urlopen

SERVER = os.environ.get("UNS_SERVER", "http://127.0.0.1:8080")
TOPIC = "acme/ghent/packaging/line1/filler/temperature"

query = urlencode({"last": "1h", "agg": "avg:1m"})
with urlopen(f"{SERVER}/api/v1/history/{quote(TOPIC)}?{query}") as response:
    history = json.load(response)

writer = csv.writer(sys.stdout)
writer.writerow(["time", f"{TOPIC} [{history['unit']}]", "quality"])
for point in history["points"]:
    writer.writerow([point["timestamp"], point["value"], point["quality"]])
