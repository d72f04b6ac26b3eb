import { problem } from '@uftp/protocol';
import { describe, expect, it } from 'vitest';
import {
	describeError,
	describeProblem,
	EndpointError,
	LIBRARY_VOCABULARY,
	vocabularyOf,
} from '../src/problems/index.ts';

const shouting = vocabularyOf((field) => `MY_${field.toUpperCase()}`, { port: '--port' });

describe('problems', () => {
	it('are said with the names that the program has for its settings', () => {
		const damaged = problem('uid-damaged' as const, { path: '/state/uid' });
		expect(describeProblem(damaged, LIBRARY_VOCABULARY)).toBe(
			'/state/uid should hold the UID of this receiver and does not: remove it, or set uid.',
		);
		expect(describeProblem(damaged, shouting)).toContain('set MY_UID.');
		expect(describeProblem(problem('port-shared' as const, { port: 1044 }), shouting)).toContain('(--port)');
	});

	it('are thrown with code, facts and cause, and a message in the words of the library', () => {
		const cause = new Error('EROFS');
		const error = new EndpointError('uid-not-kept', { path: '/state/uid', why: 'read-only' }, cause);
		expect([error.code, error.facts, error.cause]).toEqual([
			'uid-not-kept',
			{ path: '/state/uid', why: 'read-only' },
			cause,
		]);
		expect(error.message).toContain('Set uid or stateDirectory');
		expect(describeError(error, shouting)).toContain('Set MY_UID or MY_STATEDIRECTORY');
	});

	it('of other origin keep their message', () => {
		expect(describeError(new RangeError('too long'), shouting)).toBe('too long');
		expect(describeError('only a text', shouting)).toBe('only a text');
	});
});
