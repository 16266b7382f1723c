"""Signs in at the emulator, with nothing but Python's standard library.

    openrouter-oauth emulator --port 3210 &
    python3 approve.py http://127.0.0.1:3210/api/v1
"""

import base64
import hashlib
import json
import secrets
import sys
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit
from urllib.request import Request, urlopen

base_url = sys.argv[1]


def send(url, body=None, key=None):
    headers = {"Content-Type": "application/json"}
    if key:
        headers["Authorization"] = f"Bearer {key}"
    data = None if body is None else json.dumps(body).encode()
    with urlopen(Request(url, data, headers), timeout=10) as response:
        return json.load(response)


def encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


# The application builds its authorize URL.
verifier = secrets.token_urlsafe(32)
parameters = {
    "callback_url": "http://localhost:3000/callback",
    "code_challenge": encode(hashlib.sha256(verifier.encode()).digest()),
    "code_challenge_method": "S256",
    "key_label": "My application",
}
authorize_url = urljoin(base_url, "/auth") + "?" + urlencode(parameters)

# The test approves, instead of a user in a browser.
outcome = send(authorize_url, {"decision": "approve", "limit": 5})

# The application gets the code in its callback, and exchanges it for a key.
code = parse_qs(urlsplit(outcome["redirect_to"]).query)["code"][0]
exchange = {"code": code, "code_verifier": verifier, "code_challenge_method": "S256"}
key = send(base_url + "/auth/keys", exchange)["key"]

print(send(base_url + "/key", key=key)["data"]["label"])
