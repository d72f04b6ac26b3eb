import { describe, expect, it } from 'vitest';
import { run } from '../src/runner.ts';
import { type Scenario, scenarioNamed } from '../src/scenario.ts';
import { receiverId } from '../src/stage.ts';

const FILE_BYTES = 20_000_000;
/** At 12.5 MB/s, behind the registration: when about 60 % of the file are there. */
const SIXTY_PERCENT_MS = 1000;

function scenario(changes: Partial<Scenario>): Scenario {
	return scenarioNamed('lan', { fileBytes: [100_000, FILE_BYTES], ...changes })!;
}

/** Bytes that stand in the files' blocks of `receiver` before the second run, as a share of the large file. */
function arrivedShare(result: ReturnType<typeof run>, receiver: number): number {
	const discarded = result.receivers[receiver].events.find((event) => event.kind === 'fileDiscarded');
	const arrived = discarded?.kind === 'fileDiscarded' ? discarded.arrived : undefined;
	const started = result.receivers[receiver].events.findLast((event) => event.kind === 'fileStarted');
	expect(arrived).toBeDefined();
	return started?.kind === 'fileStarted' ? ((started.presentBlocks ?? 0) * 1300) / FILE_BYTES : 0;
}

describe('a session that is restarted', () => {
	it('sends only what a receiver lacks that was lost at 60 %, and only to that one', () => {
		const cuts = { 1: [{ fromMs: SIXTY_PERCENT_MS, toMs: 40_000 }] };
		const result = run(scenario({ cuts, restart: { afterMs: 15_000 } }));
		expect(result.violations).toEqual([]);
		expect(result.sender.end?.results.map((entry) => entry.outcome)).toEqual(['received', 'lost', 'received']);
		const again = result.again!;
		expect(again.sender.end?.results).toMatchObject([{ receiverId: receiverId(1), outcome: 'received' }]);
		const share = arrivedShare(result, 1);
		expect(share).toBeGreaterThan(0.5);
		expect(share).toBeLessThan(0.7);
		const missing = (1 - share) * FILE_BYTES;
		expect(again.forwardBytes).toBeGreaterThan(missing);
		// Headers are 4 %; everything else is a few messages.
		expect(again.forwardBytes).toBeLessThan(1.045 * missing + 10_000);
	});

	it('replaces the first run at receivers that have not noticed its end', () => {
		const cut = [{ fromMs: SIXTY_PERCENT_MS, toMs: 2000 }];
		const cuts = { 0: cut, 1: cut, 2: cut };
		const result = run(scenario({ cuts, restart: { afterMs: 1500, interruptAtMs: SIXTY_PERCENT_MS + 1 } }));
		expect(result.violations).toEqual([]);
		const again = result.again!;
		expect(again.sender.end?.results.map((entry) => entry.outcome)).toEqual(['received', 'received', 'received']);
		const missing = (1 - arrivedShare(result, 0)) * FILE_BYTES;
		expect(again.forwardBytes).toBeLessThan(1.045 * missing + 10_000);
	});

	it('sends the union of what its receivers lack, under loss too', () => {
		const base = scenario({});
		const result = run({
			...base,
			path: { ...base.path, loss: 0.02, lossBack: 0.02 },
			cuts: { 0: [{ fromMs: 600, toMs: 40_000 }], 2: [{ fromMs: SIXTY_PERCENT_MS, toMs: 40_000 }] },
			restart: { afterMs: 15_000 },
		});
		expect(result.violations).toEqual([]);
		const again = result.again!;
		expect(again.sender.end?.results.map((entry) => entry.outcome)).toEqual(['received', 'received']);
		const missing = (1 - arrivedShare(result, 0)) * FILE_BYTES;
		expect(again.forwardBytes).toBeLessThan(1.2 * missing);
	});

	it('sends everything as soon as one of its receivers has nothing', () => {
		const cuts = { 1: [{ fromMs: SIXTY_PERCENT_MS, toMs: 40_000 }], 2: [{ fromMs: 0, toMs: 40_000 }] };
		const result = run(scenario({ cuts, restart: { afterMs: 15_000 } }));
		expect(result.violations).toEqual([]);
		const again = result.again!;
		expect(again.sender.end?.results.map((entry) => entry.outcome)).toEqual(['received', 'received']);
		expect(again.forwardBytes).toBeGreaterThan(FILE_BYTES);
		expect(again.forwardBytes).toBeLessThan(1.05 * FILE_BYTES + 150_000);
	});
});
