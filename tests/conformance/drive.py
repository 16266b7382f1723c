"""Drives the official Python SDK for `cargo xtask conformance`.

Reads one call per line as JSON, `{"server", "operation", "args", "key"?, "app"?, "body"?, "retry"?}`, makes the call with the SDK,
and prints the result as one line of JSON: `{"ok": value}` or `{"error": error}`. Names are those on the wire. `app` is the
attribution: URL, title and categories. `body` replaces the body of the SDK's request, for cases that its types cannot
express. The SDK sends each request once, unless `retry` is set.

The operation `fields` makes no call. Its value has a sample of each message of each operation, with every field that the SDK has.
"""

import inspect
import json
import sys
import typing
from datetime import datetime

import httpx
from openrouter import OpenRouter
from openrouter.utils import BackoffStrategy, RetryConfig
from pydantic import BaseModel


class Http(httpx.Client):
    """Sends the SDK's request, with the body of the call if it has one."""

    body = None

    def send(self, request, **options):
        if self.body is not None:
            headers = [(name, value) for name, value in request.headers.multi_items() if name.lower() != "content-length"]
            request = httpx.Request(request.method, request.url, headers=headers, content=self.body, extensions=request.extensions)
        return super().send(request, **options)


def sdk(call):
    http = Http()
    http.body = call.get("body")
    strategy = "backoff" if call.get("retry") else "none"
    retries = RetryConfig(strategy, BackoffStrategy(1, 1, 1.0, 5_000, jitter_ms=0), True)
    url, title, categories = call.get("app", (None, None, None))
    return OpenRouter(
        api_key=call.get("key"),
        server_url=call["server"],
        http_referer=url,
        x_open_router_title=title,
        x_open_router_categories=categories,
        client=http,
        retry_config=retries,
        timeout_ms=10_000,
    )


def make(call):
    client, args = sdk(call), call.get("args", {})
    if "expires_at" in args and args["expires_at"] is not None:
        args["expires_at"] = datetime.fromisoformat(args["expires_at"].replace("Z", "+00:00"))
    operations = {
        "exchange": client.o_auth.exchange_auth_code_for_api_key,
        "create_code": client.o_auth.create_auth_code,
        "current_key": client.api_keys.get_current_key_metadata,
        "token": client.o_auth.create_oauth_token,
        "jwks": client.o_auth.list_oauth_jwks,
    }
    return operations[call["operation"]](**args).model_dump(mode="json", by_alias=True)


# The parameters of every operation that are not fields of its request.
OPTIONS = {
    "http_headers", "http_referer", "retries", "server_url", "timeout_ms", "x_open_router_categories", "x_open_router_title",
}


def fields():
    client = OpenRouter(api_key="")
    operations = {
        "exchangeAuthCodeForAPIKey": client.o_auth.exchange_auth_code_for_api_key,
        "createAuthKeysCode": client.o_auth.create_auth_code,
        "getCurrentKey": client.api_keys.get_current_key_metadata,
        "createOauthToken": client.o_auth.create_oauth_token,
        "listOauthJwks": client.o_auth.list_oauth_jwks,
    }
    return {
        name: {
            "request": {name: None for name in inspect.signature(method).parameters if name not in OPTIONS},
            "response": sample(typing.get_type_hints(method)["return"]),
        }
        for name, method in operations.items()
    }


def sample(kind):
    """Returns an object with every field of a model, however deep, and None for all other types."""
    origin = typing.get_origin(kind)
    if origin is None and inspect.isclass(kind) and issubclass(kind, BaseModel):
        return {field.alias or name: sample(field.annotation) for name, field in kind.model_fields.items()} or None
    found = next(filter(None, map(sample, typing.get_args(kind))), None)
    return [found] if origin is list and found else found


def describe(error):
    data = getattr(error, "data", None)
    fields = data.model_dump(mode="json") if data is not None else {}
    return {
        "class": type(error).__name__,
        "status": getattr(error, "status_code", None),
        "error": fields.get("error"),
        "text": getattr(error, "body", ""),
        "message": str(error)[:300],
    }


for line in sys.stdin:
    try:
        call = json.loads(line)
        result = {"ok": fields() if call["operation"] == "fields" else make(call)}
    except Exception as error:  # Every class of the SDK's errors is compared.
        result = {"error": describe(error)}
    print(json.dumps(result), flush=True)
