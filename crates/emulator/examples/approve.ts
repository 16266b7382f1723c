// Signs in at the emulator, with nothing but the standard library of Node.js 22.18 or newer, which runs TypeScript.
//
//     openrouter-oauth emulator --port 3210 &
//     node approve.ts http://127.0.0.1:3210/api/v1

import { createHash, randomBytes } from "node:crypto";

const baseUrl: string = process.argv[2];

async function send(url: string | URL, body?: object, key?: string): Promise<any> {
  const headers: Record<string, string> = { "Content-Type": "application/json" };
  if (key) headers["Authorization"] = `Bearer ${key}`;
  const response = await fetch(url, { method: body ? "POST" : "GET", headers, body: body && JSON.stringify(body) });
  if (!response.ok) throw new Error(`${response.status}: ${await response.text()}`);
  return response.json();
}

// The application builds its authorize URL.
const verifier = randomBytes(32).toString("base64url");
const authorizeUrl = new URL("/auth", baseUrl);
authorizeUrl.search = new URLSearchParams({
  callback_url: "http://localhost:3000/callback",
  code_challenge: createHash("sha256").update(verifier).digest("base64url"),
  code_challenge_method: "S256",
  key_label: "My application",
}).toString();

// The test approves, instead of a user in a browser.
const outcome = await send(authorizeUrl, { decision: "approve", limit: 5 });

// The application gets the code in its callback, and exchanges it for a key.
const code = new URL(outcome.redirect_to).searchParams.get("code");
const exchange = { code, code_verifier: verifier, code_challenge_method: "S256" };
const { key } = await send(`${baseUrl}/auth/keys`, exchange);

const { data } = await send(`${baseUrl}/key`, undefined, key);
console.log(data.label);
