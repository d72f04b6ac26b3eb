import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as wire from '@uftp/wire';
import { describe, expect, it } from 'vitest';
import { drawBoxes, words } from '../protocol-doc/diagram.ts';
import { MESSAGES, PARTS } from '../protocol-doc/structures.ts';
import { protocolDocPath, withGeneratedBlocks } from '../protocol-doc.ts';

const text = readFileSync(protocolDocPath, 'utf8');

describe('docs/protocol.md', () => {
	it('has generated blocks that are up to date', () => {
		const isFresh = withGeneratedBlocks(text) === text;
		expect(isFresh ? '' : 'docs/protocol.md is out of date: run bin/bun tooling/protocol-doc.ts').toBe('');
	});

	it('describes every layout of packages/wire', () => {
		const described = new Set([...MESSAGES, ...PARTS].map(({ parts }) => parts));
		const layouts = Object.entries(wire).filter(([name]) => /Layout$/.test(name)) as [string, wire.Layout<never>][];
		expect(layouts.length).toBeGreaterThan(20);
		expect(layouts.filter(([, { parts }]) => !described.has(parts)).map(([name]) => name)).toEqual([]);
	});

	it('gives message N the section 4.N', () => {
		expect(MESSAGES.map(({ func }) => func)).toEqual(Object.values(wire.MessageType));
		for (const { func, name } of MESSAGES) expect(text).toContain(`\n### 4.${func} ${name}\n`);
	});

	it('refers only to sections that it has', () => {
		const headings = new Set([...text.matchAll(/^##+ (\d+(?:\.\d+)?) /gm)].map(([, number]) => number));
		const cited = [...text.matchAll(/\bsections? ([1-9]\d*(?:\.\d+)?)(?:(?: and|,) (\d+\.\d+|\d+)\b)?/g)]
			.filter(({ index }) => !/RFC \d+, $/.test(text.slice(0, index)))
			.flatMap(([, first, second]) => (second === undefined ? [first] : [first, second]));
		expect(cited.length).toBeGreaterThan(20);
		expect(cited.filter((number) => !headings.has(number ?? ''))).toEqual([]);
	});

	it('has the test vectors that packages/crypto is tested with', () => {
		const path = join(import.meta.dirname, '../../packages/crypto/test/uftp-vectors.test.ts');
		const vectors = readFileSync(path, 'utf8').replace(/' \+\s+'/g, '');
		const section = text.slice(text.indexOf('\n### 11.13 '), text.indexOf('\n## 12 '));
		const numbers = [...section.matchAll(/\b[0-9a-f]{16,}\b/g)].map(([number]) => number);
		expect(numbers.length).toBeGreaterThan(6);
		expect(numbers.filter((number) => !vectors.includes(number))).toEqual([]);
	});

	it('refers only to quirks that it lists', () => {
		const listed = new Set([...text.matchAll(/^\| (\d+) \| .* \| (?:format|behaviour) \|/gm)].map(([, n]) => n));
		const cited = [...text.matchAll(/\bquirks? (\d+)(?: and (\d+))?/gi)].flatMap(([, a, b]) => [a, b]).filter((n) => n);
		expect([...listed]).toEqual(Array.from({ length: listed.size }, (_, i) => String(i + 1)));
		expect(cited.filter((number) => !listed.has(number))).toEqual([]);
	});
});

describe('a box diagram', () => {
	it('draws rows of 32 bits, splits fields at their ends and gives long ones their size', () => {
		const parts = [
			{ name: 'kind', offset: 0, size: 1, isReserved: false },
			{ name: 'zero', offset: 1, size: 1, isReserved: true },
			{ name: 'fileSize', offset: 2, size: 6, isReserved: false },
			{ name: 'seed', offset: 8, size: 32, isReserved: false },
		];
		expect(drawBoxes({ parts, labels: { kind: 'type' }, variable: ['name'] }).slice(2)).toEqual([
			'+---------------+---------------+-------------------------------+',
			'|     type      |       0       |        file size, high        |',
			'+---------------+---------------+-------------------------------+',
			'|                        file size, low                         |',
			'+---------------------------------------------------------------+',
			'|                        seed, 32 bytes                         |',
			'+---------------------------------------------------------------+',
			':                             name                              :',
			'+---------------------------------------------------------------+',
		]);
	});

	it('refuses a label that does not fit its box', () => {
		const parts = [{ name: 'aNameThatIsTooLong', offset: 0, size: 1, isReserved: false }];
		expect(() => drawBoxes({ parts, labels: {}, variable: [] })).toThrow(/shorter label/);
	});

	it('writes the words of a name apart', () => {
		expect(words('publicKeyBytes')).toBe('public key bytes');
	});
});
