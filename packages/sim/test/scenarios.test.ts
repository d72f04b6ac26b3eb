import { describe, expect, it } from 'vitest';
import { run } from '../src/runner.ts';
import { scenarioNamed } from '../src/scenario.ts';

const outcomes = (result: ReturnType<typeof run>) => new Set(result.sender.end?.results.map((entry) => entry.outcome));

describe('sessions under a virtual clock', () => {
	it.each(['lan', 'lossy', 'chaos', 'outage', 'satellite'])('deliver every file in the scenario %s', (name) => {
		const result = run(scenarioNamed(name)!);
		expect(result.violations).toEqual([]);
		expect(outcomes(result)).toEqual(new Set(['received']));
	});

	it('reach 1,000 receivers that each lose 1 % in both directions', () => {
		const result = run(scenarioNamed('thousand')!);
		expect(result.violations).toEqual([]);
		expect(result.sender.end?.results.filter((entry) => entry.outcome === 'received')).toHaveLength(1000);
	});

	it('fill 90 % of a satellite link of 10 Mbit/s, 600 ms round trip and 1 % loss', () => {
		const result = run(scenarioNamed('satellite', { fileBytes: [250_000_000], receivers: 1 })!);
		expect(result.violations).toEqual([]);
		expect(result.goodputBytesPerSecond * 8).toBeGreaterThan(9e6);
	});

	it('keep every invariant under chaos, whatever the seed', () => {
		for (let seed = 1000; seed < 1040; seed++) {
			const result = run(scenarioNamed('chaos', { seed })!);
			expect(result.violations, `npm run sim -- chaos --seed ${seed}`).toEqual([]);
			expect(outcomes(result), `npm run sim -- chaos --seed ${seed}`).toEqual(new Set(['received']));
		}
	});

	it('go on without a receiver that is cut off, and bring it afterwards what it missed', () => {
		const cuts = { 1: [{ fromMs: 300, toMs: 12_000 }] };
		const result = run(scenarioNamed('lan', { fileBytes: [8_000_000, 300_000, 0, 5_000_000], cuts })!);
		expect(result.violations).toEqual([]);
		expect(outcomes(result)).toEqual(new Set(['received']));
		const others = result.receivers[0].events.find((event) => event.kind === 'sessionEnded');
		expect(others).toBeDefined();
		const ended = result.sender.events.filter((event) => event.kind === 'fileCompletedBy');
		const late = ended.filter((event) => event.result.receiverId === result.sender.end!.results[1].receiverId);
		expect(late).toHaveLength(4);
	});

	it('lose a receiver that stays away longer than the grace, and only that one', () => {
		const cuts = { 2: [{ fromMs: 300, toMs: 500_000 }] };
		const result = run(scenarioNamed('lan', { fileBytes: [8_000_000, 300_000], cuts })!);
		expect(result.violations).toEqual([]);
		expect(result.sender.end?.results.map((entry) => entry.outcome)).toEqual(['received', 'received', 'lost']);
		expect(result.sessionMs).toBeLessThan(45_000);
	});

	it('replay to the same packet from the same seed', () => {
		const [first, second] = [run(scenarioNamed('chaos', { seed: 7 })!), run(scenarioNamed('chaos', { seed: 7 })!)];
		expect(second.network).toEqual(first.network);
		expect(second.sessionMs).toBe(first.sessionMs);
	});

	it('survive a sender that is cut off from everybody for 20 s', () => {
		const scenario = scenarioNamed('lan', { fileBytes: [8_000_000] })!;
		const path = { ...scenario.path, cuts: [{ fromMs: 200, toMs: 20_200 }] };
		const result = run({ ...scenario, path });
		expect(result.violations).toEqual([]);
		expect(outcomes(result)).toEqual(new Set(['received']));
	});
});
