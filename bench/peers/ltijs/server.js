// ltijs with ltijs-sequelize, as their documentation shows them, in two processes. The page is trivial.
const cluster = require("node:cluster");
const lti = require("ltijs").Provider;
const Database = require("ltijs-sequelize");

const at = new URL(process.env.DATABASE_URL);
const database = new Database(at.pathname.slice(1), at.username, "", {
  host: at.hostname,
  port: Number(at.port),
  dialect: "postgres",
  logging: false,
});
lti.setup(
  "only for a benchmark",
  { plugin: database },
  { appRoute: "/", loginRoute: "/login", cookies: { secure: true, sameSite: "None" } },
);
lti.onConnect((token, req, res) => res.send(`<!doctype html><title>Hello</title><h1>Hello ${token.userInfo.name}</h1>`));

async function prepare() {
  const issuer = process.env.ISSUER;
  await lti.deploy({ serverless: true, silent: true });
  await lti.registerPlatform({
    url: issuer,
    name: "Bench",
    clientId: "bench",
    authenticationEndpoint: `${issuer}/auth`,
    accesstokenEndpoint: `${issuer}/token`,
    authConfig: { method: "JWK_SET", key: `${issuer}/jwks` },
  });
  for (let number = 0; number < Number(process.env.WORKERS); number += 1) cluster.fork();
}

if (cluster.isPrimary) prepare();
else lti.deploy({ port: Number(process.env.PORT), silent: true });
