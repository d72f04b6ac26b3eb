import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SectionMap } from '../src/sections.ts';
import { contentOf, joined, type ScriptedSender, type ShellUnderTest } from './scripted-sender.ts';

const BLOCK = 512;
/** Blocks of a section are at most 4096 at this block size: three sections of 2,000 (the last one 1,999 and a bit). */
const SIZE = BLOCK * 9000 - 12;
const CONTENT = contentOf(SIZE);
const MAP = SectionMap.of(SIZE, BLOCK) as SectionMap;
const GRTT_ON_WIRE_MS = 10.53;

function describedFile(): { shell: ShellUnderTest; sender: ScriptedSender } {
	const both = joined();
	both.shell.deliver(both.sender.fileInfo({ size: SIZE }));
	both.shell.clear();
	return both;
}

/** Sends a section without the blocks in `lost` (which take their sequence numbers with them). */
function sendSection(
	shell: ShellUnderTest,
	sender: ScriptedSender,
	section: number,
	lost: readonly number[] = [],
): void {
	for (let i = 0; i < MAP.blocksIn(section); i++) {
		const datagram = sender.blockOf(1, CONTENT, section, i);
		if (!lost.includes(i)) shell.deliver(datagram);
	}
}

describe('a receiver that misses blocks', () => {
	it('reports a section within one GRTT after the next one has begun, lowest bit first, one byte spare', () => {
		expect([MAP.sections, MAP.blocksIn(0)]).toEqual([3, 3000]);
		const { shell, sender } = describedFile();
		sendSection(shell, sender, 0, [0, 17, 2999]);
		shell.advance(1000);
		expect(shell.answers).toEqual([]);
		const begun = shell.now;
		shell.deliver(sender.blockOf(1, CONTENT, 1, 0));
		shell.advance(100);
		expect(shell.of('status')).toMatchObject([
			{ fileId: 1, section: 0, naks: [0, 17, 2999], bitmapBytes: 3000 / 8 + 1 },
		]);
		const heldMs = shell.of('status')[0].at - begun;
		expect(heldMs).toBeGreaterThan(0.2 * GRTT_ON_WIRE_MS);
		expect(heldMs).toBeLessThanOrEqual(GRTT_ON_WIRE_MS);
		shell.clear();
		sendSection(shell, sender, 1, [0]);
		shell.advance(100);
		expect(shell.answers).toEqual([]);
	});

	it('reports a section of which nothing came', () => {
		const { shell, sender } = describedFile();
		shell.deliver(sender.blockOf(1, CONTENT, 2, 5));
		shell.advance(100);
		const statuses = shell.of('status');
		expect(statuses.map((status) => [status.section, status.naks.length])).toEqual([
			[0, 3000],
			[1, 3000],
		]);
	});

	it('does not report a block that came late, within the hold-off', () => {
		const { shell, sender } = describedFile();
		sendSection(shell, sender, 0, [5, 6]);
		const late = [sender.blockOf(1, CONTENT, 0, 5), sender.blockOf(1, CONTENT, 0, 6)];
		shell.deliver(sender.blockOf(1, CONTENT, 1, 0));
		for (const datagram of late) expect(shell.deliver(datagram)).toBe(true);
		shell.advance(100);
		expect(shell.answers).toEqual([]);
	});

	it('reports the last section after a DONE, listed or not, once if not', () => {
		for (const ids of [undefined, []]) {
			const { shell, sender } = describedFile();
			sendSection(shell, sender, 0);
			sendSection(shell, sender, 1, [1]);
			sendSection(shell, sender, 2, [2]);
			shell.advance(100);
			expect(shell.of('status').map(({ section, naks }) => [section, naks])).toEqual([[1, [1]]]);
			shell.clear();
			shell.deliver(sender.done(1, 2, ids));
			shell.advance(100);
			const later = shell.of('status').map(({ section, naks }) => [section, naks]);
			// Listed: the sender knows of nothing missing here, so everything is said again.
			expect(later).toEqual(
				ids === undefined
					? [
							[1, [1]],
							[2, [2]],
						]
					: [[2, [2]]],
			);
			shell.clear();
			shell.deliver(sender.done(1, 2, []));
			shell.advance(100);
			expect(shell.answers).toEqual([]);
		}
	});

	it('reports what a repair pass lost as soon as the pass has gone past it', () => {
		const { shell, sender } = describedFile();
		sendSection(shell, sender, 0, [1, 2]);
		sendSection(shell, sender, 1);
		sendSection(shell, sender, 2, [3]);
		shell.deliver(sender.done(1, 2, []));
		shell.advance(100);
		shell.clear();
		shell.deliver(sender.blockOf(1, CONTENT, 0, 1));
		sender.blockOf(1, CONTENT, 0, 2);
		shell.deliver(sender.blockOf(1, CONTENT, 2, 3));
		shell.advance(100);
		expect(shell.of('status').map(({ section, naks }) => [section, naks])).toEqual([[0, [2]]]);
	});

	it('reports nothing twice when the sender makes a detour with repairs and goes on', () => {
		const { shell, sender } = describedFile();
		sendSection(shell, sender, 0, [1, 2]);
		sendSection(shell, sender, 1, [3]);
		for (let i = 0; i < 100; i++) shell.deliver(sender.blockOf(1, CONTENT, 2, i));
		shell.advance(100);
		expect(shell.of('status').map(({ section, naks }) => [section, naks])).toEqual([
			[0, [1, 2]],
			[1, [3]],
		]);
		shell.clear();
		for (const [section, i] of [
			[0, 1],
			[0, 2],
			[1, 3],
		])
			shell.deliver(sender.blockOf(1, CONTENT, section, i));
		for (let i = 100; i < 200; i++) shell.deliver(sender.blockOf(1, CONTENT, 2, i));
		shell.advance(100);
		expect(shell.answers).toEqual([]);
	});

	it('is not confused by late blocks of an earlier section', () => {
		const { shell, sender } = describedFile();
		const late = sender.blockOf(1, CONTENT, 0, 0);
		sendSection(shell, sender, 0, [9]);
		sendSection(shell, sender, 1, [8]);
		shell.deliver(sender.blockOf(1, CONTENT, 2, 0));
		shell.advance(100);
		shell.clear();
		// Within the window of lateness: not the beginning of a new pass, so nothing is reported twice.
		const next = sender.sequence;
		shell.deliver(late);
		sender.sequence = (next - 3) & 0xffff;
		shell.deliver(sender.blockOf(1, CONTENT, 1, 100));
		sender.sequence = next;
		shell.deliver(sender.blockOf(1, CONTENT, 2, 1));
		shell.advance(100);
		expect(shell.of('status')).toEqual([]);
	});

	it('takes every block after a gap of any length in the sequence', () => {
		const { shell, sender } = describedFile();
		for (const gap of [0, 1, 16_383, 16_385, 32_767, 32_768, 40_000, 65_535]) {
			sender.sequence = (sender.sequence + gap) & 0xffff;
			expect(shell.deliver(sender.blockOf(1, CONTENT, 0, gap % 3000))).toBe(true);
		}
	});

	it('counts duplicates and writes them only once', () => {
		const { shell, sender } = describedFile();
		expect(shell.deliver(sender.blockOf(1, CONTENT, 0, 4))).toBe(true);
		expect(shell.deliver(sender.blockOf(1, CONTENT, 0, 4))).toBe(false);
		expect(shell.node.counters).toMatchObject({ blocksNew: 1, blocksDuplicate: 1 });
	});

	it('says nothing while blocks are missing and the sender is silent', () => {
		const { shell, sender } = describedFile();
		shell.deliver(sender.blockOf(1, CONTENT, 0, 4));
		shell.advance(29_000);
		expect([shell.answers, shell.events]).toEqual([[], []]);
	});

	it('spreads a long report over rounds of bounded size', () => {
		const blockBytes = 512;
		const size = 4096 * 512 * 1000;
		const { shell, sender } = joined({}, { blockBytes });
		sender.groupSize = 0x1b; // about 1,000 receivers
		shell.deliver(sender.fileInfo({ size }));
		const map = SectionMap.of(size, blockBytes) as SectionMap;
		shell.deliver(sender.done(1, map.sections - 1));
		shell.advance(11);
		const firstRound = shell.of('status').length;
		expect(firstRound).toBeGreaterThanOrEqual(8);
		expect(firstRound).toBeLessThanOrEqual(16);
		shell.advance(11 * map.sections);
		expect(new Set(shell.of('status').map((status) => status.section)).size).toBe(map.sections);
		expect(shell.of('status').length).toBe(map.sections);
	});

	it('answers at another time than its neighbours', () => {
		const times = new Set<number>();
		for (let id = 1; id <= 10; id++) {
			const { shell, sender } = joined({ instance: [id * 7919, id] });
			shell.deliver(sender.fileInfo({ size: 5000 }));
			shell.deliver(sender.done(1, 0));
			shell.advance(100);
			times.add(shell.of('status')[0].at);
		}
		expect(times.size).toBe(10);
	});

	it('gets every file whole, whatever is lost, doubled or reordered on the way', () => {
		fc.assert(
			fc.property(fc.infiniteStream(fc.nat(99)), fc.integer({ min: 1, max: 60_000 }), (dice, size) => {
				const content = contentOf(size);
				const { shell, sender } = joined();
				const roll = () => dice.next().value as number;
				shell.deliver(sender.fileInfo({ size }));
				const map = SectionMap.of(size, 512) as SectionMap;
				let wanted = Array.from({ length: map.blocks }, (_, i) => i);
				for (let pass = 0; wanted.length > 0; pass++) {
					expect(pass).toBeLessThan(200);
					const held: Uint8Array[] = [];
					for (const i of wanted) {
						const datagram = sender.blockOf(1, content, map.sectionOf(i), i - map.firstBlock(map.sectionOf(i)));
						const luck = roll();
						if (luck < 20) continue;
						if (luck < 40) held.push(datagram);
						else shell.deliver(datagram);
						if (luck > 90) shell.deliver(datagram);
					}
					for (const datagram of held.reverse()) shell.deliver(datagram);
					shell.clear();
					shell.deliver(sender.done(1, map.sections - 1));
					shell.advance(30);
					if (shell.of('complete').length > 0) break;
					wanted = shell.of('status').flatMap((status) => status.naks.map((i) => map.blockIndex(status.section, i)));
				}
				expect([...shell.contents.values()]).toEqual([content]);
				expect(shell.of('complete').every((complete) => complete.fileId === 1)).toBe(true);
			}),
			{ numRuns: 50 },
		);
	});
});
