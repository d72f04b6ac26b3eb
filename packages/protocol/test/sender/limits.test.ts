import { MessageType } from '@uftp/wire';
import { describe, expect, it } from 'vitest';
import type { SenderConfig } from '../../src/index.ts';
import { Actor, entry, Stage } from './scripted-receivers.ts';

const ALICE = 0x0a000002;
const BOB = 0x0a000003;
const BLOCKS = 20;

function sending(changes: Partial<SenderConfig>) {
	const stage = new Stage({ targets: [ALICE, BOB], ...changes }, [entry('a.bin', 1300 * BLOCKS), entry('b.bin', 100)]);
	const alice = new Actor(stage, ALICE, '10.0.0.2');
	const bob = new Actor(stage, BOB, '10.0.0.3');
	stage.run(2);
	for (const actor of [alice, bob]) actor.register();
	for (const actor of [alice, bob]) actor.acknowledge(1);
	stage.run(10);
	return { stage, alice, bob };
}

describe('the limits of a transfer', () => {
	it('abort whoever lacks something after the last pass, and go on for the others', () => {
		const { stage, alice, bob } = sending({ limits: { passesMax: 2 } });
		alice.complete(1);
		bob.nak(1, 0, [3], BLOCKS);
		stage.run(50);
		expect(stage.kinds('passStarted').map((event) => event.pass)).toEqual([1, 2]);
		bob.nak(1, 0, [3], BLOCKS);
		stage.run(50);
		expect(stage.kinds('receiverDropped')).toMatchObject([{ receiverId: BOB, reason: 'Max passes exceeded' }]);
		const aborts = stage
			.of(MessageType.ABORT)
			.map(({ message, destination }) => [message.host, message.message, destination.host]);
		expect(aborts).toEqual([[BOB, 'Max passes exceeded', '230.5.5.5']]);
		expect(stage.kinds('fileEnded')[0].results.map(({ outcome }) => outcome)).toEqual(['received', 'aborted']);
		expect(stage.of(MessageType.FILEINFO).at(-1)!.message).toMatchObject({ fileId: 2, ids: [ALICE] });
	});

	it('end the session as "all lost" when nobody is left after the last pass', () => {
		const { stage, alice, bob } = sending({ limits: { passesMax: 1 } });
		for (const actor of [alice, bob]) actor.nak(1, 0, [3], BLOCKS);
		stage.run(50);
		expect(stage.session.end?.failure?.code).toBe('allLost');
		expect(stage.of(MessageType.FILESEG)).toHaveLength(BLOCKS);
	});

	it('abort a receiver whose share of missing blocks is above the limit for the given time', () => {
		const { stage, alice, bob } = sending({ limits: { nakPercentMax: 10, nakExcessesMax: 2 } });
		alice.nak(1, 0, [1, 2], BLOCKS);
		bob.nak(1, 0, [1, 2, 3], BLOCKS);
		expect(stage.kinds('receiverDropped')).toEqual([]);
		stage.run(50);
		alice.nak(1, 0, [1, 2], BLOCKS);
		bob.nak(1, 0, [1, 2, 3], BLOCKS);
		expect(stage.kinds('receiverDropped')).toMatchObject([{ receiverId: BOB, reason: 'Excessive NAKs' }]);
	});

	it('do not apply where none is given, and 100 % drops nobody', () => {
		for (const limits of [{}, { nakPercentMax: 100 }]) {
			const { stage, alice } = sending({ limits });
			for (let pass = 0; pass < 5; pass++) {
				alice.nak(1, 0, [...Array(BLOCKS).keys()], BLOCKS);
				stage.run(20);
			}
			expect(stage.kinds('receiverDropped')).toEqual([]);
		}
	});

	it('end the session for all when a file takes longer than so many percent of what its bytes take', () => {
		// 26,000 bytes at 10,000 a second are 2.6 s: 150 % are 3 whole seconds.
		const { stage } = sending({ limits: { transferPercentMax: 150 }, rateBytesPerSecond: 10_000 });
		expect(stage.kinds('transferLimited')).toMatchObject([{ file: 0, maxSeconds: 3 }]);
		stage.run(2900);
		expect(stage.session.end).toBeUndefined();
		stage.run(200);
		expect(stage.session.end?.failure).toEqual({ code: 'timeExceeded', message: 'Max file transfer time exceeded' });
		expect(stage.kinds('fileEnded')[0].results.map(({ outcome }) => outcome)).toEqual(['aborted', 'aborted']);
		expect(stage.of(MessageType.ABORT).at(-1)!.message).toMatchObject({
			host: 0,
			message: 'Max file transfer time exceeded',
		});
	});

	it('leave a file of a moment a whole second', () => {
		const { stage } = sending({ limits: { transferPercentMax: 110 } });
		expect(stage.kinds('transferLimited')).toMatchObject([{ maxSeconds: 1 }]);
	});

	it.each([
		[0, 3],
		[2, 3],
		[4, 4],
	])('let the shortest time of %i s outrank the longest of 150 %%', (transferSecondsMin, maxSeconds) => {
		const { stage } = sending({
			limits: { transferPercentMax: 150, transferSecondsMin },
			rateBytesPerSecond: 10_000,
		});
		expect(stage.kinds('transferLimited')).toMatchObject([{ maxSeconds }]);
		stage.run(maxSeconds * 1000 - 100);
		expect(stage.session.end).toBeUndefined();
		stage.run(200);
		expect(stage.session.end?.failure?.code).toBe('timeExceeded');
	});

	it('reckon with the nominal rate where the session has none', () => {
		const { stage } = sending({
			limits: { transferPercentMax: 200, nominalBytesPerSecond: 10_000 },
			rateBytesPerSecond: Number.POSITIVE_INFINITY,
		});
		expect(stage.kinds('transferLimited')).toMatchObject([{ maxSeconds: 5 }]);
	});

	it('have no longest time if only a shortest one is given', () => {
		const { stage } = sending({ limits: { transferSecondsMin: 10 } });
		expect(stage.kinds('transferLimited')).toEqual([]);
	});

	it('have no longest time without a rate', () => {
		const { stage } = sending({ limits: { transferPercentMax: 110 }, rateBytesPerSecond: Number.POSITIVE_INFINITY });
		expect(stage.kinds('transferLimited')).toEqual([]);
	});
});

describe('sync mode', () => {
	it.each([
		[{}, false, false],
		[{ sync: true }, true, false],
		[{ preview: true }, true, true],
		[{ sync: true, preview: true }, true, true],
	])('%j stands in the ANNOUNCE', (changes, sync, preview) => {
		const stage = new Stage({ targets: [ALICE], ...changes }, [entry('a', 1)]);
		expect(stage.of(MessageType.ANNOUNCE)[0].message).toMatchObject({ sync, preview });
	});
});
