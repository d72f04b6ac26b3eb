/** The real programs' sessions, played to our proxy in the place of the C one: it must say the same. */
import { HEADER_BYTES, hostKey, MessageType } from '@uftp/wire';
import { describe, expect, it } from 'vitest';
import { type CapturedTraffic, capturedTraffic } from './captured-traffic.ts';
import { GatheringShell, type Sent } from './gathering-shell.ts';

const UPSTREAM: readonly number[] = [
	MessageType.REGISTER,
	MessageType.FILEINFO_ACK,
	MessageType.STATUS,
	MessageType.COMPLETE,
];

/** The time that a message echoes, and the mark that ours puts where C has zeros, are not compared. */
function masked(bytes: Uint8Array): string {
	const copy = bytes.slice();
	if (copy[1] === MessageType.REGISTER) copy.fill(0, HEADER_BYTES + 4, HEADER_BYTES + 12);
	if (copy[1] === MessageType.FILEINFO_ACK) copy.fill(0, HEADER_BYTES + 8, HEADER_BYTES + 16);
	return copy.toHex();
}

const isUp = (bytes: Uint8Array) => UPSTREAM.includes(bytes[1]);

describe('a client proxy in a captured session in the clear', () => {
	const receiverSide = capturedTraffic('proxy-chain-plain.receiver-side.pcap');
	const senderSide = capturedTraffic('proxy-chain-plain.sender-side.pcap');
	const shell = new GatheringShell({
		proxyId: 0x0a630003,
		ownAddresses: ['10.98.0.1', '10.97.0.2'],
		instance: [1, 2],
	});
	const serverProxy = { host: '10.97.0.1', port: 1044 };
	const sent: Sent[] = [];

	/** Everything that the C proxy got, when it got it: downstream from the server proxy, upstream from the receiver. */
	const got: CapturedTraffic[] = receiverSide.map((one) => (isUp(one.bytes) ? one : { ...one, from: serverProxy }));
	for (const { at, from, bytes } of got) {
		sent.push(...shell.advance(1000 + at - shell.now));
		sent.push(...shell.receive(from, bytes));
	}
	sent.push(...shell.advance(500));

	it('forwards every packet of the sender byte for byte to the groups that the original sent it to', () => {
		const forwarded = sent.filter(({ to }) => to.host !== serverProxy.host);
		const original = receiverSide.filter(({ bytes }) => !isUp(bytes));
		expect(original.length).toBeGreaterThan(30);
		expect(forwarded.map(({ to, bytes }) => [to, bytes.toHex()])).toEqual(
			original.map(({ to, bytes }) => [to, bytes.toHex()]),
		);
	});

	it('answers in the same messages as the original, but for the time that they echo', () => {
		const answers = sent.filter(({ to }) => to.host === serverProxy.host);
		const original = senderSide.filter(({ bytes }) => isUp(bytes));
		expect(original).toHaveLength(7);
		expect(answers.map(({ bytes }) => masked(bytes))).toEqual(original.map(({ bytes }) => masked(bytes)));
	});
});

describe('a response proxy in a captured session in the clear', () => {
	it('answers in the same messages as the original, and forwards nothing', () => {
		const proxyHost = '10.99.0.4';
		const traffic = capturedTraffic('response-proxy-plain.sender-side.pcap');
		const shell = new GatheringShell({ kind: 'response', proxyId: 0x0a630004, ownAddresses: [proxyHost] });
		const original = traffic.filter(({ from, bytes }) => from.host === proxyHost && isUp(bytes));
		expect(original).toHaveLength(4);
		const receiver = { host: '10.99.0.2', port: 1044 };
		const sent: Sent[] = [];
		for (const { at, from, bytes } of traffic) {
			sent.push(...shell.advance(1000 + at - shell.now));
			// The capture was taken at the sender: the receiver's own messages are what the proxy made of them, without the list.
			if (from.host !== proxyHost) shell.receive(from, bytes);
			else if (isUp(bytes)) sent.push(...shell.receive(receiver, asFromReceiver(bytes)), ...shell.advance(0));
		}
		sent.push(...shell.advance(500));
		expect(sent.filter(({ to }) => hostKey(to.host) !== hostKey('10.99.0.1'))).toEqual([]);
		expect(sent.map(({ bytes }) => masked(bytes))).toEqual(original.map(({ bytes }) => masked(bytes)));
	});
});

/** The body, which is one id, becomes the source. */
function asFromReceiver(bytes: Uint8Array): Uint8Array {
	const own = bytes.slice(0, bytes.length - 4);
	own.set(bytes.subarray(bytes.length - 4), 4);
	return own;
}
