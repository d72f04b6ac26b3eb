import { parseArgs } from 'node:util';
import { castTitle, response, responseParts, tunnel } from './cast.ts';
import { Keyring } from './keyring.ts';
import { partsOf } from './proxy-scenario.ts';
import { impossibleProxies, proxyScenarios } from './proxy-scenarios.ts';
import { runProxyScenario } from './run-proxy-scenario.ts';

/**
 * Runs sessions through proxies from a shell, for whoever looks into one of them:
 * `bun interop/src/proxies/run.ts [WORDS OF THE NAME] [--cast CooC [--any]] [--default] [--times N] [--list] [--logs]`.
 * A cast is one letter (C or o) for the sender, the server proxy, the client proxy and the receivers, or for the sender,
 * the response proxy and the receivers; `--any` plays it also where the table does not have it.
 */
const { values, positionals } = parseArgs({
	allowPositionals: true,
	options: {
		cast: { type: 'string' },
		any: { type: 'boolean' },
		default: { type: 'boolean' },
		times: { type: 'string', default: '1' },
		list: { type: 'boolean' },
	},
});

const wanted = positionals.join(' ').toLowerCase();
const keyring = new Keyring();
const letters = values.cast;
const tally = { passed: 0, failed: 0 };
for (const scenario of proxyScenarios) {
	if (!scenario.name.toLowerCase().includes(wanted)) continue;
	const parts = partsOf(scenario);
	if (letters !== undefined && letters.length !== parts.length) continue;
	const asked = parts === responseParts ? response : tunnel;
	const all = values.default === true ? scenario.casts : [...scenario.casts, ...(scenario.more ?? [])];
	const titles = new Set(letters === undefined ? [] : asked(letters).map((cast) => castTitle(cast, parts)));
	const listed = letters === undefined ? all : all.filter((cast) => titles.has(castTitle(cast, parts)));
	const casts = letters !== undefined && values.any === true ? asked(letters) : listed;
	for (const cast of casts) {
		const title = `${castTitle(cast, parts)}: ${scenario.name}`;
		for (let time = 0; time < Number(values.times); time++) {
			if (values.list === true) console.log(title);
			else await run(title, () => runProxyScenario(scenario, cast, keyring));
		}
	}
}
if (values.list === true) for (const { what, why } of impossibleProxies) console.log(`not: ${what}: ${why}`);
keyring.close();
console.log(`${tally.passed} passed, ${tally.failed} failed`);
process.exit(tally.failed === 0 ? 0 : 1);

async function run(title: string, play: () => Promise<string[]>): Promise<void> {
	const startedMs = performance.now();
	const problems = await play();
	const seconds = ((performance.now() - startedMs) / 1000).toFixed(2).padStart(6);
	console.log(`${problems.length === 0 ? 'ok    ' : 'FAILED'} ${seconds} s  ${title}`);
	for (const problem of problems) console.log(problem.replace(/^/gm, '       '));
	if (problems.length === 0) tally.passed++;
	else tally.failed++;
}
