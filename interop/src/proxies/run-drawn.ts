import { drawScenario } from './drawn-scenario.ts';
import { Keyring } from './keyring.ts';
import { runProxyScenario } from './run-proxy-scenario.ts';

/**
 * Draws sessions through proxies from seeds and plays them: `npm run test:proxies:drawn [-- FIRST [LAST]]`. Where one
 * fails it is said whether the C programs alone, in all places, fail at it too.
 */
const [first = Date.now() % 1_000_000, last = first] = process.argv.slice(2).map(Number);
const onlyC = { sender: 'C', serverProxy: 'C', clientProxy: 'C', responseProxy: 'C', receiver: 'C' } as const;

const keyring = new Keyring();
let failed = 0;
for (let seed = first; seed <= last; seed++) {
	const { scenario, cast } = drawScenario(seed);
	const problems = await runProxyScenario(scenario, cast, keyring);
	console.log(`${problems.length === 0 ? 'ok    ' : 'FAILED'} ${scenario.name}`);
	if (problems.length === 0) continue;
	failed++;
	for (const problem of problems) console.log(problem.replace(/^/gm, '       '));
	if (scenario.way === 'one to many') continue;
	const [alone] = await runProxyScenario(scenario, onlyC, keyring);
	console.log(`       --- The C programs alone: ${alone ?? 'all is well'}`);
}
keyring.close();
process.exit(failed === 0 ? 0 : 1);
