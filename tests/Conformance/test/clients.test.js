// The official clients of both eras against a running gateway in front of real services: list and call tools, read a
// resource, get a prompt; with a wrong key none of it.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import * as modernSdk from '@modelcontextprotocol/client';
import { Client as LegacyClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as LegacyTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { key, root, startGateway } from '../lib/gateway.js';

const wrong = `mcp_key_${'x'.repeat(42)}A`;
const packages = join(root, 'samples/node_modules/@modelcontextprotocol');
const services = {
  everything: { command: process.execPath, args: [join(packages, 'server-everything/dist/index.js'), 'stdio'] },
  memory: { command: process.execPath, args: [join(packages, 'server-memory/dist/index.js')] },
};
const inspector = join(
  dirname(createRequire(import.meta.url).resolve('@modelcontextprotocol/inspector/package.json')),
  'clients/launcher/build/index.js',
);

let gateway;

const headers = (bearer) => ({ requestInit: { headers: { Authorization: `Bearer ${bearer}` } } });
const info = { name: 'conformance', version: '1.0.0' };

async function legacy(bearer) {
  const client = new LegacyClient(info);
  await client.connect(new LegacyTransport(new URL(gateway.url), headers(bearer)));
  return client;
}

const modern = (mode) => async (bearer) => {
  const client = new modernSdk.Client(info, { versionNegotiation: { mode } });
  await client.connect(new modernSdk.StreamableHTTPClientTransport(new URL(gateway.url), headers(bearer)));
  return client;
};

function run(program, args) {
  return new Promise((done) => {
    execFile(program, args, { timeout: 60_000, maxBuffer: 1 << 24 }, (error, out, err) =>
      done({ code: error ? (error.code ?? -1) : 0, out, err }),
    );
  });
}

const inspect = (bearer, ...args) =>
  run(process.execPath, [inspector, '--cli', gateway.url, '--header', `Authorization: Bearer ${bearer}`, ...args]);

async function curl(bearer, body, more = []) {
  const { out } = await run('curl', [
    ...['-sS', '-i', '-X', 'POST', gateway.url],
    ...['-H', `Authorization: Bearer ${bearer}`, '-H', 'Content-Type: application/json'],
    ...['-H', 'Accept: application/json, text/event-stream', ...more.flatMap((header) => ['-H', header])],
    ...['-d', JSON.stringify(body)],
  ]);
  const [head, ...rest] = out.split('\r\n\r\n');
  const text = rest.join('\r\n\r\n');
  const json = head.includes('text/event-stream') ? text.match(/^data: (.*)$/m)[1] : text;
  return {
    status: Number(/^HTTP\/\S+ (\d+)/.exec(head)[1]),
    session: /^mcp-session-id: (\S+)/im.exec(head)?.[1],
    message: json.startsWith('{') ? JSON.parse(json) : undefined,
  };
}

before(async () => {
  gateway = await startGateway(services, { expected: ['echo', 'get-sum', 'read_graph'] });
});

after(async () => assert.equal(await gateway.stop(), 0, 'the gateway ends cleanly'));

for (const [name, connect, revision] of [
  ['@modelcontextprotocol/sdk, legacy', legacy, '2025-11-25'],
  ['@modelcontextprotocol/client, pinned to 2026-07-28', modern({ pin: '2026-07-28' }), '2026-07-28'],
  ['@modelcontextprotocol/client, choosing by itself', modern('auto'), '2026-07-28'],
  ['@modelcontextprotocol/client, legacy', modern('legacy'), '2025-11-25'],
]) {
  describe(name, () => {
    let client;
    before(async () => {
      client = await connect(key);
    });
    after(() => client.close());

    test(`speaks ${revision} with Fairlead`, () => {
      assert.equal(client.getServerVersion().name, 'Fairlead');
      const spoken = client.getNegotiatedProtocolVersion?.() ?? client.transport.protocolVersion;
      assert.equal(spoken, revision);
    });

    test('lists and calls tools of two services', async () => {
      const { tools } = await client.listTools();
      assert.ok(tools.length > 10);
      const echo = await client.callTool({ name: 'echo', arguments: { message: 'grüße' } });
      assert.match(echo.content[0].text, /grüße/);
      const sum = await client.callTool({ name: 'get-sum', arguments: { a: 20, b: 22 } });
      assert.match(sum.content[0].text, /42/);
      const graph = await client.callTool({ name: 'read_graph', arguments: {} });
      assert.deepEqual(JSON.parse(graph.content[0].text), { entities: [], relations: [] });
    });

    test('reads a resource', async () => {
      const { resources } = await client.listResources();
      const { contents } = await client.readResource({ uri: resources[0].uri });
      assert.equal(contents[0].uri, resources[0].uri);
      assert.ok(contents[0].text?.length > 0 || contents[0].blob?.length > 0);
    });

    test('gets a prompt', async () => {
      const { prompts } = await client.listPrompts();
      assert.ok(prompts.some((prompt) => prompt.name === 'simple-prompt'));
      const { messages } = await client.getPrompt({ name: 'simple-prompt' });
      assert.equal(messages[0].content.type, 'text');
    });

    test('sees progress of a long call', async () => {
      const seen = [];
      await client.callTool(
        { name: 'trigger-long-running-operation', arguments: { duration: 1, steps: 4 } },
        ...(name.includes('/sdk') ? [undefined] : []),
        { onprogress: ({ progress }) => seen.push(progress) },
      );
      assert.deepEqual(seen, [1, 2, 3, 4]);
    });

    test('is told of an unknown tool', async () => {
      await assert.rejects(client.callTool({ name: 'no_such_tool', arguments: {} }), { code: -32602 });
    });

    test('gets 401 with a wrong key', async () => {
      await assert.rejects(connect(wrong), (error) => /401|[Uu]nauthorized/.test(`${error.code} ${error.message} ${error}`));
    });
  });
}

describe('MCP Inspector, command line', () => {
  for (const era of ['legacy', 'modern']) {
    const ask = async (...args) => {
      const { code, out, err } = await inspect(key, '--protocol-era', era, ...args);
      assert.equal(code, 0, err);
      return JSON.parse(out);
    };

    test(`${era}: tools, resource, prompt`, async () => {
      const [{ tools }, called, { resources }, prompt] = await Promise.all([
        ask('--method', 'tools/list'),
        ask('--method', 'tools/call', '--tool-name', 'echo', '--tool-arg', 'message=hello'),
        ask('--method', 'resources/list'),
        ask('--method', 'prompts/get', '--prompt-name', 'simple-prompt'),
      ]);
      assert.ok(tools.some((tool) => tool.name === 'echo'));
      assert.match(called.content[0].text, /hello/);
      assert.ok(prompt.messages.length > 0);
      const { contents } = await ask('--method', 'resources/read', '--uri', resources[0].uri);
      assert.equal(contents[0].uri, resources[0].uri);
    });

    test(`${era}: wrong key`, async () => {
      const { code, out, err } = await inspect(wrong, '--protocol-era', era, '--method', 'tools/list');
      assert.notEqual(code, 0);
      // How the Inspector takes a 401: it would now sign in.
      assert.match(out + err, /401|[Uu]nauthorized|auth_required/);
    });
  }
});

describe('curl', () => {
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientCapabilities': {},
  };
  const modernCall = (method, params, name, bearer = key) =>
    curl(bearer, { jsonrpc: '2.0', id: 1, method, params: { ...params, _meta } }, [
      'MCP-Protocol-Version: 2026-07-28',
      `Mcp-Method: ${method}`,
      ...(name ? [`Mcp-Name: ${name}`] : []),
    ]);

  test('modern: one request each, without a handshake', async () => {
    const { message } = await modernCall('tools/list', {});
    assert.ok(message.result.tools.some((tool) => tool.name === 'echo'));
    const called = await modernCall('tools/call', { name: 'echo', arguments: { message: 'hi' } }, 'echo');
    assert.match(called.message.result.content[0].text, /hi/);
    assert.equal(called.session, undefined);
    const { resources } = (await modernCall('resources/list', {})).message.result;
    const read = await modernCall('resources/read', { uri: resources[0].uri }, resources[0].uri);
    assert.equal(read.message.result.contents[0].uri, resources[0].uri);
    const prompt = await modernCall('prompts/get', { name: 'simple-prompt' }, 'simple-prompt');
    assert.ok(prompt.message.result.messages.length > 0);
  });

  test('legacy: handshake, then the same', async () => {
    const opened = await curl(key, {
      jsonrpc: '2.0',
      id: 0,
      method: 'initialize',
      params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: info },
    });
    assert.equal(opened.message.result.protocolVersion, '2025-11-25');
    const session = [`Mcp-Session-Id: ${opened.session}`, 'MCP-Protocol-Version: 2025-11-25'];
    assert.equal((await curl(key, { jsonrpc: '2.0', method: 'notifications/initialized' }, session)).status, 202);
    let id = 0;
    const ask = async (method, params = {}) =>
      (await curl(key, { jsonrpc: '2.0', id: ++id, method, params }, session)).message.result;
    assert.ok((await ask('tools/list')).tools.length > 10);
    assert.match((await ask('tools/call', { name: 'echo', arguments: { message: 'hi' } })).content[0].text, /hi/);
    const { resources } = await ask('resources/list');
    assert.equal((await ask('resources/read', { uri: resources[0].uri })).contents[0].uri, resources[0].uri);
    assert.ok((await ask('prompts/get', { name: 'simple-prompt' })).messages.length > 0);
  });

  test('wrong key or none: 401', async () => {
    assert.equal((await modernCall('tools/list', {}, undefined, wrong)).status, 401);
    const without = await run('curl', ['-sS', '-o', '/dev/null', '-w', '%{http_code}', '-X', 'POST', gateway.url]);
    assert.equal(without.out, '401');
  });
});
