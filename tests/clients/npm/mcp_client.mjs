// A program that uses the MCP SDK's client as its documentation shows; its test runs it.

import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { auth, UnauthorizedError } from "@modelcontextprotocol/sdk/client/auth.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { given, opened, REDIRECT_URI, say } from "./talking.mjs";

/** What the SDK remembers, and the person's browser. */
class Provider {
  redirectUrl = REDIRECT_URI;
  clientMetadata = {
    client_name: "Fleet assistant",
    redirect_uris: [REDIRECT_URI],
    grant_types: ["authorization_code", "refresh_token"],
    response_types: ["code"],
    token_endpoint_auth_method: "none",
    scope: "fleet.read",
  };

  clientInformation() { return this.registered; }
  saveClientInformation(registered) { this.registered = registered; }
  tokens() { return this.kept; }
  saveTokens(tokens) { this.kept = tokens; }
  saveCodeVerifier(verifier) { this.verifier = verifier; }
  codeVerifier() { return this.verifier; }
  async redirectToAuthorization(url) { this.answer = await opened(url); }
}

const { server, document } = await given();
const provider = new Provider();
provider.clientMetadataUrl = document;

/** What the tool says. */
async function position() {
  const client = new Client({ name: "fleet-assistant", version: "1.0.0" });
  const transport = new StreamableHTTPClientTransport(new URL(server), { authProvider: provider });
  try {
    await client.connect(transport);
  } catch (error) {
    if (!(error instanceof UnauthorizedError)) throw error;
    await transport.finishAuth(provider.answer.searchParams.get("code"));
    return position();
  }
  const result = await client.callTool({ name: "position", arguments: { vehicle: "Truck 7" } });
  await client.close();
  return result.content[0].text;
}

const first = await position();
const before = provider.kept;
await auth(provider, { serverUrl: server });
const again = await position();
say({
  said: [first, again],
  client: provider.registered,
  scope: before.scope,
  refreshed: provider.kept.access_token !== before.access_token,
  rotated: provider.kept.refresh_token !== before.refresh_token,
});
process.exit(0);
