// oidc-provider as a rival: same grants, same client authentication, same ES256 JWT access token.
// Argument: a JSON object {port, setUpPort, issuer, clients: [...], resource, scope, redirectUri,
// person}.
import { generateKeyPairSync } from 'node:crypto';

import Provider from 'oidc-provider';

import { MapAdapter } from './map_adapter.mjs';
import { serveSetUp } from './set_up.mjs';

const { port, setUpPort, issuer, clients, resource, scope, redirectUri, person } = JSON.parse(process.argv[2]);

const signingKey = {
  ...generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' }),
  use: 'sig',
  alg: 'ES256',
};

const provider = new Provider(issuer, {
  adapter: MapAdapter,
  clients,
  jwks: { keys: [signingKey] },
  scopes: ['openid', 'offline_access', ...scope.split(' ')],
  claims: { openid: ['sub'], profile: ['name'], email: ['email', 'email_verified'] },
  findAccount: (_ctx, id) => ({ accountId: id, claims: () => ({ sub: id, ...person }) }),
  clientAuthMethods: ['client_secret_basic', 'client_secret_post', 'none'],
  enabledJWA: { idTokenSigningAlgValues: ['ES256'] },
  rotateRefreshToken: true,
  ttl: { AccessToken: 3600, AuthorizationCode: 600, IdToken: 3600, RefreshToken: 86400, ClientCredentials: 3600, DeviceCode: 1800, Grant: 3600 },
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    deviceFlow: { enabled: true },
    introspection: { enabled: true, allowedPolicy: () => true },
    // Without a default resource the access token would be opaque: no signature to pay for.
    resourceIndicators: {
      enabled: true,
      defaultResource: () => resource,
      useGrantedResource: () => true,
      getResourceServerInfo: () => ({
        scope,
        audience: resource,
        accessTokenFormat: 'jwt',
        accessTokenTTL: 3600,
        jwt: { sign: { alg: 'ES256' } },
      }),
    },
  },
});

provider.listen(port, '127.0.0.1');
serveSetUp(provider, { port: setUpPort, resource, scope, redirectUri });
