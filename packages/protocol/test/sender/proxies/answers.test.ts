import { MessageType } from '@uftp/wire';
import { describe, expect, it } from 'vitest';
import type { SenderConfig } from '../../../src/index.ts';
import { Actor, entry, Stage } from '../scripted-receivers.ts';
import { ALICE, BOB, CAROL, FILES, finish, OTHER, PROXY, ProxyActor } from './scripted-proxies.ts';

function scene(changes: Partial<SenderConfig> = {}, ids: readonly number[] = [ALICE, BOB], files = FILES) {
	const stage = new Stage({ targets: ids, proxies: [PROXY], ...changes }, files);
	const proxy = new ProxyActor(stage, PROXY, '10.0.0.241');
	proxy.register(ids);
	stage.run(20);
	return { stage, proxy };
}

describe('the answers of a proxy', () => {
	it('speak for the receivers in their bodies: files, their end, and the end of the session', () => {
		const { stage, proxy } = scene();
		expect(stage.of(MessageType.FILEINFO)[0].message.ids).toEqual([ALICE, BOB]);
		proxy.acknowledge(1, [ALICE, BOB]);
		stage.run(5);
		// As C's: the proxy is asked with its receivers.
		expect(stage.of(MessageType.DONE)[0].message.ids).toEqual([PROXY, ALICE, BOB]);
		proxy.complete(1, [BOB], 2);
		proxy.complete(1, [ALICE]);
		stage.run(5);
		expect(stage.kinds('fileCompletedBy').map(({ result }) => [result.receiverId, result.outcome])).toEqual([
			[BOB, 'overwritten'],
			[ALICE, 'received'],
		]);
		expect(stage.of(MessageType.DONE).at(-1)?.message).toMatchObject({ fileId: 0, ids: [PROXY, ALICE, BOB] });
		proxy.complete(0, [ALICE, BOB]);
		stage.run(100);
		expect(stage.of(MessageType.DONE_CONF).at(-1)?.message.ids).toEqual([ALICE, BOB]);
		expect(stage.session.end?.failure).toBeUndefined();
	});

	it('are counted, each message once however many receivers it speaks for', () => {
		const { stage, proxy } = scene();
		proxy.acknowledge(1, [ALICE, BOB]);
		finish(stage, proxy, [ALICE, BOB]);
		expect(stage.session.answersHandled).toBe(4);
		expect(stage.session.progress.answersHandled).toBe(4);
	});

	it('that report losses for several receivers are answered by a pass, and all of them are asked again', () => {
		const { stage, proxy } = scene();
		proxy.acknowledge(1, [ALICE, BOB]);
		stage.run(5);
		const blocksBefore = stage.of(MessageType.FILESEG).length;
		proxy.nak(1, [1, 3]);
		expect(stage.kinds('nakReceived')).toMatchObject([{ receiverId: PROXY, missing: 2, isProxy: true }]);
		stage.run(40);
		const repairs = stage.of(MessageType.FILESEG).slice(blocksBefore);
		expect(repairs.map(({ message }) => message.block)).toEqual([1, 3]);
		expect(stage.of(MessageType.DONE).at(-1)?.message.ids).toEqual([PROXY, ALICE, BOB]);
		finish(stage, proxy, [ALICE, BOB]);
		expect(stage.session.end?.results.map(({ outcome }) => outcome)).toEqual(['received', 'received']);
	});

	it('that report losses are those of the one receiver that still needs the file, and count for it', () => {
		const { stage, proxy } = scene({ limits: { nakPercentMax: 20 } });
		proxy.acknowledge(1, [ALICE, BOB]);
		stage.run(5);
		proxy.complete(1, [BOB]);
		proxy.nak(1, [1]);
		expect(stage.kinds('nakReceived')).toMatchObject([{ receiverId: ALICE, missing: 1 }]);
		expect(stage.kinds('receiverDropped')).toMatchObject([{ receiverId: ALICE, reason: 'Excessive NAKs' }]);
	});

	it('are ignored without a body, where C gives them one', () => {
		const { stage, proxy } = scene();
		proxy.acknowledge(1, []);
		proxy.complete(1, []);
		stage.run(5);
		expect(stage.of(MessageType.FILESEG)).toEqual([]);
		expect(stage.kinds('fileCompletedBy')).toEqual([]);
	});

	it('leave the other receivers waiting: who does not answer through a living proxy is lost for its own silence', () => {
		const { stage, proxy } = scene();
		proxy.acknowledge(1, [ALICE, BOB]);
		for (let i = 0; i < 220; i++) {
			stage.run(10);
			proxy.complete(1, [BOB]);
		}
		expect(stage.kinds('receiverLost')).toMatchObject([{ receiverId: ALICE, reason: 'no answer to DONE' }]);
	});
});

describe('a limit of passes', () => {
	it('ends the session for those behind a proxy that still reports losses, but not for who has completed', () => {
		const { stage, proxy } = scene({ limits: { passesMax: 2 } });
		proxy.acknowledge(1, [ALICE, BOB]);
		stage.run(5);
		for (let i = 0; i < 20; i++) {
			proxy.nak(1, [1]);
			stage.run(10);
			if (i === 5) proxy.complete(1, [BOB]);
		}
		stage.run(1000);
		expect(stage.kinds('receiverDropped')).toMatchObject([{ receiverId: ALICE, reason: 'Max passes exceeded' }]);
	});
});

describe('an ABORT of a proxy', () => {
	it('ends the session for the receiver that it names, if that is behind it, and for nobody else', () => {
		const { stage, proxy } = scene({ targets: [ALICE, BOB, CAROL] });
		new Actor(stage, CAROL, '10.0.0.4').register();
		stage.run(20);
		proxy.abort(CAROL, 'it is mine');
		proxy.abort(ALICE, 'Transfer timed out');
		expect(stage.kinds('receiverAborted')).toEqual([
			{ kind: 'receiverAborted', receiverId: ALICE, reason: 'Transfer timed out' },
		]);
	});

	it('for all ends the session for all receivers behind it', () => {
		const { stage, proxy } = scene();
		proxy.abort(0, 'shutting down');
		expect(stage.kinds('proxyAborted')).toMatchObject([{ proxyId: PROXY }]);
		expect(stage.kinds('receiverAborted')).toMatchObject([
			{ receiverId: ALICE, reason: 'its proxy 0x0A0000F1 has left: shutting down' },
			{ receiverId: BOB },
		]);
		expect(stage.session.end?.failure?.code).toBe('nobodyAnsweredFileInfo');
	});
});

describe('congestion control through a proxy', () => {
	it('believes a report that the proxy passes on under the id of its receiver, or under its own', () => {
		for (const underOwnId of [false, true]) {
			const congestion = { kind: 'tfmcc', minBytesPerSecond: 0, maxBytesPerSecond: Number.POSITIVE_INFINITY } as const;
			const { stage, proxy } = scene({ congestion }, [ALICE, BOB], [entry('a.bin', 500_000)]);
			proxy.acknowledge(1, [ALICE, BOB]);
			stage.run(40);
			proxy.report(BOB, underOwnId ? PROXY : BOB);
			stage.run(40);
			const items = stage.of(MessageType.CONG_CTRL).at(-1)?.message.items ?? [];
			expect(items.find(({ clientId }) => clientId === BOB)?.flags).toBe(3);
		}
	});

	it('ends with a reason when a proxy of 4.x reports losses for ever', () => {
		const congestion = { kind: 'tfmcc', minBytesPerSecond: 1e6, maxBytesPerSecond: 1e7 } as const;
		const { stage, proxy } = scene({ congestion });
		proxy.acknowledge(1, [ALICE, BOB]);
		const tfmccAck = {
			flags: 2,
			ccSequence: 0,
			ccRateCode: 0x20c5,
			clientId: BOB,
			timestamp: { seconds: 0, microseconds: 0 },
		};
		for (let i = 0; i < 1000 && stage.session.end === undefined; i++) {
			stage.run(10);
			proxy.nak(1, [0], undefined, tfmccAck);
		}
		expect(stage.kinds('receiverLost').map(({ reason }) => reason)).toEqual([
			expect.stringMatching(/^its proxy 0x0A0000F1 mixes reports .* use a fixed rate/),
			expect.stringMatching(/^its proxy 0x0A0000F1 mixes reports/),
		]);
		expect(stage.session.end?.failure?.code).toBe('allLost');
	});
});

describe('a proxy that dies', () => {
	it('costs its receivers the session, with it as the reason, and the others nothing', () => {
		const { stage, proxy } = scene({ targets: [ALICE, BOB, CAROL] });
		const carol = new Actor(stage, CAROL, '10.0.0.4');
		carol.register();
		stage.run(20);
		proxy.acknowledge(1, [ALICE, BOB]);
		carol.acknowledge(1);
		stage.run(5);
		carol.complete(1);
		stage.run(3000);
		carol.complete(0);
		stage.run(3000);
		expect(stage.session.end?.results).toMatchObject([
			{ receiverId: ALICE, outcome: 'lost', reason: 'its proxy 0x0A0000F1 does not answer' },
			{ receiverId: BOB, outcome: 'lost', reason: 'its proxy 0x0A0000F1 does not answer' },
			{ receiverId: CAROL, outcome: 'received' },
		]);
	});

	it('keeps nobody waiting that is behind another one', () => {
		const stage = new Stage({ targets: [ALICE, BOB], proxies: [PROXY, OTHER] }, FILES);
		const [dead, alive] = [new ProxyActor(stage, PROXY, '10.0.0.241'), new ProxyActor(stage, OTHER, '10.0.0.242')];
		dead.register([ALICE]);
		alive.register([BOB]);
		stage.run(20);
		alive.acknowledge(1, [BOB]);
		stage.run(2100);
		finish(stage, alive, [BOB]);
		expect(stage.session.end?.results.map(({ outcome }) => outcome)).toEqual(['lost', 'received']);
	});
});
