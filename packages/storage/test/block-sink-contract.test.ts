import fs from 'node:fs';
import path from 'node:path';
import { type BlockSink, CompleteStatus, FileType } from '@uftp/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MemorySink } from '../src/memory.ts';
import { FileSink } from '../src/receiving/index.ts';
import { allowedLinks, allowedNames, refusedLinks, refusedNames } from './hostile-names.ts';
import { incoming, listing, pattern, scratchDirectory } from './scratch.ts';

/** What tells the drivers apart: how to look at what arrived. */
interface Bench {
	readonly sink: BlockSink & { readonly openFiles: number };
	content(name: string): Uint8Array | undefined;
	link(name: string): string | undefined;
	isDirectory(name: string): boolean;
	/** Nothing at all is stored. */
	isEmpty(): boolean;
}

function fileBench(temporaryNames: boolean): Bench {
	const directory = scratchDirectory();
	const at = (name: string) => path.join(directory, name);
	return {
		sink: new FileSink({ destinations: [directory], temporaryNames }),
		content: (name) => (fs.existsSync(at(name)) ? fs.readFileSync(at(name)) : undefined),
		link: (name) => (fs.lstatSync(at(name), { throwIfNoEntry: false }) ? fs.readlinkSync(at(name)) : undefined),
		isDirectory: (name) => fs.statSync(at(name), { throwIfNoEntry: false })?.isDirectory() ?? false,
		isEmpty: () => listing(directory).length === 0,
	};
}

function memoryBench(): Bench {
	const sink = new MemorySink();
	return {
		sink,
		content(name) {
			const file = sink.stored.get(name);
			return file?.type === FileType.Regular ? file.content : undefined;
		},
		link(name) {
			const file = sink.stored.get(name);
			return file?.type === FileType.SymbolicLink ? file.link : undefined;
		},
		isDirectory: (name) => sink.stored.get(name)?.type === FileType.EmptyDirectory,
		isEmpty: () => sink.stored.size === 0,
	};
}

const drivers: readonly { name: string; make: () => Bench }[] = [
	{ name: 'file sink', make: () => fileBench(true) },
	{ name: 'file sink without temporary names', make: () => fileBench(false) },
	{ name: 'memory sink', make: memoryBench },
];

function receive(sink: BlockSink, name: string, bytes: Uint8Array, given: Parameters<typeof incoming>[1] = {}): void {
	const file = incoming(name, { size: bytes.length, ...given });
	expect(sink.offer(file)).toMatchObject({ kind: 'accept' });
	expect(sink.write(file.handle, 0, bytes, 0, bytes.length)).toBeUndefined();
	expect(sink.finish(file.handle)).toBeUndefined();
}

describe.each(drivers)('a $name', ({ make }) => {
	it('gives identical bytes for blocks in any order, some of them twice', () => {
		const bench = make();
		const cases = fc
			.record({ size: fc.integer({ min: 0, max: 5000 }), block: fc.integer({ min: 1, max: 700 }), seed: fc.nat() })
			.chain(({ size, block, seed }) => {
				const count = Math.ceil(size / block);
				const all = Array.from({ length: count }, (_, i) => i);
				const again =
					count === 0 ? fc.constant([]) : fc.array(fc.integer({ min: 0, max: count - 1 }), { maxLength: 5 });
				const order = again.chain((more) =>
					fc.shuffledSubarray([...all, ...more], { minLength: all.length + more.length }),
				);
				return fc.tuple(fc.constant(size), fc.constant(block), fc.constant(seed), order);
			});
		fc.assert(
			fc.property(cases, ([size, block, seed, order]) => {
				const content = pattern(size, seed);
				const file = incoming('any', { size });
				expect(bench.sink.offer(file)).toEqual({ kind: 'accept', status: CompleteStatus.Normal });
				// Blocks come from somewhere in the memory of a burst, not from its start.
				const memory = new Uint8Array(block + 40);
				for (const index of order) {
					const offset = index * block;
					const bytes = content.subarray(offset, offset + block);
					memory.set(bytes, 29);
					expect(bench.sink.write(file.handle, offset, memory, 29, bytes.length)).toBeUndefined();
				}
				expect(bench.sink.finish(file.handle)).toBeUndefined();
				expect(Buffer.compare(bench.content('any') as Uint8Array, content)).toBe(0);
			}),
			{ numRuns: 100 },
		);
		expect(bench.sink.openFiles).toBe(0);
	});

	it.each(refusedNames)('rejects every kind of entry whose name is %s', (_, name) => {
		const { sink, isEmpty } = make();
		for (const type of [FileType.Regular, FileType.EmptyDirectory, FileType.SymbolicLink, FileType.Delete]) {
			const decision = sink.offer(incoming(name, { type, link: 'x' }));
			expect(decision).toMatchObject({ kind: 'answer', status: CompleteStatus.Rejected });
			expect(decision.kind === 'answer' && decision.reason.length).toBeGreaterThan(10);
		}
		expect(isEmpty()).toBe(true);
		expect(sink.openFiles).toBe(0);
	});

	it.each(allowedNames)('takes the odd name %j', (name, lands) => {
		const { sink, content } = make();
		receive(sink, name, pattern(10));
		expect(content(lands)).toEqual(expect.objectContaining({ length: 10 }));
	});

	it.each(refusedLinks)('refuses a symbolic link %i directories deep that points to %j', (depth, link) => {
		const { sink, isEmpty } = make();
		const name = [...Array.from({ length: depth }, (_, i) => `d${i}`), 'l'].join('/');
		const decision = sink.offer(incoming(name, { type: FileType.SymbolicLink, link }));
		expect(decision).toMatchObject({ kind: 'answer', status: CompleteStatus.Rejected });
		expect(isEmpty()).toBe(true);
	});

	it.each(allowedLinks)('makes a symbolic link %i directories deep that points to %j', (depth, link) => {
		const bench = make();
		const name = [...Array.from({ length: depth }, (_, i) => `d${i}`), 'l'].join('/');
		const decision = bench.sink.offer(incoming(name, { type: FileType.SymbolicLink, link }));
		expect(decision).toMatchObject({ kind: 'answer', status: CompleteStatus.Normal });
		expect(bench.link(name)).toBe(link);
	});

	it('replaces an existing link and puts a file in the place of a link', () => {
		const bench = make();
		const offer = (link: string) => bench.sink.offer(incoming('l', { type: FileType.SymbolicLink, link }));
		offer('old');
		expect(offer('new')).toMatchObject({ kind: 'answer', status: CompleteStatus.Normal });
		expect(bench.link('l')).toBe('new');
		receive(bench.sink, 'l', pattern(3));
		expect(bench.content('l')).toHaveLength(3);
		expect(bench.content('new')).toBeUndefined();
	});

	it('never stores anything below a symbolic link', () => {
		const bench = make();
		receive(bench.sink, 'd/inside', pattern(1));
		bench.sink.offer(incoming('l', { type: FileType.SymbolicLink, link: 'd' }));
		for (const type of [FileType.Regular, FileType.EmptyDirectory, FileType.SymbolicLink, FileType.Delete]) {
			const decision = bench.sink.offer(incoming('l/inside', { type, link: 'x' }));
			expect(decision).toMatchObject({ kind: 'answer', status: CompleteStatus.Rejected });
		}
		expect(bench.content('d/inside')).toHaveLength(1);
	});

	it('makes an empty directory once and says "skipped" the second time', () => {
		const bench = make();
		const offer = () => bench.sink.offer(incoming('a/b', { type: FileType.EmptyDirectory }));
		expect(offer()).toMatchObject({ kind: 'answer', status: CompleteStatus.Normal });
		expect(bench.isDirectory('a/b')).toBe(true);
		expect(offer()).toMatchObject({ kind: 'answer', status: CompleteStatus.Skipped });
	});

	it('never lets a file, a link or a directory take the place of another kind', () => {
		const { sink, content, isDirectory } = make();
		sink.offer(incoming('dir', { type: FileType.EmptyDirectory }));
		receive(sink, 'file', pattern(5));
		const rejected = { kind: 'answer', status: CompleteStatus.Rejected };
		expect(sink.offer(incoming('dir'))).toMatchObject(rejected);
		expect(sink.offer(incoming('dir', { type: FileType.SymbolicLink, link: 'file' }))).toMatchObject(rejected);
		expect(sink.offer(incoming('file', { type: FileType.EmptyDirectory }))).toMatchObject(rejected);
		expect(sink.offer(incoming('file/below'))).toMatchObject(rejected);
		expect(isDirectory('dir')).toBe(true);
		expect(content('file')).toHaveLength(5);
	});

	it('deletes a file, a tree, and what does not exist, each with status normal', () => {
		const { sink, content, isEmpty } = make();
		receive(sink, 'f', pattern(5));
		receive(sink, 'd/e/f', pattern(5));
		receive(sink, 'd/g', pattern(5));
		sink.offer(incoming('d/l', { type: FileType.SymbolicLink, link: '../f' }));
		const remove = (name: string) => sink.offer(incoming(name, { type: FileType.Delete }));
		const normal = { kind: 'answer', status: CompleteStatus.Normal };
		expect(remove('d')).toMatchObject(normal);
		expect(content('f')).toHaveLength(5);
		expect(remove('f')).toMatchObject(normal);
		expect(isEmpty()).toBe(true);
		expect(remove('f')).toMatchObject(normal);
		expect(remove('no/such/thing')).toMatchObject(normal);
	});

	it('overwrites without sync mode, and decides by time and size with it', () => {
		const { sink, content } = make();
		receive(sink, 'f', pattern(5, 1), { modifiedSeconds: 1000 });
		const offer = (size: number, modifiedSeconds: number, preview = false) =>
			sink.offer(incoming('f', { size, modifiedSeconds, sync: true, preview }));
		const skipped = { kind: 'answer', status: CompleteStatus.Skipped };
		expect(offer(5, 999)).toMatchObject(skipped);
		expect(offer(5, 1000)).toMatchObject(skipped);
		expect(offer(5, 1001, true)).toMatchObject({ kind: 'answer', status: CompleteStatus.Overwritten });
		expect(offer(6, 1000, true)).toMatchObject({ kind: 'answer', status: CompleteStatus.Overwritten });
		const other = incoming('new', { sync: true, preview: true, modifiedSeconds: 7 });
		expect(sink.offer(other)).toMatchObject({ kind: 'answer', status: CompleteStatus.Normal });
		expect(sink.openFiles).toBe(0);

		const newer = incoming('f', { size: 4, modifiedSeconds: 1001, sync: true });
		expect(sink.offer(newer)).toEqual({ kind: 'accept', status: CompleteStatus.Overwritten });
		sink.write(newer.handle, 0, pattern(4, 2), 0, 4);
		expect(sink.finish(newer.handle)).toBeUndefined();
		expect([...(content('f') as Uint8Array)]).toEqual([...pattern(4, 2)]);

		const older = incoming('f', { size: 1, modifiedSeconds: 1 });
		expect(sink.offer(older)).toEqual({ kind: 'accept', status: CompleteStatus.Normal });
		sink.discard(older.handle);
	});

	it('writes nothing in a preview, whatever the type', () => {
		const { sink, isEmpty } = make();
		for (const type of [FileType.Regular, FileType.EmptyDirectory, FileType.SymbolicLink, FileType.Delete]) {
			const decision = sink.offer(incoming('a/b', { type, link: 'x', sync: true, preview: true }));
			expect(decision).toMatchObject({ kind: 'answer', status: CompleteStatus.Normal });
		}
		expect(isEmpty()).toBe(true);
	});

	it('answers a request for free space with a number', () => {
		const decision = make().sink.offer(incoming('.', { type: FileType.FreeSpace }));
		expect(decision).toMatchObject({ kind: 'answer', status: CompleteStatus.Normal });
		expect(decision.kind === 'answer' && decision.freeSpaceBytes).toBeGreaterThan(0);
	});

	it('rejects a type that it does not know', () => {
		expect(make().sink.offer(incoming('f', { type: 9 as never }))).toMatchObject({ kind: 'answer', status: 3 });
	});

	it('refuses blocks outside the file', () => {
		const { sink } = make();
		const file = incoming('f', { size: 100 });
		sink.offer(file);
		const bytes = pattern(100);
		expect(sink.write(file.handle, 1, bytes, 0, 100)).toMatch(/has 100 bytes/);
		expect(sink.write(file.handle, -1, bytes, 0, 1)).toMatch(/has 100 bytes/);
		expect(sink.write(file.handle, 2 ** 48, bytes, 0, 1)).toMatch(/has 100 bytes/);
		expect(sink.write(file.handle, 99, bytes, 0, 1)).toBeUndefined();
		sink.discard(file.handle);
	});

	it('says so when a handle is not open, is in use, or was discarded', () => {
		const { sink, isEmpty } = make();
		const file = incoming('f', { size: 10 });
		expect(sink.write(file.handle, 0, pattern(1), 0, 1)).toMatch(/No file is open/);
		expect(sink.finish(file.handle)).toMatch(/No file is open/);
		sink.offer(file);
		const again = incoming('g', { handle: file.handle });
		expect(sink.offer(again)).toMatchObject({ kind: 'answer', status: CompleteStatus.Rejected });
		sink.discard(file.handle);
		sink.discard(file.handle);
		expect(sink.write(file.handle, 0, pattern(1), 0, 1)).toMatch(/No file is open/);
		expect(isEmpty()).toBe(true);
	});
});
