// What people would do at pages, done by a request to another port: nothing of it is measured.
import { createServer } from 'node:http';

import { rows } from './map_adapter.mjs';

const ACCOUNT = 'alice';
const OF_A_PERSON = 'openid profile email';

export function serveSetUp(provider, { port, resource, scope, redirectUri }) {
  const answers = {
    '/person-token': () => personToken(provider),
    '/approve-all': () => approveAll(provider, resource, scope),
    '/codes': (asked) => several(asked, provider, resource, scope, (allowed) =>
      new provider.AuthorizationCode({
        ...allowed,
        codeChallenge: asked.get('challenge'),
        codeChallengeMethod: 'S256',
        redirectUri,
      })),
    '/refresh-tokens': (asked) => several(asked, provider, resource, scope, (allowed) =>
      new provider.RefreshToken({ ...allowed, rotations: 0, iiat: allowed.authTime })),
  };
  createServer(async (request, response) => {
    const url = new URL(request.url, 'http://localhost');
    response.end(await answers[url.pathname](url.searchParams));
  }).listen(port, '127.0.0.1');
}

async function grantFor(provider, clientId, add) {
  const grant = new provider.Grant({ accountId: ACCOUNT, clientId });
  add(grant);
  return grant.save();
}

// An opaque token, which is the only kind that its userinfo and its introspection look up.
async function personToken(provider) {
  const client = await provider.Client.find('device');
  const token = new provider.AccessToken({
    accountId: ACCOUNT,
    client,
    grantId: await grantFor(provider, client.clientId, (grant) => grant.addOIDCScope(OF_A_PERSON)),
    gty: 'device_code',
    scope: OF_A_PERSON,
  });
  return token.save();
}

async function several(asked, provider, resource, scope, make) {
  const client = await provider.Client.find('application');
  const made = [];
  for (let count = Number(asked.get('count')); count > 0; count -= 1) {
    const grantId = await grantFor(provider, client.clientId, (grant) => {
      grant.addOIDCScope('openid offline_access');
      grant.addResourceScope(resource, scope);
    });
    const allowed = {
      accountId: ACCOUNT,
      authTime: Math.floor(Date.now() / 1000),
      client,
      grantId,
      gty: 'authorization_code',
      resource,
      scope: `openid offline_access ${scope}`,
    };
    made.push(await make(allowed).save());
  }
  return JSON.stringify(made);
}

async function approveAll(provider, resource, scope) {
  const grantId = await grantFor(provider, 'device', (grant) =>
    grant.addResourceScope(resource, scope));
  const authTime = Math.floor(Date.now() / 1000);
  for (const row of rows.values()) {
    if (row.kind === 'DeviceCode' && !row.accountId) {
      Object.assign(row, { accountId: ACCOUNT, authTime, grantId, resource, scope });
    }
  }
  return '';
}
