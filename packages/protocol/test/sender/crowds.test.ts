/** Very many receivers, and strangers that make believe to be receivers. */
import { MessageType } from '@uftp/wire';
import { describe, expect, it } from 'vitest';
import { Actor, entry, runAnswering, Stage } from './scripted-receivers.ts';

const ALICE = 0x0a000002;
const FIRST = 0x0b000001;
const ROSTER_MAX = 100_000;
/** What one registration may cost, with room for a busy machine; it is a few. */
const REGISTRATION_US_MAX = 40;

describe('100,000 receivers, of which one answers', () => {
	it('are registered at a bounded cost each, all named in the result, and one more is refused', {
		timeout: 120_000,
	}, () => {
		const expected = Array.from({ length: ROSTER_MAX }, (_, i) => FIRST + i);
		const stage = new Stage({ expected, openPolicy: 'settled', rateBytesPerSecond: 1e9 }, [entry('a.bin', 5000)]);
		const datagrams = expected.slice(1).map((id) => new Actor(stage, id, '10.0.0.2').registerDatagram());
		const before = process.cpuUsage();
		for (const datagram of datagrams) stage.give({ host: '10.0.0.2', port: 1044 }, datagram);
		const { user, system } = process.cpuUsage(before);
		expect((user + system) / datagrams.length).toBeLessThan(REGISTRATION_US_MAX);
		const alice = new Actor(stage, expected[0], '10.0.0.3');
		new Actor(stage, FIRST + ROSTER_MAX, '10.0.0.9').register();
		expect(stage.session.counters['dropped.too-many-receivers']).toBe(1);
		alice.register();
		expect(stage.kinds('registered')).toHaveLength(ROSTER_MAX);
		new Actor(stage, FIRST + ROSTER_MAX + 1, '10.0.0.9').register();
		expect(stage.session.counters['dropped.too-many-receivers']).toBe(2);
		runAnswering(stage, alice, 60_000);
		const { results = [], failure } = stage.session.end ?? {};
		expect(failure).toBeUndefined();
		expect(results).toHaveLength(ROSTER_MAX);
		expect(results.filter(({ outcome }) => outcome === 'lost')).toHaveLength(ROSTER_MAX - 1);
		expect(results.find(({ receiverId }) => receiverId === alice.id)?.outcome).toBe('received');
	});
});

describe('a forged REGISTER with an old timestamp', () => {
	it.each([
		['before any receiver', 0, 14_000],
		['after the first receiver', 100, 14_000],
		['late, as old as the session', 1500, 1400],
	])('does not hold up an open session in the clear (%s)', (_name, at, age) => {
		const stage = new Stage({ openPolicy: 'settled', rateBytesPerSecond: 1e8 }, [entry('a.bin', 50_000)]);
		const alice = new Actor(stage, ALICE, '10.0.0.2');
		const forger = () => new Actor(stage, 0x66, '10.0.0.66').register(age);
		if (at === 0) forger();
		stage.run(2);
		alice.register(2);
		if (at > 0) {
			stage.run(at - 2);
			forger();
		}
		runAnswering(stage, alice, 60_000);
		expect(stage.session.end?.results[at === 0 ? 1 : 0]).toMatchObject({ receiverId: ALICE, outcome: 'received' });
		expect(stage.session.end?.elapsedMs).toBeLessThan(8000);
	});

	it('does not keep a receiver out that is really far away, among near ones or alone', () => {
		for (const hasOther of [false, true]) {
			const stage = new Stage({ openPolicy: 'settled', rateBytesPerSecond: 1e8 }, [entry('a.bin', 50_000)]);
			const far = new Actor(stage, ALICE, '10.0.0.2');
			const near = new Actor(stage, ALICE + 1, '10.0.0.3');
			stage.run(1);
			if (hasOther) near.register(1);
			stage.run(399);
			far.register(400);
			const isNearDone = new Set<number>();
			for (let next = 0; stage.session.end === undefined && stage.now < 60_000; ) {
				const due = stage.sent.filter(
					({ at, func }, i) => i >= next && at + 400 <= stage.now && func !== MessageType.FILESEG,
				);
				for (const { func, message, at } of due) {
					if (!message.ids?.includes(far.id)) continue;
					if (func === MessageType.FILEINFO) far.acknowledge(message.fileId, stage.now - at);
					else if (func === MessageType.DONE) far.complete(message.fileId);
				}
				if (due.length > 0) next = stage.sent.indexOf(due[due.length - 1]) + 1;
				for (const [i, { func, message }] of stage.sent.entries()) {
					if (!hasOther || isNearDone.has(i) || !message.ids?.includes(near.id)) continue;
					isNearDone.add(i);
					if (func === MessageType.FILEINFO) near.acknowledge(message.fileId, 0);
					else if (func === MessageType.DONE) near.complete(message.fileId);
				}
				stage.run(5);
			}
			const outcomes = stage.session.end?.results.map(({ outcome }) => outcome);
			expect(outcomes).toEqual(hasOther ? ['received', 'received'] : ['received']);
			// The timers are those of the far one as soon as it has answered.
			expect(stage.of(MessageType.DONE).at(-1)?.header.grtt).toBeGreaterThan(150);
		}
	});
});

describe('a flood of REGISTERs', () => {
	it('takes neither the place of a receiver nor much time', { timeout: 120_000 }, () => {
		const stage = new Stage({ openPolicy: 'settled', rateBytesPerSecond: 1e8 }, [entry('a.bin', 50_000)]);
		const stranger = new Actor(stage, 0x0c000000, '10.0.0.66').registerDatagram();
		const alice = new Actor(stage, ALICE, '10.0.0.2');
		let id = 0;
		const before = process.cpuUsage();
		for (let ms = 0; ms < 15_000 && stage.of(MessageType.FILEINFO).length === 0; ms++) {
			for (let i = 0; i < 20; i++) {
				id++;
				stranger.set([0x0c, id >> 16, id >> 8, id], 4);
				stage.give({ host: `10.9.${id & 0xff}.9`, port: 1044 }, stranger);
			}
			// A receiver that is not confirmed repeats itself.
			if (ms % 300 === 250 && stage.kinds('registered').every(({ receiverId }) => receiverId !== ALICE))
				alice.register(1);
			stage.run(1);
		}
		const { user, system } = process.cpuUsage(before);
		expect((user + system) / id).toBeLessThan(REGISTRATION_US_MAX);
		expect(stage.session.counters['dropped.too-many-registers']).toBeGreaterThan(id / 2);
		runAnswering(stage, alice, 120_000);
		const { results = [], elapsedMs = Number.NaN } = stage.session.end ?? {};
		expect(results.find(({ receiverId }) => receiverId === ALICE)?.outcome).toBe('received');
		expect(results.length).toBeLessThan(25_000);
		expect(elapsedMs).toBeLessThan(60_000);
	});
});

describe('forged reports of missing blocks', () => {
	it('do not multiply what is sent', () => {
		const blocks = 8000;
		const stage = new Stage({ targets: [ALICE], rateBytesPerSecond: 10e6 }, [entry('a.bin', 1300 * blocks)]);
		const alice = new Actor(stage, ALICE, '10.0.0.2');
		alice.register();
		alice.acknowledge(1);
		const all = Array.from({ length: blocks }, (_, i) => i);
		while (stage.of(MessageType.DONE).length === 0) {
			stage.run(10);
			alice.nak(1, 0, all, blocks);
		}
		runAnswering(stage, alice, 10_000);
		expect(stage.session.end?.results[0].outcome).toBe('received');
		expect(stage.of(MessageType.FILESEG).length).toBeLessThan(1.5 * blocks);
	});

	it('leave a receiver that really misses everything all that it needs', () => {
		const blocks = 8000;
		const stage = new Stage({ targets: [ALICE], rateBytesPerSecond: 10e6 }, [entry('a.bin', 1300 * blocks)]);
		const alice = new Actor(stage, ALICE, '10.0.0.2');
		alice.register();
		alice.acknowledge(1);
		const missing = new Set(Array.from({ length: blocks }, (_, i) => i));
		let seen = 0;
		let isLossy = true;
		for (let done = 0; stage.session.end === undefined && stage.now < 60_000; ) {
			stage.run(20);
			for (; seen < stage.sent.length; seen++) {
				const { func, message } = stage.sent[seen];
				if (func === MessageType.FILESEG && !isLossy) missing.delete(message.block);
			}
			const dones = stage.of(MessageType.DONE).filter(({ message }) => message.ids.includes(ALICE));
			if (dones.length === done) continue;
			done = dones.length;
			isLossy = false;
			const { fileId } = dones[done - 1].message;
			if (fileId === 0 || missing.size === 0) alice.complete(fileId);
			else alice.nak(fileId, 0, [...missing], blocks);
		}
		expect(stage.session.end?.results[0].outcome).toBe('received');
		expect(stage.of(MessageType.FILESEG)).toHaveLength(2 * blocks);
	});
});
