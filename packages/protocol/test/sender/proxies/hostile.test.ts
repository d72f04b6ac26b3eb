import { MessageType } from '@uftp/wire';
import { describe, expect, it } from 'vitest';
import { Actor, Stage } from '../scripted-receivers.ts';
import { ALICE, BOB, CAROL, FILES, OTHER, PROXY, ProxyActor } from './scripted-proxies.ts';

describe('hostile proxies', () => {
	it('cannot bring more receivers than one proxy may have, whatever their REGISTERs name', () => {
		const stage = new Stage({ proxies: [PROXY] }, FILES);
		const proxy = new ProxyActor(stage, PROXY, '10.0.0.241');
		for (let first = 1; first <= 100_000; first += 300) {
			proxy.register(Array.from({ length: 300 }, (_, i) => 0x10000000 + first + i));
		}
		expect(stage.kinds('registered')).toHaveLength(10_000);
		// At most so many a second are told so.
		expect(stage.of(MessageType.ABORT)).toHaveLength(5);
	});

	it('cannot speak for the receivers of another proxy, nor for those that answer themselves', () => {
		const stage = new Stage({ targets: [ALICE, BOB, CAROL], proxies: [PROXY, OTHER] }, FILES);
		const [proxy, other] = [new ProxyActor(stage, PROXY, '10.0.0.241'), new ProxyActor(stage, OTHER, '10.0.0.242')];
		proxy.register([ALICE]);
		other.register([BOB]);
		new Actor(stage, CAROL, '10.0.0.4').register();
		stage.run(20);
		proxy.acknowledge(1, [ALICE, BOB, CAROL, 0x77]);
		other.complete(1, [ALICE, CAROL]);
		other.abort(ALICE, 'go away');
		stage.run(5);
		expect(stage.of(MessageType.FILESEG)).toEqual([]);
		expect(stage.kinds('fileCompletedBy')).toEqual([]);
		expect(stage.kinds('receiverAborted')).toEqual([]);
		expect(stage.kinds('dropped').map(({ reason }) => reason)).toContain('not-behind-proxy');
	});

	it('cannot cause repairs for receivers that are not behind them', () => {
		const stage = new Stage({ targets: [ALICE], proxies: [PROXY, OTHER] }, FILES);
		const [proxy, other] = [new ProxyActor(stage, PROXY, '10.0.0.241'), new ProxyActor(stage, OTHER, '10.0.0.242')];
		proxy.register([ALICE]);
		other.register([ALICE]);
		stage.run(20);
		proxy.acknowledge(1, [ALICE]);
		stage.run(5);
		other.nak(1, [0, 1, 2, 3]);
		stage.run(100);
		expect(stage.kinds('nakReceived')).toEqual([]);
		expect(stage.kinds('passStarted')).toHaveLength(1);
	});

	it('are not believed from another address than their own, nor are those behind them', () => {
		const stage = new Stage({ targets: [ALICE], proxies: [PROXY] }, FILES);
		const proxy = new ProxyActor(stage, PROXY, '10.0.0.241');
		proxy.register([ALICE]);
		stage.run(20);
		proxy.acknowledge(1, [ALICE]);
		stage.run(5);
		const forger = new ProxyActor(stage, PROXY, '10.0.0.66');
		forger.complete(1, [ALICE]);
		forger.abort(0, 'bye');
		new Actor(stage, ALICE, '10.0.0.66').complete(1);
		expect(stage.kinds('fileCompletedBy')).toEqual([]);
		expect(stage.kinds('proxyAborted')).toEqual([]);
		expect(stage.kinds('dropped').map(({ reason }) => reason)).toEqual(['wrong-address']);
		expect(stage.session.counters['dropped.wrong-address']).toBe(3);
	});

	it('cannot name themselves, or another proxy, as a receiver', () => {
		const stage = new Stage({}, FILES);
		new ProxyActor(stage, OTHER, '10.0.0.242').register([BOB]);
		new ProxyActor(stage, PROXY, '10.0.0.241').register([PROXY, OTHER, ALICE]);
		expect(stage.kinds('registered').map(({ receiverId }) => receiverId)).toEqual([BOB, ALICE]);
		expect(stage.kinds('warning')).toHaveLength(2);
	});

	it('cannot make a STATUS count that is too short for its section, or of another file', () => {
		const stage = new Stage({ targets: [ALICE, BOB], proxies: [PROXY] }, FILES);
		const proxy = new ProxyActor(stage, PROXY, '10.0.0.241');
		proxy.register([ALICE, BOB]);
		stage.run(20);
		proxy.acknowledge(1, [ALICE, BOB]);
		stage.run(5);
		proxy.nak(2, [1]);
		proxy.say(MessageType.STATUS, (bytes, at) => {
			bytes.set([MessageType.STATUS, 2, 0, 1, 0, 0, 0, 0], at);
			return 8;
		});
		proxy.say(MessageType.STATUS, (bytes, at) => {
			bytes.set([MessageType.STATUS, 2, 0, 1, 0, 9, 0, 0, 0xff], at);
			return 9;
		});
		expect(stage.kinds('nakReceived')).toEqual([]);
	});
});
