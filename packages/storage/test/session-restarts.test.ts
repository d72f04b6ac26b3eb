import fs from 'node:fs';
import path from 'node:path';
import { type BlockMap, type IncomingFile, SectionState } from '@uftp/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FileSink } from '../src/receiving/index.ts';
import { decodeJournal, encodeJournal } from '../src/receiving/restart-journal.ts';
import { incoming, listing, openBelow, scratchDirectory } from './scratch.ts';

const GROUP = 0x00c0ffee;
const FOLDER = '_group_00C0FFEE';
const JOURNAL = `${FOLDER}_restart`;
const BLOCK = 512;
/** Ten blocks, of which the first six are there. */
const SIZE = 10 * BLOCK;
const TIME = 1_700_000_000;
const SIXTY_PERCENT: BlockMap = {
	size: SIZE,
	blockBytes: BLOCK,
	sections: Uint8Array.of(SectionState.Partial),
	bitmaps: new Map([[0, Uint8Array.of(0b1100_0000, 0b11)]]),
};

function bench() {
	const root = scratchDirectory();
	const at = (name: string) => path.join(root, name);
	for (const name of ['dest', 'temp']) fs.mkdirSync(at(name));
	const open = () => new FileSink({ destinations: [at('dest')], temporaryDirectory: at('temp') });
	return { at, open, journal: at(`temp/${JOURNAL}`) };
}

function big(changes: Partial<IncomingFile> = {}): IncomingFile {
	return incoming('d/big', { size: SIZE, modifiedSeconds: TIME, ...changes });
}

function write(sink: FileSink, file: IncomingFile, from: number, to: number): void {
	const bytes = new Uint8Array(to - from).map((_, i) => (from + i) % 251);
	expect(sink.write(file.handle, from, bytes, 0, bytes.length)).toBeUndefined();
}

/** A run that brings a small file whole and the large one to 60 %. */
function fail(sink: FileSink, groupInstance = 0): void {
	expect(sink.sessionStarted(GROUP, Date.now(), groupInstance)).toEqual([]);
	const small = incoming('small', { size: 5, modifiedSeconds: TIME, groupInstance });
	sink.offer(small);
	write(sink, small, 0, 5);
	sink.finish(small.handle);
	const file = big({ groupInstance });
	sink.offer(file);
	write(sink, file, 0, 6 * BLOCK);
	sink.discard(file.handle, SIXTY_PERCENT);
	expect(sink.sessionEnded(GROUP, false)).toEqual({ moved: [], problems: [] });
}

describe('a session that is restarted', () => {
	it('finds what the earlier run of it has left, even in another process', () => {
		const { at, open, journal } = bench();
		fail(open());
		expect(fs.existsSync(journal)).toBe(true);
		expect(fs.statSync(journal).mode & 0o777).toBe(0o600);
		expect(listing(at('dest'))).toEqual([]);

		const sink = open();
		expect(sink.sessionStarted(GROUP, Date.now(), 1)).toEqual([]);
		expect(fs.existsSync(journal)).toBe(false);
		const small = incoming('small', { size: 5, modifiedSeconds: TIME, groupInstance: 1 });
		expect(sink.offer(small)).toMatchObject({ kind: 'answer', status: 0 });
		const file = big({ groupInstance: 1 });
		expect(sink.offer(file)).toEqual({ kind: 'accept', status: 0, present: SIXTY_PERCENT });
		write(sink, file, 6 * BLOCK, SIZE);
		expect(sink.finish(file.handle)).toBeUndefined();
		expect(sink.sessionEnded(GROUP, true).moved).toEqual([at('dest/d'), at('dest/small')]);
		expect(listing(at('dest'))).toEqual(['d/', 'd/big', 'small']);
		expect([...fs.readFileSync(at('dest/d/big'))]).toEqual([...new Uint8Array(SIZE).map((_, i) => i % 251)]);
		expect(fs.statSync(at('dest/d/big')).mtimeMs).toBe(TIME * 1000);
		expect(listing(at('temp'))).toEqual([]);
		expect(openBelow(at(''))).toBe(0);
	});

	it.each<[string, Partial<IncomingFile>]>([
		['a file whose time has changed', { modifiedSeconds: TIME + 1 }],
		['a file whose size has changed', { size: SIZE + 1 }],
		['another name', { name: 'd/other' }],
		['sync mode', { sync: true }],
		['a first run under the same id', { groupInstance: 0 }],
	])('starts afresh with %s, and nothing old is left over', (_, changes) => {
		const { at, open } = bench();
		fail(open());
		const sink = open();
		const file = big({ groupInstance: 1, ...changes });
		sink.sessionStarted(GROUP, Date.now(), file.groupInstance);
		const decision = sink.offer(file);
		expect(decision).toMatchObject({ kind: 'accept' });
		expect(decision).not.toHaveProperty('present');
		sink.finish(file.handle);
		sink.sessionEnded(GROUP, true);
		const isFirst = file.groupInstance === 0;
		expect(listing(at('dest'))).toEqual(['d/', file.name, ...(isFirst ? [] : ['small'])]);
		expect(listing(at('temp'))).toEqual([]);
		expect(openBelow(at(''))).toBe(0);
	});

	it('starts afresh when somebody has written to the unfinished file', () => {
		const { at, open } = bench();
		fail(open());
		const [unfinished] = fs.readdirSync(at(`temp/${FOLDER}/d`));
		fs.writeFileSync(at(`temp/${FOLDER}/d/${unfinished}`), new Uint8Array(SIZE));
		const sink = open();
		sink.sessionStarted(GROUP, Date.now(), 1);
		expect(sink.offer(big({ groupInstance: 1 }))).not.toHaveProperty('present');
		sink.close();
	});

	it('asks for a complete file again when it has changed, or has no time', () => {
		const { open } = bench();
		fail(open());
		const sink = open();
		sink.sessionStarted(GROUP, Date.now(), 1);
		for (const changes of [{ modifiedSeconds: TIME + 1 }, { size: 6 }, { modifiedSeconds: undefined }]) {
			const small = { ...incoming('small', { size: 5, modifiedSeconds: TIME, groupInstance: 1 }), ...changes };
			expect(sink.offer(small)).toMatchObject({ kind: 'accept' });
			sink.discard(small.handle);
		}
	});

	it('says so when the journal is damaged, and believes nothing of what is there', () => {
		const { open, journal } = bench();
		fail(open());
		const bytes = fs.readFileSync(journal);
		bytes[20] ^= 1;
		fs.writeFileSync(journal, bytes);
		const sink = open();
		expect(sink.sessionStarted(GROUP, Date.now(), 1)).toEqual([
			`The restart file "${journal}" cannot be used: it is damaged; all files of the session start afresh.`,
		]);
		expect(fs.existsSync(journal)).toBe(false);
		expect(sink.offer(big({ groupInstance: 1 }))).not.toHaveProperty('present');
		const small = incoming('small', { size: 5, modifiedSeconds: TIME, groupInstance: 1 });
		expect(sink.offer(small)).toMatchObject({ kind: 'accept' });
		sink.close();
	});

	it('does not take what the C receiver has not completed for complete', () => {
		const { at, open, journal } = bench();
		fs.mkdirSync(at(`temp/${FOLDER}`));
		fs.writeFileSync(at(`temp/${FOLDER}/f`), new Uint8Array(SIZE));
		fs.utimesSync(at(`temp/${FOLDER}/f`), TIME, TIME);
		fs.writeFileSync(journal, new Uint8Array(336 + 10 + 1));
		const sink = open();
		expect(sink.sessionStarted(GROUP, Date.now(), 1).join()).toContain('it was written by another program');
		const file = incoming('f', { size: SIZE, modifiedSeconds: TIME, groupInstance: 1 });
		expect(sink.offer(file)).toEqual({ kind: 'accept', status: 0 });
		sink.close();
	});

	it('says what is wrong with a journal of another program, of another session, and with what is no file', () => {
		const { at, open, journal } = bench();
		const complaint = (group = GROUP) => open().sessionStarted(group, Date.now(), 1).join();
		fs.writeFileSync(journal, new Uint8Array(2645));
		expect(complaint()).toContain('it was written by another program');
		fs.writeFileSync(journal, 'UFTPRST9');
		expect(complaint()).toContain('another version');
		fail(open());
		fs.renameSync(journal, at('temp/_group_00000001_restart'));
		expect(complaint(1)).toContain('it belongs to another session');
		fs.mkdirSync(journal);
		expect(complaint()).toContain('it is not a file');
		fs.symlinkSync('/etc/passwd', journal);
		expect(complaint()).toContain('a symbolic link stands in its path');
		expect(complaint()).toBe('');
	});

	it('can fail again before it comes to the file, and be restarted once more', () => {
		const { open } = bench();
		fail(open());
		const second = open();
		second.sessionStarted(GROUP, Date.now(), 1);
		second.sessionEnded(GROUP, false);
		const third = open();
		third.sessionStarted(GROUP, Date.now(), 2);
		expect(third.offer(big({ groupInstance: 2 }))).toMatchObject({ present: SIXTY_PERCENT });
		third.close();
	});

	it('counts only what is missing against the free space', () => {
		const { at, open, journal } = bench();
		const blockBytes = 8800;
		const size = 15_000 * 65_536 * blockBytes;
		const sections = new Uint8Array(15_000).fill(SectionState.Complete);
		sections[9] = SectionState.Missing;
		const temporaryName = '.~uftp-00C0FFEE-0001';
		const unfinished = at(`temp/${FOLDER}/${temporaryName}`);
		const leave = () => {
			fs.mkdirSync(at(`temp/${FOLDER}`), { recursive: true });
			fs.writeFileSync(unfinished, '');
			fs.truncateSync(unfinished, size);
			const changedMs = fs.statSync(unfinished).mtimeMs;
			const left = { name: 'huge', size, modifiedSeconds: TIME, temporaryName, changedMs };
			const map = { size, blockBytes, sections, bitmaps: new Map() };
			fs.writeFileSync(journal, encodeJournal({ groupId: GROUP, files: [{ ...left, map }] }));
		};
		const huge = (groupInstance: number) => incoming('huge', { size, modifiedSeconds: TIME, groupInstance });
		const sink = open();
		leave();
		sink.sessionStarted(GROUP, Date.now(), 0);
		expect(sink.offer(huge(0))).toMatchObject({ kind: 'answer', status: 3 });
		leave();
		sink.sessionStarted(GROUP, Date.now(), 1);
		expect(sink.offer(huge(1))).toMatchObject({ kind: 'accept', present: { size } });
		sink.close();
	});
});

describe('a restart journal', () => {
	it('is read as it was written', () => {
		const whole = { size: 0, blockBytes: BLOCK, sections: new Uint8Array(0), bitmaps: new Map() };
		const blocks = 5000;
		const sections = Uint8Array.of(SectionState.Complete, SectionState.Partial);
		const two = { size: blocks * BLOCK, blockBytes: BLOCK, sections, bitmaps: new Map([[1, new Uint8Array(313)]]) };
		const common = { modifiedSeconds: 7, temporaryName: '.~uftp-00C0FFEE-0001', changedMs: 1732181930741.1304 };
		const files = [
			{ name: 'a/\udcff "b"', size: 0, ...common, map: whole },
			{ name: 'c', size: two.size, ...common, map: two },
		];
		expect(decodeJournal(encodeJournal({ groupId: 5, files }).slice())).toEqual({ groupId: 5, files });
	});

	it('is refused with a sentence, whatever happens to its bytes', () => {
		const common = { modifiedSeconds: 7, temporaryName: '.~uftp-00C0FFEE-0001', changedMs: 1 };
		const good = encodeJournal({ groupId: 5, files: [{ name: 'c', size: SIZE, ...common, map: SIXTY_PERCENT }] });
		fc.assert(
			fc.property(fc.nat(good.length - 1), fc.integer({ min: 1, max: 255 }), fc.nat(good.length), (at, mask, cut) => {
				const bad = good.slice();
				bad[at] ^= mask;
				expect(decodeJournal(bad)).toBeTypeOf('string');
				if (cut < good.length) expect(decodeJournal(good.slice(0, cut))).toBeTypeOf('string');
			}),
		);
	});

	it('never leads out of the folder', () => {
		const common = { modifiedSeconds: 7, changedMs: 1, size: SIZE, name: 'c', map: SIXTY_PERCENT };
		const evil = encodeJournal({ groupId: 5, files: [{ ...common, temporaryName: '../../etc/passwd' }] });
		expect(decodeJournal(evil.slice())).toBe('its header cannot be read');
	});
});
