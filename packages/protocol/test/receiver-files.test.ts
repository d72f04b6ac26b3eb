import { describe, expect, it } from 'vitest';
import { SingleArrival } from '../src/arrival.ts';
import type { FileDecision } from '../src/ports.ts';
import { contentOf, GRTT_MS, joined, type ScriptedSender, SENDER, type ShellUnderTest } from './scripted-sender.ts';

/** Sends the blocks of a file with one section. */
function sendBlocks(
	shell: ShellUnderTest,
	sender: ScriptedSender,
	fileId: number,
	content: Uint8Array,
	from = 0,
): void {
	for (let i = from; i * sender.blockBytes < content.length; i++) shell.deliver(sender.blockOf(fileId, content, 0, i));
}

describe('a receiver that is described a file', () => {
	it('offers it once, acknowledges it as often as it is asked, and echoes the time', () => {
		const { shell, sender } = joined();
		const info = { size: 1000, name: 'dir/naïve name.bin', modifiedSeconds: 77 };
		shell.deliver(sender.fileInfo(info));
		shell.now += 25;
		shell.deliver(sender.fileInfo({ ...info, timestamp: { seconds: 2000, microseconds: 999_999 } }));
		expect(shell.eventsOf('fileOffered')).toMatchObject([
			{
				file: {
					fileId: 1,
					type: 0,
					name: 'dir/naïve name.bin',
					size: 1000,
					modifiedSeconds: 77,
					sync: false,
					preview: false,
				},
			},
		]);
		expect(shell.eventsOf('fileStarted').length).toBe(1);
		expect(shell.of('fileInfoAck').map((ack) => ack.timestamp)).toEqual([
			{ seconds: 2000, microseconds: 0 },
			{ seconds: 2000, microseconds: 999_999 },
		]);
	});

	it('acknowledges a file whose decision took a while with the time that it was held', () => {
		const { shell, sender } = joined();
		shell.decide = () => undefined;
		shell.deliver(sender.fileInfo({ size: 1000 }));
		shell.deliver(sender.fileInfo({ size: 1000, timestamp: { seconds: 2000, microseconds: 900_000 } }));
		expect([shell.eventsOf('fileOffered').length, shell.answers.length]).toEqual([1, 0]);
		shell.now += 150;
		const { handle } = shell.eventsOf('fileOffered')[0].file;
		shell.node.fileDecided(shell.now, handle, { kind: 'accept', status: 0 });
		shell.drain();
		expect(shell.of('fileInfoAck').map((ack) => ack.timestamp)).toEqual([{ seconds: 2001, microseconds: 50_000 }]);
	});

	it('ignores a description that is not for it', () => {
		const { shell, sender } = joined();
		shell.deliver(sender.fileInfo({ size: 10, ids: [1, 2, 3] }));
		shell.deliver(sender.fileInfo({ size: 10, ids: [] }));
		expect([shell.events, shell.answers]).toEqual([[], []]);
	});

	it('stores blocks at their offsets and completes the file without being asked', () => {
		const { shell, sender } = joined();
		const content = contentOf(512 * 9 + 100);
		shell.deliver(sender.fileInfo({ size: content.length }));
		expect([shell.node.expectedSplit, shell.node.expectedPayloadBytes]).toEqual([24, 512]);
		shell.clear();
		shell.now += 40;
		sendBlocks(shell, sender, 1, content);
		expect(shell.events.map((event) => event.kind)).toEqual(['fileComplete', 'fileEnded']);
		expect(shell.eventsOf('fileEnded')).toMatchObject([{ status: 0, reason: undefined, elapsedMs: 40 }]);
		expect(shell.answers).toMatchObject([{ kind: 'complete', fileId: 1, status: 0 }]);
		expect([...shell.contents.values()]).toEqual([content]);
	});

	it('completes again for a late DONE or FILEINFO, and only when it is listed', () => {
		const { shell, sender } = joined();
		const content = contentOf(512 * 3);
		shell.deliver(sender.fileInfo({ size: content.length }));
		sendBlocks(shell, sender, 1, content);
		shell.clear();
		shell.advance(2 * GRTT_MS);
		shell.deliver(sender.done(1, 0, [7]));
		expect(shell.answers).toEqual([]);
		shell.deliver(sender.done(1, 0));
		shell.deliver(sender.fileInfo({ size: content.length }));
		expect(shell.of('complete').map(({ fileId, status }) => [fileId, status])).toEqual([
			[1, 0],
			[1, 0],
		]);
		expect(shell.events).toEqual([]);
	});

	it('answers a burst of repeated requests once', () => {
		const { shell, sender } = joined();
		shell.deliver(sender.fileInfo({ size: 512 }));
		sendBlocks(shell, sender, 1, contentOf(512));
		shell.clear();
		for (const request of [sender.done(1, 0), sender.done(1, 0), sender.fileInfo({ size: 512 }), sender.done(0, 0)]) {
			shell.node.handle(shell.now, new SingleArrival(SENDER, request));
		}
		shell.drain();
		expect(shell.of('complete').map((complete) => complete.fileId)).toEqual([1, 0]);
	});

	it('acknowledges an empty file, and completes it when it is asked', () => {
		const { shell, sender } = joined();
		shell.deliver(sender.fileInfo({ size: 0 }));
		expect(shell.answers.map((answer) => answer.kind)).toEqual(['fileInfoAck']);
		expect(shell.eventsOf('fileEnded')).toMatchObject([{ status: 0 }]);
		shell.deliver(sender.done(1, 0));
		expect(shell.answers.map((answer) => answer.kind)).toEqual(['fileInfoAck', 'complete']);
	});

	it('sends the status that the sink gave at the beginning or at the end', () => {
		const { shell, sender } = joined();
		shell.decide = () => ({ kind: 'accept', status: 2 });
		shell.deliver(sender.fileInfo({ fileId: 1, size: 512, name: 'a' }));
		sendBlocks(shell, sender, 1, contentOf(512));
		shell.store = (file) => shell.node.fileStored(shell.now, file.handle, 3);
		shell.deliver(sender.fileInfo({ fileId: 2, size: 512, name: 'b' }));
		sendBlocks(shell, sender, 2, contentOf(512));
		expect(shell.of('complete').map(({ fileId, status }) => [fileId, status])).toEqual([
			[1, 2],
			[2, 3],
		]);
	});

	it.each([
		['skipped', { type: 0, size: 5000 }, { kind: 'answer', status: 1, reason: 'same file' }, 1],
		['rejected', { type: 0, size: 5000 }, { kind: 'answer', status: 3, reason: 'outside' }, 3],
		['a directory', { type: 1 }, { kind: 'answer', status: 0, reason: '' }, 0],
		['a link that the sink accepted', { type: 2, link: 'target' }, { kind: 'accept', status: 2 }, 2],
	] as const)('answers at once what needs no blocks: %s', (_name, info, decision: FileDecision, status) => {
		const { shell, sender } = joined();
		shell.decide = () => decision;
		shell.deliver(sender.fileInfo(info));
		shell.deliver(sender.fileInfo(info));
		expect(shell.answers.map((answer) => answer.kind)).toEqual(['complete', 'complete']);
		expect(shell.of('complete').map((complete) => complete.status)).toEqual([status, status]);
		expect(shell.eventsOf('fileEnded').length).toBe(1);
	});

	it('tells the free space, again for a repeated request', () => {
		const { shell, sender } = joined();
		shell.decide = () => ({ kind: 'answer', status: 0, reason: '', freeSpaceBytes: 2 ** 40 + 5 });
		shell.deliver(sender.fileInfo({ type: 4, name: '.' }));
		shell.deliver(sender.fileInfo({ type: 4, name: '.' }));
		expect(shell.of('complete').map((complete) => complete.freeSpaceBytes)).toEqual([2 ** 40 + 5, 2 ** 40 + 5]);
	});

	it('ends the session when the sink says so, and tells the sender why', () => {
		const first = joined();
		first.shell.decide = () => ({ kind: 'abort', reason: 'Not enough disk space' });
		first.shell.deliver(first.sender.fileInfo({ size: 5000 }));
		expect(first.shell.of('abort').map((abort) => abort.message)).toEqual(['Not enough disk space']);
		expect(first.shell.eventsOf('sessionEnded')).toMatchObject([
			{ outcome: 'aborted', reason: 'Not enough disk space' },
		]);
		// Repeats of the announcement do not start it again.
		first.shell.clear();
		first.shell.deliver(first.sender.announce());
		expect([first.shell.node.sessionCount, first.shell.answers]).toEqual([0, []]);
	});

	it('rejects a file that cannot be put under its name, and takes the next one', () => {
		const { shell, sender } = joined();
		const store = shell.store;
		shell.store = (file) => shell.node.fileRejected(shell.now, file.handle, 'something is mounted there');
		shell.deliver(sender.fileInfo({ fileId: 1, size: 512 }));
		sendBlocks(shell, sender, 1, contentOf(512));
		expect(shell.of('complete')).toMatchObject([{ fileId: 1, status: 3 }]);
		expect(shell.eventsOf('fileEnded')).toMatchObject([{ status: 3, reason: 'something is mounted there' }]);
		shell.store = store;
		shell.deliver(sender.fileInfo({ fileId: 2, name: 'other', size: 512 }));
		sendBlocks(shell, sender, 2, contentOf(512));
		expect(shell.of('complete').map(({ fileId, status }) => [fileId, status])).toEqual([
			[1, 3],
			[2, 0],
		]);
		expect(shell.of('abort')).toEqual([]);
	});

	it('rejects a file that cannot be written in its middle: what else comes of it is dropped, and never asked for', () => {
		const { shell, sender } = joined();
		const content = contentOf(512 * 6);
		shell.deliver(sender.fileInfo({ size: content.length }));
		shell.deliver(sender.blockOf(1, content, 0, 0));
		const { handle } = shell.eventsOf('fileOffered')[0].file;
		shell.node.fileRejected(shell.now, handle, 'the disk is full');
		shell.node.fileRejected(shell.now, handle, 'the disk is full');
		shell.drain();
		expect(shell.of('complete')).toMatchObject([{ fileId: 1, status: 3 }]);
		expect(shell.requests.filter(({ kind }) => kind === 'discardFile')).toMatchObject([{ file: { handle } }]);
		shell.deliver(sender.blockOf(1, content, 0, 1));
		expect(shell.node.counters['blocksNew']).toBe(1);
		shell.advance(5000);
		shell.deliver(sender.done(1, 0));
		shell.advance(5000);
		expect(shell.of('status')).toEqual([]);
		expect(shell.of('complete').length).toBe(2);
		shell.deliver(sender.done(0, 0));
		expect(shell.of('complete').map(({ fileId }) => fileId)).toEqual([1, 1, 0]);
	});

	it('rejects what it cannot map or does not know, without ending the session', () => {
		const { shell, sender } = joined();
		shell.deliver(sender.fileInfo({ fileId: 1, size: 2 ** 47 }));
		shell.deliver(sender.fileInfo({ fileId: 2, type: 9 }));
		expect(shell.of('complete').map((complete) => complete.status)).toEqual([3, 3]);
		expect(shell.eventsOf('warning').length).toBe(2);
		expect(shell.node.sessionCount).toBe(1);
	});

	it('waits for the disk before it says COMPLETE', () => {
		const { shell, sender } = joined();
		shell.store = undefined;
		shell.deliver(sender.fileInfo({ size: 512 }));
		sendBlocks(shell, sender, 1, contentOf(512));
		shell.clear();
		shell.deliver(sender.done(1, 0));
		shell.deliver(sender.done(0, 0));
		shell.advance(500);
		expect(shell.answers).toEqual([]);
		shell.node.fileStored(shell.now, 1);
		shell.drain();
		expect(shell.of('complete').map((complete) => complete.fileId)).toEqual([1]);
		shell.deliver(sender.done(0, 0));
		expect(shell.of('complete').map((complete) => complete.fileId)).toEqual([1, 0]);
	});

	it('says COMPLETE once where the DONE for the file was on its way already', () => {
		const { shell, sender } = joined();
		shell.deliver(sender.fileInfo({ fileId: 1, size: 512, name: 'one' }));
		sendBlocks(shell, sender, 1, contentOf(512));
		const completed = (): number[] => shell.of('complete').map((complete) => complete.fileId);
		expect(completed()).toEqual([1]);
		shell.advance(GRTT_MS / 2);
		shell.deliver(sender.done(1, 0));
		shell.deliver(sender.fileInfo({ fileId: 2, size: 512, name: 'two' }));
		shell.advance(50 * GRTT_MS);
		expect(completed()).toEqual([1]);
	});

	it('says it again a GRTT after such a DONE while the sender stays at the file, and at once to a later one', () => {
		const { shell, sender } = joined();
		shell.deliver(sender.fileInfo({ fileId: 1, size: 512, name: 'one' }));
		sendBlocks(shell, sender, 1, contentOf(512));
		shell.deliver(sender.done(1, 0));
		shell.deliver(sender.done(1, 0));
		const completed = (): number => shell.of('complete').length;
		expect(completed()).toBe(1);
		shell.advance(0.8 * GRTT_MS);
		expect(completed()).toBe(1);
		shell.advance(0.5 * GRTT_MS);
		expect(completed()).toBe(2);
		shell.deliver(sender.done(1, 0));
		expect(completed()).toBe(3);
		shell.advance(50 * GRTT_MS);
		expect(completed()).toBe(3);
	});

	it('says nothing more of the file once the sender is at the end of the session', () => {
		const { shell, sender } = joined();
		shell.deliver(sender.fileInfo({ fileId: 1, size: 512, name: 'one' }));
		sendBlocks(shell, sender, 1, contentOf(512));
		shell.deliver(sender.done(1, 0));
		shell.deliver(sender.done(0, 0));
		shell.advance(2 * GRTT_MS);
		expect(shell.of('complete').map((complete) => complete.fileId)).toEqual([1, 0]);
	});

	it('passes on sync mode and preview', () => {
		const { shell, sender } = joined({}, { groupId: 4 });
		sender.groupInstance = 1;
		shell.deliver(sender.announce({ sync: true, preview: true }));
		shell.deliver(sender.fileInfo({ size: 5 }));
		expect(shell.eventsOf('fileOffered')).toMatchObject([{ file: { sync: true, preview: true } }]);
	});

	it('takes a file id for another file when it stands for another name', () => {
		const { shell, sender } = joined();
		shell.deliver(sender.fileInfo({ size: 512, name: 'first' }));
		sendBlocks(shell, sender, 1, contentOf(512));
		shell.deliver(sender.fileInfo({ size: 512, name: 'second' }));
		shell.deliver(sender.fileInfo({ size: 512, name: 'third' }));
		expect(shell.eventsOf('fileOffered').map((event) => event.file.name)).toEqual(['first', 'second', 'third']);
		expect(shell.eventsOf('fileDiscarded').map((event) => event.file.name)).toEqual(['second']);
	});
});

describe('a receiver whose sender goes on without it', () => {
	it('keeps the unfinished file and continues where it was when the sender comes back', () => {
		const { shell, sender } = joined();
		const [one, two] = [contentOf(512 * 8, 1), contentOf(512 * 4, 2)];
		shell.deliver(sender.fileInfo({ fileId: 1, size: one.length, name: 'one' }));
		for (const i of [0, 1, 6]) shell.deliver(sender.blockOf(1, one, 0, i));
		shell.deliver(sender.fileInfo({ fileId: 2, size: two.length, name: 'two' }));
		sendBlocks(shell, sender, 2, two);
		expect(shell.of('complete').map((complete) => complete.fileId)).toEqual([2]);
		shell.clear();

		shell.deliver(sender.fileInfo({ fileId: 1, size: one.length, name: 'one' }));
		expect([shell.events, shell.answers.map((answer) => answer.kind)]).toEqual([[], ['fileInfoAck']]);
		shell.deliver(sender.done(1, 0));
		shell.advance(20);
		expect(shell.of('status')).toMatchObject([{ fileId: 1, section: 0, naks: [2, 3, 4, 5, 7] }]);
		for (const i of [2, 3, 4, 5, 7]) expect(shell.deliver(sender.blockOf(1, one, 0, i))).toBe(true);
		expect(shell.of('complete').map((complete) => complete.fileId)).toEqual([1]);
		expect([...shell.contents.values()]).toEqual([one, two]);
	});

	it('answers a DONE for the unfinished file although another one is being sent', () => {
		const { shell, sender } = joined();
		const two = contentOf(512 * 4, 2);
		shell.deliver(sender.fileInfo({ fileId: 1, size: 512 * 2, name: 'one' }));
		shell.deliver(sender.fileInfo({ fileId: 2, size: two.length, name: 'two' }));
		shell.deliver(sender.done(1, 0));
		sendBlocks(shell, sender, 2, two);
		shell.advance(20);
		expect(shell.of('status').map(({ fileId, naks }) => [fileId, naks])).toEqual([[1, [0, 1]]]);
		expect(shell.of('complete').map((complete) => complete.fileId)).toEqual([2]);
	});

	it('discards the oldest beyond sixteen unfinished files', () => {
		const { shell, sender } = joined();
		for (let fileId = 1; fileId <= 20; fileId++)
			shell.deliver(sender.fileInfo({ fileId, size: 600, name: `f${fileId}` }));
		expect(shell.eventsOf('fileDiscarded').map((event) => event.file.name)).toEqual(['f1', 'f2', 'f3']);
		expect(shell.deliver(sender.blockOf(3, contentOf(600), 0, 0))).toBe(false);
		expect(shell.deliver(sender.blockOf(4, contentOf(600), 0, 0))).toBe(true);
	});

	it('discards what is unfinished when the session ends', () => {
		const { shell, sender } = joined();
		shell.deliver(sender.fileInfo({ fileId: 1, size: 5000, name: 'one' }));
		shell.deliver(sender.fileInfo({ fileId: 2, size: 5000, name: 'two' }));
		shell.deliver(sender.done(0, 0));
		expect(shell.eventsOf('fileDiscarded').map((event) => event.file.name)).toEqual(['one', 'two']);
		expect(shell.of('complete').map((complete) => complete.fileId)).toEqual([0]);
	});
});
