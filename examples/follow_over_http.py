"""Follow the states of all machines over HTTP, as server-sent events. Standard library only."""

import json
import os
from urllib.parse import urlencode
from urllib.request import urlopen

SERVER = os.environ.get("UNS_SERVER", "http://127.0.0.1:8080")
FILTER = "acme/ghent/packaging/+/+/state"

with urlopen(f"{SERVER}/api/v1/stream?{urlencode({'filter': FILTER})}") as stream:
    for line in stream:
        if line.startswith(b"data:"):
            for change in json.loads(line[5:]):
                print(change["topic"], change["value"], flush=True)
