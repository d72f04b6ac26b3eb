import type { SendingEnd, SendingFailure } from '@uftp/endpoint/sending';
import type { Outcome, ReceiverResult, SenderEvent } from '@uftp/protocol';
import { describe, expect, it } from 'vitest';
import { exitCodeOf as codeOf, FileInfoWatch } from '../src/uftp/exit-code.ts';

function result(outcome: Outcome, filesReceived: number, filesRejected = 0): ReceiverResult {
	return {
		receiverId: 1,
		outcome,
		address: undefined,
		isOurs: true,
		rttMs: 1,
		filesReceived,
		filesOverwritten: 0,
		filesSkipped: 0,
		filesRejected,
		filesMissing: 0,
		bytes: 0,
	};
}

/** The exit code after the given events. */
function exitCodeOf(end: Ended, ...events: readonly SenderEvent[]): number | undefined {
	const watch = new FileInfoWatch();
	for (const event of events) watch.see(event);
	return codeOf(end, watch);
}

type Ended = Pick<SendingEnd, 'failure' | 'results'>;

function ended(results: readonly ReceiverResult[], failure?: SendingFailure['code']): Ended {
	return { failure: failure && { code: failure, facts: { why: 'why' } }, results };
}

describe('the exit code of uftp', () => {
	it('is 0 as soon as one receiver has one file, whatever became of the others', () => {
		expect(exitCodeOf(ended([result('received', 1)]))).toBe(0);
		expect(exitCodeOf(ended([result('mute', 0), result('lost', 0), result('received', 1)]))).toBe(0);
		expect(exitCodeOf(ended([result('received', 1, 3)]))).toBe(0);
	});

	it('is 10 when the session ran but nobody accepted a file', () => {
		expect(exitCodeOf(ended([result('rejected', 0, 1), result('mute', 0)]))).toBe(10);
		expect(exitCodeOf(ended([result('received', 0)], 'all-files-unavailable'))).toBe(10);
	});

	it.each([
		['nobody-registered', 7],
		['nobody-answered-file-info', 8],
		['all-lost', 9],
		['quit-on-error', 9],
		['file-changed', 9],
		['interrupted', 6],
	] as const)('of a session that failed with %s is %i, even if files had arrived before', (failure, code) => {
		expect(exitCodeOf(ended([result('received', 1)], failure))).toBe(code);
	});

	it('is 8 when all are lost because nobody answered the FILEINFO of a later file', () => {
		const entry = { type: 0, name: 'f', size: 1, modifiedSeconds: 0, link: '' } as const;
		const start = (file: number): SenderEvent => ({ kind: 'fileStarted', file, fileId: file + 1, entry });
		const pass = (file: number): SenderEvent => ({ kind: 'passStarted', file, pass: 1, blocks: 1 });
		const end = ended([result('aborted', 1)], 'all-lost');
		expect(exitCodeOf(end, start(0), pass(0), start(1))).toBe(8);
		expect(exitCodeOf(end, start(0), pass(0), start(1), pass(1))).toBe(9);
	});

	it.each(['internal', 'interface-unknown', 'socket-failed'] as const)(
		'is none of a session that met %s',
		(failure) => {
			expect(exitCodeOf(ended([], failure))).toBeUndefined();
		},
	);

	it('of -q is 7 when a receiver never registered', () => {
		expect(exitCodeOf(ended([result('mute', 0), result('aborted', 0)], 'quit-on-error'))).toBe(7);
	});
});
