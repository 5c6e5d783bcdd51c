// A desktop client's session over `fairlead stdio`, driven by the official clients' own stdio transports: it lists,
// calls, sees progress, answers a question, and goes on after the gateway was restarted. Standard output is kept as it
// was written and carries nothing but JSON-RPC (P-113).
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Client as ModernClient } from '@modelcontextprotocol/client';
import { StdioClientTransport as ModernTransport } from '@modelcontextprotocol/client/stdio';
import { Client as LegacyClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport as LegacyTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import { executable, key, root, startGateway } from '../lib/gateway.js';
import { violation } from '../lib/schema.js';

const fixture = ['Release', 'Debug']
  .map((kind) => join(root, `tests/Fairlead.Fixture/bin/${kind}/net10.0/Fairlead.Fixture.dll`))
  .find(existsSync);
const about = { name: 'desktop', version: '1.0.0' };
const capabilities = { elicitation: {} };
const answer = () => ({ action: 'accept', content: { name: 'Ada' } });

/** What a desktop client starts; `tee` keeps the bytes the client reads. */
const program = (gateway, kept) => ({
  command: 'sh',
  args: ['-c', '"$0" stdio --server "$1" | tee "$2"', executable(), gateway.base, kept],
  env: { ...process.env, FAIRLEAD_KEY: key },
  stderr: 'pipe',
});

async function legacy(gateway, kept) {
  const client = new LegacyClient(about, { capabilities });
  client.setRequestHandler(ElicitRequestSchema, answer);
  await client.connect(new LegacyTransport(program(gateway, kept)));
  return client;
}

const modern = (mode) => async (gateway, kept) => {
  const client = new ModernClient(about, { capabilities, versionNegotiation: { mode } });
  client.setRequestHandler('elicitation/create', answer);
  await client.connect(new ModernTransport(program(gateway, kept)));
  return client;
};

for (const [name, connect, era, revision] of [
  ['@modelcontextprotocol/sdk', legacy, 'legacy', '2025-11-25'],
  ['@modelcontextprotocol/client, legacy', modern('legacy'), 'legacy', '2025-11-25'],
  ['@modelcontextprotocol/client, 2026-07-28', modern({ pin: '2026-07-28' }), 'modern', '2026-07-28'],
  ['@modelcontextprotocol/client, choosing by itself', modern('auto'), 'modern', '2026-07-28'],
]) {
  describe(name, () => {
    const services = { svc: { command: 'dotnet', args: [fixture, '--era', era] } };
    const expected = ['echo', 'progress', 'ask'];
    let gateway, client, kept;
    const call = (tool, args = {}, options = undefined) =>
      client.callTool({ name: tool, arguments: args }, ...(client instanceof LegacyClient ? [undefined] : []), options);

    before(async () => {
      gateway = await startGateway(services, { expected });
      kept = join(gateway.folder, 'stdout');
      client = await connect(gateway, kept);
    });
    after(async () => {
      await client?.close();
      await gateway?.stop();
    });

    test(`speaks ${revision}`, () => {
      assert.equal(client.getServerVersion().name, 'Fairlead');
      const spoken =
        client.getNegotiatedProtocolVersion?.() ??
        lines(kept).find(({ result }) => result?.protocolVersion).result.protocolVersion;
      assert.equal(spoken, revision);
    });

    test('lists and calls', async () => {
      const { tools } = await client.listTools();
      for (const tool of expected) assert.ok(tools.some((one) => one.name === tool), tool);
      assert.equal((await call('echo', { text: 'grüße\n€' })).content[0].text, 'grüße\n€');
    });

    test('sees progress', async () => {
      const seen = [];
      const done = await call('progress', { n: 3, ms: 50 }, { onprogress: ({ progress }) => seen.push(progress) });
      assert.equal(done.content[0].text, 'done');
      // The client may drop the last when it reads it together with the answer (docs/clients.md); it was sent before it.
      assert.ok(seen.length >= 2, `${seen}`);
      assert.deepEqual(seen, [1, 2, 3].slice(0, seen.length));
      const told = lines(kept).filter(({ method }) => method === 'notifications/progress');
      assert.deepEqual(told.map(({ params }) => params.progress), [1, 2, 3]);
    });

    test('answers a question', async () => {
      const { content } = await call('ask');
      assert.match(content[0].text, /accept/);
      assert.match(content[0].text, /Ada/);
    });

    test('goes on after the gateway was restarted', async () => {
      assert.equal(await gateway.stop({ keep: true }), 0);
      const during = call('echo', { text: 'during' });
      gateway = await startGateway(services, { expected, again: gateway });
      assert.equal((await during).content[0].text, 'during');
      assert.ok((await client.listTools()).tools.some((tool) => tool.name === 'ask'));
      assert.equal((await call('echo', { text: 'after' })).content[0].text, 'after');
      assert.match((await call('ask')).content[0].text, /Ada/);
    });

    test('nothing but JSON-RPC was on standard output', () => {
      const raw = readFileSync(kept, 'utf8');
      assert.ok(raw.endsWith('\n'));
      const messages = lines(kept);
      assert.ok(messages.length >= 10);
      for (const message of messages) {
        assert.equal(message.jsonrpc, '2.0', JSON.stringify(message));
        assert.ok('method' in message || 'result' in message || 'error' in message, JSON.stringify(message));
        if (message.method) assert.equal(violation(revision, message), null);
      }
    });
  });
}

function lines(file) {
  return readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
}
