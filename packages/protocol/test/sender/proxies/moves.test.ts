import { MessageType } from '@uftp/wire';
import { describe, expect, it } from 'vitest';
import { Actor, Stage } from '../scripted-receivers.ts';
import { ALICE, BOB, FILES, finish, OTHER, PROXY, ProxyActor } from './scripted-proxies.ts';

/** A session in its first file, whose receivers are behind a proxy of ours that has been silent for `silentMs`. */
function scene(silentMs: number, isOurs = true) {
	const stage = new Stage({ targets: [ALICE, BOB], proxies: [PROXY] }, FILES);
	const proxy = new ProxyActor(stage, PROXY, '10.0.0.241', isOurs ? [1, 1] : undefined);
	const other = new ProxyActor(stage, OTHER, '10.0.0.242', isOurs ? [2, 2] : undefined);
	proxy.register([ALICE, BOB]);
	stage.run(20);
	proxy.acknowledge(1, [ALICE, BOB]);
	stage.run(silentMs);
	return { stage, proxy, other };
}

describe('receivers of ours whose proxy is gone', () => {
	it('are those of a REGISTER that bears the mark of our proxies', () => {
		expect(scene(0).stage.kinds('registered')).toMatchObject([{ isOurs: true }, { isOurs: true }]);
		expect(scene(0, false).stage.kinds('registered')).toMatchObject([{ isOurs: false }, { isOurs: false }]);
	});

	it('move to another proxy, which is confirmed, and complete through it', () => {
		const { stage, other } = scene(1500);
		other.register([ALICE, BOB]);
		expect(stage.kinds('receiverMoved')).toMatchObject([
			{ receiverId: ALICE, fromProxyId: PROXY, viaProxyId: OTHER, address: { host: '10.0.0.242' } },
			{ receiverId: BOB, fromProxyId: PROXY, viaProxyId: OTHER },
		]);
		expect(stage.of(MessageType.REG_CONF).at(-1)?.message.ids).toEqual([OTHER, ALICE, BOB]);
		finish(stage, other, [ALICE, BOB]);
		expect(stage.session.end?.results).toMatchObject([
			{ outcome: 'received', viaProxyId: OTHER },
			{ outcome: 'received', viaProxyId: OTHER },
		]);
	});

	it('move to themselves, too', () => {
		const { stage } = scene(1500);
		const alice = new Actor(stage, ALICE, '10.0.0.2', [9, 9]);
		const bob = new Actor(stage, BOB, '10.0.0.3', [8, 8]);
		for (const actor of [alice, bob]) actor.register();
		expect(stage.kinds('receiverMoved')).toMatchObject([
			{ receiverId: ALICE, viaProxyId: undefined, address: { host: '10.0.0.2' } },
			{ receiverId: BOB },
		]);
		expect(stage.of(MessageType.REG_CONF).at(-1)?.message.ids).toEqual([BOB]);
		for (const actor of [alice, bob]) actor.complete(1);
		stage.run(5);
		for (const actor of [alice, bob]) actor.complete(0);
		stage.run(100);
		expect(stage.session.end?.results).toMatchObject([{ outcome: 'received' }, { outcome: 'received' }]);
	});

	it('come back after they were given up for now, and are told what they missed', () => {
		const { stage, other } = scene(8000);
		expect(stage.kinds('receiverAway')).toHaveLength(2);
		other.register([ALICE, BOB]);
		stage.run(2000);
		expect(stage.of(MessageType.FILEINFO).at(-1)?.message.ids).toEqual([ALICE, BOB]);
		other.acknowledge(1, [ALICE, BOB]);
		expect(stage.kinds('receiverReturned')).toHaveLength(2);
		finish(stage, other, [ALICE, BOB]);
		expect(stage.session.end?.results.map(({ outcome }) => outcome)).toEqual(['received', 'received']);
	});

	it('wait at first when the sender does not know yet, and are two with one id when the first proxy is heard again', () => {
		const { stage, proxy, other } = scene(100);
		other.register([ALICE]);
		expect(stage.kinds('receiverMoved')).toEqual([]);
		expect(stage.kinds('duplicateUid')).toEqual([]);
		stage.run(100);
		proxy.complete(1, [BOB]);
		other.register([ALICE]);
		expect(stage.kinds('duplicateUid')).toMatchObject([
			{ receiverId: ALICE, firstProxyId: PROXY, secondProxyId: OTHER },
		]);
		expect(stage.kinds('receiverMoved')).toEqual([]);
	});

	it('move once the first proxy has been silent for long enough', () => {
		const { stage, other } = scene(100);
		other.register([ALICE]);
		stage.run(1100);
		other.register([ALICE]);
		expect(stage.kinds('receiverMoved')).toMatchObject([{ receiverId: ALICE }]);
	});
});

describe('receivers that stay where they are', () => {
	it('are those of C, whose proxy has died: nobody takes their place', () => {
		const { stage, other } = scene(300, false);
		other.register([ALICE, BOB]);
		new Actor(stage, BOB, '10.0.0.3').register();
		expect(stage.kinds('receiverMoved')).toEqual([]);
		stage.run(5000);
		expect(stage.session.end?.results.map(({ outcome }) => outcome)).toEqual(['lost', 'lost']);
	});

	it('are those whose proxy answers, whoever claims their id', () => {
		const { stage } = scene(10);
		new Actor(stage, ALICE, '10.0.0.9', [9, 9]).register();
		expect(stage.kinds('receiverMoved')).toEqual([]);
		expect(stage.kinds('duplicateUid')).toMatchObject([{ receiverId: ALICE, firstProxyId: PROXY }]);
	});

	it('are not joined by strangers that a late proxy brings along', () => {
		const { stage, other } = scene(1500);
		other.register([ALICE, 0x0a000077]);
		expect(stage.kinds('registered')).toHaveLength(2);
		expect(stage.of(MessageType.ABORT).at(-1)?.message).toMatchObject({
			host: 0x0a000077,
			message: 'Not in host list',
		});
	});
});
