// Everything the gateway writes in a full round of both eras, towards clients and towards services over HTTP and
// stdio, fits the schema of its revision. The round is driven by the official clients.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import * as modernSdk from '@modelcontextprotocol/client';
import { Client as LegacyClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as LegacyTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { CreateMessageRequestSchema, ElicitRequestSchema, ListRootsRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import { startFixture } from '../fixture/http.js';
import { startForwarder } from '../lib/forwarder.js';
import { key, modern, root, startGateway, until } from '../lib/gateway.js';
import { violation } from '../lib/schema.js';

const legacyVersion = '2025-11-25';
const modernVersion = '2026-07-28';
const fixtureProgram = ['Release', 'Debug']
  .map((configuration) => join(root, `tests/Fairlead.Fixture/bin/${configuration}/net10.0/Fairlead.Fixture`))
  .find(existsSync);
const capabilities = { elicitation: {}, sampling: {}, roots: {} };
const answers = {
  elicit: () => ({ action: 'accept', content: { username: 'u', email: 'u@example.com' } }),
  sample: () => ({ role: 'assistant', content: { type: 'text', text: 'hi' }, model: 'm', stopReason: 'endTurn' }),
  roots: () => ({ roots: [{ uri: 'file:///tmp', name: 'tmp' }] }),
};

// Three services offer the same tools: whoever listed first has the plain names, the others their own in front.
const owners = ['modern_http_', 'legacy_stdio_', 'modern_stdio_'];

const folder = mkdtempSync(join(tmpdir(), 'fairlead-traffic-'));
const seen = { toClients: [], toServices: [] };
const closing = [];
let gateway;
let front;

/** Starts the C# fixture over HTTP; its address. */
async function startModernHttp() {
  const child = spawn(fixtureProgram, ['--era', 'modern', '--transport', 'http'], { stdio: ['pipe', 'pipe', 'inherit'] });
  closing.push(() => child.kill());
  const line = await new Promise((done) => child.stdout.once('data', (data) => done(String(data))));
  return line.trim().split(' ')[1];
}

/** A service over HTTP whose requests are seen. */
async function tapped(url, revision) {
  const tap = await startForwarder(url, {
    sent: (message) => seen.toServices.push({ revision, message }),
  });
  closing.push(tap.stop);
  return { type: 'http', url: tap.url };
}

const teed = (name, ...args) => ({
  command: process.execPath,
  args: [join(import.meta.dirname, '../fixture/tee.js'), fixtureProgram, ...args],
  env: { TEE_FILE: join(folder, name) },
});

before(async () => {
  assert.ok(fixtureProgram, 'build tests/Fairlead.Fixture first');
  const fixture = await startFixture();
  closing.push(fixture.stop);
  gateway = await startGateway(
    {
      legacy_http: await tapped(fixture.url, legacyVersion),
      modern_http: await tapped(await startModernHttp(), modernVersion),
      legacy_stdio: teed('legacy', '--era', 'legacy'),
      modern_stdio: teed('modern', '--era', 'modern'),
    },
    { expected: ['test_simple_text', 'echo', ...owners.map((owner) => new RegExp(`^(?!${owner}).*_echo$`))] },
  );
  front = await startForwarder(gateway.url, {
    key,
    sent: () => {},
    answered: (message, { headers, request }) =>
      seen.toClients.push({
        revision: headers['mcp-protocol-version'] === modernVersion ? modernVersion : legacyVersion,
        message,
        method: request?.method,
      }),
  });
  closing.push(front.stop);
});

after(async () => {
  await gateway?.stop();
  for (const close of closing) close();
  rmSync(folder, { recursive: true, force: true });
});

async function legacyClient() {
  const client = new LegacyClient({ name: 'traffic', version: '1' }, { capabilities });
  client.setRequestHandler(ElicitRequestSchema, answers.elicit);
  client.setRequestHandler(CreateMessageRequestSchema, answers.sample);
  client.setRequestHandler(ListRootsRequestSchema, answers.roots);
  await client.connect(new LegacyTransport(new URL(front.url)));
  return client;
}

async function modernClient() {
  const client = new modernSdk.Client(
    { name: 'traffic', version: '1' },
    { capabilities, versionNegotiation: { mode: { pin: modernVersion } } },
  );
  client.setRequestHandler('elicitation/create', answers.elicit);
  client.setRequestHandler('sampling/createMessage', answers.sample);
  client.setRequestHandler('roots/list', answers.roots);
  await client.connect(new modernSdk.StreamableHTTPClientTransport(new URL(front.url)));
  return client;
}

/** Everything a client can do, tool by tool; errors of tools are part of it. */
async function round(client, call) {
  const { tools } = await client.listTools();
  const prompts = (await client.listPrompts()).prompts;
  const resources = (await client.listResources()).resources;
  await client.listResourceTemplates();
  const has = new Set(tools.map((tool) => tool.name));
  for (const owner of owners) {
    const prefix = has.has(`${owner}echo`) ? owner : '';
    await call(`${prefix}echo`, { text: 'grüße' });
    await call(`${prefix}progress`, { n: 3, ms: 5 }, { onprogress: () => {} });
    await call(`${prefix}log`, {});
    await call(`${prefix}fail`, {});
    await call(`${prefix}error`, { code: -32050 }).catch(() => {});
    await call(`${prefix}ask`, {}).catch(() => {});
    const stop = new AbortController();
    const slow = call(`${prefix}slow`, { ms: 20_000 }, { signal: stop.signal }).catch(() => 'stopped');
    setTimeout(() => stop.abort(), 150);
    assert.equal(await slow, 'stopped');
  }
  for (const name of tools.map((tool) => tool.name).filter((name) => /region$/.test(name)))
    await call(name, { region: 'Zürich', limit: 5 });
  for (const name of ['test_multiple_content_types', 'test_tool_with_logging', 'test_error_handling']) await call(name, {});
  await call('test_elicitation', { message: 'm' }).catch(() => {});
  await call('test_sampling', { prompt: 'p' }).catch(() => {});
  await call('no_such_tool', {}).catch(() => {});
  for (const { name, arguments: wanted } of prompts) {
    const args = Object.fromEntries((wanted ?? []).map((argument) => [argument.name, 'test://x']));
    await client.getPrompt({ name, arguments: args });
    const [argument] = wanted ?? [];
    if (argument) await client.complete({ ref: { type: 'ref/prompt', name }, argument: { name: argument.name, value: '' } });
  }
  for (const { uri } of resources) await client.readResource({ uri });
  await client.readResource({ uri: 'test://template/7/data' });
  await client.readResource({ uri: 'nobody://has/this' }).catch(() => {});
}

function unfit(entries) {
  const wrong = entries
    .map(({ revision, message, method }) => ({ problem: violation(revision, message, method), message }))
    .filter(({ problem }) => problem)
    .map(({ problem, message }) => `${problem}\n    ${JSON.stringify(message).slice(0, 400)}`);
  return [...new Set(wrong)];
}

const methods = (entries) => new Set(entries.map(({ message, method }) => message.method ?? method));

describe('clients of both eras use tools, resources and prompts of services of both eras', () => {
  test('legacy client', async () => {
    const client = await legacyClient();
    await client.setLoggingLevel('debug');
    await client.subscribeResource({ uri: 'test://watched-resource' });
    await round(client, (name, args, options) => client.callTool({ name, arguments: args }, undefined, options));
    await client.unsubscribeResource({ uri: 'test://watched-resource' });
    await client.ping();
    await client.close();
  });

  test('modern client', async () => {
    const client = await modernClient();
    const subscription = await client.listen({
      toolsListChanged: true,
      promptsListChanged: true,
      resourcesListChanged: true,
      resourceSubscriptions: ['test://watched-resource'],
    });
    await round(client, (name, args, options) => client.callTool({ name, arguments: args }, options));
    await subscription.close();
    await client.close();
  });

  test('raw requests that are refused', async () => {
    for (const [method, params, name] of [
      ['no/such', {}],
      ['tools/list', { cursor: 'bad' }],
      ['tools/call', { name: 'echo' }, 'other'],
      ['prompts/get', { name: 'none' }, 'none'],
    ]) {
      await (await modern(front.url, method, params, { name })).text();
    }
  });

  test('a graceful end', async () => {
    const client = await modernClient();
    await client.listen({ toolsListChanged: true });
    assert.equal(await gateway.stop(), 0);
    await until(() => seen.toClients.some(({ message, method }) => method === 'subscriptions/listen' && message.result), 5000);
    await client.close().catch(() => {});
  });
});

describe('messages of both eras fit their schema', () => {
  test('towards clients', () => {
    for (const revision of [legacyVersion, modernVersion]) {
      const own = seen.toClients.filter((entry) => entry.revision === revision);
      assert.ok(own.length > 50, `${revision}: ${own.length}`);
      assert.deepEqual(unfit(own), []);
    }
    const legacy = methods(seen.toClients.filter(({ revision }) => revision === legacyVersion));
    for (const method of ['initialize', 'notifications/progress', 'notifications/message', 'elicitation/create'])
      assert.ok(legacy.has(method), method);
    const own = methods(seen.toClients.filter(({ revision }) => revision === modernVersion));
    for (const method of ['server/discover', 'notifications/progress', 'notifications/subscriptions/acknowledged'])
      assert.ok(own.has(method), method);
  });

  test('towards services over stdio', () => {
    for (const [name, revision] of [
      ['legacy', legacyVersion],
      ['modern', modernVersion],
    ]) {
      const lines = readFileSync(join(folder, name), 'utf8').split('\n');
      assert.equal(lines.pop(), '', 'every message ends with a newline');
      const sent = lines.map((line) => ({ revision, message: JSON.parse(line) }));
      // A probe of the other era is part of finding out; it is written in that era.
      const probe = ({ message }) => ['server/discover', 'initialize'].includes(message.method);
      for (const entry of sent.filter(probe))
        entry.revision = entry.message.method === 'initialize' ? legacyVersion : modernVersion;
      const results = sent.filter(({ message }) => !message.method);
      if (name === 'modern') assert.deepEqual(results, [], 'a modern service is sent no responses');
      assert.deepEqual(unfit(sent.filter(({ message }) => message.method)), []);
      const had = methods(sent);
      for (const method of ['tools/list', 'tools/call', 'notifications/cancelled', 'completion/complete'])
        assert.ok(had.has(method), method);
      const ids = sent.filter(({ message }) => message.method && message.id !== undefined).map(({ message }) => message.id);
      assert.equal(new Set(ids).size, ids.length, 'no id is used twice');
    }
  });

  test('towards services over HTTP', () => {
    for (const entry of seen.toServices) {
      if (entry.message.method === 'server/discover') entry.revision = modernVersion;
    }
    const sent = seen.toServices.filter(({ message }) => message.method);
    assert.deepEqual(unfit(sent), []);
    const modernSent = seen.toServices.filter(({ revision }) => revision === modernVersion);
    assert.deepEqual(modernSent.filter(({ message }) => !message.method), [], 'a modern service is sent no responses');
    for (const method of ['server/discover', 'subscriptions/listen', 'tools/call', 'resources/read'])
      assert.ok(methods(modernSent).has(method), method);
    const legacySent = methods(seen.toServices.filter(({ revision }) => revision === legacyVersion));
    for (const method of ['initialize', 'notifications/initialized', 'tools/call', 'resources/subscribe', 'logging/setLevel'])
      assert.ok(legacySent.has(method), method);
  });
});
