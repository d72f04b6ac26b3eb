import { describe, expect, it } from 'vitest';
import { eventKinds, InvalidSubject, jobEnd, subjectMatches, subjects, worstOutcome } from '../src/index.ts';

describe('the subjects', () => {
	it('are the documented ones', () => {
		const s = subjects();
		expect(s.jobsSend).toBe('uftp.jobs.send');
		expect(s.registryList).toBe('uftp.registry.list');
		expect(s.event('file')).toBe('uftp.events.file');
		expect(s.heartbeat('receiver', '0x0A630002')).toBe('uftp.hb.receiver.0x0A630002');
		expect(subjectMatches(s.allHeartbeats(), s.heartbeat('sender', 's1'))).toBe(true);
		expect(subjectMatches(s.allHeartbeats('receiver'), s.heartbeat('sender', 's1'))).toBe(false);
	});

	it('have exactly three tokens for events, so that one star receives all', () => {
		for (const kind of eventKinds) {
			expect(subjects().event(kind).split('.').length).toBe(3);
			expect(subjectMatches(subjects('site1.uftp').allEvents, subjects('site1.uftp').event(kind))).toBe(true);
		}
	});

	it('refuse prefixes and ids that would make other subjects', () => {
		for (const prefix of ['', 'a.', 'a b', 'a.*', '>']) expect(() => subjects(prefix)).toThrow(InvalidSubject);
		for (const id of ['', 'a.b', '*', 'a b', 'x'.repeat(65)]) {
			expect(() => subjects().heartbeat('sender', id)).toThrow(InvalidSubject);
		}
	});
});

describe('the end of a job', () => {
	it('is succeeded only if every receiver has everything, and failed if there was none', () => {
		expect(jobEnd(['verified', 'skipped', 'overwritten', 'received'])).toBe('succeeded');
		expect(jobEnd(['received', 'lost'])).toBe('partial');
		expect(jobEnd(['mute', 'rejected', 'aborted', 'mismatch'])).toBe('failed');
		expect(jobEnd([])).toBe('failed');
	});

	it('takes the worst of the files of one receiver', () => {
		expect(worstOutcome(['skipped', 'verified'])).toBe('verified');
		expect(worstOutcome(['verified', 'lost', 'received'])).toBe('lost');
		expect(worstOutcome([])).toBe('received');
	});
});
