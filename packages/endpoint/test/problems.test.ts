import { problem } from '@uftp/protocol';
import { describe, expect, it } from 'vitest';
import {
	describeError,
	describeProblem,
	describeWarning,
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

	it('that a session warns of name the setting that helps, where one does', () => {
		const message = 'What the core wrote.';
		const unlisted = problem('proxy-unlisted', { proxy: '0x000000F1', host: '10.0.0.241' });
		expect(describeWarning({ message, problem: unlisted }, { ...shouting, proxies: '-j' })).toBe(
			'Proxy 0x000000F1 at 10.0.0.241 is not on the list of proxies (-j), which a closed group needs.',
		);
		expect(describeWarning({ message, problem: problem('no-agreement') }, shouting)).toBe(message);
		expect(describeWarning({ message }, shouting)).toBe(message);
	});

	it('of other origin keep their message', () => {
		expect(describeError(new RangeError('too long'), shouting)).toBe('too long');
		expect(describeError('only a text', shouting)).toBe('only a text');
	});
});
