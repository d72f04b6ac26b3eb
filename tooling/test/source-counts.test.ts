import { describe, expect, it } from 'vitest';
import { sourceCounts } from '../source-counts.ts';

describe('counts of the source', () => {
	it('are lines with code, and calls of assert, for each folder of src', () => {
		const text = [
			'// assert(never)',
			'',
			'export function assert(condition: boolean): void {}',
			'assert(true);',
			'const x = 1; assert(x === 1);',
		].join('\n');
		const counts = sourceCounts([
			{ path: 'packages/wire/src/a.ts', text },
			{ path: 'packages/protocol/src/sender/deep/b.ts', text: 'assert(false);\n' },
			{ path: 'packages/protocol/test/c.test.ts', text },
			{ path: 'packages/wire/src/notes.md', text },
		]);
		expect(counts).toEqual(
			new Map([
				['packages/protocol/src/sender', { code: 1, assertions: 1 }],
				['packages/wire/src', { code: 3, assertions: 2 }],
			]),
		);
	});
});
