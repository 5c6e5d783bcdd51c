// Starts the built gateway on a fresh data folder with the services a test needs, and stops it again.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

export const root = resolve(import.meta.dirname, '../../..');
export const key = `mcp_key_${'c'.repeat(42)}A`;
export const password = 'Conformance-1!';

// Tests ask more often than people do.
const limits = {
  FAIRLEAD__Limits__RestBurst: '100000',
  FAIRLEAD__Limits__RestPerMinute: '6000000',
  FAIRLEAD__Limits__UserCalls: '1000000',
};

const executables = [
  process.env.FAIRLEAD_EXE,
  join(root, 'src/Fairlead/bin/Release/net10.0/fairlead'),
  join(root, 'artifacts/fairlead/fairlead'),
  join(root, 'src/Fairlead/bin/Debug/net10.0/fairlead'),
];

export function executable() {
  const found = executables.find((path) => path && existsSync(path));
  if (!found) throw new Error('There is no built gateway: build Fairlead.slnx or set FAIRLEAD_EXE.');
  return found;
}

export function freePort() {
  return new Promise((done, fail) => {
    const probe = net.createServer();
    probe.on('error', fail);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => done(port));
    });
  });
}

/**
 * Runs `fairlead serve` over the given mcpServers and waits until the group lists what they offer.
 * @param {object} services the `mcpServers` object of the import file
 * @param {object} [settings] more configuration, as environment variables
 * @param {(string | RegExp)[]} [expected] tools that must be listed before the gateway counts as started
 * @param {object} [again] a gateway that was stopped with `keep`: the same folder and address
 */
export async function startGateway(services, { settings = {}, expected = [], again } = {}) {
  const folder = again?.folder ?? mkdtempSync(join(tmpdir(), 'fairlead-conformance-'));
  const file = join(folder, 'mcp.json');
  writeFileSync(file, JSON.stringify({ mcpServers: services }));
  const base = again?.base ?? `http://127.0.0.1:${await freePort()}`;
  const child = spawn(
    executable(),
    ['serve', '--urls', base, '--data', join(folder, 'data'), '--mcp-config', file],
    {
      cwd: folder,
      env: { ...process.env, FAIRLEAD_DEFAULT_KEY: key, FAIRLEAD_ADMIN_PASSWORD: password, ...limits, ...settings },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  let output = '';
  const keep = (chunk) => {
    output = (output + chunk).slice(-20_000);
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  const ended = new Promise((done) => child.on('exit', (code, signal) => done(code ?? signal)));

  const gateway = {
    base,
    folder,
    url: `${base}/mcp`,
    key,
    child,
    output: () => output,
    async stop({ keep } = {}) {
      if (child.exitCode === null) child.kill('SIGTERM');
      const code = await Promise.race([ended, pause(20_000).then(() => 'did not stop')]);
      if (code === 'did not stop') child.kill('SIGKILL');
      if (!keep) rmSync(folder, { recursive: true, force: true });
      return code;
    },
  };
  let listed;
  try {
    await until(async () => {
      if (child.exitCode !== null) throw new Error(`the gateway ended with ${child.exitCode}`);
      listed = await list(gateway);
      return listed && expected.every((name) => listed.some((tool) => tool === name || name.test?.(tool)));
    }, 60_000);
  } catch (error) {
    await gateway.stop();
    throw new Error(`${error.message}; listed: ${listed}\n${output}`, { cause: error });
  }
  return gateway;
}

async function list({ url }) {
  try {
    const response = await modern(url, 'tools/list');
    return (await response.json()).result?.tools.map((tool) => tool.name);
  } catch {
    return undefined;
  }
}

/** A raw 2026-07-28 request. */
export function modern(url, method, params = {}, { name, bearer = key, signal } = {}) {
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientCapabilities': {},
  };
  return fetch(url, {
    method: 'POST',
    signal,
    headers: {
      'Content-Type': 'application/json',
      Accept: 'application/json, text/event-stream',
      Authorization: `Bearer ${bearer}`,
      'MCP-Protocol-Version': '2026-07-28',
      'Mcp-Method': method,
      ...(name && { 'Mcp-Name': name }),
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: { ...params, _meta } }),
  });
}

export const pause = (ms) => new Promise((done) => setTimeout(done, ms));

/** Polls until the condition holds; an exception of it is final. */
export async function until(condition, within) {
  const deadline = Date.now() + within;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`not within ${within} ms`);
    await pause(100);
  }
}
