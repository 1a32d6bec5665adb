"""Ask what messages would get, without publishing any: for a commissioning script, or a test of your publisher."""

import json
import os
from urllib.request import Request, urlopen

SERVER = os.environ.get("UNS_SERVER", "http://127.0.0.1:8080")
FILLER = "acme/ghent/packaging/line1/filler"

messages = [
    {"topic": f"{FILLER}/temperature", "value": 4.8},
    {"topic": f"{FILLER}/temperature", "value": 900},
    {"topic": f"{FILLER}/state", "value": "running"},
    {"topic": "acme/gent/packaging/line1/filler/state", "value": "execute"},
]
for message in messages:
    body = json.dumps(message).encode()
    request = Request(f"{SERVER}/api/v1/check", body, {"Content-Type": "application/json"})
    with urlopen(request) as response:
        verdict = json.load(response)
    finding = verdict["finding"]
    print(f"{verdict['outcome']:<12} {message['topic']} = {message['value']!r}")
    if finding:
        print(f"{'':<12} {finding['id']}: {finding['what']}")
        if finding["nearest"]:
            print(f"{'':<12} Did you mean '{finding['nearest']}'?")
