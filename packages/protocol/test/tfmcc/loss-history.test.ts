import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LossHistory } from '../../src/tfmcc/loss-history.ts';

interface Packet {
	readonly at: number;
	readonly sequence: number;
	readonly isMarked: boolean;
}

/**
 * docs/protocol.md, section 10.2, word for word and without any haste: which packets are lost, and when events began.
 */
function naive(packets: readonly Packet[], grttMs: number): { lost: Set<number>; events: number } {
	const came = new Map<number, number>();
	const lost = new Set<number>();
	let events = 0;
	let eventAt = Number.NEGATIVE_INFINITY;
	const lose = (at: number) => {
		if (at - eventAt <= grttMs) return;
		events++;
		eventAt = at;
	};
	for (const { at, sequence, isMarked } of packets) {
		if (lost.has(sequence) || came.has(sequence)) continue;
		came.set(sequence, at);
		const sorted = [...came.keys()].sort((a, b) => a - b);
		for (let missing = sorted[0]; missing < sorted[sorted.length - 1]; missing++) {
			if (came.has(missing) || lost.has(missing)) continue;
			if (sorted.filter((other) => other > missing).length < 5) continue;
			lost.add(missing);
			const before = sorted.findLast((other) => other < missing)!;
			const after = sorted.find((other) => other > missing)!;
			const share = (missing - before) / (after - before);
			// Where a late packet stands before an earlier one, time does not run backwards between them.
			lose(came.get(before)! + share * Math.max(0, came.get(after)! - came.get(before)!));
		}
		if (isMarked) lose(at);
	}
	return { lost, events };
}

/** `count` packets, one per ms, without those that `drops` names. */
function stream(history: LossHistory, from: number, count: number, drops: (i: number) => boolean, grttMs = 10): void {
	for (let i = from; i < from + count; i++) {
		if (!drops(i) && history.packet(i, i & 0xffff, false, grttMs)) history.begin(100);
	}
}

describe('the loss history', () => {
	it('finds the losses and events of any order of packets, as a naive reading of the facts does', () => {
		const path = fc.array(
			fc.record({ drop: fc.nat(9), late: fc.nat(12), mark: fc.nat(29), gapMs: fc.nat({ max: 8 }), isLong: fc.nat(40) }),
			{ minLength: 1, maxLength: 150 },
		);
		fc.assert(
			fc.property(path, fc.nat(0xffff), fc.integer({ min: 1, max: 40 }), (steps, first, grtt) => {
				// Not a distance that two losses can have: at exactly one GRTT the two readings may round apart.
				const grttMs = grtt + 0.0137;
				let clock = 0;
				const sent = steps.map(({ drop, late, mark, gapMs, isLong }, i) => {
					clock += 1 + gapMs + (isLong === 0 ? 200 : 0);
					const isGone = i > 0 && drop === 0;
					return {
						order: i + (i > 0 && late < 8 ? late : 0),
						at: clock,
						sequence: first + i,
						isMarked: mark === 0,
						isGone,
					};
				});
				// The first packet stays first: before it nobody listened.
				const arrived = sent
					.filter(({ isGone }) => !isGone)
					.sort((a, b) => a.order - b.order || a.sequence - b.sequence);
				let last = 0;
				const packets = arrived.map((packet) => {
					last = Math.max(last + 0.25, packet.at);
					return { ...packet, at: last };
				});
				const history = new LossHistory();
				for (const { at, sequence, isMarked } of packets) history.packet(at, sequence & 0xffff, isMarked, grttMs);
				const { lost, events } = naive(packets, grttMs);
				expect(history.lostPackets).toBe(lost.size);
				expect(history.lossEvents).toBe(events);
			}),
		);
	});

	it('waits for five newer packets before it believes in a loss', () => {
		const history = new LossHistory();
		for (const sequence of [1, 2, 3, 5, 6, 7, 8]) history.packet(sequence, sequence, false, 10);
		expect(history.lostPackets).toBe(0);
		history.packet(9, 9, false, 10);
		expect(history.lostPackets).toBe(1);
	});

	it('takes what comes within five packets for late, not for lost', () => {
		const history = new LossHistory();
		for (const sequence of [1, 2, 3, 5, 6, 7, 8, 4, 9, 10, 11, 12, 13]) history.packet(sequence, sequence, false, 10);
		expect(history.lostPackets).toBe(0);
	});

	it('sees no loss where sequence numbers wrap', () => {
		const history = new LossHistory();
		stream(history, 65_000, 2000, () => false);
		expect(history.isLossless).toBe(true);
		expect(history.lossEventRate).toBe(0);
	});

	it('counts the losses of one GRTT as one event, and those after it as another', () => {
		const history = new LossHistory();
		const drops = new Set([100, 103, 109, 112, 300]);
		stream(history, 0, 400, (i) => drops.has(i));
		expect(history.lostPackets).toBe(5);
		expect(history.lossEvents).toBe(3);
	});

	it('splits a gap that is longer than a GRTT into events', () => {
		const history = new LossHistory();
		stream(history, 0, 1000, (i) => i >= 400 && i < 450);
		// 50 ms without a packet, events that are more than 10 ms apart.
		expect(history.lossEvents).toBe(5);
	});

	it('says one loss in a hundred packets when that is what it sees', () => {
		const history = new LossHistory();
		stream(history, 0, 5000, (i) => i % 100 === 50);
		expect(history.lossEventRate).toBeCloseTo(0.01, 3);
	});

	it('weighs the eight latest intervals 1, 1, 1, 1, 0.8, 0.6, 0.4, 0.2', () => {
		const history = new LossHistory();
		const intervals = [40, 60, 50, 80, 30, 70, 90, 45, 55];
		let at = 200;
		const drops = new Set([at]);
		for (const interval of intervals) {
			at += interval;
			drops.add(at);
		}
		stream(history, 0, at + 10, (i) => drops.has(i));
		const weights = [1, 1, 1, 1, 0.8, 0.6, 0.4, 0.2];
		const latest = intervals.slice(-8).reverse();
		const mean = weights.reduce((sum, weight, i) => sum + weight * latest[i], 0) / 6;
		expect(history.lossEventRate).toBeCloseTo(1 / mean, 10);
	});

	it('lets the present interval make the rate better, never worse', () => {
		const history = new LossHistory();
		stream(history, 0, 2000, (i) => i % 100 === 50);
		const settled = history.lossEventRate;
		stream(history, 2000, 45, () => false);
		expect(history.lossEventRate).toBe(settled);
		stream(history, 2045, 400, () => false);
		expect(history.lossEventRate).toBeLessThan(settled);
		const better = history.lossEventRate;
		stream(history, 2445, 4000, () => false);
		expect(history.lossEventRate).toBeLessThan(better / 3);
	});

	it('takes a congestion mark for a loss, although the packet is there', () => {
		const history = new LossHistory();
		stream(history, 0, 50, () => false);
		expect(history.packet(50, 50, true, 10)).toBe(true);
		history.begin(64);
		expect(history.lossEvents).toBe(1);
		expect(history.lostPackets).toBe(0);
		expect(history.markedPackets).toBe(1);
		expect(history.lossEventRate).toBeCloseTo(1 / 64, 10);
	});

	it('starts with the interval that it is told at the first loss', () => {
		const history = new LossHistory();
		stream(history, 0, 110, (i) => i === 100);
		expect(history.lossEventRate).toBeCloseTo(1 / 100, 10);
	});
});
