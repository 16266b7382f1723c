"""Drives the official Python SDK for `cargo xtask conformance`.

Reads one call per line as JSON, `{"server", "operation", "args", "key"?, "app"?, "body"?, "retry"?, "times"?}`, makes
the call with the SDK, and prints the result as one line of JSON: `{"ok": value}` or `{"error": error}`. Names are those
on the wire. `app` is the attribution: URL, title and categories. `body` replaces the body of the SDK's request, for
cases that its types cannot express. The SDK sends each request once, unless `retry` is set. With `times`, it makes the
same call so many times at once, and prints the list of results.

With the argument `async`, it uses the asynchronous methods of the SDK, otherwise the blocking ones.

The operation `fields` makes no call. Its value has a sample of each message of each operation, with every field that
the SDK has.
"""

import asyncio
import inspect
import json
import sys
import typing
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import httpx
from openrouter import OpenRouter
from openrouter.utils import BackoffStrategy, RetryConfig
from pydantic import BaseModel


class Http(httpx.Client):
    """Sends the SDK's request, with the body of the call if it has one."""

    body = None

    def send(self, request, **options):
        return super().send(with_body(request, self.body), **options)


class AsyncHttp(httpx.AsyncClient):
    """The same, without blocking."""

    body = None

    async def send(self, request, **options):
        return await super().send(with_body(request, self.body), **options)


def with_body(request, body):
    if body is None:
        return request
    headers = [(name, value) for name, value in request.headers.multi_items() if name.lower() != "content-length"]
    return httpx.Request(request.method, request.url, headers=headers, content=body, extensions=request.extensions)


def sdk(call, **clients):
    strategy = "backoff" if call.get("retry") else "none"
    retries = RetryConfig(strategy, BackoffStrategy(1, 1, 1.0, 5_000, jitter_ms=0), True)
    url, title, categories = call.get("app", (None, None, None))
    for client in clients.values():
        client.body = call.get("body")
    return OpenRouter(
        api_key=call.get("key"),
        server_url=call["server"],
        http_referer=url,
        x_open_router_title=title,
        x_open_router_categories=categories,
        retry_config=retries,
        timeout_ms=10_000,
        **clients,
    )


def operations(client, suffix=""):
    methods = {
        "exchange": (client.o_auth, "exchange_auth_code_for_api_key"),
        "create_code": (client.o_auth, "create_auth_code"),
        "current_key": (client.api_keys, "get_current_key_metadata"),
        "token": (client.o_auth, "create_oauth_token"),
        "jwks": (client.o_auth, "list_oauth_jwks"),
    }
    return {name: getattr(group, method + suffix) for name, (group, method) in methods.items()}


def arguments(call):
    args = call.get("args", {})
    if args.get("expires_at") is not None:
        args["expires_at"] = datetime.fromisoformat(args["expires_at"].replace("Z", "+00:00"))
    return args


def make(call):
    with Http() as http:
        method, args = operations(sdk(call, client=http))[call["operation"]], arguments(call)

        def attempt(_=None):
            try:
                return success(method(**args))
            except Exception as error:  # Every class of the SDK's errors is compared.
                return failure(error)

        if "times" not in call:
            return attempt()
        with ThreadPoolExecutor(call["times"]) as threads:
            return {"ok": list(threads.map(attempt, range(call["times"])))}


async def make_async(call):
    async with AsyncHttp() as http:
        method, args = operations(sdk(call, async_client=http), "_async")[call["operation"]], arguments(call)

        async def attempt():
            try:
                return success(await method(**args))
            except Exception as error:
                return failure(error)

        if "times" not in call:
            return await attempt()
        return {"ok": await asyncio.gather(*(attempt() for _ in range(call["times"])))}


def success(model):
    return {"ok": model.model_dump(mode="json", by_alias=True)}


# The parameters of every operation that are not fields of its request.
OPTIONS = {
    "http_headers", "http_referer", "retries", "server_url", "timeout_ms", "x_open_router_categories",
    "x_open_router_title",
}


# OpenRouter's names of the operations.
NAMES = {
    "exchange": "exchangeAuthCodeForAPIKey",
    "create_code": "createAuthKeysCode",
    "current_key": "getCurrentKey",
    "token": "createOauthToken",
    "jwks": "listOauthJwks",
}


def fields():
    methods = operations(OpenRouter(api_key=""), "_async" if ASYNC else "")
    return {
        NAMES[operation]: {
            "request": {name: None for name in inspect.signature(method).parameters if name not in OPTIONS},
            "response": sample(typing.get_type_hints(method)["return"]),
        }
        for operation, method in methods.items()
    }


def sample(kind):
    """Returns an object with every field of a model, however deep, and None for all other types."""
    origin = typing.get_origin(kind)
    if origin is None and inspect.isclass(kind) and issubclass(kind, BaseModel):
        return {field.alias or name: sample(field.annotation) for name, field in kind.model_fields.items()} or None
    found = next(filter(None, map(sample, typing.get_args(kind))), None)
    return [found] if origin is list and found else found


def failure(error):
    data = getattr(error, "data", None)
    fields = data.model_dump(mode="json") if data is not None else {}
    return {
        "error": {
            "class": type(error).__name__,
            "status": getattr(error, "status_code", None),
            "error": fields.get("error"),
            "text": getattr(error, "body", ""),
            "message": str(error)[:300],
        }
    }


ASYNC = sys.argv[1:] == ["async"]

for line in sys.stdin:
    call = json.loads(line)
    if call["operation"] == "fields":
        result = {"ok": fields()}
    else:
        result = asyncio.run(make_async(call)) if ASYNC else make(call)
    print(json.dumps(result), flush=True)
