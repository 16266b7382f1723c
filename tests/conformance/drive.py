"""Drives the official Python SDK for `cargo xtask conformance`.

Reads one JSON step a line, `{"server", "call", "args", "key"?, "app"?, "body"?, "retry"?}`, and prints one JSON line for
what the SDK made of it: `{"ok": answer}` or `{"refused": error}`. Names are those of the wire. `app` is the attribution:
URL, title and categories. `body` replaces the body the SDK would have sent, for what its types cannot express. The SDK
sends a step once unless `retry` is set.
"""

import json
import sys
from datetime import datetime

import httpx
from openrouter import OpenRouter
from openrouter.utils import BackoffStrategy, RetryConfig


class Http(httpx.Client):
    """Sends the SDK's request, with another body where the step asks for one."""

    body = None

    def send(self, request, **options):
        if self.body is not None:
            headers = [(name, value) for name, value in request.headers.multi_items() if name.lower() != "content-length"]
            request = httpx.Request(request.method, request.url, headers=headers, content=self.body, extensions=request.extensions)
        return super().send(request, **options)


def sdk(step):
    http = Http()
    http.body = step.get("body")
    strategy = "backoff" if step.get("retry") else "none"
    retries = RetryConfig(strategy, BackoffStrategy(1, 1, 1.0, 5_000, jitter_ms=0), True)
    url, title, categories = step.get("app", (None, None, None))
    return OpenRouter(
        api_key=step.get("key"),
        server_url=step["server"],
        http_referer=url,
        x_open_router_title=title,
        x_open_router_categories=categories,
        client=http,
        retry_config=retries,
        timeout_ms=10_000,
    )


def call(step):
    client, args = sdk(step), step.get("args", {})
    if "expires_at" in args and args["expires_at"] is not None:
        args["expires_at"] = datetime.fromisoformat(args["expires_at"].replace("Z", "+00:00"))
    calls = {
        "exchange": client.o_auth.exchange_auth_code_for_api_key,
        "create_code": client.o_auth.create_auth_code,
        "current_key": client.api_keys.get_current_key_metadata,
        "token": client.o_auth.create_oauth_token,
        "jwks": client.o_auth.list_oauth_jwks,
    }
    return calls[step["call"]](**args).model_dump(mode="json", by_alias=True)


def refusal(error):
    data = getattr(error, "data", None)
    fields = data.model_dump(mode="json") if data is not None else {}
    return {
        "class": type(error).__name__,
        "status": getattr(error, "status_code", None),
        "error": fields.get("error"),
        "text": getattr(error, "body", ""),
        "says": str(error)[:300],
    }


for line in sys.stdin:
    try:
        answer = {"ok": call(json.loads(line))}
    except Exception as error:  # Every class the SDK raises is part of what is compared.
        answer = {"refused": refusal(error)}
    print(json.dumps(answer), flush=True)
