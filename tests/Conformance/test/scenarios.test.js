// Every official server scenario, directly against the fixture and through the gateway in front of it over HTTP and
// over stdio: nothing may be worse through the gateway than it is directly.
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

/** All scenarios, or one, through a gateway of its own. */
async function through(service, { settings, scenario } = {}) {
  const gateway = await startGateway({ fixture: service }, { settings, expected });
  const forwarder = await startForwarder(gateway.url, { key });
  try {
    return await runServer(forwarder.url, scenario);
  } finally {
    forwarder.stop();
    assert.equal(await gateway.stop(), 0, 'the gateway ends cleanly');
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
