import { MessageType } from '@uftp/wire';
import { describe, expect, it } from 'vitest';
import { isNonceSigned } from '../../src/shared/security/nonce-signature.ts';
import { backend, ecKey, P256 } from '../secured/pair.ts';
import { datagram, down, GatheringShell, receiverAt, receiverId, type Sent } from './gathering-shell.ts';
import { proxySecurity } from './security/hop.ts';

const KEY = ecKey();
const GROUPS = ['230.4.4.1', '230.4.4.2'];

function responseProxy(): GatheringShell {
	const security = proxySecurity({ keys: [KEY], agreementCurve: P256 });
	return new GatheringShell({ kind: 'response', publicGroups: GROUPS, security });
}

function ask(shell: GatheringShell, n: number): Sent[] {
	return shell.receive(receiverAt(n), datagram(MessageType.KEY_REQ, {}, { groupId: 0, sourceId: receiverId(n) }));
}

describe('a response proxy that is asked for its key', () => {
	it('says it to each of its public groups, signed, with the key for ECDH', () => {
		const shell = responseProxy();
		const sent = ask(shell, 1);
		expect(sent.map(({ to }) => to)).toEqual(GROUPS.map((host) => ({ host, port: 1044 })));
		const [message] = down(sent, MessageType.PROXY_KEY);
		expect(message.dhKey.length).toBeGreaterThan(60);
		expect(isNonceSigned(backend, KEY.publicKey, message.nonce, message.signature)).toBe(true);
		expect(shell.of('keyRequested')).toMatchObject([{ from: receiverAt(1) }]);
		expect(shell.of('keySent')).toHaveLength(2);
	});

	it('says it once in five seconds, whoever asks how often, and owes nobody an answer after that', () => {
		const shell = responseProxy();
		const sent = ask(shell, 1);
		for (let n = 0; n < 500; n++) {
			sent.push(...ask(shell, n % 50));
			sent.push(...shell.advance(20));
		}
		// Ten seconds: at once, and at the end of each five.
		expect(down(sent, MessageType.PROXY_KEY)).toHaveLength(3 * GROUPS.length);
		const nonces = new Set(down(sent, MessageType.PROXY_KEY).map(({ nonce }) => nonce));
		expect(nonces.size).toBe(3);
		expect(shell.advance(100_000)).toEqual([]);
	});

	it('without a key has none to say', () => {
		const shell = new GatheringShell({ kind: 'response' });
		expect(ask(shell, 1)).toEqual([]);
		expect(shell.advance(10_000)).toEqual([]);
	});

	it('is silent as a client proxy, whose receivers see its key in the ANNOUNCE', () => {
		const shell = new GatheringShell({ security: proxySecurity({ keys: [KEY] }) });
		expect(ask(shell, 1)).toEqual([]);
		expect(shell.advance(10_000)).toEqual([]);
	});
});
