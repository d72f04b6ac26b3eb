import { MessageType } from '@uftp/wire';
import { describe, expect, it } from 'vitest';
import { Actor, Stage } from '../scripted-receivers.ts';
import { ALICE, BOB, CAROL, FILES, finish, OTHER, PROXY, ProxyActor } from './scripted-proxies.ts';

describe('a proxy that registers', () => {
	it('brings the receivers behind it into an open group, with its round trip, and all of them are confirmed', () => {
		const stage = new Stage({}, FILES);
		stage.run(5);
		new ProxyActor(stage, PROXY, '10.0.0.241').register([ALICE, BOB], 3);
		expect(stage.kinds('proxyRegistered')).toMatchObject([{ proxyId: PROXY, rttMs: 3, isOurs: false }]);
		expect(stage.kinds('registered')).toMatchObject([
			{ receiverId: ALICE, viaProxyId: PROXY, rttMs: 3, isOurs: false, address: { host: '10.0.0.241' } },
			{ receiverId: BOB, viaProxyId: PROXY },
		]);
		stage.run(200);
		expect(stage.of(MessageType.REG_CONF)[0].message.ids).toEqual([PROXY, ALICE, BOB]);
	});

	it('may register again and again, each time with more receivers, and repeats are confirmed again', () => {
		const stage = new Stage({}, FILES);
		const proxy = new ProxyActor(stage, PROXY, '10.0.0.241');
		stage.run(5);
		proxy.register([ALICE]);
		stage.run(200);
		proxy.register([ALICE, BOB]);
		stage.run(200);
		expect(stage.of(MessageType.REG_CONF).map(({ message }) => message.ids)).toEqual([
			[PROXY, ALICE],
			[PROXY, ALICE, BOB],
		]);
		expect(stage.kinds('registered').map(({ receiverId }) => receiverId)).toEqual([ALICE, BOB]);
		expect(stage.kinds('proxyRegistered')).toHaveLength(1);
	});

	it('is never among the results, which say through whom a receiver answered', () => {
		const stage = new Stage({ targets: [ALICE, BOB], proxies: [PROXY, OTHER] }, FILES);
		const proxy = new ProxyActor(stage, PROXY, '10.0.0.241');
		const bob = new Actor(stage, BOB, '10.0.0.3');
		proxy.register([ALICE]);
		bob.register();
		stage.run(600);
		proxy.acknowledge(1, [ALICE]);
		bob.acknowledge(1);
		stage.run(5);
		bob.complete(1);
		proxy.complete(1, [ALICE]);
		stage.run(5);
		bob.complete(0);
		proxy.complete(0, [ALICE]);
		stage.run(100);
		expect(stage.session.end?.failure).toBeUndefined();
		expect(stage.session.end?.results).toMatchObject([
			{ receiverId: ALICE, viaProxyId: PROXY, outcome: 'received', filesReceived: 1 },
			{ receiverId: BOB, outcome: 'received' },
		]);
		expect(stage.session.end?.results[1]).not.toHaveProperty('viaProxyId');
		expect(stage.session.progress.receivers.map(({ receiverId }) => receiverId)).toEqual([ALICE, BOB]);
	});

	it('is named with the receiver that it could not let in, before it has registered itself', () => {
		const stage = new Stage({}, FILES);
		new ProxyActor(stage, PROXY, '10.0.0.241').abort(ALICE, 'no key fits');
		expect(stage.kinds('warning')[0].message).toBe(
			'receiver 0x0A000002 behind proxy 0x0A0000F1 at 10.0.0.241 does not take part: no key fits',
		);
	});

	it('counts in the group size on the wire', () => {
		const stage = new Stage({ targets: [ALICE], proxies: [PROXY] }, FILES);
		expect(stage.sent[0].header.groupSize).toBe(0x30);
	});
});

describe('a closed group', () => {
	it('announces to listed proxies until they come, and goes on without those that nobody needs', () => {
		const stage = new Stage({ targets: [ALICE, BOB], proxies: [PROXY, OTHER] }, FILES);
		expect(stage.sent[0].message.ids).toEqual([PROXY, OTHER, ALICE, BOB]);
		const proxy = new ProxyActor(stage, PROXY, '10.0.0.241');
		proxy.register([ALICE]);
		stage.run(200);
		expect(stage.of(MessageType.ANNOUNCE).at(-1)?.message.ids).toEqual([OTHER, BOB]);
		proxy.register([BOB]);
		stage.run(30);
		expect(stage.kinds('registrationEnded')).toMatchObject([{ registered: [ALICE, BOB], mute: [] }]);
		expect(stage.of(MessageType.FILEINFO)[0].message.ids).toEqual([ALICE, BOB]);
	});

	it('refuses a proxy that is not listed, and says what to do', () => {
		const stage = new Stage({ targets: [ALICE] }, FILES);
		new ProxyActor(stage, PROXY, '10.0.0.241').register([ALICE]);
		expect(stage.of(MessageType.ABORT)[0]).toMatchObject({
			destination: { host: '10.0.0.241' },
			message: { host: PROXY, message: 'Not in host list' },
		});
		expect(stage.kinds('warning')[0].message).toMatch(/0x0A0000F1 at 10.0.0.241 is not on the list of proxies/);
		expect(stage.kinds('registered')).toEqual([]);
	});

	it('takes a proxy that became known while it is announced, announces to it, and later no more', () => {
		const stage = new Stage({ targets: [ALICE, BOB] }, FILES);
		stage.run(5);
		stage.session.expectProxy(stage.now, PROXY, undefined);
		stage.session.expectProxy(stage.now, BOB, undefined);
		const proxy = new ProxyActor(stage, PROXY, '10.0.0.241');
		stage.run(2000);
		expect(stage.of(MessageType.ANNOUNCE).at(-1)?.message.ids).toEqual([PROXY, ALICE, BOB]);
		proxy.register([ALICE, BOB]);
		stage.run(600);
		expect(stage.kinds('registrationEnded')).toMatchObject([{ registered: [ALICE, BOB], mute: [] }]);
		stage.session.expectProxy(stage.now, OTHER, undefined);
		new ProxyActor(stage, OTHER, '10.0.0.242').register([ALICE]);
		expect(stage.kinds('proxyRegistered').map(({ proxyId }) => proxyId)).toEqual([PROXY]);
	});

	it('refuses a listed receiver that registers as a proxy', () => {
		const stage = new Stage({ targets: [ALICE, BOB], proxies: [PROXY] }, FILES);
		new ProxyActor(stage, ALICE, '10.0.0.2').register([BOB]);
		expect(stage.of(MessageType.ABORT)[0].message).toMatchObject({ host: ALICE });
		expect(stage.kinds('warning')[0].message).toMatch(/registers as a proxy with the UID of a receiver/);
		expect(stage.kinds('registered')).toEqual([]);
	});

	it('refuses a receiver behind a listed proxy that is not listed itself, through that proxy', () => {
		const stage = new Stage({ targets: [ALICE, BOB], proxies: [PROXY] }, FILES);
		new ProxyActor(stage, PROXY, '10.0.0.241').register([CAROL, ALICE]);
		expect(stage.of(MessageType.ABORT)).toMatchObject([
			{ destination: { host: '10.0.0.241' }, message: { host: CAROL, message: 'Not in host list' } },
		]);
		expect(stage.kinds('registered')).toMatchObject([{ receiverId: ALICE }]);
	});
});

describe('two receivers with one id', () => {
	const scene = () => {
		const stage = new Stage({ targets: [ALICE, BOB], proxies: [PROXY, OTHER] }, FILES);
		const [proxy, other] = [new ProxyActor(stage, PROXY, '10.0.0.241'), new ProxyActor(stage, OTHER, '10.0.0.242')];
		return { stage, proxy, other };
	};

	it('behind two proxies are told apart: the first is served, the second proxy is told, and both are named', () => {
		const { stage, proxy, other } = scene();
		proxy.register([ALICE]);
		other.register([ALICE, BOB]);
		expect(stage.kinds('duplicateUid')).toMatchObject([
			{
				receiverId: ALICE,
				first: { host: '10.0.0.241' },
				second: { host: '10.0.0.242' },
				firstProxyId: PROXY,
				secondProxyId: OTHER,
			},
		]);
		expect(stage.of(MessageType.ABORT)).toMatchObject([
			{
				destination: { host: '10.0.0.242' },
				message: { host: ALICE, message: 'UID 0x0A000002 is in use by a receiver behind proxy 0x0A0000F1' },
			},
		]);
		stage.run(600);
		other.acknowledge(1, [ALICE, BOB]);
		proxy.acknowledge(1, [ALICE]);
		finish(stage, other, [ALICE, BOB]);
		// What the second proxy says of the id counts for nobody.
		expect(stage.kinds('fileCompletedBy').map(({ result }) => result.receiverId)).toEqual([BOB]);
		finish(stage, proxy, [ALICE]);
		other.complete(0, [BOB]);
		stage.run(100);
		expect(stage.session.end?.results).toMatchObject([
			{ receiverId: ALICE, viaProxyId: PROXY, outcome: 'received' },
			{ receiverId: BOB, viaProxyId: OTHER, outcome: 'received' },
		]);
	});

	it('one of them behind a proxy, are told apart whichever comes first', () => {
		const first = scene();
		new Actor(first.stage, ALICE, '10.0.0.2').register();
		first.other.register([ALICE]);
		expect(first.stage.kinds('duplicateUid')).toMatchObject([{ receiverId: ALICE, secondProxyId: OTHER }]);
		expect(first.stage.kinds('duplicateUid')[0]).not.toHaveProperty('firstProxyId');

		const second = scene();
		second.proxy.register([ALICE]);
		new Actor(second.stage, ALICE, '10.0.0.2', [1, 2]).register();
		expect(second.stage.kinds('duplicateUid')).toMatchObject([{ firstProxyId: PROXY, second: { host: '10.0.0.2' } }]);
		expect(second.stage.of(MessageType.ABORT)).toMatchObject([{ destination: { host: '10.0.0.2' } }]);
	});

	it('are told apart when they are proxies: the second one is refused, with those behind it', () => {
		const { stage, proxy } = scene();
		proxy.register([ALICE]);
		new ProxyActor(stage, PROXY, '10.0.0.9').register([BOB]);
		expect(stage.kinds('duplicateUid')).toMatchObject([{ receiverId: PROXY, second: { host: '10.0.0.9' } }]);
		expect(stage.kinds('registered')).toMatchObject([{ receiverId: ALICE }]);
	});
});
