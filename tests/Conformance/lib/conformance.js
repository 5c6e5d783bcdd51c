// Runs the official conformance suite and reads what it saved.
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const program = join(
  dirname(createRequire(import.meta.url).resolve('@modelcontextprotocol/conformance/package.json')),
  'dist/index.js',
);

function run(...args) {
  return new Promise((done, fail) => {
    // A failing scenario is an exit code, and what this is about: only a run without results is an error.
    execFile(process.execPath, [program, ...args], { maxBuffer: 1 << 26, timeout: 120_000 }, (error, out, err) =>
      error && error.code !== 1 ? fail(new Error(`${error.message}\n${err}`)) : done(out),
    );
  });
}

const only = (revision) => (revision ? ['--spec-version', revision] : []);

/** Names of all server scenarios, pending ones included; with a revision those that hold for it. */
export async function serverScenarios(revision) {
  const listed = await run('list', '--server', ...only(revision));
  return [...listed.matchAll(/^ {2}- (\S+)/gm)].map((match) => match[1]);
}

/** Runs scenarios against an address: scenario → check id → worst status. */
export async function runServer(url, { scenario, revision } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'fairlead-scenarios-'));
  try {
    const which = scenario ? ['--scenario', scenario] : ['--suite', 'all', ...only(revision)];
    await run('server', '--url', url, ...which, '-o', folder);
    const results = new Map();
    for (const entry of readdirSync(folder)) {
      const name = /^server-(.+)-\d{4}-\d\d-\d\dT[\d-]+Z$/.exec(entry)[1];
      results.set(name, worst(JSON.parse(readFileSync(join(folder, entry, 'checks.json'), 'utf8'))));
    }
    return results;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const order = ['SUCCESS', 'INFO', 'SKIPPED', 'WARNING', 'FAILURE'];

function worst(checks) {
  const byId = new Map();
  for (const { id, status, errorMessage } of checks) {
    const seen = byId.get(id);
    if (!seen || order.indexOf(status) > order.indexOf(seen.status)) byId.set(id, { status, errorMessage });
  }
  return byId;
}

/**
 * What is worse through the gateway than directly: a check that fails or warns where it did not, or a scenario that
 * was not run. A check that disappears without a worse one (a JSON answer has no stream to check) is no regression.
 */
export function regressions(direct, through) {
  if (!through) return ['the scenario was not run'];
  return [...through]
    .filter(([id, { status }]) => {
      const before = direct.get(id)?.status ?? 'SUCCESS';
      return ['WARNING', 'FAILURE'].includes(status) && order.indexOf(status) > order.indexOf(before);
    })
    .map(([id, { status, errorMessage }]) => `${id}: ${status} ${errorMessage ?? ''}`);
}

/** Successes, warnings and failures of one scenario, for the table. */
export function summary(checks) {
  if (!checks) return '–';
  const count = (wanted) => [...checks.values()].filter(({ status }) => status === wanted).length;
  return `${count('SUCCESS')} ok${count('WARNING') ? ` ${count('WARNING')} warn` : ''}${
    count('FAILURE') ? ` ${count('FAILURE')} FAILED` : ''
  }`;
}
