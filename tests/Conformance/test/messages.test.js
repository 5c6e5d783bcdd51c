// Everything the gateway wrote while tests/Fairlead.Conformance ran (artifacts/conformance/messages.jsonl).
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { root } from '../lib/gateway.js';
import { violation } from '../lib/schema.js';

const file = join(root, 'artifacts/conformance/messages.jsonl');

describe('messages of both eras fit their schema', { skip: !existsSync(file) && !process.env.FAIRLEAD_REQUIRE_MESSAGES && 'dotnet test has not run' }, () => {
  const entries = existsSync(file)
    ? readFileSync(file, 'utf8')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line))
    : [];

  for (const revision of ['2025-11-25', '2026-07-28']) {
    test(`${revision}: ${entries.filter((entry) => entry.revision === revision).length} messages`, () => {
      const own = entries.filter((entry) => entry.revision === revision);
      assert.ok(own.length > 10);
      const wrong = own
        .map(({ message, method }) => ({ problem: violation(revision, message, method), message }))
        .filter(({ problem }) => problem)
        .map(({ problem, message }) => `${problem}\n    ${JSON.stringify(message).slice(0, 300)}`);
      assert.deepEqual([...new Set(wrong)], []);
    });
  }

  test('a message that does not fit is found', () => {
    const bad = { jsonrpc: '2.0', id: 1, result: { tools: [{ name: 5 }], resultType: 'complete', ttlMs: 0 } };
    assert.match(violation('2026-07-28', bad, 'tools/list'), /ListToolsResult/);
    assert.match(violation('2025-11-25', { jsonrpc: '2.0', method: 'no/such' }), /defines no/);
  });
});
