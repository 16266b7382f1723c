// Signs in with the browser's own `fetch` and `crypto`.

import { run } from "./app.mjs";

const encode = (bytes) =>
  btoa(String.fromCharCode(...new Uint8Array(bytes))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

async function begin(callback) {
  const verifier = encode(crypto.getRandomValues(new Uint8Array(32)));
  const challenge = encode(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier)));
  const url = new URL("/auth", BASE_URL);
  url.search = new URLSearchParams({
    callback_url: callback,
    code_challenge: challenge,
    code_challenge_method: "S256",
    limit: "5",
  });
  return { url, verifier };
}

async function finish(code, code_verifier) {
  const { key } = await json("/auth/keys", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ code, code_verifier, code_challenge_method: "S256" }),
  });
  const { data } = await json("/key", { headers: { Authorization: `Bearer ${key}` } });
  return data.limit;
}

async function json(path, request) {
  const response = await fetch(BASE_URL + path, request);
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return response.json();
}

run({ begin, finish });
