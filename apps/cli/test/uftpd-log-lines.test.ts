import type { CompleteStatus, FileType, IncomingFile, ReceiverEvent } from '@uftp/protocol';
import { describe, expect, it } from 'vitest';
import { Level } from '../src/drop-in/log.ts';
import { ReceiverLines } from '../src/uftpd/log-lines.ts';
import { recorded, splitStamped } from './recorded-lines.ts';

const groupId = 0x4c2e8f42;
const senderId = 0x0a580001;
const sender = { host: '10.88.0.1', port: 40_000 };

function incoming(fileId: number, name: string, size: number, type: FileType = 0, link = ''): IncomingFile {
	const unused = { handle: fileId, groupInstance: 0, modifiedSeconds: 0, sync: false, preview: false };
	return { ...unused, groupId, senderId, fileId, type, name, size, link };
}

/** The events of a file that is received whole. */
function whole(file: IncomingFile): ReceiverEvent[] {
	return [
		{ kind: 'fileOffered', file },
		{ kind: 'fileStarted', file },
		{ kind: 'fileComplete', file },
		endedWith(file, 0),
	];
}

function endedWith(file: IncomingFile, status: CompleteStatus, reason?: string): ReceiverEvent {
	return { kind: 'fileEnded', file, status, reason, elapsedMs: 1 };
}

const start: ReceiverEvent = {
	kind: 'sessionStarted',
	groupId,
	groupInstance: 0,
	senderId,
	sender,
	privateGroup: '230.5.5.163',
	blockBytes: 1300,
	isOpenGroup: false,
};

describe('the receiver log of an encrypted session', () => {
	const security = {
		suite: 'ecdh_ecdsa, aes256-gcm, sha256, authenc',
		senderFingerprint: new Uint8Array(20).fill(0xab),
		isPinned: false,
		ownFingerprint: new Uint8Array(20).fill(1),
	};
	const registered = { kind: 'registered', groupId, grttMs: 10 } as const;
	const print = Array.from({ length: 20 }, () => 'AB').join(':');

	it('names the messages of the key exchange as 4.10.2 does, the algorithms and the key of the sender', () => {
		expect(linesOf([{ ...start, security }, registered]).map(({ text }) => text)).toEqual([
			expect.stringContaining('Received request from'),
			expect.stringContaining('Using private multicast address'),
			`Encrypted: ecdh_ecdsa, aes256-gcm, sha256, authenc; the sender's key: ${print}`,
			'REGISTER sent',
			'CLIENT_KEY sent',
			'Received KEYINFO',
			'KEYINFO_ACK sent',
		]);
	});

	it('sends no CLIENT_KEY that nobody asked for, and says that a key is on the list', () => {
		const texts = linesOf([{ ...start, security: { ...security, isPinned: true, ownFingerprint: undefined } }]);
		expect(texts.map(({ text }) => text)).not.toContain('CLIENT_KEY sent');
		expect(texts.some(({ text }) => text.includes("the sender's key as the list has it"))).toBe(true);
	});
});

function sessionEnded(outcome: 'completed' | 'aborted' | 'timedOut' | 'unconfirmed', reason: string): ReceiverEvent {
	return { kind: 'sessionEnded', groupId, senderId, outcome, reason, filesReceived: 1, privateGroup: undefined };
}

function linesOf(events: readonly ReceiverEvent[], level: number = Level.Info) {
	const lines = new ReceiverLines((address) => address);
	return events.flatMap((event) => lines.of(event)).filter((line) => line.level <= level);
}

/** What 4.10.2 prints and ours does not: keys, how it closes files, and DONE. */
const UNLIKE =
	/^(UFTP version|Loaded|starting file close|done file close|Got DONE|Exiting|Creating directory|Failed to)/;

describe('the receiver log beside that of 4.10.2', () => {
	it('says the same of files, a directory and a link, with the same scopes', () => {
		const directory = incoming(2, 'd/empty', 0, 1);
		const link = incoming(5, 'link', 0, 2, 'small.bin');
		const ours = linesOf([
			start,
			{ kind: 'registered', groupId, grttMs: 10 },
			...whole(incoming(1, 'd/zero', 0)),
			{ kind: 'fileOffered', file: directory },
			endedWith(directory, 0),
			...whole(incoming(3, 'd/e/f', 3)),
			...whole(incoming(4, 'small.bin', 5000)),
			{ kind: 'fileOffered', file: link },
			endedWith(link, 0),
			sessionEnded('completed', 'The sender has confirmed the end of the session'),
		]).map(({ scope, text }) => ({ scope, text }));
		const theirs = recorded('receiver-session.txt')
			.map(splitStamped)
			.filter(({ text }) => !UNLIKE.test(text));
		// C says that the session is complete, and then that it says so.
		const last = theirs.findLastIndex(({ text }) => text === 'COMPLETE sent');
		expect(ours).toEqual(theirs.toSpliced(last, 1));
	});

	it('tells at level 1 why a session or a file failed, in the same words', () => {
		const theirs = recorded('receiver-level-1.txt').map((line) => splitStamped(line).text);
		const texts = linesOf(
			[
				start,
				{ kind: 'fileOffered', file: incoming(1, 'f', 1) },
				sessionEnded('timedOut', 'Transfer timed out'),
				start,
				sessionEnded('aborted', 'The sender aborted: Server quit, aborting all'),
			],
			Level.Warning,
		).map((line) => line.text);
		expect(texts).toEqual(['Transfer timed out', 'Transfer aborted by server: Server quit, aborting all']);
		expect(theirs).toEqual(expect.arrayContaining(texts));
	});

	it('says why it rejects a file, and that the file was answered', () => {
		const file = incoming(1, '/etc/passwd', 1);
		const lines = linesOf([start, { kind: 'fileOffered', file }, endedWith(file, 3, 'not in a destination')]);
		expect(lines.at(-2)).toMatchObject({ level: Level.Warning, text: 'Rejecting file: not in a destination' });
		expect(lines.at(-1)).toMatchObject({ text: 'COMPLETE sent', scope: '4C2E8F42/00:0001' });
	});

	it('shows the unspecified address as private group of a unicast session, as C does', () => {
		const texts = linesOf([{ ...start, privateGroup: undefined }]).map((line) => line.text);
		expect(texts).toContain('Using private multicast address 0.0.0.0');
	});

	it('names the sender by its host name once that is known', () => {
		const lines = new ReceiverLines((address) => (address === '10.88.0.1' ? 'tower' : address));
		expect(lines.of(start)[0].text).toBe('Received request from 0A580001 at tower (10.88.0.1)');
	});
});
