// A program that uses openid-client as its documentation shows; its test runs it.

import * as client from "openid-client";
import { given, opened, REDIRECT_URI, say } from "./talking.mjs";

const asked = await given();
const SCOPE = "openid profile email offline_access";

/** Strict discovery, over HTTP since it is this machine. */
function configured(authentication) {
  return client.discovery(new URL(asked.issuer), asked.client_id, {}, authentication, {
    execute: [client.allowInsecureRequests],
  });
}

/** Everything that an authorization request needs, and what to check its answer by. */
async function prepared() {
  const pkceCodeVerifier = client.randomPKCECodeVerifier();
  const checks = {
    pkceCodeVerifier,
    expectedNonce: client.randomNonce(),
    expectedState: client.randomState(),
    idTokenExpected: true,
    maxAge: 3600,
  };
  const request = {
    redirect_uri: REDIRECT_URI,
    scope: SCOPE,
    code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: "S256",
    nonce: checks.expectedNonce,
    state: checks.expectedState,
    max_age: String(checks.maxAge),
  };
  return { checks, request };
}

/** What an error says. */
async function refusal(promise) {
  try {
    await promise;
    return null;
  } catch (error) {
    return error.error ?? error.cause?.error ?? String(error);
  }
}

/** A web application with a secret: code, refresh, introspection, revocation, end of session. */
async function signIn() {
  const config = await configured(client.ClientSecretBasic(asked.client_secret));
  const { checks, request } = await prepared();
  const answer = await opened(client.buildAuthorizationUrl(config, request));
  const tokens = await client.authorizationCodeGrant(config, answer, checks);
  const claims = tokens.claims();
  const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token);
  const person = await client.fetchUserInfo(config, refreshed.access_token, claims.sub);
  const before = await client.tokenIntrospection(config, refreshed.access_token);
  await client.tokenRevocation(config, refreshed.refresh_token);
  const after = await client.tokenIntrospection(config, refreshed.access_token);
  const goodbye = await opened(
    client.buildEndSessionUrl(config, {
      post_logout_redirect_uri: `${REDIRECT_URI}/bye`,
      id_token_hint: tokens.id_token,
      state: "goodbye",
    }),
  );
  const again = refusal(client.refreshTokenGrant(config, refreshed.refresh_token));
  say({ claims, person, before, after, goodbye: goodbye.href, again: await again });
}

/** As FAPI 2.0 has it: a key of its own, a pushed request, tokens bound to another key. */
async function signInByKeys() {
  const key = await crypto.subtle.importKey(
    "jwk", asked.private_key, { name: "ECDSA", namedCurve: "P-256" }, false, ["sign"],
  );
  const config = await configured(client.PrivateKeyJwt({ key, kid: asked.private_key.kid }));
  const DPoP = client.getDPoPHandle(config, await client.randomDPoPKeyPair("ES256"));
  const { checks, request } = await prepared();
  const url = await client.buildAuthorizationUrlWithPAR(config, request, { DPoP });
  const answer = await opened(url);
  const tokens = await client.authorizationCodeGrant(config, answer, checks, {}, { DPoP });
  const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token, {}, { DPoP });
  const { sub } = tokens.claims();
  const person = await client.fetchUserInfo(config, refreshed.access_token, sub, { DPoP });
  const bearer = await fetch(config.serverMetadata().userinfo_endpoint, {
    headers: { Authorization: `Bearer ${refreshed.access_token}` },
  });
  say({
    sent: [...url.searchParams.keys()],
    kind: refreshed.token_type,
    person,
    known: await client.tokenIntrospection(config, refreshed.access_token),
    bearer: bearer.status,
  });
}

/** A request that is signed, with a signed answer. */
async function signInSigned() {
  const key = await crypto.subtle.importKey(
    "jwk", asked.private_key, { name: "ECDSA", namedCurve: "P-256" }, false, ["sign"],
  );
  const signing = { key, kid: asked.private_key.kid };
  const config = await configured(client.PrivateKeyJwt(signing));
  client.useJwtResponseMode(config);
  const { checks, request } = await prepared();
  const answer = await opened(await client.buildAuthorizationUrlWithJAR(config, request, signing));
  const tokens = await client.authorizationCodeGrant(config, answer, checks);
  say({ told: [...answer.searchParams.keys()], claims: tokens.claims() });
}

await {
  "sign in": signIn,
  "sign in by keys": signInByKeys,
  "sign in with signed messages": signInSigned,
}[asked.to]();
process.exit(0);
