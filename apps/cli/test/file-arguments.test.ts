import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseSenderArguments } from '../src/uftp/arguments.ts';
import { fileArguments, readExcludeList } from '../src/uftp/file-arguments.ts';

function read(line: string) {
	const options = parseSenderArguments(line.split(' '));
	return fileArguments(options.files, options);
}

describe('what the words of uftp ask for', () => {
	it('is a file, a deletion or the free space', () => {
		expect(read('a @DELETE:old/b @FREESPACE @OTHER').wanted).toEqual([
			{ path: 'a' },
			{ path: 'old/b', request: 'delete' },
			{ path: '.', request: 'freeSpace' },
			{ path: '@OTHER' },
		]);
	});

	it.each(['@DELETE:', '@DELETE:.', '@DELETE:/', '@DELETE:../..'])(
		'refuses %s, which would empty destinations',
		(word) => {
			const { wanted, skipped } = read(`a ${word}`);
			expect(wanted).toEqual([{ path: 'a' }]);
			expect(skipped[0]).toContain('names nothing to delete');
		},
	);

	it('loses the first base of -E that fits, with or without its slash', () => {
		expect(read('-E /src/a/,/src /src/a/f /src/g').wanted).toEqual([
			{ path: '/src/a/f', as: 'f' },
			{ path: '/src/g', as: 'g' },
		]);
	});

	it('leaves out what fits no base, and says so', () => {
		const { wanted, skipped } = read('-E a/ b/f a/f');
		expect(wanted).toEqual([{ path: 'a/f', as: 'f' }]);
		expect(skipped).toEqual(["Skipping b/f: doesn't match any base of -E"]);
	});

	it('takes a base off what is to be deleted, too', () => {
		expect(read('-E a/ @DELETE:a/b/x').wanted).toEqual([{ path: 'a/b/x', as: 'b/x', request: 'delete' }]);
	});

	it('lets -D name a single file whatever -E says, but not with -o', () => {
		expect(read('-E a/ -D n a/f').wanted).toEqual([{ path: 'a/f' }]);
		expect(read('-E a/ -o -D n a/f').wanted).toEqual([{ path: 'a/f', as: 'f' }]);
	});
});

describe('the exclude list', () => {
	it('has one path per line, without empty lines and carriage returns', () => {
		const folder = mkdtempSync(path.join(tmpdir(), 'uftp-exclude-'));
		writeFileSync(path.join(folder, 'list'), 'd1/d2\r\n\nd1/with space \n');
		expect([...readExcludeList(path.join(folder, 'list'))]).toEqual(['d1/d2', 'd1/with space ']);
		rmSync(folder, { recursive: true });
	});

	it('that is not there is exit 1', () => {
		expect(() => readExcludeList('/nonexistent')).toThrow(/Couldn't open exclude list \/nonexistent/);
	});
});
