// Every official server scenario, directly against the fixture and through the gateway in front of it over HTTP and
// over stdio: nothing may be worse through the gateway than it is directly. Then those that hold for 2025-06-18 once more
// in that revision.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { startFixture } from '../fixture/http.js';
import { regressions, runServer, serverScenarios, summary } from '../lib/conformance.js';
import { startForwarder } from '../lib/forwarder.js';
import { key, startGateway } from '../lib/gateway.js';

const stdio = {
  command: process.execPath,
  args: [join(import.meta.dirname, '../fixture/stdio.js')],
};
const expected = ['test_simple_text', 'json_schema_2020_12_tool'];
const polling = 'server-sse-polling';
const scenarios = await serverScenarios();

const older = '2025-06-18';
const olderScenarios = await serverScenarios(older);

/** All scenarios, or one, through a gateway of its own. */
async function through(service, { settings, ...which } = {}) {
  const gateway = await startGateway({ fixture: service }, { settings, expected });
  const forwarder = await startForwarder(gateway.url, { key });
  try {
    return await runServer(forwarder.url, which);
  } finally {
    forwarder.stop();
    assert.equal(await gateway.stop(), 0, 'the gateway ends cleanly');
  }
}

/** The scenarios of the older revision in it: what they find, and the revisions that were agreed on and named. */
async function inOlder(url) {
  const agreed = new Set();
  const named = new Set();
  const forwarder = await startForwarder(url, {
    key,
    revision: older,
    sent: (_, { headers }) => named.add(headers['mcp-protocol-version']),
    answered: ({ result }) => result?.serverInfo && agreed.add(result.protocolVersion),
  });
  try {
    return { found: await runServer(forwarder.url, { revision: older }), agreed: [...agreed], named: [...named] };
  } finally {
    forwarder.stop();
  }
}

describe('official scenarios', () => {
  let fixture;
  const ways = {};

  before(async () => {
    fixture = await startFixture();
    const http = { type: 'http', url: fixture.url };
    ways.direct = await runServer(fixture.url);
    ways.http = await through(http);
    ways.stdio = await through(stdio);
    // By default an answer that takes less than 10 s is plain JSON. Told to stream at once and to send clients away
    // early, the gateway must pass the polling scenario itself.
    // The tool takes 4.2 s: longer than the first stream (it opens within a second), shorter than the second.
    const settings = { FAIRLEAD__Gateway__StreamAfter: '00:00:00', FAIRLEAD__Gateway__PollAfter: '00:00:02.600' };
    ways.polled = await through(http, { settings, scenario: polling });
  });

  after(() => {
    fixture.stop();
    const rows = scenarios.map((name) => [name, ...['direct', 'http', 'stdio'].map((w) => summary(ways[w]?.get(name)))]);
    for (const row of [['scenario', 'direct', 'gateway, http', 'gateway, stdio'], ...rows]) {
      console.log(row.map((cell) => cell.padEnd(32)).join(''));
    }
  });

  test('the fixture itself passes all of them', () => {
    assert.deepEqual([...ways.direct.keys()].sort(), [...scenarios].sort());
    for (const name of scenarios) {
      const failed = [...ways.direct.get(name)].filter(([, { status }]) => ['WARNING', 'FAILURE'].includes(status));
      assert.deepEqual(failed, [], name);
    }
  });

  for (const way of ['http', 'stdio']) {
    for (const name of scenarios) {
      test(`${name} through the gateway over ${way}`, () => {
        assert.deepEqual(regressions(ways.direct.get(name), ways[way].get(name)), []);
      });
    }
  }

  test(`${polling} with streaming at once and early polling`, () => {
    const checks = ways.polled.get(polling);
    for (const id of ['server-sse-priming-event', 'server-sse-retry-field', 'server-sse-disconnect-resume']) {
      assert.equal(checks.get(id)?.status, 'SUCCESS', `${id}: ${checks.get(id)?.errorMessage}`);
    }
  });
});

describe(`official scenarios in ${older}`, () => {
  let fixture;
  let gateway;
  const ways = {};

  before(async () => {
    fixture = await startFixture();
    ways.direct = await inOlder(fixture.url);
    for (const [way, service] of Object.entries({ http: { type: 'http', url: fixture.url }, stdio })) {
      gateway = await startGateway({ fixture: service }, { expected });
      ways[way] = await inOlder(gateway.url);
      assert.equal(await gateway.stop(), 0, 'the gateway ends cleanly');
    }
  });

  after(async () => {
    fixture.stop();
    await gateway?.stop();
  });

  test('there are some, and the fixture itself passes them', () => {
    assert.ok(olderScenarios.length >= 26, `${olderScenarios.length}`);
    assert.deepEqual([...ways.direct.found.keys()].sort(), [...olderScenarios].sort());
    for (const name of olderScenarios) {
      const failed = [...ways.direct.found.get(name)].filter(([, { status }]) => ['WARNING', 'FAILURE'].includes(status));
      assert.deepEqual(failed, [], name);
    }
  });

  for (const way of ['http', 'stdio']) {
    test(`nothing else is spoken through the gateway over ${way}`, () => {
      assert.deepEqual(ways[way].agreed, [older]);
      // Before the handshake none is named.
      assert.deepEqual(ways[way].named, [undefined, older]);
    });
    for (const name of olderScenarios) {
      test(`${name} through the gateway over ${way}`, () => {
        assert.deepEqual(regressions(ways.direct.found.get(name), ways[way].found.get(name)), []);
      });
    }
  }
});
