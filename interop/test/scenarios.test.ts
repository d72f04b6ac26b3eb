import { describe, expect, it } from 'vitest';
import {
	createTopology,
	hostsOf,
	missingPeers,
	type Pair,
	runScenario,
	type Scenario,
	scenarios,
} from '../src/index.ts';

const complete = process.env['UFTP_TEST_INTEROP'] === 'all';
const leftOut = process.env['UFTP_TEST_WITHOUT_PEERS'] === '1';
const sentence = leftOut ? undefined : missingPeers();
const withC = !leftOut && sentence === undefined;
/** Beyond what the programs of a row get themselves: building the network, making the files, comparing them. */
const marginMs = 20_000;

interface Row {
	readonly title: string;
	readonly scenario: Scenario;
	readonly pair: Pair;
}

const rows: Row[] = scenarios
	.filter((scenario) => complete || scenario.run === 'default')
	.flatMap((scenario) =>
		scenario.pairs
			.filter((pair) => withC || (pair.sender === 'ours' && pair.receiver === 'ours'))
			.map((pair) => ({ title: `${pair.sender} to ${pair.receiver}: ${scenario.name}`, scenario, pair })),
	);

describe('the programs of the Debian package uftp', () => {
	it('are on this machine, or were left out on purpose', () => {
		expect(sentence).toBeUndefined();
	});
});

// Most of a session is waiting, so several run side by side, each in a network of its own.
describe.concurrent('sessions between our programs and the C ones', () => {
	for (const { title, scenario, pair } of rows) {
		it(title, { timeout: 2000 * (scenario.timeoutSeconds ?? 40) + marginMs }, async ({ expect: expectHere }) => {
			const topology = await createTopology({ hosts: hostsOf(scenario) });
			try {
				const problems = await runScenario(topology, scenario, pair);
				expectHere(problems.join('\n')).toBe('');
			} finally {
				topology.close();
			}
		});
	}
});
