import type { SenderEvent } from '@uftp/protocol';
import { describe, expect, it } from 'vitest';
import { SenderLines } from '../src/uftp/log-lines.ts';
import { ReceiverNames } from '../src/uftp/receiver-names.ts';

function linesOf(events: readonly SenderEvent[]): string[] {
	const lines = new SenderLines({
		groupId: 1,
		groupInstance: 0,
		isClosedGroup: false,
		blockBytes: 1300,
		level: 2,
		names: new ReceiverNames(new Map()),
		localName: () => 'f1',
	});
	const all = events.flatMap((event) => lines.of(event));
	return all.filter(({ level }) => level <= 2).map(({ text }) => text);
}

describe('the sender log of a session with proxies', () => {
	const address = { host: '10.99.0.2', port: 1044 };
	const common = { address, rttMs: 1.546, isOurs: false };
	const [PROXY, OTHER, ONE, TWO, THIRD] = [0x0a610001, 0x0a630003, 0x0a61000b, 0x0a61000c, 0x0a580002];
	const behind = (receiverId: number, viaProxyId = PROXY): SenderEvent => ({
		kind: 'registered',
		receiverId,
		viaProxyId,
		...common,
	});
	const got = (receiverId: number): SenderEvent => ({
		kind: 'fileCompletedBy',
		file: 0,
		result: { receiverId, viaProxyId: PROXY, outcome: 'received', elapsedMs: 1 },
	});

	it('lists under one line the receivers that a message of a proxy speaks for, as a recorded session of 4.10.2 does', () => {
		const lines = linesOf([
			{ kind: 'proxyRegistered', proxyId: PROXY, ...common },
			behind(ONE),
			behind(TWO),
			{ kind: 'proxyKeyed', proxyId: PROXY },
			behind(THIRD),
			{
				kind: 'fileStarted',
				file: 0,
				fileId: 1,
				entry: { type: 0, name: 'f1', size: 3, modifiedSeconds: 0, link: '' },
			},
			{ kind: 'nakReceived', file: 0, receiverId: PROXY, section: 0, missing: 62, isProxy: true },
			got(TWO),
			got(ONE),
		]);
		const said = lines.filter((text) => / proxy | client | KEYINFO/.test(text));
		expect(said).toEqual([
			'Received REGISTER from proxy 0x0A610001',
			'  For client 0x0A61000B',
			'  For client 0x0A61000C',
			'Received KEYINFO_ACK from 0x0A610001',
			'Received REGISTER from proxy 0x0A610001',
			'  For client 0x0A580002',
			'Got 62 NAKs for section 0 from proxy 0x0A610001',
			'Got COMPLETE from proxy 0x0A610001',
			'  For client 0x0A61000C',
			'  For client 0x0A61000B',
		]);
	});

	it('names both proxies of two receivers with one id, and where a receiver went when its proxy was silent', () => {
		const lines = linesOf([
			{
				kind: 'duplicateUid',
				receiverId: ONE,
				first: address,
				second: { host: '10.99.0.3', port: 1044 },
				firstProxyId: PROXY,
				secondProxyId: OTHER,
			},
			{ kind: 'receiverMoved', receiverId: ONE, fromProxyId: PROXY, viaProxyId: OTHER, address },
			{ kind: 'receiverMoved', receiverId: TWO, fromProxyId: PROXY, viaProxyId: undefined, address },
			{ kind: 'receiverLost', receiverId: ONE, reason: 'its proxy 0x0A610001 does not answer' },
			{ kind: 'proxyAborted', proxyId: OTHER, reason: 'shutting down' },
		]);
		expect(lines).toEqual([
			'Two receivers answer as 0x0A61000B, behind proxy 0x0A610001 at 10.99.0.2:1044 and behind proxy 0x0A630003 at 10.99.0.3:1044: only the first is served. Give one of them another UID (uftpd -U).',
			'0x0A61000B answers through proxy 0x0A630003 now, as its proxy 0x0A610001 is silent',
			'0x0A61000C answers from 10.99.0.2:1044 now, as its proxy 0x0A610001 is silent',
			'No response from 0x0A61000B: its proxy 0x0A610001 does not answer',
			'Transfer aborted by proxy 0x0A630003: shutting down',
		]);
	});
});
