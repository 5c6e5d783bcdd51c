// The compatibility matrix (contracts.md §2.7), the clients that run in Node: each with a good key, a bad key, the key of
// a disabled group and the address of a group that is not there. What was seen must be what docs/clients.md says. The
// other rows are in tests/Fairlead.EndToEnd/Matrix. A-45, A-82, C-15, C-16, C-24.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import * as v2 from '@modelcontextprotocol/client';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { SSEClientTransport } from '@modelcontextprotocol/sdk/client/sse.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { key, root, startGateway, until } from '../lib/gateway.js';
import { signIn } from '../lib/rest.js';

const everything = join(root, 'samples/node_modules/@modelcontextprotocol/server-everything/dist/index.js');
const inspector = join(
  dirname(createRequire(import.meta.url).resolve('@modelcontextprotocol/inspector/package.json')),
  'clients/launcher/build/index.js',
);
const patience = 15_000;
const info = { name: 'matrix', version: '1.0.0' };
const hello = { name: 'echo', arguments: { message: 'grüße' } };

/** What each refusal is, and the sentence of the gateway that says what to do. */
const refusals = {
  bad: { status: 401, text: 'A valid group key is needed' },
  disabled: { status: 403, text: 'an administrator can enable it' },
  unknown: { status: 404, text: 'leave its code out of the address' },
};

let gateway;
let admin;
let off;

/** Key and path of a cell. */
function target(cell, last) {
  const bearer = { good: key, bad: `mcp_key_${'x'.repeat(42)}A`, disabled: off.key, unknown: key }[cell];
  return { bearer, url: new URL(cell === 'unknown' ? `/nobody/${last}` : `/${last}`, gateway.base) };
}

/** An official client in this process; every answer of the gateway is seen on its way in. */
function library(make, transport, last) {
  return async (cell) => {
    const { bearer, url } = target(cell, last);
    const seen = [];
    const watching = async (...args) => {
      const response = await fetch(...args);
      seen.push(response);
      return response;
    };
    const headers = { Authorization: `Bearer ${bearer}` };
    const client = make();
    const wire = new transport(url, { requestInit: { headers }, fetch: watching });
    const asks = client.asks;
    if (asks) {
      // This package asks for its newest revision and has no option for another; an older one is written over it here.
      const send = wire.send.bind(wire);
      wire.send = (message, ...rest) => {
        if (message.method === 'initialize') message.params.protocolVersion = asks;
        return send(message, ...rest);
      };
    }
    let version;
    const setVersion = wire.setProtocolVersion?.bind(wire);
    wire.setProtocolVersion = (agreed) => {
      version = agreed;
      setVersion?.(agreed);
    };
    try {
      await client.connect(wire);
      const { tools } = await client.listTools();
      const { content } = await client.callTool(hello);
      return { tools: tools.map(({ name }) => name), said: content[0].text, version: client.getNegotiatedProtocolVersion?.() ?? version };
    } catch (error) {
      return { error: `${error.name} ${error.code ?? ''} ${error.message}`, seen };
    } finally {
      await client.close();
    }
  };
}

const v1 = (asks) => () => Object.assign(new Client(info), { asks });
const pinned = (revision) => () =>
  new v2.Client(info, {
    supportedProtocolVersions: [revision],
    versionNegotiation: { mode: revision === '2026-07-28' ? { pin: revision } : 'legacy' },
  });
const choosing = () => new v2.Client(info, { versionNegotiation: { mode: 'auto' } });

/** The Inspector as a person runs it; a list, then a call. */
function commandLine(era, last) {
  const run = ({ bearer, url }, ...args) =>
    new Promise((done) => {
      const options = ['--cli', url.href, '--protocol-era', era, '--header', `Authorization: Bearer ${bearer}`, ...args];
      execFile(process.execPath, [inspector, ...options], { timeout: patience }, (error, out, err) =>
        done({ code: error ? (error.code ?? 'hung') : 0, out, err }),
      );
    });
  return async (cell) => {
    const where = target(cell, last);
    const list = await run(where, '--method', 'tools/list');
    if (list.code !== 0) return { error: `exit ${list.code} ${list.out}${list.err}`, hung: list.code === 'hung' };
    const call = await run(where, '--method', 'tools/call', '--tool-name', hello.name, '--tool-arg', 'message=grüße');
    return { tools: JSON.parse(list.out).tools.map(({ name }) => name), said: JSON.parse(call.out).content[0].text };
  };
}

const older = ['2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05'];
const rows = [
  ...older.map((revision) => ['TypeScript `@modelcontextprotocol/sdk` 1.32', 'HTTP', revision, library(v1(revision), StreamableHTTPClientTransport, 'mcp')]),
  ['TypeScript `@modelcontextprotocol/sdk` 1.32', 'HTTP+SSE, `/sse`', '2024-11-05', library(v1('2024-11-05'), SSEClientTransport, 'sse')],
  ['TypeScript `@modelcontextprotocol/sdk` 1.32', 'HTTP+SSE, `/mcp`', '2024-11-05', library(v1('2024-11-05'), SSEClientTransport, 'mcp')],
  ['TypeScript `@modelcontextprotocol/client` 2.4, `auto`', 'HTTP', '2026-07-28', library(choosing, v2.StreamableHTTPClientTransport, 'mcp')],
  ...['2026-07-28', ...older].map((revision) => ['TypeScript `@modelcontextprotocol/client` 2.4', 'HTTP', revision, library(pinned(revision), v2.StreamableHTTPClientTransport, 'mcp')]),
  ['TypeScript `@modelcontextprotocol/client` 2.4', 'HTTP+SSE, `/sse`', '2024-11-05', library(pinned('2024-11-05'), v2.SSEClientTransport, 'sse')],
  ['MCP Inspector 2.12, `--cli`', 'HTTP', '2026-07-28', commandLine('modern', 'mcp')],
  ['MCP Inspector 2.12, `--cli`', 'HTTP', '2025-11-25', commandLine('legacy', 'mcp')],
  ['MCP Inspector 2.12, `--cli`', 'HTTP+SSE, `/sse`', '2025-11-25', commandLine('legacy', 'sse')],
];

/** What some clients make of a status, instead of saying it. */
const own = { auth_required: 'wants to sign in', 'did not offer pinned': 'no common revision' };

/** What the person at the client reads, in the words of the document. */
function shown(error, { status, text }) {
  if (error.includes(text)) return error.includes(`${status}`) ? `${status} and what to do` : 'what to do';
  if (error.includes(`${status}`)) return `${status}`;
  return Object.entries(own).find(([mark]) => error.includes(mark))?.[1] ?? error;
}

const within = (promise) => {
  const { promise: late, reject } = Promise.withResolvers();
  const timer = setTimeout(() => reject(new Error('the client hangs')), patience);
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
};

describe('compatibility matrix', () => {
  before(async () => {
    gateway = await startGateway(
      { everything: { command: process.execPath, args: [everything, 'stdio'] } },
      { expected: ['echo'] },
    );
    admin = await signIn(gateway.base);
    off = await admin.disabledGroup('off');
  });

  after(async () => assert.equal(await gateway.stop(), 0, 'the gateway ends cleanly'));

  const document = readFileSync(join(root, 'docs/clients.md'), 'utf8').split('\n');
  const written = [];
  for (const [client, transport, revision, use] of rows) {
    test(`${client}, ${transport}, ${revision}`, async () => {
      const [good, ...refused] = await Promise.all(['good', ...Object.keys(refusals)].map((cell) => within(use(cell))));
      assert.equal(good.error, undefined);
      assert.ok(good.tools.includes('echo') && good.tools.length > 10, good.tools);
      assert.match(good.said, /grüße/);
      if (good.version) assert.equal(good.version, revision);
      const cells = [];
      for (const [i, [cell, refusal]] of Object.entries(refusals).entries()) {
        const { error, seen, hung } = refused[i];
        assert.ok(error && !hung, `${cell}: ${error}`);
        // All it ever got is the refusal, as JSON, and no session was opened for it.
        for (const response of seen ?? []) {
          assert.equal(response.status, refusal.status, `${cell}: ${response.url}`);
          assert.equal(response.headers.get('mcp-session-id'), null);
          assert.match(response.headers.get('content-type'), /^application\/json/);
        }
        cells.push(shown(error, refusal));
      }
      const row = `| ${[client, transport, revision, 'works', ...cells, '`matrix.test.js`'].join(' | ')} |`;
      written.push(row);
      assert.ok(document.includes(row), `docs/clients.md lacks: ${row}`);
    });
  }

  test('docs/clients.md has no row of this test besides', () => {
    assert.deepEqual(document.filter((line) => line.endsWith('| `matrix.test.js` |')), written);
  });

  test('each good key made one call, no other made any', async () => {
    await until(async () => (await admin.calls('echo')).length >= rows.length, 10_000);
    assert.equal((await admin.calls('echo')).length, rows.length);
  });
});
