import { describe, expect, it } from 'vitest';
import { CommandError } from '../../src/drop-in/command-error.ts';
import { ReceiverLines } from '../../src/uftpd/log-lines.ts';
import { responseProxy } from '../../src/uftpd/response-proxy.ts';

const bytes = Array.from({ length: 20 }, (_, i) => i * 12);
const print = bytes.map((byte) => byte.toString(16).toUpperCase()).join(':');

describe('the response proxy of uftpd (-R)', () => {
	it.each([
		['10.0.0.9', { host: '10.0.0.9', port: 2044 }, undefined],
		['10.0.0.9/', { host: '10.0.0.9', port: 2044 }, undefined],
		[`10.0.0.9/${print}`, { host: '10.0.0.9', port: 2044 }, Uint8Array.from(bytes)],
		[`FD00:0::9/${print.toLowerCase()}`, { host: 'fd00::9', port: 2044 }, Uint8Array.from(bytes)],
	])('is host[/fingerprint], at the port of -p: %s', async (given, endpoint, fingerprint) => {
		expect(await responseProxy(given, 2044)).toEqual({ endpoint, fingerprint });
	});

	it.each([
		['/AB', '-R /AB names no proxy'],
		['999.1', 'Invalid proxy address 999.1: it is neither an address nor a host name'],
		['10.0.0.9:1044', 'a port does not belong here, the proxy has the one of -p'],
		['230.4.4.1', 'Invalid proxy address 230.4.4.1: it is a multicast group'],
		['0.0.0.0', 'no host has this address'],
		['255.255.255.255', 'no host has this address'],
		['10.0.0.9/zz', 'Invalid proxy fingerprint zz'],
		[`10.0.0.9/${print}:00`, 'Invalid proxy fingerprint'],
	])('is refused with a sentence and exit code 1: %s', async (given, words) => {
		const error = await responseProxy(given, 1044).catch((reason: unknown) => reason);
		expect(error).toBeInstanceOf(CommandError);
		expect(error).toMatchObject({ exitCode: 1, message: expect.stringContaining(words) });
	});
});

describe('the receiver log of a response proxy', () => {
	const proxy = { host: '10.0.0.9', port: 1044 };
	const texts = (...events: Parameters<ReceiverLines['of']>[0][]): string[] => {
		const lines = new ReceiverLines((address) => address);
		return events.flatMap((event) => lines.of(event)).map(({ text }) => text);
	};

	it('has the lines of 4.10.2 for the exchange of its key, and says which key that is', () => {
		const fingerprint = Uint8Array.from(bytes);
		const shown = bytes.map((byte) => byte.toString(16).toUpperCase().padStart(2, '0')).join(':');
		expect(
			texts(
				{ kind: 'proxyKeyRequested', proxy },
				{ kind: 'proxyKeyReceived', proxy, fingerprint, isOther: false },
				{ kind: 'proxyKeyReceived', proxy, fingerprint, isOther: true },
			),
		).toEqual([
			'Sent KEY_REQ to 10.0.0.9:1044',
			'Received PROXY_KEY from 10.0.0.9',
			`The response proxy's key: ${shown}`,
			'Received PROXY_KEY from 10.0.0.9',
			`Warning: The response proxy's key: ${shown}; it had another one before`,
		]);
	});

	it('says who ended a session, and where its answers go when the proxy is lost', () => {
		const ended = { kind: 'sessionEnded', groupId: 1, senderId: 2, filesReceived: 0, privateGroup: undefined } as const;
		expect(
			texts(
				{ kind: 'sessionMoved', groupId: 1, from: proxy, to: undefined },
				{ kind: 'sessionMoved', groupId: 1, from: proxy, to: { host: '10.0.0.10', port: 1044 } },
				{ ...ended, outcome: 'aborted', reason: 'The response proxy aborted: Too many clients' },
				{ ...ended, outcome: 'proxyLost', reason: 'The response proxy at 10.0.0.9:1044 is lost' },
			),
		).toEqual([
			'The response proxy at 10.0.0.9:1044 is lost: answers go to the sender from now on',
			'The response proxy at 10.0.0.9:1044 is lost: answers go to the one at 10.0.0.10:1044 from now on',
			'Transfer aborted by response proxy: Too many clients',
			'The response proxy at 10.0.0.9:1044 is lost',
		]);
	});
});
