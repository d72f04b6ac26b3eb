import { MessageType } from '@uftp/wire';
import { describe, expect, it } from 'vitest';
import { Actor, entry, type Sent, Stage } from './scripted-receivers.ts';

const FILES = [entry('a.bin', 5000)];
const ALICE = 0x0a000002;
const BOB = 0x0a000003;

describe('a sender that announces', () => {
	it('starts its sequence at 0 and hides the group size in the first announcement of an open group', () => {
		const stage = new Stage({}, FILES);
		expect(stage.sent[0]).toMatchObject({ func: MessageType.ANNOUNCE, header: { sequence: 0, groupSize: 0 } });
		expect(stage.sent[0].message.ids).toEqual([]);
		expect(stage.sent[0].destination.host).toBe('230.4.4.1');
	});

	it('sends all announcements to an open group as C does, and gives up when nobody came', () => {
		const stage = new Stage({ robust: 10 }, FILES);
		stage.run(60_000);
		expect(stage.of(MessageType.ANNOUNCE)).toHaveLength(10);
		expect(stage.session.end?.failure?.code).toBe('nobodyRegistered');
	});

	it('goes on from an open group when three announcements in a row brought nobody', () => {
		const stage = new Stage({ openPolicy: 'settled' }, FILES);
		stage.run(3);
		new Actor(stage, ALICE, '10.0.0.2').register();
		stage.run(3000);
		expect(stage.of(MessageType.ANNOUNCE).length).toBeLessThan(8);
		expect(stage.of(MessageType.FILEINFO)[0].at).toBeLessThan(2500);
	});

	it('goes on from an open group at once when everybody who is expected has come', () => {
		const stage = new Stage({ openPolicy: 'settled', expected: [ALICE, BOB] }, FILES);
		stage.run(3);
		new Actor(stage, ALICE, '10.0.0.2').register();
		new Actor(stage, BOB, '10.0.0.3').register();
		stage.run(30);
		expect(stage.of(MessageType.FILEINFO)[0].message.ids).toEqual([ALICE, BOB]);
		expect(stage.of(MessageType.ANNOUNCE)).toHaveLength(1);
	});

	it('goes on from a closed group as soon as all have registered, and confirms them', () => {
		const stage = new Stage({ targets: [ALICE, BOB] }, FILES);
		expect(stage.sent[0].message.ids).toEqual([ALICE, BOB]);
		stage.run(3);
		new Actor(stage, ALICE, '10.0.0.2').register();
		expect(stage.of(MessageType.FILEINFO)).toHaveLength(0);
		new Actor(stage, BOB, '10.0.0.3').register();
		expect(stage.of(MessageType.REG_CONF)[0].message.ids).toEqual([ALICE, BOB]);
		expect(stage.of(MessageType.FILEINFO)[0].message.ids).toEqual([ALICE, BOB]);
	});

	it('calls those mute that never came, and serves the others', () => {
		const stage = new Stage({ targets: [ALICE, BOB], robust: 10 }, FILES);
		stage.run(3);
		new Actor(stage, ALICE, '10.0.0.2').register();
		stage.run(10_000);
		expect(stage.kinds('registrationEnded')[0].mute).toEqual([BOB]);
		const repeats = stage.of(MessageType.ANNOUNCE).slice(1);
		expect(repeats.every((sent) => sent.message.ids.length === 1 && sent.message.ids[0] === BOB)).toBe(true);
		expect(stage.of(MessageType.FILEINFO)[0].message.ids).toEqual([ALICE]);
	});

	it('splits a closed group over several announcements of at most a block of ids', () => {
		const targets = Array.from({ length: 700 }, (_, i) => 0x0b000001 + i);
		const stage = new Stage({ targets }, FILES);
		stage.run(5);
		expect(stage.of(MessageType.ANNOUNCE).map((sent) => sent.message.ids.length)).toEqual([325, 325, 50]);
	});

	it('sets the GRTT outright to the first round trip measured, within its bounds', () => {
		const stage = new Stage({ targets: [ALICE] }, FILES);
		stage.run(100);
		new Actor(stage, ALICE, '10.0.0.2').register(100);
		// 100 ms is code 136 (docs/protocol.md, section 3.6).
		expect(stage.of(MessageType.FILEINFO)[0].header.grtt).toBe(136);
	});

	it('advertises no GRTT below the gap between two packets, lest receivers give up in between', () => {
		const grttOf = (sent: Sent[]) => sent.at(-1)!.header.grtt;
		const stage = new Stage({ targets: [ALICE], rateBytesPerSecond: 1352 }, FILES);
		new Actor(stage, ALICE, '10.0.0.2').register();
		stage.run(5000);
		// 1 s is code 166 (docs/protocol.md, section 3.6).
		expect(grttOf(stage.of(MessageType.FILEINFO))).toBe(166);
		// Bounds below the gap are kept as far as receivers can stand: 4 s of silence in 20 GRTT.
		const bounds = { initial: 50, min: 10, max: 100 };
		const short = new Stage({ targets: [ALICE], rateBytesPerSecond: 1352, grttMs: bounds }, FILES);
		expect(short.kinds('announced')[0].grttMs).toBe(200);
	});

	it('tells strangers in a closed group that they are not in its list', () => {
		const stage = new Stage({ targets: [ALICE] }, FILES);
		new Actor(stage, BOB, '10.0.0.3').register();
		expect(stage.of(MessageType.ABORT)[0]).toMatchObject({
			destination: { host: '10.0.0.3', port: 1044 },
			message: { host: BOB, message: 'Not in host list' },
		});
	});

	it('answers at most ten strangers a second, five of them at one host', () => {
		const stage = new Stage({ targets: [ALICE] }, FILES);
		for (let i = 0; i < 100; i++) new Actor(stage, 0x0c000001 + i, '10.0.9.9').register();
		expect(stage.of(MessageType.ABORT)).toHaveLength(5);
		for (let i = 0; i < 100; i++) new Actor(stage, 0x0c000001 + i, `10.0.10.${i}`).register();
		expect(stage.of(MessageType.ABORT)).toHaveLength(10);
		expect(stage.session.counters['dropped.too-many-refusals']).toBe(190);
	});

	it('reports dropped datagrams once in a while per reason, however many come', () => {
		const stage = new Stage({ targets: [ALICE] }, FILES);
		const from = { host: '10.0.0.66', port: 1044 };
		const flood = () => {
			for (let i = 0; i < 1000; i++) stage.give(from, new Uint8Array(8));
		};
		flood();
		expect(stage.kinds('dropped')).toHaveLength(1);
		stage.now += 10_000;
		flood();
		expect(stage.kinds('dropped')).toHaveLength(2);
	});
});

describe('two receivers with one id', () => {
	it('are reported once with both addresses, and only the first is served', () => {
		const stage = new Stage({ targets: [ALICE, BOB] }, FILES);
		new Actor(stage, ALICE, '10.0.0.2').register();
		const double = new Actor(stage, ALICE, '10.0.0.9');
		double.register();
		double.register();
		expect(stage.kinds('duplicateUid')).toEqual([
			{
				kind: 'duplicateUid',
				receiverId: ALICE,
				first: { host: '10.0.0.2', port: 1044 },
				second: { host: '10.0.0.9', port: 1044 },
			},
		]);
		expect(stage.of(MessageType.ABORT)[0].destination.host).toBe('10.0.0.9');
	});

	it('are told apart on one host by their instances', () => {
		const stage = new Stage({ targets: [ALICE, BOB] }, FILES);
		new Actor(stage, ALICE, '10.0.0.2', [1, 1], 50_001).register();
		new Actor(stage, ALICE, '10.0.0.2', [2, 2], 50_002).register();
		expect(stage.kinds('duplicateUid')).toHaveLength(1);
	});

	it('are not seen in one receiver whose REGISTER comes twice, or whose address changed', () => {
		const stage = new Stage({ targets: [ALICE, BOB] }, FILES);
		const alice = new Actor(stage, ALICE, '10.0.0.2', [1, 1], 50_001);
		alice.register();
		alice.register();
		alice.from = { host: '10.0.0.77', port: 50_444 };
		alice.register();
		expect(stage.kinds('duplicateUid')).toHaveLength(0);
	});

	it('cannot complete or abort for each other', () => {
		const stage = new Stage({ targets: [ALICE] }, FILES);
		const alice = new Actor(stage, ALICE, '10.0.0.2');
		const double = new Actor(stage, ALICE, '10.0.0.9');
		alice.register();
		double.register();
		alice.acknowledge(1);
		double.complete(1);
		double.abort('Transfer timed out');
		expect(stage.kinds('fileCompletedBy')).toHaveLength(0);
		expect(stage.kinds('receiverAborted')).toHaveLength(0);
		alice.complete(1);
		expect(stage.kinds('fileCompletedBy')).toHaveLength(1);
	});
});
