import { MessageType } from '@uftp/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
	datagram,
	down,
	GatheringShell,
	HELD_MS,
	PRIVATE,
	PROXY_ID,
	receiverAt,
	receiverId,
	registration,
	SENDER_ID,
	up,
} from './gathering-shell.ts';

const ack = (fileId: number, partial: boolean, seconds = 100) => ({
	...{ fileId, partial, ids: [] },
	timestamp: { seconds, microseconds: 0 },
});
const done = (fileId: number, status = 0) => ({ fileId, status, ids: [] });
const naks = (bitmap: readonly number[], section = 0) => ({
	...{ fileId: 1, section, bitmapAt: 0, bitmapBytes: bitmap.length },
	bitmap: Uint8Array.from(bitmap),
});

describe('answers at a gathering proxy', () => {
	it('wait one GRTT for others, and go to the sender in one message under the id of the proxy', () => {
		const shell = new GatheringShell();
		shell.start(3);
		shell.fromReceiver(3, MessageType.COMPLETE, done(7));
		shell.advance(5);
		shell.fromReceiver(1, MessageType.COMPLETE, done(7));
		expect(shell.sent).toEqual([]);
		const [complete, ...more] = up(shell.advance(HELD_MS - 5), MessageType.COMPLETE);
		expect(more).toEqual([]);
		expect(complete).toMatchObject({ fileId: 7, status: 0, ids: [receiverId(1), receiverId(3)] });
		expect(complete.datagram.header).toMatchObject({ sourceId: PROXY_ID, sequence: 1, grtt: 0, groupSize: 0 });
		expect(shell.of('aggregated')).toMatchObject([{ message: 'COMPLETE', receivers: 2 }]);
	});

	it('wait for nobody once every receiver has answered', () => {
		const shell = new GatheringShell();
		shell.start(2);
		shell.fromReceiver(1, MessageType.FILEINFO_ACK, ack(1, false));
		const sent = shell.fromReceiver(2, MessageType.FILEINFO_ACK, ack(1, false));
		expect(up(sent, MessageType.FILEINFO_ACK)).toMatchObject([{ ids: [receiverId(1), receiverId(2)] }]);
	});

	it('wait as much shorter as -T says', () => {
		const shell = new GatheringShell({ holdPercent: 50 });
		shell.start(2);
		shell.fromReceiver(1, MessageType.COMPLETE, done(1));
		expect(shell.advance(5)).toEqual([]);
		expect(shell.advance(1)).toHaveLength(1);
	});

	it('are sent with a list though there is one receiver', () => {
		const shell = new GatheringShell();
		shell.start(1);
		const sent = shell.fromReceiver(1, MessageType.COMPLETE, done(1));
		expect(up(sent, MessageType.COMPLETE)).toMatchObject([{ ids: [receiverId(1)] }]);
	});

	it('are sent apart where file or status differ', () => {
		const shell = new GatheringShell();
		shell.start(4);
		shell.fromReceiver(1, MessageType.COMPLETE, done(1));
		shell.fromReceiver(2, MessageType.COMPLETE, done(1, 3));
		shell.fromReceiver(3, MessageType.COMPLETE, done(2));
		expect(up(shell.advance(HELD_MS), MessageType.COMPLETE)).toMatchObject([
			{ fileId: 1, status: 0, ids: [receiverId(1)] },
			{ fileId: 1, status: 3, ids: [receiverId(2)] },
			{ fileId: 2, status: 0, ids: [receiverId(3)] },
		]);
	});

	it('keep the free space of each receiver', () => {
		const shell = new GatheringShell();
		shell.start(2);
		const sent = [1, 2].flatMap((n) =>
			shell.fromReceiver(n, MessageType.COMPLETE, { ...done(1), freeSpaceBytes: n * 2 ** 33 }),
		);
		expect(up(sent, MessageType.COMPLETE)).toMatchObject([
			{ freeSpaceBytes: 2 ** 33, ids: [receiverId(1)] },
			{ freeSpaceBytes: 2 ** 34, ids: [receiverId(2)] },
		]);
	});

	it('call a file partly there only if all receivers do, and echo the first time with the time that it was held', () => {
		const shell = new GatheringShell();
		shell.start(3);
		shell.fromReceiver(1, MessageType.FILEINFO_ACK, ack(1, true, 100));
		shell.advance(4);
		shell.fromReceiver(2, MessageType.FILEINFO_ACK, ack(1, false, 200));
		const [message] = up(shell.advance(HELD_MS), MessageType.FILEINFO_ACK);
		expect(message.partial).toBe(false);
		expect(message.timestamp.seconds).toBe(100);
		expect(message.timestamp.microseconds).toBeGreaterThanOrEqual(10_000);
		expect(message.timestamp.microseconds).toBeLessThan(11_000);
		shell.fromReceiver(1, MessageType.FILEINFO_ACK, ack(2, true));
		shell.fromReceiver(2, MessageType.FILEINFO_ACK, ack(2, true));
		expect(up(shell.advance(HELD_MS), MessageType.FILEINFO_ACK)).toMatchObject([{ fileId: 2, partial: true }]);
	});

	it('merge missing blocks into a bitmap of the length that the receivers sent, without a list', () => {
		const shell = new GatheringShell();
		shell.start(3);
		shell.fromReceiver(1, MessageType.STATUS, naks([0b1, 0, 0]));
		shell.fromReceiver(2, MessageType.STATUS, naks([0b100, 0x80, 0]));
		shell.fromReceiver(3, MessageType.STATUS, naks([0xff], 1));
		const sent = up(shell.advance(HELD_MS), MessageType.STATUS);
		expect(sent.map(({ section, bitmap, bitmapAt }) => [section, [...bitmap.subarray(bitmapAt)]])).toEqual([
			[0, [0b101, 0x80, 0]],
			[1, [0xff]],
		]);
	});

	it('skip the congestion feedback of a STATUS, which is the receiver’s own, instead of taking it for missing blocks', () => {
		const shell = new GatheringShell();
		shell.start(2);
		const timestamp = { seconds: 1, microseconds: 1 };
		const tfmccAck = { flags: 6, ccSequence: 0xffff, ccRateCode: 0xffff, clientId: receiverId(1), timestamp };
		shell.fromReceiver(1, MessageType.STATUS, { ...naks([0b10, 0]), tfmccAck });
		const [status] = up(shell.advance(HELD_MS), MessageType.STATUS);
		expect(status.tfmccAck).toBeUndefined();
		expect([...status.bitmap.subarray(status.bitmapAt)]).toEqual([0b10, 0]);
	});

	it('leave at once in a message that is full', () => {
		const shell = new GatheringShell();
		shell.announce({ blockBytes: 512 });
		for (let n = 1; n <= 127; n++) expect(shell.register(n)).toEqual([]);
		const [full] = up(shell.register(128), MessageType.REGISTER);
		expect(full.ids).toHaveLength(128);
		shell.register(129);
		expect(up(shell.advance(HELD_MS), MessageType.REGISTER)).toMatchObject([{ ids: [receiverId(129)] }]);
	});

	it('make room for one more kind of answer by sending the oldest', () => {
		const shell = new GatheringShell();
		shell.start(2);
		for (let section = 0; section < 512; section++) {
			expect(shell.fromReceiver(1, MessageType.STATUS, naks([1], section))).toEqual([]);
		}
		const sent = up(shell.fromReceiver(1, MessageType.STATUS, naks([1], 512)), MessageType.STATUS);
		expect(sent).toMatchObject([{ section: 0 }]);
	});

	it('about every section of a large file wait for those of the other receivers', () => {
		const shell = new GatheringShell();
		shell.start(50);
		for (let n = 1; n <= 50; n++) {
			for (let section = 0; section < 256; section++) {
				expect(shell.fromReceiver(n, MessageType.STATUS, naks([1 << (n & 7), 0], section))).toEqual([]);
			}
		}
		const sent = up(shell.advance(HELD_MS), MessageType.STATUS);
		expect(sent.map(({ section }) => section)).toEqual(Array.from({ length: 256 }, (_, section) => section));
		expect(sent.every(({ bitmap, bitmapAt }) => bitmap[bitmapAt] === 0xff)).toBe(true);
	});

	it('leave early when their bitmaps take too much memory', () => {
		const shell = new GatheringShell();
		shell.start(2);
		const bitmap = { ...naks([]), bitmap: new Uint8Array(1301).fill(1), bitmapBytes: 1301 };
		let held = 0;
		while (shell.fromReceiver(1, MessageType.STATUS, { ...bitmap, section: held }).length === 0) held++;
		expect(held * 1301).toBeLessThan(2 ** 20);
		expect(held).toBeGreaterThan(300);
	});

	it('of congestion control pass unchanged, in the name of the receiver', () => {
		const shell = new GatheringShell();
		shell.start(1);
		const timestamp = { seconds: 1, microseconds: 1 };
		const message = { tfmccAck: { flags: 2, ccSequence: 3, ccRateCode: 4, clientId: receiverId(1), timestamp } };
		const bytes = datagram(MessageType.CC_ACK, message, { sourceId: receiverId(1), sequence: 9 });
		expect(shell.receive(receiverAt(1), bytes).map((one) => one.bytes.toHex())).toEqual([bytes.toHex()]);
	});

	it('that end a receiver’s part reach the sender with the receiver’s id', () => {
		const shell = new GatheringShell();
		shell.start(2);
		const abort = { currentFileOnly: false, host: 0, message: 'Not enough disk space' };
		const sent = up(shell.fromReceiver(2, MessageType.ABORT, abort), MessageType.ABORT);
		expect(sent).toMatchObject([{ host: receiverId(2), message: 'Not enough disk space' }]);
		expect(sent[0].datagram.header.sourceId).toBe(PROXY_ID);
		expect(shell.of('receiverAborted')).toMatchObject([{ receiverId: receiverId(2) }]);
		// One is left, and waits for nobody.
		expect(shell.fromReceiver(1, MessageType.COMPLETE, done(1))).toHaveLength(1);
	});
});

describe('answers that should not count', () => {
	it('are dropped from another address while the receiver itself still speaks, and taken when it is silent', () => {
		const shell = new GatheringShell();
		shell.start(1);
		const elsewhere = { host: '10.9.9.9', port: 1044 };
		const bytes = datagram(MessageType.COMPLETE, done(1), { sourceId: receiverId(1) });
		expect(shell.receive(elsewhere, bytes)).toEqual([]);
		expect(shell.advance(500)).toEqual([]);
		shell.advance(600);
		expect(up(shell.receive(elsewhere, bytes), MessageType.COMPLETE)).toHaveLength(1);
	});

	it('are dropped when a bitmap is empty, or longer than any section can have', () => {
		const shell = new GatheringShell();
		shell.start(1);
		for (const bitmapBytes of [0, 1302, 5000]) {
			const bitmap = { ...naks([]), bitmap: new Uint8Array(bitmapBytes).fill(0xff), bitmapBytes };
			shell.fromReceiver(1, MessageType.STATUS, bitmap);
		}
		expect(shell.advance(100)).toEqual([]);
		shell.fromReceiver(1, MessageType.STATUS, { ...naks([]), bitmap: new Uint8Array(1301), bitmapBytes: 1301 });
		expect(up(shell.advance(HELD_MS), MessageType.STATUS)).toMatchObject([{ bitmapBytes: 1301 }]);
	});

	it('speak for their source only, whatever list is in them', () => {
		const shell = new GatheringShell();
		shell.start(3);
		shell.fromReceiver(1, MessageType.COMPLETE, { ...done(1), ids: [receiverId(2), receiverId(3)] });
		expect(up(shell.advance(HELD_MS), MessageType.COMPLETE)).toMatchObject([{ ids: [receiverId(1)] }]);
	});

	it('are dropped when they come from the sender’s address, in its name from elsewhere, or from the proxy itself', () => {
		const shell = new GatheringShell();
		shell.start(1);
		shell.receive({ host: '10.0.0.1', port: 40_000 }, datagram(MessageType.COMPLETE, done(1), { sourceId: 77 }));
		shell.receive(receiverAt(9), datagram(MessageType.DONE, { fileId: 1, section: 0, ids: [] }));
		shell.receive({ host: '10.1.0.9', port: 1044 }, datagram(MessageType.COMPLETE, done(1), { sourceId: 77 }));
		expect(shell.advance(100)).toEqual([]);
		expect(shell.proxy.counters).toMatchObject({
			'dropped.wrong-source': 1,
			'dropped.wrong-address': 1,
			'dropped.own-echo': 1,
		});
	});

	it('are known as the proxy’s own also at its link-local addresses, which come with the interface', () => {
		const shell = new GatheringShell({ ownAddresses: ['fe80::9'] });
		shell.start(1);
		shell.receive({ host: 'fe80::9%2', port: 1044 }, datagram(MessageType.COMPLETE, done(1), { sourceId: 77 }));
		expect(shell.proxy.counters).toMatchObject({ 'dropped.own-echo': 1 });
	});

	it('are dropped in an unknown session, and when they are no UFTP at all', () => {
		const shell = new GatheringShell();
		shell.start(1);
		shell.receive(receiverAt(1), datagram(MessageType.COMPLETE, done(1), { sourceId: receiverId(1), groupId: 5 }));
		shell.receive(
			receiverAt(1),
			Uint8Array.from({ length: 40 }, (_, i) => i),
		);
		expect(shell.advance(100)).toEqual([]);
	});
});

describe('a receiver that another proxy served before', () => {
	it('is registered late, without the mark, before its answer is passed on', () => {
		const shell = new GatheringShell({ kind: 'response' });
		shell.start(1);
		shell.fromReceiver(5, MessageType.COMPLETE, done(1));
		const sent = shell.advance(HELD_MS);
		expect(sent.map(({ bytes }) => bytes[1])).toEqual([MessageType.REGISTER, MessageType.COMPLETE]);
		expect(up(sent, MessageType.REGISTER)[0]).toMatchObject({ ids: [receiverId(5)], rand2: new Uint8Array(32) });
	});

	it('is not let in by a message that is not whole', () => {
		const shell = new GatheringShell();
		shell.start(1);
		const bytes = datagram(MessageType.COMPLETE, done(1), { sourceId: receiverId(5) });
		bytes[17] = 60;
		shell.receive(receiverAt(5), bytes);
		expect(shell.advance(100)).toEqual([]);
		expect(shell.of('receiverRegistered')).toEqual([]);
	});
});

/** One thing that a receiver says. */
const utterance = fc.record({
	receiver: fc.integer({ min: 1, max: 6 }),
	section: fc.integer({ min: 0, max: 2 }),
	blocks: fc.array(fc.integer({ min: 0, max: 79 }), { maxLength: 6 }),
	isComplete: fc.boolean(),
	status: fc.integer({ min: 0, max: 3 }),
	pauseMs: fc.integer({ min: 0, max: 15 }),
});

describe('aggregation', () => {
	it('tells the sender what the receivers said, all of it, nothing else, and each of them once per message', () => {
		fc.assert(
			fc.property(fc.array(utterance, { maxLength: 60 }), (utterances) => {
				const shell = new GatheringShell();
				shell.start(6);
				const said = new Set<string>();
				for (const { receiver, section, blocks, isComplete, status, pauseMs } of utterances) {
					if (isComplete) {
						shell.fromReceiver(receiver, MessageType.COMPLETE, done(section + 1, status));
						said.add(`${receiverId(receiver)} completes ${section + 1} with ${status}`);
					} else {
						const bitmap = new Uint8Array(11);
						for (const block of blocks) bitmap[block >> 3] |= 1 << (block & 7);
						shell.fromReceiver(receiver, MessageType.STATUS, naks([...bitmap], section));
						for (const block of blocks) said.add(`${section}: ${block}`);
					}
					shell.advance(pauseMs);
				}
				shell.advance(100);
				const heard = new Set<string>();
				for (const { fileId, status, ids } of up(shell.sent, MessageType.COMPLETE)) {
					expect(new Set(ids).size).toBe(ids.length);
					expect([...ids].sort((a, b) => a - b)).toEqual(ids);
					for (const id of ids) heard.add(`${id} completes ${fileId} with ${status}`);
				}
				for (const { section, bitmap, bitmapAt, bitmapBytes } of up(shell.sent, MessageType.STATUS)) {
					expect(bitmapBytes).toBe(11);
					for (let block = 0; block < 88; block++) {
						if (bitmap[bitmapAt + (block >> 3)] & (1 << (block & 7))) heard.add(`${section}: ${block}`);
					}
				}
				expect(heard).toEqual(said);
				const { totals } = shell.proxy.sessions[0];
				expect(totals.messagesIn).toBe(6 + utterances.length);
				expect(totals.heldMsMax).toBeLessThan(11);
			}),
		);
	});
});

describe('what a proxy makes itself', () => {
	it('bears the sender’s id towards receivers, in the private group', () => {
		const shell = new GatheringShell({ receivers: [{ receiverId: receiverId(1) }] });
		shell.announce();
		const sent = shell.fromReceiver(2, MessageType.REGISTER, registration());
		const [abort] = down(sent, MessageType.ABORT);
		expect(sent[0].to).toEqual(PRIVATE);
		expect(abort.datagram.header).toMatchObject({ sourceId: SENDER_ID, groupInstance: 0 });
		expect(abort).toMatchObject({ host: receiverId(2), currentFileOnly: false });
		expect(abort.message).toContain('is not in the list of receivers');
	});
});
