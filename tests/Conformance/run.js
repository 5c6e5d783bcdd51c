// npm test: all suites one after the other. With FAIRLEAD_QUICK set only those that start no gateway (test.sh --quick).
import { spawnSync } from 'node:child_process';

const quick = ['test/messages.test.js'];
const slow = ['scenarios', 'clients', 'desktop', 'matrix', 'traffic'].map((name) => `test/${name}.test.js`);
const files = process.env.FAIRLEAD_QUICK ? quick : [...quick, ...slow];
const { status } = spawnSync(process.execPath, ['--test', '--test-concurrency=1', ...files], { stdio: 'inherit' });
process.exit(status ?? 1);
