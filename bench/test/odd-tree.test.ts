import { describe, expect, it } from 'vitest';
import { oddTree } from '../src/tree/odd-tree.ts';

const sizes = (files: number, bytes: number): number[] =>
	oddTree(files, bytes).flatMap((entry) => ('bytes' in entry ? [entry.bytes] : []));

describe('the odd tree', () => {
	it.each([
		[1, 0],
		[1, 5],
		[500, 50_000_000],
		[10_000, 2_000_000_000],
	])('has %i files with %i bytes in all', (files, bytes) => {
		expect(sizes(files, bytes)).toHaveLength(files);
		expect(sizes(files, bytes).reduce((sum, size) => sum + size, 0)).toBe(bytes);
	});

	it('has paths that are unlike each other, fit on the wire, and stay in the tree', () => {
		const paths = oddTree(10_000, 2_000_000_000).map(({ path }) => path);
		expect(new Set(paths).size).toBe(paths.length);
		expect(Math.max(...paths.map((path) => Buffer.byteLength(`tree/${path}`)))).toBeLessThan(300);
		expect(paths.filter((path) => path.startsWith('/') || path.split('/').includes('..'))).toEqual([]);
	});

	it('is deep, has odd names, and many empty files', () => {
		const tree = oddTree(10_000, 2_000_000_000);
		expect(Math.max(...tree.map(({ path }) => path.split('/').length))).toBeGreaterThan(12);
		expect(sizes(10_000, 2_000_000_000).filter((size) => size === 0).length).toBeGreaterThan(3000);
		for (const part of [' ', '/-rf', 'ü', '漢', '"', '\\', '\t'])
			expect(tree.some(({ path }) => path.includes(part))).toBe(true);
	});
});
