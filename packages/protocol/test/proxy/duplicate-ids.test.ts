import { describe, expect, it } from 'vitest';
import { DuplicateIds } from '../../src/proxy/gathering/duplicate-ids.ts';
import { DUPLICATE_IDS_MAX } from '../../src/proxy/gathering/gathering-limits.ts';

/** More than the ABORT that answers it. */
const LONG_BYTES = 600;

describe('nodes with the id of another one', () => {
	it('are told when they have sent as much as the answer takes, and not before', () => {
		const duplicates = new DuplicateIds();
		expect(duplicates.mayAnswer('10.0.0.7', 1044, 100)).toBe(false);
		expect(duplicates.mayAnswer('10.0.0.7', 1044, LONG_BYTES)).toBe(true);
	});

	it.each([100, LONG_BYTES])('are forgotten when others have come since, with datagrams of %i bytes, too', (bytes) => {
		const duplicates = new DuplicateIds();
		duplicates.mayAnswer('10.0.0.7', 1044, bytes);
		for (let port = 1; port <= DUPLICATE_IDS_MAX; port++) duplicates.mayAnswer('10.0.0.8', port, bytes);
		// What it had sent before would do, together with this.
		expect(duplicates.mayAnswer('10.0.0.7', 1044, 250)).toBe(false);
	});
});
