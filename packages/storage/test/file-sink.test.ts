import fs from 'node:fs';
import path from 'node:path';
import { CompleteStatus, FileType } from '@uftp/protocol';
import { describe, expect, it } from 'vitest';
import { cleanTemporaries, FileSink } from '../src/receiving/index.ts';
import { incoming, listing, openBelow, pattern, scratchDirectory } from './scratch.ts';

const rejected = { kind: 'answer', status: CompleteStatus.Rejected };

function bench(options: { temporaryNames?: boolean } = {}) {
	const directory = scratchDirectory();
	const sink = new FileSink({ destinations: [directory], ...options });
	return { directory, sink, at: (name: string) => path.join(directory, name) };
}

function store(sink: FileSink, name: string, bytes: Uint8Array, given: Parameters<typeof incoming>[1] = {}) {
	const file = incoming(name, { size: bytes.length, ...given });
	expect(sink.offer(file)).toMatchObject({ kind: 'accept' });
	expect(sink.write(file.handle, 0, bytes, 0, bytes.length)).toBeUndefined();
	return sink.finish(file.handle);
}

describe('temporary names', () => {
	it('keep a file out of sight until it is complete', () => {
		const { directory, sink } = bench();
		const file = incoming('d/f', { size: 4, groupId: 0xdeadbeef, fileId: 10 });
		sink.offer(file);
		expect(listing(directory)).toEqual(['d/', 'd/.~uftp-DEADBEEF-000A']);
		sink.write(file.handle, 0, pattern(4), 0, 4);
		expect(listing(directory)).toEqual(['d/', 'd/.~uftp-DEADBEEF-000A']);
		expect(sink.finish(file.handle)).toBeUndefined();
		expect(listing(directory)).toEqual(['d/', 'd/f']);
	});

	it('leave the old file whole until the new one takes its place in one step', () => {
		const { sink, at } = bench();
		fs.writeFileSync(at('f'), 'old');
		const reader = fs.openSync(at('f'), 'r');
		const file = incoming('f', { size: 3 });
		sink.offer(file);
		sink.write(file.handle, 0, new TextEncoder().encode('new'), 0, 3);
		expect(fs.readFileSync(at('f'), 'utf8')).toBe('old');
		expect(sink.finish(file.handle)).toBeUndefined();
		expect(fs.readFileSync(at('f'), 'utf8')).toBe('new');
		expect(fs.readFileSync(reader, 'utf8')).toBe('old');
		fs.closeSync(reader);
	});

	it('step aside for one that is taken, by another receiver or by a killed run', () => {
		const { directory, sink, at } = bench();
		fs.writeFileSync(at('.~uftp-00C0FFEE-0001'), 'of another');
		const file = incoming('f', { size: 1, fileId: 1 });
		expect(sink.offer(file)).toMatchObject({ kind: 'accept' });
		expect(listing(directory)).toEqual(['.~uftp-00C0FFEE-0001', '.~uftp-00C0FFEE-0001.1']);
		sink.discard(file.handle);
		expect(fs.readFileSync(at('.~uftp-00C0FFEE-0001'), 'utf8')).toBe('of another');
	});

	it('cannot be chosen by a sender', () => {
		const { sink } = bench();
		expect(sink.offer(incoming('.~uftp-DEADBEEF-000A'))).toMatchObject(rejected);
		expect(sink.offer(incoming('d/.~uftp-DEADBEEF-000A', { type: FileType.Delete }))).toMatchObject(rejected);
	});

	it('that are old are cleaned away, young ones and other files are not', () => {
		const { directory, at } = bench();
		fs.mkdirSync(at('d/e'), { recursive: true });
		const outside = scratchDirectory();
		fs.writeFileSync(path.join(outside, '.~uftp-00000001-0001'), '');
		fs.symlinkSync(outside, at('link'));
		const names = ['.~uftp-00000001-0001', 'd/e/.~uftp-0000000A-FFFF.2', 'd/.~uftp-00000001-0002', '.~uftp-x', 'f'];
		for (const name of names) fs.writeFileSync(at(name), '');
		const hourAgo = Date.now() / 1000 - 3600;
		for (const name of names) if (!name.endsWith('0002')) fs.utimesSync(at(name), hourAgo, hourAgo);
		fs.utimesSync(path.join(outside, '.~uftp-00000001-0001'), hourAgo, hourAgo);
		const removed = cleanTemporaries(directory, 30 * 60_000).sort();
		expect(removed).toEqual([at('.~uftp-00000001-0001'), at('d/e/.~uftp-0000000A-FFFF.2')]);
		expect(listing(directory).filter((line) => !line.endsWith('/'))).toEqual([
			'.~uftp-x',
			'd/.~uftp-00000001-0002',
			'f',
			`link -> ${outside}`,
		]);
		expect(fs.readdirSync(outside)).toHaveLength(1);
	});
});

describe('a file that will not be completed', () => {
	it.each([true, false])(
		'leaves nothing behind, not even the directories made for it (temporary names: %s)',
		(temporaryNames) => {
			const { directory, sink, at } = bench({ temporaryNames });
			fs.mkdirSync(at('mine'));
			const file = incoming('mine/a/b/f', { size: 10 });
			sink.offer(file);
			sink.write(file.handle, 5, pattern(5), 0, 5);
			expect(listing(directory)).toHaveLength(4);
			sink.discard(file.handle);
			expect(listing(directory)).toEqual(['mine/']);
		},
	);

	it('leaves the directories that others use', () => {
		const { directory, sink } = bench();
		const first = incoming('a/b/first', { size: 1 });
		const second = incoming('a/second', { size: 1 });
		sink.offer(first);
		sink.offer(second);
		sink.discard(first.handle);
		expect(listing(directory)).toEqual(['a/', expect.stringMatching(/^a\/\.~uftp/)]);
		sink.write(second.handle, 0, pattern(1), 0, 1);
		sink.finish(second.handle);
		const third = incoming('a/third', { size: 1 });
		sink.offer(third);
		sink.discard(third.handle);
		expect(listing(directory)).toEqual(['a/', 'a/second']);
	});

	it('goes with all the others when the sink is closed', () => {
		const { directory, sink } = bench();
		for (let i = 0; i < 20; i++) sink.offer(incoming(`d${i}/f`, { size: 1 }));
		expect(sink.openFiles).toBe(20);
		sink.close();
		expect(sink.openFiles).toBe(0);
		expect(listing(directory)).toEqual([]);
	});

	it('closes every descriptor that it opened, and so do finished and rejected files', () => {
		const { directory, sink, at } = bench();
		fs.symlinkSync('/', at('out'));
		const open = incoming('still/open', { size: 1 });
		sink.offer(open);
		expect(openBelow(directory)).toBe(2);
		sink.discard(open.handle);
		for (let i = 0; i < 50; i++) {
			store(sink, `a/b/f${i}`, pattern(10));
			const lost = incoming(`x/y/f${i}`, { size: 1 });
			sink.offer(lost);
			sink.discard(lost.handle);
			for (const type of [0, 1, 2, 3, 4] as const) {
				sink.offer(incoming(`out/etc/f${i}`, { type, link: 'x' }));
				sink.offer(incoming(`a/b/f0/f${i}`, { type, link: 'x' }));
			}
			sink.offer(incoming(`e/${i}`, { type: FileType.EmptyDirectory }));
			sink.offer(incoming('e', { type: FileType.Delete }));
		}
		expect(openBelow(directory)).toBe(0);
	});
});

describe('symbolic links at the destination', () => {
	it.each([true, false])(
		'are replaced by a file of their name, never written through (temporary names: %s)',
		(temporaryNames) => {
			const { sink, at } = bench({ temporaryNames });
			const outside = path.join(scratchDirectory(), 'victim');
			fs.writeFileSync(outside, 'untouched');
			fs.symlinkSync(outside, at('f'));
			expect(store(sink, 'f', pattern(5))).toBeUndefined();
			expect(fs.lstatSync(at('f')).isFile()).toBe(true);
			expect(fs.readFileSync(outside, 'utf8')).toBe('untouched');
		},
	);

	it('are not followed on the way, and the answer says so', () => {
		const { sink, at } = bench();
		const outside = scratchDirectory();
		fs.mkdirSync(at('a'));
		fs.symlinkSync(outside, at('a/out'));
		for (const type of [FileType.Regular, FileType.EmptyDirectory, FileType.SymbolicLink, FileType.Delete]) {
			const decision = sink.offer(incoming('a/out/f', { type, link: 'x' }));
			expect(decision).toMatchObject({ ...rejected, reason: expect.stringMatching(/"a\/out" is a symbolic link/) });
		}
		expect(fs.readdirSync(outside)).toEqual([]);
	});

	it('that take the place of a directory while a file is being received lead nowhere', () => {
		const { sink, at } = bench();
		const outside = scratchDirectory();
		const file = incoming('d/f', { size: 3 });
		sink.offer(file);
		fs.renameSync(at('d'), at('moved'));
		fs.symlinkSync(outside, at('d'));
		sink.write(file.handle, 0, pattern(3), 0, 3);
		expect(sink.finish(file.handle)).toBeUndefined();
		expect(fs.readdirSync(outside)).toEqual([]);
		expect(fs.readdirSync(at('moved'))).toEqual(['f']);
	});

	it('inside a tree that is deleted are removed, what they point to is not', () => {
		const { sink, at } = bench();
		const outside = scratchDirectory();
		fs.writeFileSync(path.join(outside, 'keep'), '');
		fs.mkdirSync(at('tree/deep'), { recursive: true });
		fs.symlinkSync(outside, at('tree/deep/out'));
		sink.offer(incoming('tree', { type: FileType.Delete }));
		expect(fs.existsSync(at('tree'))).toBe(false);
		expect(fs.readdirSync(outside)).toEqual(['keep']);
	});

	it('may be the destination itself: that is its owner’s choice', () => {
		const directory = scratchDirectory();
		const link = path.join(scratchDirectory(), 'dest');
		fs.symlinkSync(directory, link);
		const sink = new FileSink({ destinations: [link] });
		expect(store(sink, 'a/f', pattern(1))).toBeUndefined();
		expect(listing(directory)).toEqual(['a/', 'a/f']);
	});
});

describe('destinations', () => {
	it('take absolute names by components, and the most specific one wins', () => {
		const root = scratchDirectory();
		for (const name of ['data', 'database', 'data/inner']) fs.mkdirSync(path.join(root, name));
		const destinations = [path.join(root, 'data'), `${path.join(root, 'data/inner')}/`];
		const sink = new FileSink({ destinations });
		expect(store(sink, `${root}/data/inner/f`, pattern(1))).toBeUndefined();
		expect(store(sink, `${root}/data/g`, pattern(1))).toBeUndefined();
		expect(store(sink, 'h', pattern(1))).toBeUndefined();
		expect(sink.offer(incoming(`${root}/database/f`))).toMatchObject(rejected);
		expect(sink.offer(incoming(`${root}/data`))).toMatchObject(rejected);
		expect(sink.offer(incoming(`${root}/data/../database/f`))).toMatchObject(rejected);
		expect(listing(root)).toEqual(['data/', 'data/g', 'data/h', 'data/inner/', 'data/inner/f', 'database/']);
	});

	it('that cannot be used are refused at once with a sentence', () => {
		const directory = scratchDirectory();
		fs.writeFileSync(path.join(directory, 'file'), '');
		const make =
			(...destinations: string[]) =>
			() =>
				new FileSink({ destinations });
		expect(make()).toThrow(/at least one destination/);
		expect(make('relative')).toThrow(/"relative" is not absolute/);
		expect(make(path.join(directory, 'missing'))).toThrow(/missing" cannot be used: it does not exist/);
		expect(make(path.join(directory, 'file'))).toThrow(/file" cannot be used: it is not a directory/);
	});

	it('that disappear later reject what is sent, without an exception', () => {
		const { directory, sink } = bench();
		fs.rmdirSync(directory);
		for (const type of [0, 1, 2, 4] as const) {
			expect(sink.offer(incoming('d/f', { type, link: 'x' }))).toMatchObject(rejected);
		}
	});
});

describe('a received file', () => {
	it('has the time that the sender gave it, or that of now if it gave none', () => {
		const { sink, at } = bench();
		store(sink, 'old', pattern(1), { modifiedSeconds: 1_000_000_000 });
		store(sink, 'late', pattern(1), { modifiedSeconds: 0xffff_ffff });
		store(sink, 'now', pattern(1));
		expect(fs.statSync(at('old')).mtimeMs).toBe(1_000_000_000_000);
		expect(fs.statSync(at('late')).mtimeMs).toBe(0xffff_ffff * 1000);
		for (const modifiedSeconds of [-141_000_000, -1, 0, 4_417_977_600]) {
			store(sink, 'odd', pattern(1), { modifiedSeconds });
			expect(fs.statSync(at('odd')).mtimeMs).toBe(modifiedSeconds * 1000);
		}
		expect(Math.abs(fs.statSync(at('now')).mtimeMs - Date.now())).toBeLessThan(60_000);
	});

	it('never becomes readable to more people than the file that it replaces', () => {
		const { sink, at } = bench();
		fs.writeFileSync(at('secret'), 'old');
		fs.chmodSync(at('secret'), 0o600);
		store(sink, 'secret', pattern(3));
		expect(fs.statSync(at('secret')).mode & 0o777).toBe(0o600);
	});

	it('can have blocks beyond 4 GiB', () => {
		const { sink, at } = bench();
		const size = 5 * 2 ** 30 + 3;
		const file = incoming('sparse', { size });
		expect(sink.offer(file)).toMatchObject({ kind: 'accept' });
		expect(sink.write(file.handle, size - 3, new Uint8Array([7, 8, 9]), 0, 3)).toBeUndefined();
		expect(sink.write(file.handle, 2 ** 32 - 1, new Uint8Array([5, 6]), 0, 2)).toBeUndefined();
		expect(sink.finish(file.handle)).toBeUndefined();
		const fd = fs.openSync(at('sparse'), 'r');
		const bytes = new Uint8Array(3);
		fs.readSync(fd, bytes, 0, 3, size - 3);
		expect([...bytes]).toEqual([7, 8, 9]);
		fs.readSync(fd, bytes, 0, 3, 2 ** 32 - 1);
		expect([...bytes]).toEqual([5, 6, 0]);
		fs.closeSync(fd);
		expect(fs.statSync(at('sparse')).size).toBe(size);
	});

	it('of the largest size that the protocol knows is rejected instead of filling the disk', () => {
		const { directory, sink } = bench();
		const decision = sink.offer(incoming('d/huge', { size: 2 ** 48 - 1 }));
		expect(decision).toMatchObject({ ...rejected, reason: expect.stringMatching(/^Not enough disk space/) });
		expect(listing(directory)).toEqual([]);
	});

	it('never takes the place of a pipe', () => {
		const { sink, at } = bench();
		expect(Bun.spawnSync(['mkfifo', at('pipe')]).exitCode).toBe(0);
		expect(sink.offer(incoming('pipe'))).toMatchObject(rejected);
		expect(sink.offer(incoming('pipe', { type: FileType.SymbolicLink, link: 'x' }))).toMatchObject(rejected);
		expect(sink.offer(incoming('pipe/f'))).toMatchObject(rejected);
	});

	it('whose name is taken by a directory meanwhile is reported and removed', () => {
		const { directory, sink, at } = bench();
		const file = incoming('d/f', { size: 1 });
		sink.offer(file);
		fs.mkdirSync(at('d/f'));
		expect(sink.finish(file.handle)).toMatch(/^"f" is complete but cannot be put under its name/);
		expect(listing(directory)).toEqual(['d/', 'd/f/']);
		sink.discard(file.handle);
	});

	it('without temporary names is not taken from two sessions at once', () => {
		const { sink } = bench({ temporaryNames: false });
		const first = incoming('d/f', { size: 1 });
		expect(sink.offer(first)).toMatchObject({ kind: 'accept' });
		expect(sink.offer(incoming('d/./f', { size: 1, groupId: 2 }))).toMatchObject(rejected);
		sink.discard(first.handle);
	});

	it('with temporary names may come from two sessions: the one that ends last stays', () => {
		const { directory, sink, at } = bench();
		const first = incoming('f', { size: 1, groupId: 1 });
		const second = incoming('f', { size: 2, groupId: 2 });
		sink.offer(first);
		sink.offer(second);
		sink.write(first.handle, 0, pattern(1), 0, 1);
		sink.write(second.handle, 0, pattern(2), 0, 2);
		sink.finish(second.handle);
		sink.finish(first.handle);
		expect(fs.statSync(at('f')).size).toBe(1);
		expect(listing(directory)).toEqual(['f']);
	});
});
