import fs from 'node:fs';
import path from 'node:path';
import { CompleteStatus, FileType } from '@uftp/protocol';
import { describe, expect, it } from 'vitest';
import { timeFolders } from '../src/receiving/backup.ts';
import { FileSink, movingFault } from '../src/receiving/index.ts';
import { incoming, listing, openBelow, scratchDirectory } from './scratch.ts';

/** 2026-11-21 09:08:58 local time. */
const ANNOUNCED = new Date(2026, 10, 21, 9, 8, 58).getTime();
const FOLDERS = '20261121/090858';

function bench(options: { temporaryNames?: boolean } = {}) {
	const root = scratchDirectory();
	const at = (name: string) => path.join(root, name);
	for (const name of ['dest', 'other', 'backup', 'backup2']) fs.mkdirSync(at(name));
	const sink = new FileSink({
		destinations: [at('dest'), at('other')],
		backups: [at('backup'), at('backup2')],
		...options,
	});
	sink.sessionStarted(0x00c0ffee, ANNOUNCED);
	const store = (name: string, text: string) => {
		const file = incoming(name, { size: text.length });
		expect(sink.offer(file)).toMatchObject({ kind: 'accept' });
		sink.write(file.handle, 0, new TextEncoder().encode(text), 0, text.length);
		return sink.finish(file.handle);
	};
	const kept = (name: string, backup = 'backup') => path.join(at(backup), FOLDERS, at(name));
	return { root, at, sink, store, kept };
}

describe('a backup', () => {
	it.each([{}, { temporaryNames: false }])('keeps what a file replaces below its full path (%j)', (options) => {
		const { at, store, kept } = bench(options);
		fs.mkdirSync(at('dest/sub'));
		fs.writeFileSync(at('dest/sub/f'), 'old');
		expect(store('sub/f', 'new')).toBeUndefined();
		expect(fs.readFileSync(at('dest/sub/f'), 'utf8')).toBe('new');
		expect(fs.readFileSync(kept('dest/sub/f'), 'utf8')).toBe('old');
		expect(openBelow(at('')) + openBelow(at('backup'))).toBe(0);
	});

	it('keeps nothing of a file that is not completed, and makes no folder for a new one', () => {
		const { at, sink, store } = bench();
		fs.writeFileSync(at('dest/f'), 'old');
		const file = incoming('f', { size: 3 });
		sink.offer(file);
		sink.discard(file.handle);
		expect(store('new', 'text')).toBeUndefined();
		expect(fs.readFileSync(at('dest/f'), 'utf8')).toBe('old');
		expect(listing(at('backup'))).toEqual([]);
	});

	it('belongs to the destination of the name', () => {
		const { at, store, kept } = bench();
		fs.writeFileSync(at('other/f'), 'old');
		expect(store(at('other/f'), 'new')).toBeUndefined();
		expect(fs.readFileSync(kept('other/f', 'backup2'), 'utf8')).toBe('old');
		expect(listing(at('backup'))).toEqual([]);
	});

	it('takes what a link replaces and what is deleted, directories with all that is in them', () => {
		const { at, sink, kept } = bench();
		fs.writeFileSync(at('dest/l'), 'old');
		fs.mkdirSync(at('dest/d'));
		fs.writeFileSync(at('dest/d/x'), 'x');
		sink.offer(incoming('l', { type: FileType.SymbolicLink, link: 'd' }));
		const gone = sink.offer(incoming('d', { type: FileType.Delete }));
		expect(gone).toMatchObject({ kind: 'answer', status: CompleteStatus.Normal });
		expect(listing(at('dest'))).toEqual(['l -> d']);
		expect(fs.readFileSync(kept('dest/l'), 'utf8')).toBe('old');
		expect(fs.readFileSync(kept('dest/d/x'), 'utf8')).toBe('x');
	});

	it('is never overwritten by another one of the same second', () => {
		const { at, store, kept } = bench();
		fs.writeFileSync(at('dest/f'), '1');
		for (const text of ['2', '3']) expect(store('f', text)).toBeUndefined();
		expect([kept('dest/f'), `${kept('dest/f')}.1`].map((name) => fs.readFileSync(name, 'utf8'))).toEqual(['1', '2']);
	});

	it('that cannot be made keeps the old file where it is and says why', () => {
		const { at, store } = bench();
		fs.writeFileSync(at('dest/f'), 'old');
		fs.rmdirSync(at('backup'));
		expect(store('f', 'new')).toMatch(/"f" is complete but cannot be put under its name: it does not exist/);
		expect(listing(at('dest'))).toEqual(['f']);
		expect(fs.readFileSync(at('dest/f'), 'utf8')).toBe('old');
	});

	it('is named by the local time, two digits each', () => {
		expect(timeFolders(new Date(2026, 0, 2, 3, 4, 5).getTime())).toEqual(['20260102', '030405']);
	});
});

describe('moving between folders', () => {
	it('is possible on one file system, and leaves nothing behind', () => {
		const root = scratchDirectory();
		for (const name of ['a', 'b']) fs.mkdirSync(path.join(root, name));
		expect(movingFault(path.join(root, 'a'), path.join(root, 'b'))).toBeUndefined();
		expect(listing(root)).toEqual(['a/', 'b/']);
	});

	it('is refused with the reason of the system, and leaves nothing behind', () => {
		const root = scratchDirectory();
		expect(movingFault(root, '/proc')).toBeInstanceOf(Error);
		expect(listing(root)).toEqual([]);
		expect(movingFault(path.join(root, 'none'), root)).toMatchObject({ code: 'ENOENT' });
	});
});

describe('the permissions of a received file', () => {
	it.each([
		[0o600, 0o600],
		[0o640, 0o640],
		[0o777, 0o666],
		[undefined, 0o666],
	])('are never wider than those of the sender: %o becomes %o', (permissions, mode) => {
		const { at, sink } = bench();
		const narrowed = mode & ~process.umask();
		const file = incoming('f', { size: 1, ...(permissions === undefined ? {} : { permissions }) });
		sink.offer(file);
		// Not even while it is on its way.
		const [name] = fs.readdirSync(at('dest'));
		expect(fs.statSync(at(`dest/${name}`)).mode & 0o777).toBe(narrowed);
		sink.write(file.handle, 0, new Uint8Array(1), 0, 1);
		expect(sink.finish(file.handle)).toBeUndefined();
		expect(fs.statSync(at('dest/f')).mode & 0o777).toBe(narrowed);
	});
});
