import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { buildCatalogue, type CatalogueOptions, FileSource } from '../src/index.ts';
import { burst, expectedBytes } from './outgoing-burst.ts';
import { openBelow, pattern, scratchDirectory } from './scratch.ts';

function prepared(content = pattern(1000), options: CatalogueOptions = {}) {
	const directory = scratchDirectory();
	const at = (name: string) => path.join(directory, name);
	fs.writeFileSync(at('f'), content);
	const { entries } = buildCatalogue([at('f')], options);
	return { directory, at, entries, content, source: new FileSource(entries) };
}

const shape = { stride: 128, payloadOffset: 28, payloadBytes: 100, lastPayloadBytes: 100 };
const whole = Array.from({ length: 10 }, (_, i) => i * 100);

describe('a file that changed after it was announced', () => {
	it('is not opened when it shrank or grew', () => {
		const { at, source } = prepared();
		fs.truncateSync(at('f'), 999);
		expect(source.open(0)).toMatch(/f" changed from 1000 to 999 bytes after it was announced\.$/);
		fs.truncateSync(at('f'), 1001);
		expect(source.open(0)).toMatch(/changed from 1000 to 1001 bytes/);
	});

	it('is not opened when it disappeared', () => {
		const { at, source } = prepared();
		fs.rmSync(at('f'));
		expect(source.open(0)).toMatch(/f" disappeared after it was announced\.$/);
	});

	it('is not opened when a link, a directory or a pipe took its place, and nothing hangs', () => {
		const { directory, at, source } = prepared();
		const replace = (make: () => void) => {
			fs.rmSync(at('f'), { recursive: true, force: true });
			make();
			return source.open(0);
		};
		fs.writeFileSync(at('other'), pattern(1000));
		expect(replace(() => fs.symlinkSync('other', at('f')))).toMatch(/became a symbolic link after it was announced/);
		expect(replace(() => fs.mkdirSync(at('f')))).toMatch(/no longer a regular file/);
		expect(replace(() => Bun.spawnSync(['mkfifo', at('f')]))).toMatch(/no longer a regular file/);
		expect(openBelow(directory)).toBe(0);
	});
});

describe('a file that changes while it is sent', () => {
	it('fails with both sizes when it shrinks, at the first burst that misses something', () => {
		const { at, source, content } = prepared();
		source.open(0);
		fs.truncateSync(at('f'), 450);
		const before = burst({ ...shape, offsets: [0, 100, 200, 300] });
		expect(source.fill(before)).toBeUndefined();
		expect(before.bytes).toEqual(expectedBytes(before, content));
		const sentence = /f" shrank from 1000 to 450 bytes while it was being sent\.$/;
		expect(source.fill(burst({ ...shape, offsets: whole }))).toMatch(sentence);
		expect(source.fill(burst({ ...shape, offsets: [400] }))).toMatch(sentence);
		expect(source.fill(burst({ ...shape, offsets: [500, 700] }))).toMatch(sentence);
	});

	it('is sent as it was announced when it grows', () => {
		const { at, source } = prepared(pattern(950));
		source.open(0);
		fs.appendFileSync(at('f'), pattern(500));
		const batch = burst({ ...shape, lastPayloadBytes: 50, offsets: whole });
		expect(source.fill(batch)).toBeUndefined();
		expect(batch.bytes).toEqual(expectedBytes(batch, pattern(950)));
	});

	it('is sent to its end when only its name disappears', () => {
		const { at, source, content } = prepared();
		source.open(0);
		fs.rmSync(at('f'));
		const batch = burst({ ...shape, offsets: whole });
		expect(source.fill(batch)).toBeUndefined();
		expect(batch.bytes).toEqual(expectedBytes(batch, content));
	});
});

describe('a file source', () => {
	it('has nothing to open for directories and links', () => {
		const directory = scratchDirectory();
		fs.mkdirSync(path.join(directory, 'empty'));
		fs.symlinkSync('nowhere', path.join(directory, 'link'));
		const { entries } = buildCatalogue([path.join(directory, 'empty'), path.join(directory, 'link')]);
		const source = new FileSource(entries);
		expect([source.open(0), source.open(1)]).toEqual([undefined, undefined]);
		expect(openBelow(directory)).toBe(0);
	});

	it('opens a link that the catalogue followed', () => {
		const { at, content } = prepared();
		fs.symlinkSync('f', at('l'));
		const { entries } = buildCatalogue([at('l')], { followLinks: true });
		const source = new FileSource(entries);
		expect(source.open(0)).toBeUndefined();
		const batch = burst({ ...shape, offsets: whole });
		source.fill(batch);
		expect(batch.bytes).toEqual(expectedBytes(batch, content));
		source.closeAll();
	});

	it('reads a run of blocks with one system call', () => {
		const { source } = prepared();
		source.open(0);
		const runs = vi.spyOn(fs, 'readvSync');
		const singles = vi.spyOn(fs, 'readSync');
		source.fill(burst({ ...shape, offsets: whole }));
		expect([runs.mock.calls.length, singles.mock.calls.length]).toEqual([1, 0]);
		source.fill(burst({ ...shape, offsets: [0, 100, 300, 500, 600, 700] }));
		expect([runs.mock.calls.length, singles.mock.calls.length]).toEqual([3, 1]);
		vi.restoreAllMocks();
		source.closeAll();
	});

	it('closes every descriptor', () => {
		const { directory, source } = prepared();
		source.open(0);
		source.open(0);
		expect(openBelow(directory)).toBe(1);
		source.closeAll();
		expect(openBelow(directory)).toBe(0);
	});

	it('reads beyond 4 GiB', () => {
		const directory = scratchDirectory();
		const name = path.join(directory, 'sparse');
		const fd = fs.openSync(name, 'w');
		fs.writeSync(fd, pattern(200), 0, 200, 2 ** 32 - 100);
		fs.closeSync(fd);
		const source = new FileSource(buildCatalogue([name]).entries);
		expect(source.open(0)).toBeUndefined();
		const batch = burst({ ...shape, offsets: [2 ** 32 - 100, 2 ** 32] });
		expect(source.fill(batch)).toBeUndefined();
		expect(batch.bytes.subarray(28, 128)).toEqual(pattern(200).subarray(0, 100));
		expect(batch.bytes.subarray(156, 256)).toEqual(pattern(200).subarray(100));
		source.closeAll();
	});
});
