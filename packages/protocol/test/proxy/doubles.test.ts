import { describe, expect, it } from 'vitest';
import { Doubles } from '../../src/proxy/gathering/doubles.ts';
import { DOUBLES_MAX } from '../../src/proxy/gathering/gathering-limits.ts';

/** More than the ABORT that answers it. */
const LONG_BYTES = 600;

describe('nodes with the id of another one', () => {
	it('are told when they have sent as much as the answer takes, and not before', () => {
		const doubles = new Doubles();
		expect(doubles.mayAnswer('10.0.0.7', 1044, 100)).toBe(false);
		expect(doubles.mayAnswer('10.0.0.7', 1044, LONG_BYTES)).toBe(true);
	});

	it.each([100, LONG_BYTES])('are forgotten when others have come since, with datagrams of %i bytes, too', (bytes) => {
		const doubles = new Doubles();
		doubles.mayAnswer('10.0.0.7', 1044, bytes);
		for (let port = 1; port <= DOUBLES_MAX; port++) doubles.mayAnswer('10.0.0.8', port, bytes);
		// What it had sent before would do, together with this.
		expect(doubles.mayAnswer('10.0.0.7', 1044, 250)).toBe(false);
	});
});
