import { CipherType, HashType, KeyExchange } from '@uftp/crypto';
import { openBackend } from '@uftp/crypto/backends';
import { describe, expect, it } from 'vitest';
import type { Run } from '../src/run.ts';
import { run } from '../src/runner.ts';
import { QUIET_PATH, type Scenario, scenarioNamed } from '../src/scenario.ts';
import { secured, suiteOf } from './secured.ts';

const MBIT = 125_000;

const bottleneck = (changes: Partial<Scenario>) => scenarioNamed('bottleneck', changes)!;

/** The mean rate that the uplink carried from one second to another, in Mbit/s. */
function mbits({ network }: Run, from: number, to: number): number {
	const bytes = network.series.slice(from * 10, to * 10).reduce((sum, each) => sum + (each ?? 0), 0);
	return bytes / (to - from) / MBIT;
}

function outcomes(result: Run): Set<string> {
	return new Set(result.sender.end?.results.map(({ outcome }) => outcome));
}

describe('a congestion-controlled session under a virtual clock', () => {
	it('follows a bottleneck from 20 to 5 and back to 20 Mbit/s within ten seconds', () => {
		const result = run(bottleneck({}));
		expect(result.violations).toEqual([]);
		expect(outcomes(result)).toEqual(new Set(['received']));
		expect(mbits(result, 10, 20)).toBeGreaterThan(15);
		expect(mbits(result, 24, 40)).toBeGreaterThan(3);
		expect(mbits(result, 24, 40)).toBeLessThanOrEqual(5.1);
		expect(mbits(result, 45, 55)).toBeGreaterThan(15);
	});

	it('slows down for marks before anything is dropped', () => {
		const uplink = { rateBytesPerSecond: 20 * MBIT, queueBytes: 150_000 };
		const path = { ...QUIET_PATH, delayMs: 10 };
		const fileBytes = [40_000_000];
		const marked = run(bottleneck({ path, fileBytes, uplink: { ...uplink, markBytes: 20_000 } }));
		const unmarked = run(bottleneck({ path, fileBytes, uplink }));
		expect(marked.violations).toEqual([]);
		expect(outcomes(marked)).toEqual(new Set(['received']));
		expect(marked.network.marked).toBeGreaterThan(0);
		// Slow start overshoots before the first mark has come back.
		expect(marked.network.queueDrops).toBeLessThan(unmarked.network.queueDrops / 4);
		expect(mbits(marked, 5, 15)).toBeGreaterThan(8);
	});

	it('goes as fast as the receiver that loses most stands, whoever else there is', () => {
		const changes = { path: { ...QUIET_PATH, delayMs: 20 }, fileBytes: [4_000_000], receivers: 5 };
		const uplink = { rateBytesPerSecond: 20 * MBIT, queueBytes: 100_000 };
		const rate = (losses: Record<number, number>) => {
			const result = run(bottleneck({ ...changes, uplink, losses }));
			expect(result.violations).toEqual([]);
			expect(outcomes(result)).toEqual(new Set(['received']));
			return result.goodputBytesPerSecond;
		};
		const quiet = rate({});
		const some = rate({ 1: 0.002, 2: 0.01 });
		const many = rate({ 1: 0.002, 2: 0.01, 3: 0.05 });
		expect(some).toBeLessThan(0.7 * quiet);
		expect(many).toBeLessThan(0.7 * some);
	});

	it('keeps the answers of 300 receivers few', () => {
		const result = run(bottleneck({ receivers: 300, fileBytes: [5_000_000], path: { ...QUIET_PATH, delayMs: 10 } }));
		expect(result.violations).toEqual([]);
		expect(outcomes(result)).toEqual(new Set(['received']));
	});

	it('delivers many small files, a cut-off receiver and a lossy, reordering path', () => {
		const fileBytes = [0, 1, 1300, 400_000, 5000, 1_000_000];
		const path = { ...QUIET_PATH, delayMs: 5, jitterMs: 3, loss: 0.03, lossBack: 0.1, reorder: 0.02, reorderMs: 5 };
		const cuts = { 1: [{ fromMs: 1000, toMs: 4000 }] };
		for (const seed of [1, 2, 3]) {
			const result = run(bottleneck({ fileBytes, path, cuts, seed }));
			expect(result.violations).toEqual([]);
			expect(outcomes(result)).toEqual(new Set(['received']));
		}
	});

	it('seals reports and rounds in an encrypted session', () => {
		const opened = openBackend('libcrypto');
		if (typeof opened === 'string') throw new Error(opened);
		const suite = suiteOf(KeyExchange.ECDH_ECDSA, CipherType.AES256_GCM, HashType.SHA256);
		const security = secured(opened.backend, { suite, clientAuth: true });
		const result = run(bottleneck({ security, fileBytes: [4_000_000] }));
		expect(result.violations).toEqual([]);
		expect(outcomes(result)).toEqual(new Set(['received']));
		expect([...result.clearFunctions].filter((name) => name.startsWith('C'))).toEqual(['CLIENT_KEY']);
		expect(mbits(result, 1, 2)).toBeGreaterThan(8);
	});

	it('stays within its bounds whatever is lost', () => {
		const least = 4 * MBIT;
		const most = 6 * MBIT;
		const congestion = { kind: 'tfmcc', minBytesPerSecond: least, maxBytesPerSecond: most } as const;
		const path = { ...QUIET_PATH, delayMs: 20 };
		const fileBytes = [10_000_000];
		const lossy = run(bottleneck({ congestion, fileBytes, path: { ...path, loss: 0.1 } }));
		expect(outcomes(lossy)).toEqual(new Set(['received']));
		expect(mbits(lossy, 2, 12)).toBeGreaterThan(3.8);
		const free = run(bottleneck({ congestion, fileBytes, path }));
		expect(mbits(free, 2, 10)).toBeGreaterThan(5.5);
		expect(mbits(free, 2, 10)).toBeLessThan(6.3);
	});
});
