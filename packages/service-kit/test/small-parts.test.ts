import { describe, expect, it } from 'vitest';
import { createLogger, idFromHost, newIdentity, newJobId, ProgressThrottle } from '../src/index.ts';
import { textLine } from '../src/logger.ts';

describe('the id of a job', () => {
	it('is a UUID of version 7 that tells its time', () => {
		const id = newJobId(0x0198_c5a2_7f2e);
		expect(id).toMatch(/^0198c5a2-7f2e-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
	});

	it('always ascends, also within a millisecond and when the clock is set back', () => {
		const now = Date.now() + 1_000_000;
		const ids = [newJobId(now), newJobId(now - 5000)];
		for (let i = 0; i < 10_000; i++) ids.push(newJobId(now));
		ids.push(newJobId(now + 10_000));
		expect(ids).toEqual([...ids].sort());
		expect(new Set(ids).size).toBe(ids.length);
	});
});

describe('the throttle of progress', () => {
	it('lets the first and the last sample through, and between them one a second', () => {
		const throttle = new ProgressThrottle();
		const due: number[] = [];
		for (let ms = 0; ms <= 3500; ms += 100) if (throttle.isDue('f', ms, (ms / 3500) * 100)) due.push(ms);
		expect(due).toEqual([0, 1000, 2000, 3000, 3500]);
		expect(throttle.isDue('f', 3600, 100)).toBe(false);
	});

	it('lets the last sample of a small file through right behind the first', () => {
		const throttle = new ProgressThrottle();
		expect([throttle.isDue('f', 0, 0), throttle.isDue('f', 1, 100), throttle.isDue('f', 2, 100)]).toEqual([
			true,
			true,
			false,
		]);
		expect(throttle.isDue('g', 2, 0)).toBe(true);
		throttle.forget('f');
		expect(throttle.isDue('f', 3, 0)).toBe(true);
	});

	it('does not repeat a progress that does not move', () => {
		const throttle = new ProgressThrottle();
		expect([0, 1000, 2000].map((ms) => throttle.isDue('f', ms, 50))).toEqual([true, false, false]);
	});
});

describe('the log', () => {
	it('writes one JSON object per line, from the level that is asked for', () => {
		const lines: string[] = [];
		const logger = createLogger('sender', 'info', { write: (line) => void lines.push(line) });
		logger.debug('hidden');
		logger.info('Ready.');
		expect(lines.length).toBe(1);
		expect(JSON.parse(lines[0] ?? '')).toMatchObject({ level: 'info', service: 'sender', msg: 'Ready.' });
	});

	it('writes a short line for people', () => {
		const json = JSON.stringify({ time: '2026-01-02T08:15:30.000Z', service: 'sender', level: 'warn', msg: 'Full.' });
		expect(textLine(json)).toBe('08:15:30 sender warn  Full.\n');
	});

	it('lets nothing in a message move a cursor or look like another line', () => {
		const lines: string[] = [];
		const logger = createLogger('sender', 'info', { write: (line) => void lines.push(line) });
		logger.warn('a\u001b[2J\u202eb\n08:15:31 sender info  Forged.');
		expect(textLine(lines[0] ?? '')).toMatch(
			/^\S+ sender warn {2}a\\x1b\[2J\\xe2\\x80\\xaeb\n {4}08:15:31 sender info {2}Forged\.\n$/,
		);
	});
});

describe('the identity of a node', () => {
	it('is new with each start', () => {
		const one = newIdentity('sender', 's1');
		const two = newIdentity('sender', 's1');
		expect(one.instance).toMatch(/^[0-9a-f]{16}$/);
		expect(one.instance).not.toBe(two.instance);
		expect(one.instanceBits.map((bits) => bits.toString(16).padStart(8, '0')).join('')).toBe(one.instance);
		expect(idFromHost()).toMatch(/^[A-Za-z0-9_-]{1,64}$/);
	});
});
