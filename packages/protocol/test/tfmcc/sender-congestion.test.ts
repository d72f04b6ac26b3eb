import { CcFlag, CcType, decodeRtt, encodeRate, MessageType } from '@uftp/wire';
import { describe, expect, it } from 'vitest';
import type { SenderConfig } from '../../src/index.ts';
import { Actor, entry, Stage } from '../sender/scripted-receivers.ts';

const [ALICE, BOB] = [0x0a000002, 0x0a000003];
const GRTT = { initial: 100, min: 100, max: 15_000 };
const TFMCC = { kind: 'tfmcc', minBytesPerSecond: 0, maxBytesPerSecond: Number.POSITIVE_INFINITY } as const;

/** A transfer that has begun, to Alice (near) and Bob (far). */
function sending(changes: Partial<SenderConfig> = {}): { stage: Stage; alice: Actor; bob: Actor } {
	const targets = [ALICE, BOB];
	const stage = new Stage({ targets, grttMs: GRTT, congestion: TFMCC, graceMs: 0, ...changes }, [
		entry('a', 50_000_000),
	]);
	const alice = new Actor(stage, ALICE, '10.0.0.2');
	const bob = new Actor(stage, BOB, '10.0.0.3');
	stage.run(40);
	alice.register(20);
	bob.register(40);
	alice.acknowledge(1, 20);
	bob.acknowledge(1, 40);
	return { stage, alice, bob };
}

function blocksIn(stage: Stage, ms: number): number {
	const before = stage.of(MessageType.FILESEG).length;
	stage.run(ms);
	return stage.of(MessageType.FILESEG).length - before;
}

describe('a congestion-controlled sender', () => {
	it('says so in ANNOUNCE, starts with one packet per GRTT, and every block carries the round', () => {
		const { stage } = sending();
		expect(stage.of(MessageType.ANNOUNCE)[0].message.ccType).toBe(CcType.TFMCC);
		expect(blocksIn(stage, 1000)).toBeLessThanOrEqual(11);
		const [first] = stage.of(MessageType.FILESEG);
		expect(first.message.tfmccData).toMatchObject({ ccSequence: 0, ccRateCode: encodeRate(Number.POSITIVE_INFINITY) });
	});

	it('says while it asks how often it asks: proxies of 4.10.2 hold answers that long', () => {
		const grttMs = { initial: 500, min: 10, max: 15_000 };
		const stage = new Stage({ targets: [ALICE], grttMs, congestion: TFMCC, graceMs: 0 }, [entry('a', 500)]);
		const alice = new Actor(stage, ALICE, '10.0.0.2');
		stage.run(10);
		alice.register(10);
		stage.run(50);
		const asked = stage.of(MessageType.FILEINFO);
		expect(asked.length).toBeGreaterThan(0);
		for (const { header } of asked) expect(decodeRtt(header.grtt) * 1000).toBeLessThan(20);
	});

	it('sends CONG_CTRL every GRTT, the CLR first, which is the receiver that is furthest away', () => {
		const { stage } = sending();
		stage.run(350);
		const controls = stage.of(MessageType.CONG_CTRL);
		expect(controls.map(({ at }) => Math.round(at / 100))).toEqual([0, 1, 2, 3]);
		const [clr, other] = controls[0].message.items;
		expect(clr).toMatchObject({ clientId: BOB, flags: CcFlag.CLR | CcFlag.RTT | CcFlag.SLOW_START });
		expect(decodeRtt(clr.rttCode)).toBeCloseTo(0.04, 2);
		expect(other).toMatchObject({ clientId: ALICE, flags: CcFlag.RTT | CcFlag.SLOW_START });
	});

	it('goes at the rate that the CLR reports, and at the rate of whoever reports less', () => {
		const { stage, alice, bob } = sending();
		stage.run(1000);
		const clrReport = { flags: CcFlag.RTT | CcFlag.SLOW_START, ccRateCode: encodeRate(1_400_000) };
		bob.report(clrReport, 40);
		expect(blocksIn(stage, 100)).toBeGreaterThan(90);
		alice.report({ flags: CcFlag.RTT, ccRateCode: encodeRate(280_000) }, 20);
		bob.report(clrReport, 40);
		stage.run(20);
		const blocks = blocksIn(stage, 100);
		expect(blocks).toBeGreaterThan(16);
		expect(blocks).toBeLessThan(24);
		const last = stage.of(MessageType.CONG_CTRL).at(-1)!;
		expect(last.message.items[0].clientId).toBe(ALICE);
	});

	it('takes a report that a STATUS carries, too, and raises the GRTT for a longer round trip', () => {
		const { stage, bob } = sending();
		stage.run(500);
		bob.report({ flags: CcFlag.RTT, ccRateCode: encodeRate(500_000) }, 400);
		stage.run(150);
		const grtt = decodeRtt(stage.of(MessageType.FILESEG).at(-1)!.header.grtt);
		expect(grtt).toBeGreaterThan(0.4);
		expect(grtt).toBeLessThan(0.45);
	});

	it('ends a feedback round after six GRTT', () => {
		const { stage } = sending();
		stage.run(1500);
		const rounds = stage.of(MessageType.CONG_CTRL).map(({ message }) => message.ccSequence);
		expect(rounds.slice(0, 6)).toEqual([0, 0, 0, 0, 0, 0]);
		expect(rounds.slice(7, 12)).toEqual([1, 1, 1, 1, 1]);
	});

	it('stays within its bounds', () => {
		const congestion = { ...TFMCC, minBytesPerSecond: 140_000, maxBytesPerSecond: 280_000 };
		const { stage, bob } = sending({ congestion });
		bob.report({ flags: CcFlag.RTT | CcFlag.SLOW_START, ccRateCode: encodeRate(5e6) }, 40);
		stage.run(20);
		expect(blocksIn(stage, 500)).toBeLessThan(110);
		bob.report({ flags: CcFlag.RTT, ccRateCode: encodeRate(100) }, 40);
		stage.run(20);
		expect(blocksIn(stage, 500)).toBeGreaterThan(45);
	});

	it('loses receivers that have not answered for twice the robust GRTTs and 5 s', () => {
		const { stage } = sending();
		stage.run(4900);
		expect(stage.session.end).toBeUndefined();
		stage.run(300);
		expect(stage.session.end?.failure?.code).toBe('allLost');
		expect(stage.kinds('receiverLost').map(({ reason }) => reason)).toEqual(Array(2).fill('no answer to CONG_CTRL'));
	});

	it('lets no stranger use up a sequence number: all receivers would miss it', () => {
		const { stage } = sending();
		stage.run(300);
		const stranger = new Actor(stage, 0x0a000009, '10.0.0.9');
		stranger.acknowledge(1);
		stage.run(300);
		const abort = stage.sent.findIndex(({ func }) => func === MessageType.ABORT);
		expect(abort).toBeGreaterThan(0);
		expect(stage.sent[abort + 1].header.sequence).toBe(stage.sent[abort - 1].header.sequence + 1);
	});

	it('does not halve its rate for a CLR that has the file', () => {
		const { stage, alice, bob } = sending({ congestion: { ...TFMCC, initialBytesPerSecond: 1_400_000 } });
		stage.run(100);
		bob.complete(1);
		for (let i = 0; i < 10; i++) {
			stage.run(100);
			alice.report({ flags: CcFlag.RTT | CcFlag.SLOW_START, ccRateCode: encodeRate(1_400_000) }, 20);
		}
		expect(blocksIn(stage, 100)).toBeGreaterThan(80);
		expect(stage.of(MessageType.CONG_CTRL).at(-1)!.message.items[0].clientId).toBe(ALICE);
	});
});
