import fs from 'node:fs';
import path from 'node:path';
import type { BlockSource } from '@uftp/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { buildCatalogue, FileSource } from '../src/index.ts';
import { MemorySource, memoryFile } from '../src/memory.ts';
import { burst, expectedBytes } from './outgoing-burst.ts';
import { pattern, scratchDirectory } from './scratch.ts';

interface Driver {
	readonly name: string;
	make(contents: readonly Uint8Array[]): BlockSource;
}

const drivers: readonly Driver[] = [
	{
		name: 'file source',
		make(contents) {
			const directory = scratchDirectory();
			const paths = contents.map((content, index) => {
				const full = path.join(directory, `f${index}`);
				fs.writeFileSync(full, content);
				return full;
			});
			const { entries, problems } = buildCatalogue(paths);
			expect(problems).toEqual([]);
			return new FileSource(entries);
		},
	},
	{
		name: 'memory source',
		make: (contents) => new MemorySource(contents.map((content, index) => memoryFile(`f${index}`, content))),
	},
];

describe.each(drivers)('a $name', ({ make }) => {
	it('fills a burst of consecutive blocks and leaves the headers alone', () => {
		const content = pattern(48 * 1300);
		const source = make([content]);
		expect(source.open(0)).toBeUndefined();
		const offsets = Array.from({ length: 48 }, (_, i) => i * 1300);
		const batch = burst({ stride: 1328, payloadOffset: 28, payloadBytes: 1300, lastPayloadBytes: 1300, offsets });
		expect(source.fill(batch)).toBeUndefined();
		expect(batch.bytes).toEqual(expectedBytes(batch, content));
	});

	it('fills a last block that is shorter than the others', () => {
		const content = pattern(2 * 1300 + 1);
		const source = make([content]);
		source.open(0);
		const shape = { stride: 1328, payloadOffset: 28, payloadBytes: 1300, lastPayloadBytes: 1 };
		const batch = burst({ ...shape, offsets: [0, 1300, 2600] });
		expect(source.fill(batch)).toBeUndefined();
		expect(batch.bytes).toEqual(expectedBytes(batch, content));
	});

	it('fills any blocks in any order into any layout, again and again in the same memory', () => {
		const content = pattern(20_000, 7);
		const source = make([content]);
		source.open(0);
		const memory = new Uint8Array(64 * 700);
		const shapes = fc
			.record({ header: fc.integer({ min: 0, max: 60 }), block: fc.integer({ min: 1, max: 600 }) })
			.chain(({ header, block }) => {
				const last = Math.ceil(content.length / block) - 1;
				const blocks = fc.array(fc.integer({ min: 0, max: last }), { minLength: 1, maxLength: 48 });
				const runs = fc
					.tuple(fc.integer({ min: 0, max: last }), fc.integer({ min: 1, max: 48 }))
					.map(([from, count]) => Array.from({ length: Math.min(count, last - from + 1) }, (_, i) => from + i));
				return fc.tuple(fc.constant(header), fc.constant(block), fc.oneof(blocks, runs));
			});
		fc.assert(
			fc.property(shapes, ([header, block, wanted]) => {
				// Only the last datagram of a burst may carry the short last block of a file.
				const short = Math.ceil(content.length / block) - 1;
				const blocks = wanted.filter((index, i) => index !== short || i === wanted.length - 1);
				fc.pre(blocks.length > 0);
				const offsets = blocks.map((index) => index * block);
				const lastPayloadBytes = Math.min(block, content.length - offsets[offsets.length - 1]);
				memory.fill(0xa5);
				const layout = { stride: header + block, payloadOffset: header, payloadBytes: block };
				const batch = burst({ ...layout, lastPayloadBytes, offsets, bytes: memory });
				expect(source.fill(batch)).toBeUndefined();
				expect(Buffer.compare(batch.bytes, expectedBytes(batch, content))).toBe(0);
			}),
			{ numRuns: 300 },
		);
	});

	it('keeps several open files apart', () => {
		const first = pattern(600, 1);
		const second = pattern(600, 2);
		const source = make([first, second]);
		source.open(0);
		source.open(1);
		const shape = { stride: 328, payloadOffset: 28, payloadBytes: 300, lastPayloadBytes: 300, offsets: [0, 300] };
		for (const [file, content] of [first, second].entries()) {
			const batch = burst({ ...shape, file });
			expect(source.fill(batch)).toBeUndefined();
			expect(batch.bytes).toEqual(expectedBytes(batch, content));
		}
	});

	it('says so when a file is filled from that is not open, or was closed', () => {
		const source = make([pattern(100)]);
		const shape = { stride: 128, payloadOffset: 28, payloadBytes: 100, lastPayloadBytes: 100, offsets: [0] };
		expect(source.fill(burst(shape))).toMatch(/not open/);
		source.open(0);
		expect(source.fill(burst(shape))).toBeUndefined();
		source.close(0);
		expect(source.fill(burst(shape))).toMatch(/not open/);
		expect(source.open(0)).toBeUndefined();
	});

	it('says so when blocks lie beyond the end of the file', () => {
		const source = make([pattern(500)]);
		source.open(0);
		const shape = { stride: 128, payloadOffset: 28, payloadBytes: 100, lastPayloadBytes: 100 };
		expect(source.fill(burst({ ...shape, offsets: [400, 500] }))).toMatch(/ended at byte 500/);
		expect(source.fill(burst({ ...shape, offsets: [500] }))).toMatch(/ended at byte 500/);
	});

	it('says so when the catalogue has no such entry', () => {
		expect(make([pattern(1)]).open(1)).toMatch(/no entry 1/);
	});

	it('closes what is not open without complaint', () => {
		const source = make([pattern(1)]);
		expect(() => source.close(0)).not.toThrow();
	});
});
