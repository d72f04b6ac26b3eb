import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { buildCatalogue, FileSource } from '../src/index.ts';
import { openBelow, scratchDirectory } from './scratch.ts';

function rooted() {
	const directory = path.join(scratchDirectory(), 'secret-place');
	const at = (name: string) => path.join(directory, name);
	fs.mkdirSync(at('a/b'), { recursive: true });
	fs.writeFileSync(at('a/b/f'), 'content');
	fs.writeFileSync(path.join(directory, '../outside'), 'secret!');
	const root = { label: 'data', directory };
	const ask = (given: string, followLinks = false) => buildCatalogue([{ path: given, root }], { followLinks });
	return { directory, at, ask };
}

describe('a path inside a root', () => {
	it.each(['a/b/f', './a//b/f', 'a/./b/f'])('%j is found and opened', (given) => {
		const { directory, ask } = rooted();
		const { entries, problems } = ask(given);
		expect(problems).toEqual([]);
		expect(entries.map(({ name, size }) => [name, size])).toEqual([['f', 7]]);
		const source = new FileSource(entries);
		expect(source.open(0)).toBeUndefined();
		expect(openBelow(directory)).toBe(1);
		source.closeAll();
	});

	it.each([
		['../outside', /has a "\.\." component/],
		['a/../../outside', /has a "\.\." component/],
		['a/b/..', /has a "\.\." component/],
		['/etc/passwd', /is absolute/],
		['a\0b', /NUL/],
		['', /is empty/],
		['a/missing', /cannot be read: it does not exist|is skipped: it does not exist/],
		['a/b/f/g', /not a directory/],
	])('%j is refused with a sentence that names the root by its label only', (given, sentence) => {
		const { ask } = rooted();
		const { entries, problems } = ask(given);
		expect(entries).toEqual([]);
		expect(problems).toHaveLength(1);
		expect(problems[0].sentence).toMatch(sentence);
		expect(problems[0].sentence).toContain('in root "data"');
		expect(problems[0].sentence).not.toContain('secret-place');
	});

	it('may pass a symbolic link that stays inside, but none that leads out', () => {
		const { at, ask } = rooted();
		fs.symlinkSync('b', at('a/inner'));
		fs.symlinkSync('../..', at('a/outer'));
		fs.symlinkSync('../../outside', at('a/direct'));
		expect(ask('a/inner/f').entries).toHaveLength(1);
		expect(ask('a/outer/outside').problems[0]).toMatchObject({ kind: 'outside' });
		expect(ask('a/outer/secret-place/a/b/f').entries.map(({ name }) => name)).toEqual(['f']);
		expect(ask('a/direct', true).problems[0].sentence).toMatch(/a symbolic link in it leads out of the root/);
		expect(ask('a/direct').entries).toMatchObject([{ link: '../../outside', size: 0 }]);
	});

	it('followed through a tree skips the links that lead out', () => {
		const { at, ask } = rooted();
		fs.symlinkSync('../../../outside', at('a/b/direct'));
		fs.symlinkSync('f', at('a/b/inner'));
		const { entries, problems } = ask('a', true);
		expect(entries.map(({ name }) => name)).toEqual(['a/b/f', 'a/b/inner']);
		expect(problems.map(({ kind, sentence }) => [kind, sentence])).toEqual([
			['outside', '"a/b/direct" in root "data" is skipped: it is a symbolic link that leads out of the root.'],
		]);
		const source = new FileSource(entries);
		expect([source.open(0), source.open(1)]).toEqual([undefined, undefined]);
		source.closeAll();
	});

	it('is not opened through a directory that became a link after it was announced', () => {
		const { directory, at, ask } = rooted();
		const { entries } = ask('a/b/f');
		const outside = path.join(directory, '../elsewhere');
		fs.mkdirSync(outside);
		fs.writeFileSync(path.join(outside, 'f'), 'secret!');
		fs.renameSync(at('a/b'), at('a/old'));
		fs.symlinkSync(outside, at('a/b'));
		const sentence = new FileSource(entries).open(0);
		expect(sentence).toMatch(/^"a\/b\/f" in root "data" cannot be opened: "a\/b" is a symbolic link/);
		expect(sentence).not.toContain('secret-place');
	});

	it('is not opened through a followed link that leads out by now', () => {
		const { at, ask } = rooted();
		fs.symlinkSync('f', at('a/b/l'));
		const { entries } = ask('a/b/l', true);
		fs.rmSync(at('a/b/f'));
		fs.symlinkSync('../../../outside', at('a/b/f'));
		expect(new FileSource(entries).open(0)).toMatch(
			/^"a\/b\/l" in root "data" (cannot be opened|became a symbolic link)/,
		);
	});

	it('is skipped if it is a pipe, without waiting for it', () => {
		const { at, ask } = rooted();
		Bun.spawnSync(['mkfifo', at('a/pipe')]);
		const { entries, problems } = ask('a/pipe');
		expect(entries).toEqual([]);
		expect(problems[0].sentence).toBe(
			'"a/pipe" in root "data" is skipped: it is a pipe, a socket or a device, not a file.',
		);
	});

	it('of a root that does not exist is refused without showing where it should be', () => {
		const root = { label: 'data', directory: '/nowhere/secret-place' };
		const { problems } = buildCatalogue([{ path: 'f', root }]);
		expect(problems[0].sentence).toBe('The folder of root "data" cannot be opened: it does not exist (ENOENT).');
	});
});
