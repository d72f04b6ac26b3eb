import type { IncomingFile, ReceiverEvent } from '@uftp/protocol';
import { describe, expect, it } from 'vitest';
import { ReceiverStatus, resultLine, statusTime } from '../src/uftpd/status-lines.ts';

const FILE: IncomingFile = {
	handle: 1,
	groupId: 0x8be37f38,
	groupInstance: 0,
	senderId: 0x0a630001,
	fileId: 1,
	type: 0,
	name: 'sub/f',
	size: 3_000_000,
	modifiedSeconds: 0,
	link: '',
	sync: false,
	preview: false,
};
const STARTED: ReceiverEvent = {
	kind: 'sessionStarted',
	groupId: 0x8be37f38,
	groupInstance: 0,
	senderId: 0x0a630001,
	sender: { host: '10.99.0.1', port: 40_000 },
	privateGroup: '230.5.5.5',
	blockBytes: 1300,
	isOpenGroup: true,
};
const ENDED: ReceiverEvent = { kind: 'fileEnded', file: FILE, status: 0, reason: undefined, elapsedMs: 1 };

describe('the status lines of uftpd', () => {
	it('tell each status in the words of 4.10.2', () => {
		const lines = ([0, 1, 2, 3] as const).map((status) => resultLine('2026/11/21-09:08:59', FILE, status));
		expect(lines).toEqual(
			['copied', 'skipped', 'overwritten', 'rejected'].map(
				(word) => `RESULT;2026/11/21-09:08:59;0A630001;8BE37F38;sub/f;2929KB;${word}`,
			),
		);
	});

	it('have the local time with two digits everywhere', () => {
		expect(statusTime(new Date(2026, 0, 2, 3, 4, 5).getTime())).toBe('2026/01/02-03:04:05');
	});

	it('are written at once when the sender has a name', () => {
		const written: string[] = [];
		const status = new ReceiverStatus(
			(lines) => written.push(...lines),
			() => 'sender.example',
		);
		status.see(STARTED);
		status.see(ENDED);
		expect(written.map((line) => line.replace(/;2\d{3}\/[\d/:-]+;/, ';TIME;'))).toEqual([
			'CONNECT;TIME;0A630001;8BE37F38;10.99.0.1;sender.example',
			'RESULT;TIME;0A630001;8BE37F38;sub/f;2929KB;copied',
		]);
	});

	it('keep their order while a name is looked up', async () => {
		const written: string[] = [];
		let tell: (name: string) => void = () => {};
		const name = new Promise<string>((resolve) => (tell = resolve));
		const status = new ReceiverStatus(
			(lines) => written.push(...lines),
			() => name,
		);
		status.see(STARTED);
		status.see(ENDED);
		expect(written).toEqual([]);
		tell('late.example');
		await expect.poll(() => written.length).toBe(2);
		expect(written[0]).toMatch(/;late\.example$/);
		status.see(ENDED);
		expect(written).toHaveLength(3);
	});
});
