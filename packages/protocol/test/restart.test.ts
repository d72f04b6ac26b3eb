import { MessageType } from '@uftp/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type BlockMap, SectionState } from '../src/ports.ts';
import { BitmapBudget, ReceivedBlocks, Taken } from '../src/receiver/files/received-blocks.ts';
import { SectionMap } from '../src/sections.ts';
import { contentOf, joined, type ScriptedSender, type ShellUnderTest } from './scripted-sender.ts';
import { Actor, entry, Stage } from './sender/scripted-receivers.ts';

const BLOCK = 512;
/** Three sections of 2 or 3 thousand blocks. */
const CONTENT = contentOf(BLOCK * 9000 - 12);
const MAP = SectionMap.of(CONTENT.length, BLOCK) as SectionMap;

/** A first run in which section 0 comes whole and section 1 without `lost`; then the sender aborts. */
function firstRun(lost: readonly number[]): { shell: ShellUnderTest; sender: ScriptedSender; arrived: BlockMap } {
	const { shell, sender } = joined();
	shell.deliver(sender.fileInfo({ size: CONTENT.length }));
	for (const section of [0, 1]) {
		for (let i = 0; i < MAP.blocksIn(section); i++) {
			const datagram = sender.blockOf(1, CONTENT, section, i);
			if (section === 0 || !lost.includes(i)) shell.deliver(datagram);
		}
	}
	shell.deliver(sender.abort('Server quit, aborting all'));
	const [discarded] = shell.eventsOf('fileDiscarded');
	shell.clear();
	return { shell, sender, arrived: discarded.arrived! };
}

describe('a receiver of a session that is restarted', () => {
	it('hands out what has arrived, takes it back, says PARTIAL and asks for the rest only', () => {
		const { shell, sender, arrived } = firstRun([3, 2999]);
		expect([...arrived.sections]).toEqual([SectionState.Complete, SectionState.Partial, SectionState.Missing]);
		sender.groupInstance = 1;
		shell.decide = ({ groupInstance }) => {
			expect(groupInstance).toBe(1);
			return { kind: 'accept', status: 0, present: arrived };
		};
		shell.deliver(sender.announce({ ids: [0x0a630002] }));
		shell.deliver(sender.regConf());
		shell.deliver(sender.fileInfo({ size: CONTENT.length }));
		expect(shell.of('fileInfoAck')).toMatchObject([{ isPartial: true }]);
		expect(shell.eventsOf('fileStarted')[0].presentBlocks).toBe(MAP.blocksIn(0) + MAP.blocksIn(1) - 2);
		shell.deliver(sender.done(1, MAP.sections - 1));
		shell.advance(100);
		const statuses = shell.of('status').map(({ section, naks }) => [section, naks.length, naks[0]]);
		expect(statuses).toEqual([
			[1, 2, 3],
			[2, MAP.blocksIn(2), 0],
		]);
		for (const i of [3, 2999]) expect(shell.deliver(sender.blockOf(1, CONTENT, 1, i))).toBe(true);
		expect(shell.deliver(sender.blockOf(1, CONTENT, 0, 0))).toBe(false);
		for (let i = 0; i < MAP.blocksIn(2); i++) shell.deliver(sender.blockOf(1, CONTENT, 2, i));
		expect(shell.of('complete')).toMatchObject([{ fileId: 1, status: 0 }]);
	});

	it('starts afresh, without PARTIAL, when the blocks have another size', () => {
		const { shell, arrived } = firstRun([]);
		const other = joined({}, { blockBytes: 1024 });
		other.shell.decide = () => ({ kind: 'accept', status: 0, present: arrived });
		other.shell.deliver(other.sender.fileInfo({ size: CONTENT.length }));
		expect(other.shell.of('fileInfoAck')).toMatchObject([{ isPartial: false }]);
		expect(shell.node.sessionCount).toBe(0);
	});

	it('hands out nothing when nothing has come, and when the session completes', () => {
		const empty = joined();
		empty.shell.deliver(empty.sender.fileInfo({ size: CONTENT.length }));
		empty.shell.deliver(empty.sender.abort('enough'));
		expect(empty.shell.eventsOf('fileDiscarded')[0].arrived).toBeUndefined();

		const ended = joined();
		ended.shell.deliver(ended.sender.fileInfo({ size: CONTENT.length }));
		ended.shell.deliver(ended.sender.blockOf(1, CONTENT, 0, 0));
		ended.shell.deliver(ended.sender.done(0, 0));
		expect(ended.shell.eventsOf('fileDiscarded')[0].arrived).toBeUndefined();
	});
});

describe('a block ledger that is opened with what is there', () => {
	const map = SectionMap.of(BLOCK * 5000, BLOCK) as SectionMap;

	it('misses exactly what the earlier one missed, whatever had come', () => {
		fc.assert(
			fc.property(fc.array(fc.nat(map.blocks - 1), { maxLength: 300 }), fc.boolean(), (blocks, fillsFirst) => {
				const before = ReceivedBlocks.open(map, new BitmapBudget(1e6))!;
				const taken = new Set(blocks);
				if (fillsFirst) for (let i = 0; i < map.blocksIn(0); i++) taken.add(i);
				for (const block of taken) {
					const section = map.sectionOf(block);
					expect(before.take(section, block - map.firstBlock(section))).toBe(Taken.New);
				}
				const budget = new BitmapBudget(1e6);
				const after = ReceivedBlocks.open(map, budget, before.arrived())!;
				expect(after.missingBlocks).toBe(map.blocks - taken.size);
				for (const block of taken) {
					const section = map.sectionOf(block);
					expect(after.take(section, block - map.firstBlock(section))).toBe(Taken.Duplicate);
				}
				after.close();
				expect(budget.usedBytes).toBe(0);
			}),
			{ numRuns: 50 },
		);
	});

	it('believes no bitmap of the wrong length, and none that there is no memory for', () => {
		const sections = Uint8Array.of(SectionState.Partial, SectionState.Complete);
		const present = { size: map.size, blockBytes: BLOCK, sections, bitmaps: new Map([[0, new Uint8Array(3)]]) };
		const short = ReceivedBlocks.open(map, new BitmapBudget(1e6), present)!;
		expect(short.missingBlocks).toBe(map.blocksIn(0));
		const bitmap = new Uint8Array((map.blocksIn(0) >> 3) + 1).fill(1);
		const poor = ReceivedBlocks.open(map, new BitmapBudget(100), { ...present, bitmaps: new Map([[0, bitmap]]) })!;
		expect(poor.missingBlocks).toBe(map.blocksIn(0));
		expect(ReceivedBlocks.open(map, new BitmapBudget(1e6), { ...present, size: 1 })!.missingBlocks).toBe(map.blocks);
	});

	it('may have nothing left to wait for', () => {
		const whole = new Map([[0, new Uint8Array((map.blocksIn(0) >> 3) + 1)]]);
		const sections = Uint8Array.of(SectionState.Partial, SectionState.Complete);
		const ledger = ReceivedBlocks.open(map, new BitmapBudget(1e6), {
			size: map.size,
			blockBytes: BLOCK,
			sections,
			bitmaps: whole,
		})!;
		expect(ledger.missingBlocks).toBe(0);
		expect(ledger.isSectionComplete(0)).toBe(true);
	});
});

describe('a sender of a session that is restarted', () => {
	const ALICE = 0x0a000002;
	const BOB = 0x0a000003;
	const BLOCKS = 4;

	function opened(changes: object = {}) {
		const stage = new Stage({ groupInstance: 1, targets: [ALICE, BOB], ...changes }, [entry('a.bin', 1300 * BLOCKS)]);
		const alice = new Actor(stage, ALICE, '10.0.0.2');
		const bob = new Actor(stage, BOB, '10.0.0.3');
		stage.run(2);
		alice.register();
		bob.register();
		return { stage, alice, bob };
	}
	const blocksOf = (stage: Stage) => stage.of(MessageType.FILESEG).map((sent) => sent.message.block);

	it('says its instance in every message', () => {
		const { stage, alice, bob } = opened();
		alice.acknowledge(1, 2, true);
		bob.acknowledge(1);
		stage.run(5);
		expect(new Set(stage.sent.map((sent) => sent.header.groupInstance))).toEqual(new Set([1]));
	});

	it('starts with DONE when all have a part of the file, and sends what they lack', () => {
		const { stage, alice, bob } = opened({ limits: { passesMax: 1, nakPercentMax: 10 } });
		alice.acknowledge(1, 2, true);
		bob.acknowledge(1, 2, true);
		stage.run(1);
		expect(blocksOf(stage)).toEqual([]);
		expect(stage.of(MessageType.DONE)[0].message).toMatchObject({ fileId: 1, section: 0, ids: [ALICE, BOB] });
		alice.nak(1, 0, [2], BLOCKS);
		bob.nak(1, 0, [1, 2], BLOCKS);
		stage.run(40);
		expect(blocksOf(stage)).toEqual([1, 2]);
		alice.complete(1);
		bob.complete(1);
		expect(stage.kinds('fileEnded')[0].results.map((result) => result.outcome)).toEqual(['received', 'received']);
	});

	it('counts passes and losses from the first data on', () => {
		const { stage, alice, bob } = opened({ limits: { passesMax: 1 } });
		alice.acknowledge(1, 2, true);
		bob.acknowledge(1, 2, true);
		alice.complete(1);
		bob.nak(1, 0, [1, 2], BLOCKS);
		stage.run(40);
		bob.nak(1, 0, [2], BLOCKS);
		stage.run(40);
		expect(blocksOf(stage)).toEqual([1, 2]);
		expect(stage.kinds('receiverDropped')).toMatchObject([{ receiverId: BOB, reason: 'Max passes exceeded' }]);
	});

	it('sends everything as soon as one of them has nothing', () => {
		const { stage, alice, bob } = opened();
		alice.acknowledge(1, 2, true);
		bob.acknowledge(1);
		stage.run(5);
		expect(blocksOf(stage)).toEqual([0, 1, 2, 3]);
	});

	it('asks nobody who has the whole file', () => {
		const { stage, alice, bob } = opened();
		alice.complete(1);
		bob.acknowledge(1, 2, true);
		stage.run(1);
		expect(blocksOf(stage)).toEqual([]);
		expect(stage.of(MessageType.DONE)[0].message.ids).toEqual([BOB]);
	});
});
