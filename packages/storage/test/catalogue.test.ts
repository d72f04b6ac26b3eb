import fs from 'node:fs';
import path from 'node:path';
import { FileType } from '@uftp/protocol';
import { encodeUtf8 } from '@uftp/wire';
import { describe, expect, it } from 'vitest';
import {
	buildCatalogue,
	buildCatalogueInSlices,
	type Catalogue,
	type CatalogueOptions,
	FileSource,
	timeWarnings,
} from '../src/index.ts';
import { FileSink } from '../src/receiving/index.ts';
import { incoming, scratchDirectory } from './scratch.ts';

/** Makes "dir/", "file" and "link -> target" entries below a new directory. */
function tree(...lines: string[]): { root: string; at: (name: string) => string } {
	const root = scratchDirectory();
	const at = (name: string) => path.join(root, name);
	for (const line of lines) {
		const [name, target] = line.split(' -> ');
		fs.mkdirSync(path.dirname(at(name)), { recursive: true });
		if (target !== undefined) fs.symlinkSync(target, at(name));
		else if (name.endsWith('/')) fs.mkdirSync(at(name), { recursive: true });
		else fs.writeFileSync(at(name), name);
	}
	return { root, at };
}

const names = (catalogue: Catalogue) => catalogue.entries.map(({ name }) => name);
const kinds = (catalogue: Catalogue) => catalogue.problems.map(({ kind }) => kind);

/** The tree that the real `uftp` 4.10.2 was run on to learn its names. */
const sample = () =>
	tree(
		'a',
		'b',
		'd/f1',
		'd/empty/',
		'd/sub/deep/z',
		'd/lnk -> f1',
		'd/dlnk -> sub',
		'd/dangling -> nowhere',
		'la -> a',
		'ld -> d',
	);

describe('names on the wire', () => {
	const whole = ['dangling', 'dlnk', 'empty', 'f1', 'lnk', 'sub/deep/z'];
	const below = (prefix: string) => whole.map((name) => `${prefix}/${name}`);
	const cases: [string, string[], CatalogueOptions, string[]][] = [
		['a file is its last component', ['a'], {}, ['a']],
		['a directory is its last component and what is below', ['d'], {}, below('d')],
		['a trailing slash and inner "." components say nothing', ['././d/'], {}, below('d')],
		['of "dir/." are those of its contents', ['d/.'], {}, whole],
		['"dir/./" is the same', ['d/./'], {}, whole],
		['"link/." is the directory that the link leads to', ['ld/.'], {}, whole],
		['"dir/." beside others', ['d/sub/.', 'a'], {}, ['deep/z', 'a']],
		['-D is a directory above the contents', ['d/.'], { destinationName: 'x' }, below('x')],
		['a directory below another one', ['d/sub'], {}, ['sub/deep/z']],
		['an empty directory', ['d/empty'], {}, ['empty']],
		['links as arguments are sent as links', ['la', 'ld'], {}, ['la', 'ld']],
		['links as arguments are followed if asked', ['la'], { followLinks: true }, ['la']],
		['-D gives a single file its name', ['a'], { destinationName: 'x' }, ['x']],
		['-D with a slash at its end', ['a'], { destinationName: 'x/' }, ['x']],
		['-D with directories in it', ['a'], { destinationName: 'x/y' }, ['x/y']],
		['-D takes the place of a single directory', ['d'], { destinationName: 'x' }, below('x')],
		['-D is a directory above several arguments', ['a', 'b'], { destinationName: 'x' }, ['x/a', 'x/b']],
		['-D above a directory and a file', ['d', 'a'], { destinationName: 'x' }, [...below('x/d'), 'x/a']],
		['-o makes it a directory for one', ['a'], { destinationName: 'x', destinationIsDirectory: true }, ['x/a']],
		['-D may be absolute', ['a'], { destinationName: '/srv/in/q' }, ['/srv/in/q']],
		['-D "." is the destination itself', ['a', 'b'], { destinationName: '.' }, ['a', 'b']],
		['the order of the arguments is kept', ['b', 'a'], {}, ['b', 'a']],
	];
	it.each(cases)('%s', (_, given, options, expected) => {
		const { at } = sample();
		const catalogue = buildCatalogue(
			given.map((name) => `${at('.')}/${name}`),
			options,
		);
		expect(names(catalogue)).toEqual(expected);
		expect(catalogue.problems).toEqual([]);
	});

	it('of "dir/.." are those of the directory that it leads to', () => {
		const { at } = sample();
		expect(names(buildCatalogue([`${at('d/sub')}/..`]))).toEqual(below('d'));
	});

	it('of "." have no directory above them', () => {
		const { root } = tree('x/y', 'z');
		expect(names(buildCatalogue([{ path: '.', root: { label: 'r', directory: root } }]))).toEqual(['x/y', 'z']);
	});

	it('can be chosen for each argument', () => {
		const { at } = sample();
		const wanted = [{ path: at('a'), as: 'one/two' }, { path: at('d/sub'), as: 's' }, at('b')];
		expect(names(buildCatalogue(wanted))).toEqual(['one/two', 's/deep/z', 'b']);
	});

	it.each(['..', '../x', 'x/../y', 'x\0', 'x//y', ''])('cannot be %j', (as) => {
		const { at } = sample();
		const catalogue = buildCatalogue([{ path: at('a'), as }]);
		expect(catalogue.entries).toEqual([]);
		expect(kinds(catalogue)).toEqual(['name']);
	});
});

describe('entries', () => {
	it('say what the file system says', () => {
		const { at } = sample();
		fs.truncateSync(at('a'), 5000);
		fs.utimesSync(at('a'), 1_000_000_000.9, 1_000_000_000.9);
		const { entries, totalBytes } = buildCatalogue([at('a'), at('d/empty'), at('la')]);
		expect(entries).toEqual([
			expect.objectContaining({ type: FileType.Regular, size: 5000, modifiedSeconds: 1_000_000_000, link: '' }),
			expect.objectContaining({ type: FileType.EmptyDirectory, size: 0, modifiedSeconds: undefined, link: '' }),
			expect.objectContaining({ type: FileType.SymbolicLink, size: 0, modifiedSeconds: undefined, link: 'a' }),
		]);
		expect(entries[0].sourcePath).toBe(at('a'));
		expect(totalBytes).toBe(5000);
	});

	it('keep the times of long ago and far ahead, and a sentence says which of them receivers may not', () => {
		const { at } = sample();
		const timesOf = (seconds: number) => {
			const time = new Date(seconds * 1000);
			fs.utimesSync(at('a'), time, time);
			const { entries } = buildCatalogue([at('a')]);
			return [entries[0].modifiedSeconds, timeWarnings(entries)];
		};
		for (const seconds of [-141_000_000.5, -1, 1_000_000_000])
			expect(timesOf(seconds)).toEqual([Math.floor(seconds), []]);
		for (const seconds of [0, 4_417_977_600]) {
			const warning = expect.stringMatching(
				/^The time of ".*a" is that of .*: receivers of UFTP 4\.x set another one\.$/,
			);
			expect(timesOf(seconds)).toEqual([seconds, [warning]]);
		}
		const far = { ...buildCatalogue([at('a')]).entries[0], modifiedSeconds: 1e14 };
		expect(timeWarnings([far, far])).toEqual([expect.stringMatching(/a" and 1 other file is too far away to be sent/)]);
	});

	it('are sorted by name, alike on every machine', () => {
		const { at } = tree('t/b', 't/B', 't/a/z', 't/ä', 't/10', 't/9', 't/a.txt');
		expect(names(buildCatalogue([at('t')]))).toEqual(['t/10', 't/9', 't/B', 't/a/z', 't/a.txt', 't/b', 't/ä']);
	});

	it('leave out what is excluded, by its path from the argument on', () => {
		const { at } = sample();
		const excluded = new Set(['d/sub', 'd/lnk', 'f1']);
		const found = names(buildCatalogue([at('d')], { excluded }));
		expect(found).toEqual(['d/dangling', 'd/dlnk', 'd/empty', 'd/f1']);
	});

	it('are found in slices, too, that give others a turn', async () => {
		const { root, at } = tree('t/');
		for (let d = 0; d < 100; d++) {
			fs.mkdirSync(at(`t/${d}`));
			for (let f = 0; f < 30; f++) fs.writeFileSync(at(`t/${d}/${f}`), '');
		}
		let turns = 0;
		const timer = setInterval(() => turns++, 0);
		const catalogue = await buildCatalogueInSlices([path.join(root, 't')], {}, 1);
		clearInterval(timer);
		expect(catalogue.entries).toHaveLength(3000);
		expect(catalogue).toEqual(buildCatalogue([path.join(root, 't')]));
		expect(turns).toBeGreaterThan(2);
	});
});

describe('names that are not UTF-8', () => {
	it('are taken byte for byte, can be opened, and arrive byte for byte', () => {
		const { root } = tree('d/f');
		const at = (name: string) => Buffer.from(`${root}/${name}`, 'latin1');
		fs.mkdirSync(at('d/gr\xfcn'));
		fs.writeFileSync(at('d/gr\xfcn/\xe4'), 'latin');
		fs.symlinkSync(Buffer.from('gr\xfcn', 'latin1'), at('d/l\xf6'));
		const { entries, problems } = buildCatalogue([path.join(root, 'd')]);
		expect(problems).toEqual([]);
		expect(entries.map(({ name }) => [...encodeUtf8(name)].map((byte) => String.fromCharCode(byte)).join(''))).toEqual([
			'd/f',
			'd/gr\xfcn/\xe4',
			'd/l\xf6',
		]);
		const source = new FileSource(entries);
		expect(source.open(1)).toBeUndefined();
		source.closeAll();

		const destination = scratchDirectory();
		const sink = new FileSink({ destinations: [destination] });
		const file = incoming(entries[1].name);
		expect(sink.offer(file)).toMatchObject({ kind: 'accept' });
		expect(sink.finish(file.handle)).toBeUndefined();
		sink.offer(incoming(entries[2].name, { type: FileType.SymbolicLink, link: entries[2].link }));
		const found = fs.readdirSync(path.join(destination, 'd'), { encoding: 'latin1' as 'utf8' }).sort();
		expect(found).toEqual(['gr\xfcn', 'l\xf6']);
		expect(fs.statSync(Buffer.from(`${destination}/d/l\xf6/\xe4`, 'latin1')).isFile()).toBe(true);
		sink.offer(incoming('d', { type: FileType.Delete }));
		expect(fs.readdirSync(destination)).toEqual([]);
	});
});

describe('followed links', () => {
	it('are sent as what they point to', () => {
		const { at } = tree('d/f', 'd/l -> f', 'd/dl -> ../other', 'other/x');
		const catalogue = buildCatalogue([at('d')], { followLinks: true });
		expect(names(catalogue)).toEqual(['d/dl/x', 'd/f', 'd/l']);
		expect(catalogue.entries.every(({ type }) => type === FileType.Regular)).toBe(true);
		expect(catalogue.problems).toEqual([]);
	});

	it('that lead in circles are reported, once each, and the walk ends', () => {
		const { at } = tree('d/f', 'd/up -> ..', 'd/self -> self', 'd/here -> .', 'd/e/back -> ../../d');
		const catalogue = buildCatalogue([at('d')], { followLinks: true });
		expect(catalogue.entries.map(({ name }) => name)).toContain('d/f');
		expect(new Set(kinds(catalogue))).toEqual(new Set(['loop']));
		expect(catalogue.problems.length).toBeLessThan(10);
	});

	it('that point to nothing are reported', () => {
		const { at } = tree('d/f', 'd/l -> gone');
		const catalogue = buildCatalogue([at('d')], { followLinks: true });
		expect(names(catalogue)).toEqual(['d/f']);
		expect(catalogue.problems).toEqual([
			{
				kind: 'dangling',
				argument: 0,
				sentence: expect.stringMatching(/d\/l" is skipped: it is a symbolic link to some/),
			},
		]);
	});
});

describe('what cannot be sent', () => {
	it('is reported for each argument while the others are sent', () => {
		const { at } = sample();
		const catalogue = buildCatalogue([at('missing'), at('a'), '', 'x\0y']);
		expect(names(catalogue)).toEqual(['a']);
		expect(catalogue.problems.map(({ kind, argument }) => `${kind} ${argument}`)).toEqual([
			'missing 0',
			'name 2',
			'name 3',
		]);
		expect(catalogue.problems[0].sentence).toMatch(/missing" is skipped: it does not exist \(ENOENT\)\.$/);
	});

	it('is a pipe or a device', () => {
		const { at } = tree('d/f');
		Bun.spawnSync(['mkfifo', at('d/pipe')]);
		const catalogue = buildCatalogue([at('d'), '/dev/null']);
		expect(names(catalogue)).toEqual(['d/f']);
		expect(kinds(catalogue)).toEqual(['special', 'special']);
	});

	it('is a name of more than 300 bytes, counted in UTF-8; 300 are allowed', () => {
		const long = 'n'.repeat(148);
		const { at } = tree(`d/${long}/${long}`, `d/${long}/${long}x`, `d/${long}/${'é'.repeat(75)}`);
		const catalogue = buildCatalogue([at('d')]);
		expect(names(catalogue)).toEqual([`d/${long}/${long}`, `d/${long}/${long}x`]);
		expect(kinds(catalogue)).toEqual(['name']);
	});

	it('is a link whose target is too long', () => {
		const { at } = tree(`l -> ${'a/'.repeat(151)}`, `m -> ${'a/'.repeat(150)}`);
		expect(kinds(buildCatalogue([at('l'), at('m')]))).toEqual(['name']);
	});

	it('is a file of more than 65,535 sections: the block size decides', () => {
		const { at } = tree('f');
		const limit = 512 * 4096 * 65_535;
		fs.truncateSync(at('f'), limit);
		expect(kinds(buildCatalogue([at('f')], { blockBytes: 512 }))).toEqual([]);
		fs.truncateSync(at('f'), limit + 1);
		const catalogue = buildCatalogue([at('f')], { blockBytes: 512 });
		expect(kinds(catalogue)).toEqual(['size']);
		expect(catalogue.problems[0].sentence).toMatch(/has 65536 sections, the limit is 65535: use larger blocks/);
		expect(kinds(buildCatalogue([at('f')]))).toEqual([]);
	});

	it('is a second file of the same name', () => {
		const { at } = tree('x/f', 'y/f');
		const catalogue = buildCatalogue([at('x/f'), at('y/f')]);
		expect(names(catalogue)).toEqual(['f']);
		expect(catalogue.problems).toEqual([
			{
				kind: 'duplicate',
				argument: 1,
				sentence: expect.stringMatching(/y\/f" is skipped: something else is sent as "f"/),
			},
		]);
	});

	it('is what exceeds the number of entries', () => {
		const { at } = tree('d/1', 'd/2', 'd/3', 'd/4');
		const catalogue = buildCatalogue([at('d')], { maxEntries: 2 });
		expect(names(catalogue)).toEqual(['d/1', 'd/2']);
		expect(kinds(catalogue)).toEqual(['limit']);
	});
});

describe('a request to receivers', () => {
	it('is an entry without a file, and may have the name of something that is sent as well', () => {
		const { at } = tree('f');
		const { entries, problems } = buildCatalogue([
			{ path: 'old/dir/f', request: 'delete' },
			{ path: '.', request: 'freeSpace' },
			{ path: at('f') },
		]);
		expect(problems).toEqual([]);
		expect(entries.map(({ type, name, size, sourcePath }) => [type, name, size, sourcePath])).toEqual([
			[FileType.Delete, 'f', 0, ''],
			[FileType.FreeSpace, '.', 0, ''],
			[FileType.Regular, 'f', 1, at('f')],
		]);
		const source = new FileSource(entries);
		expect([source.open(0), source.open(1)]).toEqual([undefined, undefined]);
	});

	it('to delete gets the name and the directory of -D, the one for free space never', () => {
		const wanted = [
			{ path: 'a/x', request: 'delete' },
			{ path: '.', request: 'freeSpace' },
		] as const;
		expect(names(buildCatalogue([wanted[0]], { destinationName: 'n' }))).toEqual(['n']);
		expect(names(buildCatalogue(wanted, { destinationName: 'n' }))).toEqual(['n/x', '.']);
	});

	it('to delete nothing is a problem', () => {
		expect(kinds(buildCatalogue([{ path: '.', request: 'delete' }]))).toEqual(['name']);
	});
});

describe('content that comes from a function', () => {
	const read = (_offset: number, length: number) => new Uint8Array(length);
	const content = { size: 17, read };

	it('has its whole name, and no path', () => {
		const { entries, problems, totalBytes } = buildCatalogue([
			{ path: 'd/a.bin', content: { ...content, modifiedSeconds: 5, permissions: 0o640 } },
			{ path: 'b', as: 'e/b', content },
		]);
		expect(problems).toEqual([]);
		expect(totalBytes).toBe(34);
		expect(entries).toMatchObject([
			{ name: 'd/a.bin', size: 17, modifiedSeconds: 5, permissions: 0o640, sourcePath: '', read },
			{ name: 'e/b', size: 17, modifiedSeconds: undefined, sourcePath: '', read },
		]);
	});

	it.each([
		['name', { path: '../a', content }],
		['name', { path: '', content }],
		['size', { path: 'a', content: { ...content, size: -1 } }],
		['size', { path: 'a', content: { ...content, size: 0.5 } }],
		['duplicate', { path: 'taken', content }],
	])('is refused as any file is (%s)', (kind, argument) => {
		const catalogue = buildCatalogue([{ path: 'taken', content }, argument]);
		expect(kinds(catalogue)).toEqual([kind]);
		expect(catalogue.entries).toHaveLength(1);
	});
});
