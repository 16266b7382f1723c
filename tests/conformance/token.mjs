// Verifies an access token of the emulator with oauth4webapi, as a resource server would (RFC 9068).
//
// Arguments: the base URL, the token, and the expected audience. Prints the claims as JSON.

import * as oauth from "oauth4webapi";

const [baseUrl, token, audience] = process.argv.slice(2);
const { iss: issuer } = JSON.parse(Buffer.from(token.split(".")[1], "base64url").toString());
const server = { issuer, jwks_uri: `${baseUrl}/oauth/jwks` };
const request = new Request("https://api.example/", { headers: { Authorization: `Bearer ${token}` } });
// The emulator speaks only http.
const options = { [oauth.allowInsecureRequests]: true };
console.log(JSON.stringify(await oauth.validateJwtAccessToken(server, request, audience, options)));
