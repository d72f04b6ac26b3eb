import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InvalidSubject } from '../src/bus-error.ts';
import { outcomes } from '../src/outcome.ts';
import {
	parseEvent,
	parseHeartbeat,
	parseJob,
	parseJobAnswer,
	parsePinhole,
	parseRegistryListRequest,
} from '../src/schemas/index.ts';
import { subjectMatches } from '../src/subject-grammar.ts';
import { subjects } from '../src/subjects.ts';

const good = { v: 1, files: [{ root: 'home', path: 'reports/may.pdf' }] };

function problemOf(input: unknown): string {
	const result = parseJob(input);
	return result.ok ? 'no problem' : result.problem;
}

describe('a job', () => {
	it('is accepted in its smallest form', () => {
		expect(parseJob(good)).toEqual({ ok: true, value: good });
	});

	it('is accepted with everything, and its UIDs come out in one form', () => {
		const full = {
			v: 1,
			id: '0198c5a2-7f2e-7cc0-8000-00000000abcd',
			files: [{ root: 'home', path: '.', as: 'all/of it' }],
			to: { uids: ['0xa630002', '0x0A630003'] },
			options: { rateKbps: -1, blockSize: 1300, robust: 20, graceSeconds: 30, publicAddress: 'ff15::4:1', ttl: 4 },
			labels: { ticket: 'OPS-1' },
		};
		const result = parseJob(new TextEncoder().encode(JSON.stringify(full)));
		expect(result.ok && result.value.to?.uids).toEqual(['0x0A630002', '0x0A630003']);
	});

	it('is refused with a sentence that says where the mistake is and what it is', () => {
		const file = { root: 'home', path: 'a' };
		expect(problemOf({ ...good, colour: 1 })).toBe('The job is not valid: unknown field "colour".');
		expect(problemOf({ ...good, files: [{ ...file, mode: 1 }] })).toBe(
			'The job is not valid: files[0]: unknown field "mode".',
		);
		expect(problemOf({ ...good, files: [file, { path: 'a' }] })).toBe(
			'The job is not valid: files[1].root: is missing.',
		);
		expect(problemOf({ v: 1, files: [] })).toBe('The job is not valid: files: names no file.');
		expect(problemOf({ v: 1 })).toBe('The job is not valid: files: is missing.');
		expect(problemOf({ ...good, v: 2 })).toContain('v: must be 1');
		expect(problemOf({ ...good, to: {} })).toContain('to: names nobody');
		expect(problemOf({ ...good, to: { uids: [] } })).toContain('to.uids');
		expect(problemOf({ ...good, to: { uids: ['0x1', '0x01'] } })).toContain('twice');
		expect(problemOf({ ...good, to: { uids: ['0x0'] } })).toContain('0 and 0xFFFFFFFF');
		expect(problemOf({ ...good, options: { rateKbps: 0 } })).toContain('options.rateKbps: must be at least 1');
		expect(problemOf({ ...good, options: { blockSize: 511 } })).toContain('options.blockSize');
		expect(problemOf({ ...good, options: { publicAddress: 'example.org' } })).toContain('IPv4 or IPv6');
		expect(problemOf({ ...good, options: { congestion: 'pgmcc' } })).toContain('options.congestion: must be "none" or');
		expect(problemOf({ ...good, options: { maxTimePercent: 100 } })).toContain('options.maxTimePercent');
		expect(problemOf({ ...good, options: { rate: 5 } })).toContain('options: unknown field "rate"');
		expect(problemOf(new TextEncoder().encode('{"v":1,'))).toContain('is not JSON');
		expect(problemOf(new Uint8Array([0xff, 0xfe]))).toContain('not UTF-8');
		expect(problemOf(null)).toContain('The job is not valid');
	});

	it('may only name paths that stay below their root', () => {
		for (const path of ['..', '../x', 'a/../b', '/etc/passwd', 'a//b', 'a/./b', '', 'a\0b', 'a/', 'x'.repeat(5000)]) {
			expect(problemOf({ v: 1, files: [{ root: 'home', path }] }), JSON.stringify(path.slice(0, 20))).toContain(
				'files[0].path',
			);
		}
		for (const path of ['.', 'a', 'a/b c/ü.txt', '..a', 'a..', '.hidden']) {
			expect(problemOf({ v: 1, files: [{ root: 'home', path }] }), path).toBe('no problem');
		}
	});

	it('is bounded', () => {
		const many = Array.from({ length: 10_001 }, (_, i) => ({ root: 'home', path: `f${i}` }));
		expect(problemOf({ v: 1, files: many })).toContain('files');
		expect(problemOf(new Uint8Array(1024 * 1024 + 1))).toContain('more than the 1048576');
	});

	it('never makes the parser throw, whatever arrives', () => {
		fc.assert(
			fc.property(fc.oneof(fc.anything(), fc.json(), fc.uint8Array()), (input) => {
				const result = parseJob(input);
				expect(result.ok || result.problem.endsWith('.')).toBe(true);
			}),
		);
	});
});

describe('the answer to a job', () => {
	it('is an id or a problem', () => {
		expect(parseJobAnswer({ ok: true, job: 'j1' }).ok).toBe(true);
		expect(parseJobAnswer({ ok: false, error: { code: 'no-such-root', message: 'x' } }).ok).toBe(true);
		expect(parseJobAnswer({ ok: false }).ok).toBe(false);
	});
});

const head = {
	specversion: '1.0',
	id: '1',
	source: '/uftp/sender/s1',
	type: 'uftp.file.completed.v1',
	time: '2026-01-02T03:04:05.678Z',
	datacontenttype: 'application/json',
	sequence: '0000000001',
	instance: 'i1',
};
const fileData = { phase: 'completed', session: '0A0B0C0D', fileId: 1, name: 'a', size: 5, outcome: 'verified' };

describe('an event', () => {
	it('is told its kind by its type', () => {
		const result = parseEvent({ ...head, data: fileData });
		expect(result.ok && result.value.kind).toBe('file');
		expect(result.ok && result.value.kind === 'file' && result.value.data.outcome).toBe('verified');
	});

	it('keeps to its phase and to the kinds that are known', () => {
		expect(parseEvent({ ...head, data: { ...fileData, phase: 'started' } }).ok).toBe(false);
		expect(parseEvent({ ...head, type: 'uftp.weather.fine.v1', data: {} }).ok).toBe(false);
		expect(parseEvent({ ...head, type: 'uftp.file.completed.v2', data: fileData }).ok).toBe(false);
		expect(parseEvent({ ...head, type: 'uftp.job.succeeded.v1', data: fileData }).ok).toBe(false);
	});

	it('has one of the nine outcomes for each receiver', () => {
		for (const outcome of outcomes) {
			expect(parseEvent({ ...head, data: { ...fileData, outcome } }).ok).toBe(true);
		}
		expect(parseEvent({ ...head, data: { ...fileData, outcome: 'fine' } }).ok).toBe(false);
	});

	it('of a newer version is read without the fields that are not known here', () => {
		const result = parseEvent({ ...head, colour: 1, data: { ...fileData, mood: { a: 1 } } });
		expect(result.ok && result.ignored).toEqual(['colour', 'data.mood']);
	});

	it('never makes the parser throw, whatever arrives', () => {
		fc.assert(
			fc.property(
				fc.oneof(
					fc.anything(),
					fc.anything().map((data) => ({ ...head, data })),
				),
				(input) => {
					expect(typeof parseEvent(input).ok).toBe('boolean');
				},
			),
		);
	});
});

describe('heartbeats and questions to the registry', () => {
	const beat = {
		v: 1,
		role: 'receiver',
		id: '0x0A630002',
		instance: 'i1',
		seq: 1,
		version: '0.1.0',
		host: 'h',
		startedAt: '2026-01-02T03:04:05Z',
		intervalMs: 5000,
		addresses: ['10.0.0.2'],
		interfaces: [{ name: 'eth0', addresses: ['10.0.0.2'] }],
		groups: ['230.4.4.1'],
		caps: ['grace'],
		ours: true,
	};

	it('accept a heartbeat, and one of a newer version with fields unknown here', () => {
		expect(parseHeartbeat(beat)).toEqual({ ok: true, value: beat });
		expect(
			parseHeartbeat({ ...beat, mood: 'good', interfaces: [{ name: 'a', addresses: [], speed: 1 }] }),
		).toMatchObject({
			ok: true,
			ignored: ['interfaces[0].speed', 'mood'],
		});
	});

	it('refuse a heartbeat that is wrong besides having unknown fields', () => {
		const result = parseHeartbeat({ ...beat, mood: 'good', seq: -1 });
		expect(!result.ok && result.problem).toContain('The heartbeat is not valid: seq');
	});

	it('take an empty question for everybody', () => {
		expect(parseRegistryListRequest(new Uint8Array())).toEqual({ ok: true, value: { v: 1 } });
		expect(parseRegistryListRequest({ v: 1, role: 'nobody' }).ok).toBe(false);
	});
});

describe('pinholes', () => {
	const pinhole = {
		v: 1,
		serverProxy: 'sp1',
		uid: '0x0A630001',
		clientProxy: '0x0a630002',
		fingerprint: Array.from({ length: 20 }, () => 'AB').join(':'),
		address: '203.0.113.7',
		port: 40_312,
		state: 'open',
		observedAt: '2026-11-21T08:00:00.000Z',
		lastSeen: '2026-11-21T08:00:20.000Z',
		ttlMs: 70_000,
		changes: 1,
	};

	it('say where a downstream proxy is, and who has proved it', () => {
		expect(parsePinhole(pinhole)).toMatchObject({ ok: true, value: { clientProxy: '0x0A630002', port: 40_312 } });
		expect(parsePinhole({ ...pinhole, later: 1 })).toMatchObject({ ok: true, ignored: ['later'] });
		for (const wrong of [{ port: 0 }, { fingerprint: undefined }, { state: 'half' }, { uid: '0x0' }]) {
			expect(parsePinhole({ ...pinhole, ...wrong })).toMatchObject({ ok: false });
		}
	});

	it('have a subject for each pair of proxies', () => {
		const s = subjects();
		expect(s.pinhole('sp1', '0x0A630002')).toBe('uftp.pinhole.sp1.0x0A630002');
		expect(subjectMatches(s.allPinholes(), s.pinhole('sp1', 'c'))).toBe(true);
		expect(subjectMatches(s.allPinholes('sp2'), s.pinhole('sp1', 'c'))).toBe(false);
		expect(() => s.pinhole('sp1', '*')).toThrow(InvalidSubject);
	});

	it('are events without addresses', () => {
		const data = { phase: 'moved', uid: '0x00000001', downstream: '0x00000002', network: '203.0.113.0/24' };
		const head = {
			specversion: '1.0',
			id: '1',
			source: '/uftp/proxy/sp1',
			type: 'uftp.pinhole.moved.v1',
			time: '2026-11-21T08:00:00.000Z',
			datacontenttype: 'application/json',
			sequence: '0000000001',
			instance: 'a',
		};
		expect(parseEvent({ ...head, data })).toMatchObject({ ok: true, value: { kind: 'pinhole', data } });
	});
});
