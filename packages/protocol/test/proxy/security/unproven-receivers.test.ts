import { MessageType } from '@uftp/wire';
import { expect, it } from 'vitest';
import { ALICE, ECDSA_GCM, ecKey, functionOf, P256, receiverSecurity, senderSecurity } from '../../secured/pair.ts';
import { proxyConfig, proxySecurity } from './hop.ts';
import { ProxiedPair } from './proxied-pair.ts';

const IDS = [ALICE, ALICE + 1, ALICE + 2];
const ELSEWHERE = { host: '10.9.9.9', port: 1044 };

it('a proxy outlives that the sender names a receiver as complete that has not shown its key here', () => {
	const security = proxySecurity({ keys: [ecKey()], agreementCurve: P256 });
	const config = proxyConfig('response', security, { publicGroups: ['230.4.4.1'] });
	const sender = { security: senderSecurity({ suite: ECDSA_GCM, clientAuth: true }), targets: IDS };
	const receivers = IDS.map(() => receiverSecurity());
	const session = new ProxiedPair(config, sender, receivers, 30_000);
	const { pair } = session;
	// The last one answers the sender itself; somebody repeats its REGISTER to the proxy.
	const last = IDS.length - 1;
	pair.receivers[last].node.setResponseProxy(pair.now, undefined);
	const { tamper } = pair;
	let replays = 0;
	pair.tamper = (message) => {
		if (message.toReceivers || message.from !== last) return tamper(message);
		if (functionOf(message.bytes) === MessageType.REGISTER) {
			session.hear(ELSEWHERE, message.bytes);
			replays++;
		}
		return message.bytes;
	};
	session.run(8000);
	expect(replays).toBeGreaterThan(0);
	expect(session.of('sessionEnded')).toEqual([]);
	expect(session.proxy.counters['dropped.internal-error']).toBeUndefined();
	expect(pair.session.end?.results.map(({ outcome }) => outcome)).toEqual(IDS.map(() => 'received'));
});
