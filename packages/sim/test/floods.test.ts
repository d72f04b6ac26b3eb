import { selectBackend } from '@uftp/crypto/backends';
import type { Endpoint } from '@uftp/protocol';
import { encodeAnnounce, encodeRtt, HEADER_BYTES, MessageType, writeHeader } from '@uftp/wire';
import { describe, expect, it } from 'vitest';
import type { EventQueue } from '../src/event-queue.ts';
import { type Network, SENDER_LAN } from '../src/network.ts';
import { run } from '../src/runner.ts';
import { QUIET_PATH, type Scenario, scenarioNamed } from '../src/scenario.ts';
import { SENDER } from '../src/stage.ts';

const { backend } = selectBackend();
const PER_SECOND = 20_000;
const HOSTS = 200;
const GROUP: Endpoint = { host: '230.4.4.1', port: 1044 };

/** Hosts that announce ever new sessions from the start on, for `ms` milliseconds. */
function flood(ms: number) {
	return (queue: EventQueue, network: Network): void => {
		const hosts = Array.from({ length: HOSTS }, (_, i) => ({ host: `10.6.6.${i + 1}`, port: 5000 }));
		for (const { host } of hosts) network.attach(host, SENDER_LAN, QUIET_PATH, () => {});
		const bytes = new Uint8Array(200);
		const announce = {
			...{ sync: false, preview: false, family: 4 as const, robust: 50, ccType: 0, blockBytes: 1300, ids: [] },
			...{ timestamp: { seconds: 1, microseconds: 0 }, publicAddress: GROUP.host, privateAddress: '230.6.6.6' },
		};
		const length = HEADER_BYTES + encodeAnnounce(bytes, HEADER_BYTES, announce);
		for (let i = 0; i < (ms / 1000) * PER_SECOND; i++) {
			queue.at(i * (1000 / PER_SECOND), () => {
				const header = { sequence: 0, sourceId: 0x66000000 + i, groupId: 0x55000000 + i, groupInstance: 0 };
				writeHeader(bytes, 0, { ...header, func: MessageType.ANNOUNCE, grtt: encodeRtt(0.01), groupSize: 0 });
				network.relay(hosts[i % HOSTS], GROUP, bytes, 0, length);
			});
		}
	};
}

function lan(changes: Partial<Scenario>): Scenario {
	const scenario = scenarioNamed('lan', { receivers: 2, fileBytes: [4_000_000], ...changes });
	if (scenario === undefined) throw new Error('there is no such scenario');
	return scenario;
}

describe('receivers under a flood of 20,000 ANNOUNCEs a second', () => {
	it('serve a sender that stands in their list as fast as without it, to a tenth', () => {
		const receiverSecurity = () => ({
			...{ backend, random: (count: number) => new Uint8Array(count), keys: [], encryptedOnly: false },
			senders: [{ senderId: 0x0a000001, address: SENDER.host }],
		});
		const quiet = run(lan({ receiverSecurity }));
		expect(quiet.sender.end?.results.map(({ outcome }) => outcome)).toEqual(['received', 'received']);
		const flooded = run(lan({ receiverSecurity, strangers: flood(quiet.sessionMs) }));
		expect(flooded.sender.end?.results.map(({ outcome }) => outcome)).toEqual(['received', 'received']);
		expect(flooded.violations).toEqual([]);
		expect(flooded.sessionMs).toBeLessThan(quiet.sessionMs * 1.1);
		for (const { node } of flooded.receivers) {
			expect(node.counters['dropped.too-many-announces']).toBeGreaterThan(1000);
		}
	});
});
