// Drives the official TypeScript SDK for `cargo xtask conformance`. Accepts the same calls as drive.py, and prints the same
// results.

import { createInterface } from "node:readline";
import { HTTPClient, OpenRouter } from "@openrouter/sdk";
import * as models from "@openrouter/sdk/models";
import * as operations from "@openrouter/sdk/models/operations";

function sdk({ server, key, app = [], body, retry }) {
  // Sends the SDK's request, with the body of the call if it has one.
  const fetcher = (request) => fetch(body === undefined ? request : new Request(request, { body }));
  return new OpenRouter({
    apiKey: key,
    serverURL: server,
    httpReferer: app[0],
    appTitle: app[1],
    appCategories: app[2],
    httpClient: new HTTPClient({ fetcher }),
    retryConfig: retry
      ? { strategy: "backoff", backoff: { initialInterval: 1, maxInterval: 1, exponent: 1, maxElapsedTime: 5000 }, retryConnectionErrors: true }
      : { strategy: "none" },
    timeoutMs: 10_000,
  });
}

function make(call) {
  const client = sdk(call);
  const args = rename(call.args ?? {}, (name) => name.replace(/_(.)/g, (_, letter) => letter.toUpperCase()));
  if (args.expiresAt) args.expiresAt = new Date(args.expiresAt);
  const methods = {
    exchange: () => client.oAuth.exchangeAuthCodeForAPIKey({ requestBody: args }),
    create_code: () => client.oAuth.createAuthCode({ requestBody: args }),
    current_key: () => client.apiKeys.getCurrentKeyMetadata(),
    token: () => client.oAuth.createOauthToken({ tokenExchangeRequest: args }),
    jwks: () => client.oAuth.listOauthJwks(),
    pkce: () => client.oAuth.createSHA256CodeChallenge(),
    authorize_url: () => client.oAuth.createAuthorizationUrl(args),
  };
  return methods[call.operation]();
}

// Renames every field of `value`, however deep.
function rename(value, change) {
  if (Array.isArray(value)) return value.map((item) => rename(item, change));
  if (value === null || typeof value !== "object" || value instanceof Date) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [change(name), rename(item, change)]));
}

const toWire = (name) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

function fields() {
  const messages = (request, response) => ({ request: rename(sample(request), toWire), response: sample(response) });
  return {
    exchangeAuthCodeForAPIKey: messages(
      operations.ExchangeAuthCodeForAPIKeyRequestBody$outboundSchema,
      operations.ExchangeAuthCodeForAPIKeyResponse$inboundSchema,
    ),
    createAuthKeysCode: messages(
      operations.CreateAuthKeysCodeRequestBody$outboundSchema,
      operations.CreateAuthKeysCodeResponse$inboundSchema,
    ),
    getCurrentKey: messages(null, operations.GetCurrentKeyResponse$inboundSchema),
    createOauthToken: messages(models.TokenExchangeRequest$outboundSchema, models.TokenExchangeResponse$inboundSchema),
    listOauthJwks: messages(null, models.OAuthJwks$inboundSchema),
  };
}

// Returns an object with every field of a zod schema, however deep, and null for all other types.
function sample(schema) {
  const type = schema?.def;
  switch (type?.type) {
    case "object":
      return Object.fromEntries(Object.entries(type.shape).map(([name, field]) => [name, sample(field)]));
    case "array": {
      const item = sample(type.element);
      return item && [item];
    }
    case "default":
    case "nullable":
    case "optional":
      return sample(type.innerType);
    case "lazy":
      return sample(type.getter());
    case "pipe":
      return sample(type.in);
    case "union":
      return type.options.map(sample).find(Boolean) ?? null;
    default:
      return null;
  }
}

function describe(error) {
  return {
    class: error.name,
    status: error.statusCode ?? null,
    error: error.data$?.error ?? null,
    text: error.body ?? "",
    message: (error.pretty?.() ?? String(error.message)).slice(0, 300),
  };
}

// Makes a call, and returns its result or error.
async function attempt(call) {
  try {
    return { ok: rename(await make(call), toWire) };
  } catch (error) {
    return { error: describe(error) };
  }
}

async function respond(call) {
  if (call.operation === "fields") return { ok: fields() };
  if (call.times === undefined) return attempt(call);
  return { ok: await Promise.all(Array.from({ length: call.times }, () => attempt(call))) };
}

for await (const line of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(await respond(JSON.parse(line))));
}
