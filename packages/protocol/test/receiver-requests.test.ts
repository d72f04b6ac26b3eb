import { describe, expect, it } from 'vitest';
import { SingleArrival } from '../src/arrival.ts';
import { EVENTS_MAX } from '../src/limits.ts';
import type { ReceiverRequest } from '../src/receiver-port.ts';
import { contentOf, GROUP_ID, joined, ScriptedSender, SENDER, ShellUnderTest } from './scripted-sender.ts';

function kinds(requests: readonly ReceiverRequest[]): string[] {
	return requests.map(({ kind }) => kind);
}

/** Fetches what waits, and carries nothing out. */
function fetchAll(shell: ShellUnderTest): ReceiverRequest[] {
	const all: ReceiverRequest[] = [];
	for (let one = shell.node.pollRequest(); one !== undefined; one = shell.node.pollRequest()) all.push(one);
	return all;
}

describe('what a receiver asks of its shell', () => {
	it('comes in the order of a session: start, offer, finish, end', () => {
		const shell = new ShellUnderTest();
		const sender = new ScriptedSender();
		const content = contentOf(512);
		for (const datagram of [
			sender.announce(),
			sender.regConf(),
			sender.fileInfo({ size: 512 }),
			sender.blockOf(1, content, 0, 0),
			sender.done(0, 0),
			sender.doneConf(),
		]) {
			shell.deliver(datagram);
		}
		expect(kinds(shell.requests)).toEqual(['startSession', 'offerFile', 'finishFile', 'endSession']);
		expect(shell.requests[0]).toEqual({
			kind: 'startSession',
			groupId: GROUP_ID,
			privateGroup: '230.5.5.9',
			sources: [undefined],
		});
	});

	it('reaches it whatever becomes of the events that nobody fetches', () => {
		const { shell, sender } = joined();
		const asks = (): void => {
			for (const request of fetchAll(shell)) {
				if (request.kind === 'offerFile') {
					shell.node.fileDecided(shell.now, request.file.handle, { kind: 'accept', status: 0 });
					asks();
				} else if (request.kind === 'finishFile') shell.node.fileStored(shell.now, request.file.handle);
			}
		};
		const content = contentOf(512);
		const deliver = (datagram: Uint8Array): void => {
			shell.node.handle(shell.now, new SingleArrival(SENDER, datagram));
			asks();
		};
		// Four events for each file: far more than are kept.
		const files = EVENTS_MAX / 4 + 1000;
		for (let file = 1; file <= files; file++) {
			deliver(sender.fileInfo({ fileId: file, name: `f${file}`, size: 512 }));
			deliver(sender.blockOf(file, content, 0, 0));
		}
		expect(shell.node.counters['dropped.event-queue-full']).toBeGreaterThan(1000);
		deliver(sender.abort('enough'));
		expect(shell.node.sessionCount).toBe(0);
		let ended = 0;
		for (let event = shell.node.pollEvent(); event !== undefined; event = shell.node.pollEvent()) ended++;
		expect(ended).toBe(EVENTS_MAX);
		expect(shell.node.counters['blocksNew']).toBe(files);
	});

	it('leaves no trace of what was withdrawn before the shell has fetched it', () => {
		const shell = new ShellUnderTest();
		for (let round = 0; round < 1000; round++) {
			const sender = new ScriptedSender({ groupId: GROUP_ID + round });
			for (const datagram of [
				sender.announce(),
				sender.regConf(),
				sender.fileInfo({ size: 512 }),
				sender.abort('no'),
			]) {
				shell.node.handle(shell.now, new SingleArrival(SENDER, datagram));
			}
		}
		expect(fetchAll(shell)).toEqual([]);
	});

	it('is to discard a file that it was offered, also when it was to be finished next', () => {
		const { shell, sender } = joined();
		shell.store = undefined;
		shell.deliver(sender.fileInfo({ size: 512 }));
		shell.clear();
		shell.node.handle(shell.now, new SingleArrival(SENDER, sender.blockOf(1, contentOf(512), 0, 0)));
		shell.node.abort(shell.now, 'the receiver is stopped');
		expect(kinds(fetchAll(shell))).toEqual(['discardFile', 'endSession']);
	});

	it('is nothing more for a file that it has answered without taking it', () => {
		const { shell, sender } = joined();
		shell.decide = () => ({ kind: 'answer', status: 3, reason: 'not wanted' });
		shell.deliver(sender.fileInfo({ size: 512 }));
		shell.deliver(sender.abort('enough'));
		expect(kinds(shell.requests)).toEqual(['offerFile', 'endSession']);
	});
});
