import type { Endpoint } from '@uftp/protocol';
import { MessageType } from '@uftp/wire';
import { describe, expect, it } from 'vitest';
import { SENDER_LAN } from '../src/network.ts';
import { run } from '../src/runner.ts';
import { QUIET_PATH, scenarioNamed } from '../src/scenario.ts';

const FORGER: Endpoint = { host: '10.0.0.66', port: 40_000 };

describe('a simulated receiver', () => {
	it('takes blocks from its sender only: those that another host forges with the right ids spoil nothing', () => {
		let forged = 0;
		const scenario = scenarioNamed('lan', {
			fileBytes: [2_000_000],
			strangers: (_queue, network) => {
				network.attach(FORGER.host, SENDER_LAN, QUIET_PATH, (_from, bytes, at, length) => {
					if (bytes[at + 1] !== MessageType.FILESEG) return;
					// The next block of the section, with other bytes, before the sender comes to it.
					const copy = bytes.slice(at, at + length).fill(0x66, 24);
					copy[23] = (copy[23] + 1) & 0xff;
					forged++;
					network.relay(FORGER, { host: '230.5.5.1', port: 1044 }, copy, 0, copy.length);
				});
			},
		});
		if (scenario === undefined) throw new Error('there is no such scenario');
		const result = run(scenario);
		expect(forged).toBeGreaterThan(1000);
		expect(result.violations).toEqual([]);
		expect(result.sender.end?.results.map(({ outcome }) => outcome)).toEqual(['received', 'received', 'received']);
		for (const { node } of result.receivers) {
			expect(node.counters['dropped.wrong-address']).toBeGreaterThan(1000);
			expect(node.counters['blocksInvalid']).toBe(0);
		}
	});
});
