import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isInside } from '../src/source-root.ts';
import { isLonger, linkFault, quoted, splitName } from '../src/wire-name.ts';

describe('names from the network', () => {
	it('never come apart into components that lead upwards, whatever they are', () => {
		const piece = fc.oneof(fc.constantFrom('..', '.', '', '/', '\0', 'a', '...'), fc.string({ maxLength: 5 }));
		fc.assert(
			fc.property(fc.array(piece, { maxLength: 8 }), fc.constantFrom('', '/'), (pieces, separator) => {
				const parts = splitName(pieces.join(separator));
				if (!parts.ok) return;
				for (const component of parts.components) {
					expect(['', '.', '..']).not.toContain(component);
					expect(component).not.toMatch(/[/\0]/);
				}
			}),
			{ numRuns: 2000 },
		);
	});

	it('are shown in one line without control characters', () => {
		expect(quoted('a"b\n\x1b[31m\x7f\u202e')).toBe('"a\\"b\\n\\u001b[31m\\u007f\\u202e"');
		expect(quoted('x'.repeat(1000)).length).toBeLessThan(330);
	});

	it('are measured in bytes of UTF-8', () => {
		fc.assert(
			fc.property(fc.string({ unit: 'binary' }), (text) => {
				const { length } = new TextEncoder().encode(text);
				expect([isLonger(text, length), isLonger(text, length - 1)]).toEqual([false, true]);
			}),
		);
	});
});

describe('targets of links', () => {
	it('are taken wherever they point, unless no system could make them', () => {
		expect(linkFault('../../etc')).toBeUndefined();
		expect(linkFault('')).toMatch(/empty/);
		expect(linkFault('a\0b')).toMatch(/NUL/);
	});
});

it('a path is inside another by components, not by letters', () => {
	expect(isInside('/a/b', '/a/b/c')).toBe(true);
	expect(isInside('/a/b', '/a/b')).toBe(true);
	expect(isInside('/a/b', '/a/bc')).toBe(false);
	expect(isInside('/', '/a')).toBe(true);
});
