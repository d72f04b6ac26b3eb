import { describe, expect, it } from 'vitest';
import { compareAggregation, WANTED_FACTOR } from '../src/aggregation.ts';
import type { Run } from '../src/run.ts';
import { run } from '../src/runner.ts';
import { QUIET_PATH, type Scenario, scenarioNamed } from '../src/scenario.ts';

const ROUGH = { ...QUIET_PATH, delayMs: 3, jitterMs: 3, loss: 0.04, lossBack: 0.05, duplicate: 0.02, reorder: 0.03 };

function outcomesOf(result: Run): Map<string, number> {
	const outcomes = new Map<string, number>();
	for (const { outcome } of result.sender.end?.results ?? []) outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
	return outcomes;
}

function runNamed(name: string, changes: Partial<Scenario> = {}): Run {
	return run(scenarioNamed(name, changes)!);
}

describe('response proxies under a virtual clock', () => {
	it('spare the sender nineteen of twenty answers of 1,000 receivers that lose 1 %', () => {
		const { direct, gathered, factor } = compareAggregation(1000, 10, 1, 1);
		for (const result of [direct, gathered]) {
			expect(result.violations).toEqual([]);
			expect(outcomesOf(result)).toEqual(new Map([['received', 1000]]));
		}
		expect(factor).toBeGreaterThan(WANTED_FACTOR);
	}, 120_000);

	it('deliver several files whatever is lost, doubled or reordered, in open and closed groups', () => {
		for (let seed = 1; seed <= 6; seed++) {
			const result = runNamed('gathered', {
				seed,
				receivers: 24,
				isClosed: seed % 2 === 0,
				fileBytes: [300_000, 0, 1, 500_001],
				path: { ...ROUGH, reorderMs: 15 },
				proxies: { kind: 'response', count: 3 },
			});
			expect(result.violations, `seed ${seed}`).toEqual([]);
			expect(outcomesOf(result), `seed ${seed}`).toEqual(new Map([['received', 24]]));
		}
	});

	it('may die in mid-session: their receivers go on through another one', () => {
		const result = runNamed('gathered', {
			receivers: 30,
			fileBytes: [20_000_000],
			proxies: { kind: 'response', count: 3, deaths: { 1: 1200 } },
		});
		expect(result.violations).toEqual([]);
		expect(outcomesOf(result)).toEqual(new Map([['received', 30]]));
	});

	it('may all die: their receivers then answer the sender itself', () => {
		const result = runNamed('gathered', {
			receivers: 20,
			fileBytes: [20_000_000],
			proxies: { kind: 'response', count: 2, deaths: { 0: 1200, 1: 1500 } },
		});
		expect(result.violations).toEqual([]);
		expect(outcomesOf(result)).toEqual(new Map([['received', 20]]));
	});

	it('that die unnoticed cost their own receivers the session, and nobody else', () => {
		const result = runNamed('gathered', {
			receivers: 30,
			fileBytes: [20_000_000],
			proxies: { kind: 'response', count: 3, deaths: { 2: 1200 }, noticedMs: 10_000_000 },
		});
		expect(result.sender.end).toBeDefined();
		expect(outcomesOf(result)).toEqual(
			new Map([
				['received', 20],
				['lost', 10],
			]),
		);
	});
});

describe('a server proxy and its sites under a virtual clock', () => {
	it('deliver to every receiver of twenty sites', () => {
		const result = runNamed('sites');
		expect(result.violations).toEqual([]);
		expect(outcomesOf(result)).toEqual(new Map([['received', 100]]));
	});

	it('deliver whatever is lost on either side of the proxies', () => {
		for (let seed = 1; seed <= 6; seed++) {
			const result = runNamed('sites', {
				seed,
				receivers: 20,
				isClosed: seed % 2 === 0,
				fileBytes: [300_000, 0, 1, 500_001],
				path: { ...ROUGH, reorderMs: 15 },
				proxies: { kind: 'client', count: 4 },
			});
			expect(result.violations, `seed ${seed}`).toEqual([]);
			expect(outcomesOf(result), `seed ${seed}`).toEqual(new Map([['received', 20]]));
		}
	});

	it('go on without a site whose proxy has died', () => {
		const result = runNamed('sites', {
			receivers: 20,
			fileBytes: [20_000_000],
			proxies: { kind: 'client', count: 4, deaths: { 3: 1200 } },
		});
		expect(result.sender.end).toBeDefined();
		expect(outcomesOf(result)).toEqual(
			new Map([
				['received', 15],
				['lost', 5],
			]),
		);
	});
});
