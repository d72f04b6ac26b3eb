import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AssertionError, assert } from '../src/assert.ts';
import { answerWindowMs, isNewGrtt, nextGrttMs, silenceMs } from '../src/shared/grtt.ts';
import { OWN_MARKER_BYTES, readOwnMarker, writeOwnMarker } from '../src/shared/own-marker.ts';
import { nextSequence, sequenceAhead } from '../src/shared/sequence.ts';
import { NEVER, TimerTable } from '../src/timers.ts';

describe('GRTT', () => {
	it('is taken over only when it differs by more than a millisecond', () => {
		expect(isNewGrtt(10, 10.9)).toBe(false);
		expect(isNewGrtt(10, 11.1)).toBe(true);
		expect(isNewGrtt(10, 8.9)).toBe(true);
	});

	it('sets how long a peer may be silent, but never less than a second', () => {
		expect([silenceMs(20, 10), silenceMs(20, 500)]).toEqual([1000, 10_000]);
		expect([answerWindowMs(10, 10), answerWindowMs(20, 500)]).toEqual([1000, 40_000]);
	});

	it('is set outright by the first measurement and falls slowly afterwards', () => {
		const bounds = { min: 10, max: 15_000 };
		expect(nextGrttMs(500, 3, true, bounds)).toBe(10);
		expect(nextGrttMs(500, 3, false, bounds)).toBe(450);
		expect(nextGrttMs(500, 800, false, bounds)).toBe(800);
		expect(nextGrttMs(500, 99_000, false, bounds)).toBe(15_000);
		expect(nextGrttMs(500, 0, false, bounds)).toBe(500);
	});
});

describe('sequence numbers', () => {
	it('wrap after 65,535', () => {
		expect(nextSequence(0xffff)).toBe(0);
	});

	it('tell how far one is ahead of another across the wrap', () => {
		fc.assert(
			fc.property(fc.integer({ min: 0, max: 0xffff }), fc.integer({ min: -32_768, max: 32_767 }), (from, step) => {
				expect(sequenceAhead((from + step) & 0xffff, from)).toBe(step);
			}),
		);
	});
});

describe('TimerTable', () => {
	it('gives a timer once when its time has come, and the earliest deadline of all', () => {
		const timers = new TimerTable(3);
		expect(timers.next()).toBe(NEVER);
		timers.set(0, 50);
		timers.set(2, 20);
		timers.setIfIdle(2, 10);
		expect(timers.next()).toBe(20);
		expect(timers.takeDue(2, 19)).toBe(false);
		expect(timers.takeDue(2, 20)).toBe(true);
		expect(timers.takeDue(2, 20)).toBe(false);
		expect(timers.next()).toBe(50);
		timers.clearAll();
		expect(timers.isRunning(0)).toBe(false);
	});

	it('stretches what is left of a running timer and leaves idle ones idle', () => {
		const timers = new TimerTable(2);
		timers.set(0, 100);
		timers.rescale(0, 60, 2);
		timers.rescale(1, 60, 2);
		expect(timers.deadline(0)).toBe(140);
		expect(timers.deadline(1)).toBe(NEVER);
	});
});

describe('the mark of our receivers', () => {
	it('carries the instance id and leaves the time and the random part of the field zero', () => {
		const field = new Uint8Array(OWN_MARKER_BYTES + 2).fill(7);
		writeOwnMarker(field, [0xdeadbeef, 0x00000001], 1);
		expect(readOwnMarker(field, 1)).toEqual([0xdeadbeef, 1]);
		expect([...field.slice(1, 5), ...field.slice(17, 33)]).toEqual(new Array(20).fill(0));
		expect([field[0], field[33]]).toEqual([7, 7]);
	});

	it('is not seen in what C receivers send, nor in a field that is too short', () => {
		expect(readOwnMarker(new Uint8Array(32))).toBeUndefined();
		const field = new Uint8Array(OWN_MARKER_BYTES);
		writeOwnMarker(field, [1, 2]);
		expect(readOwnMarker(field.slice(0, 31))).toBeUndefined();
	});
});

describe('assert', () => {
	it('throws an error of its own kind with the message', () => {
		expect(() => assert(1 > 2, 'one is more than two')).toThrow(AssertionError);
		expect(() => assert(2 > 1, 'fine')).not.toThrow();
	});
});
