import fs from 'node:fs';
import path from 'node:path';
import { CompleteStatus, FileType } from '@uftp/protocol';
import { describe, expect, it } from 'vitest';
import { FileSink } from '../src/receiving/index.ts';
import { incoming, listing, openBelow, scratchDirectory } from './scratch.ts';

const GROUP = 0x00c0ffee;

function bench(moveOneByOne = false) {
	const root = scratchDirectory();
	const at = (name: string) => path.join(root, name);
	for (const name of ['dest', 'temp']) fs.mkdirSync(at(name));
	const sink = new FileSink({ destinations: [at('dest')], temporaryDirectory: at('temp'), moveOneByOne });
	sink.sessionStarted(GROUP, Date.now());
	const store = (name: string, text = name, groupId = GROUP) => {
		const file = incoming(name, { size: text.length, groupId });
		expect(sink.offer(file)).toMatchObject({ kind: 'accept' });
		sink.write(file.handle, 0, new TextEncoder().encode(text), 0, text.length);
		expect(sink.finish(file.handle)).toBeUndefined();
	};
	return { at, sink, store };
}

describe('a session with a temporary directory', () => {
	it('is received into a folder of its own and moved when it is complete', () => {
		const { at, sink, store } = bench();
		store('d/f');
		store('g');
		expect(listing(at('dest'))).toEqual([]);
		expect(listing(at('temp'))).toEqual(['', 'd/', 'd/f', 'g'].map((name) => `_group_00C0FFEE/${name}`));
		const { moved, problems } = sink.sessionEnded(GROUP, true);
		expect({ moved, problems }).toEqual({ moved: [at('dest/d'), at('dest/g')], problems: [] });
		expect(listing(at('dest'))).toEqual(['d/', 'd/f', 'g']);
		expect(listing(at('temp'))).toEqual([]);
		expect(openBelow(at(''))).toBe(0);
	});

	it('replaces whole directories of the top', () => {
		const { at, sink, store } = bench();
		fs.mkdirSync(at('dest/d/old'), { recursive: true });
		store('d/f');
		sink.sessionEnded(GROUP, true);
		expect(listing(at('dest'))).toEqual(['d/', 'd/f']);
	});

	it('fills directories one by one where that is asked for', () => {
		const { at, sink, store } = bench(true);
		fs.mkdirSync(at('dest/d/old'), { recursive: true });
		fs.writeFileSync(at('dest/d/f'), 'old');
		fs.writeFileSync(at('dest/file-then-directory'), 'old');
		fs.mkdirSync(at('dest/directory-then-file'));
		store('d/f', 'new');
		store('file-then-directory/x');
		store('directory-then-file');
		sink.offer(incoming('d/empty', { type: FileType.EmptyDirectory, groupId: GROUP }));
		sink.offer(incoming('d/link', { type: FileType.SymbolicLink, link: 'f', groupId: GROUP }));
		const { moved, problems } = sink.sessionEnded(GROUP, true);
		expect(problems).toEqual([]);
		expect(moved).toEqual(
			['d/empty', 'd/f', 'd/link', 'directory-then-file', 'file-then-directory/x'].map((name) => at(`dest/${name}`)),
		);
		expect(listing(at('dest'))).toEqual([
			'd/',
			'd/empty/',
			'd/f',
			'd/link -> f',
			'd/old/',
			'directory-then-file',
			'file-then-directory/',
			'file-then-directory/x',
		]);
		expect(fs.readFileSync(at('dest/d/f'), 'utf8')).toBe('new');
		expect(listing(at('temp'))).toEqual([]);
	});

	it('stays where it is when it ends early, without what was not complete', () => {
		const { at, sink, store } = bench();
		store('done');
		const file = incoming('half', { size: 10, groupId: GROUP });
		sink.offer(file);
		sink.discard(file.handle);
		expect(sink.sessionEnded(GROUP, false)).toEqual({ moved: [], problems: [] });
		expect(listing(at('temp'))).toEqual(['_group_00C0FFEE/', '_group_00C0FFEE/done']);
		expect(listing(at('dest'))).toEqual([]);
	});

	it('leaves no folder when nothing came of it', () => {
		const { at, sink } = bench();
		const file = incoming('half', { size: 10, groupId: GROUP });
		sink.offer(file);
		sink.discard(file.handle);
		sink.sessionEnded(GROUP, false);
		expect(listing(at('temp'))).toEqual([]);
		expect(sink.sessionEnded(0x1234, true)).toEqual({ moved: [], problems: [] });
	});

	it('takes no absolute name, not even one in the destination', () => {
		const { at, sink } = bench();
		expect(sink.offer(incoming(at('dest/f'), { groupId: GROUP }))).toMatchObject({
			kind: 'answer',
			status: CompleteStatus.Rejected,
			reason: expect.stringContaining('which a temporary directory does not allow'),
		});
	});

	it('is not confused with another session at the same time', () => {
		const { at, sink, store } = bench();
		store('f', 'one');
		store('f', 'two', 0x22);
		sink.sessionEnded(0x22, true);
		expect(fs.readFileSync(at('dest/f'), 'utf8')).toBe('two');
		sink.sessionEnded(GROUP, true);
		expect(fs.readFileSync(at('dest/f'), 'utf8')).toBe('one');
	});

	it('is not moved through a symbolic link in the destination', () => {
		const { at, sink, store } = bench(true);
		fs.mkdirSync(at('outside'));
		fs.symlinkSync(at('outside'), at('dest/d'));
		store('d/f');
		sink.sessionEnded(GROUP, true);
		expect(listing(at('outside'))).toEqual([]);
		expect(listing(at('dest'))).toEqual(['d/', 'd/f']);
	});

	it('says what could not be moved, and keeps it', () => {
		const { at, sink, store } = bench();
		store('f');
		fs.rmdirSync(at('dest'));
		const { moved, problems } = sink.sessionEnded(GROUP, true);
		expect(moved).toEqual([]);
		expect(problems).toEqual([expect.stringMatching(/_group_00C0FFEE" cannot be moved to .*dest": it does not exist/)]);
		expect(listing(at('temp'))).toContain('_group_00C0FFEE/f');
	});
});
