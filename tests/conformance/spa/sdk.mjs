// Signs in with the official TypeScript SDK.

import { OpenRouter } from "@openrouter/sdk";
import { run } from "./app.mjs";

const serverURL = BASE_URL;

async function begin(callbackUrl) {
  const { oAuth } = new OpenRouter({ serverURL });
  const { codeChallenge, codeVerifier } = await oAuth.createSHA256CodeChallenge();
  const url = await oAuth.createAuthorizationUrl({
    callbackUrl,
    codeChallenge,
    codeChallengeMethod: "S256",
    limit: 5,
  });
  return { url, verifier: codeVerifier };
}

async function finish(code, codeVerifier) {
  const requestBody = { code, codeVerifier, codeChallengeMethod: "S256" };
  const { key } = await new OpenRouter({ serverURL }).oAuth.exchangeAuthCodeForAPIKey({ requestBody });
  const { data } = await new OpenRouter({ serverURL, apiKey: key }).apiKeys.getCurrentKeyMetadata();
  return data.limit;
}

run({ begin, finish });
