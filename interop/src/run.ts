import { parseArgs } from 'node:util';
import type { Maker } from './programs.ts';
import { hostsOf, type Pair, runScenario } from './scenario.ts';
import { scenarios } from './scenarios.ts';
import { createTopology } from './topology.ts';

/**
 * Runs scenarios one after the other from a shell, for whoever looks into one of them:
 * `bun interop/src/run.ts [WORDS OF THE NAME] [--pair ours:C] [--times N]`.
 */
const { values, positionals } = parseArgs({
	allowPositionals: true,
	options: { pair: { type: 'string' }, times: { type: 'string', default: '1' }, list: { type: 'boolean' } },
});

const wanted = positionals.join(' ').toLowerCase();
let failed = 0;
let passed = 0;
for (const scenario of scenarios.filter(({ name }) => name.toLowerCase().includes(wanted))) {
	const pairs = values.pair === undefined ? scenario.pairs : [pairOf(values.pair)];
	for (const pair of pairs) {
		for (let time = 0; time < Number(values.times); time++) await run(scenario, pair);
	}
}
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);

async function run(scenario: (typeof scenarios)[number], pair: Pair): Promise<void> {
	const title = `${pair.sender} -> ${pair.receiver}: ${scenario.name}`;
	if (values.list === true) {
		console.log(title);
		return;
	}
	const topology = await createTopology({ hosts: hostsOf(scenario) });
	try {
		const startedMs = performance.now();
		const problems = await runScenario(topology, scenario, pair);
		const seconds = ((performance.now() - startedMs) / 1000).toFixed(2);
		console.log(`${problems.length === 0 ? 'ok    ' : 'FAILED'} ${seconds.padStart(6)} s  ${title}`);
		for (const problem of problems) console.log(problem.replace(/^/gm, '       '));
		if (problems.length === 0) passed++;
		else failed++;
	} finally {
		topology.close();
	}
}

function pairOf(text: string): Pair {
	const [sender, receiver] = text.split(':').map((maker): Maker => (maker.toLowerCase() === 'c' ? 'C' : 'ours'));
	return { sender: sender ?? 'ours', receiver: receiver ?? 'ours' };
}
