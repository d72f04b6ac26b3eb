import type { Outcome, ReceiverResult, SenderEnd, SenderFailure } from '@uftp/protocol';
import { describe, expect, it } from 'vitest';
import { exitCodeOf } from '../src/uftp/exit-code.ts';

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

function ended(results: readonly ReceiverResult[], failure?: SenderFailure): SenderEnd {
	return {
		...(failure === undefined ? {} : { failure: { code: failure, message: 'why' } }),
		results,
		elapsedMs: 1,
		bytesSent: 0,
		packetsSent: 0,
		repairBytesSent: 0,
	};
}

describe('the exit code of uftp', () => {
	it('is 0 as soon as one receiver has one file, whatever became of the others', () => {
		expect(exitCodeOf(ended([result('received', 1)]))).toBe(0);
		expect(exitCodeOf(ended([result('mute', 0), result('lost', 0), result('received', 1)]))).toBe(0);
		expect(exitCodeOf(ended([result('received', 1, 3)]))).toBe(0);
	});

	it('is 10 when the session ran but nobody accepted a file', () => {
		expect(exitCodeOf(ended([result('rejected', 0, 1), result('mute', 0)]))).toBe(10);
		expect(exitCodeOf(ended([result('received', 0)], 'allFilesUnavailable'))).toBe(10);
	});

	it.each([
		['nobodyRegistered', 7],
		['nobodyAnsweredFileInfo', 8],
		['allLost', 9],
		['quitOnError', 9],
		['fileChanged', 9],
		['interrupted', 6],
	] as const)('of a session that failed with %s is %i, even if files had arrived before', (failure, code) => {
		expect(exitCodeOf(ended([result('received', 1)], failure))).toBe(code);
	});

	it('of -q is 7 when a receiver never registered', () => {
		expect(exitCodeOf(ended([result('mute', 0), result('aborted', 0)], 'quitOnError'))).toBe(7);
	});
});
