import { GatheringProxy, ServerProxy } from '@uftp/protocol/proxies';
import { type DatagramSocket, openSocket } from '@uftp/transport';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Fault, type RunningProxy, sendFiles } from '../../src/index.ts';
import { inMemory, openLoopbackReceiver, outcomes, pattern } from '../loopback-receiver.ts';
import { openRelayChain } from '../relay-chain.ts';

const content = pattern(4, 150_001);
/** The prototype of the sockets of proxies. */
let sockets: object;
const undo: (() => Promise<void> | void)[] = [];

beforeAll(async () => {
	const socket = await openSocket({ family: 4 });
	sockets = Object.getPrototypeOf(socket) as DatagramSocket;
	socket.close();
});
afterEach(async () => {
	vi.restoreAllMocks();
	for (const step of undo.splice(0)) await step();
});

type Target = { readonly [name: string]: unknown };

/** The call number `call` of `name` throws; `isVictim` says of which object. */
function sabotage(prototype: object, name: string, call: number, isVictim = (_object: unknown) => true): void {
	const original = (prototype as Target)[name] as (...values: unknown[]) => unknown;
	let calls = 0;
	vi.spyOn(prototype as Record<string, () => unknown>, name).mockImplementation(function (
		this: unknown,
		...values: unknown[]
	) {
		if (isVictim(this) && calls++ === call) throw new Error(`fault in ${name}`);
		return original.apply(this, values);
	} as never);
}

interface Case {
	readonly victim: 'server' | 'client';
	/** Done when the proxies are open. */
	readonly inject: (proxy: RunningProxy, port: number) => void;
}

/** A session through a proxy that meets a fault, and beside it one that needs no proxy, which must succeed. */
async function faultOf({ victim, inject }: Case): Promise<void> {
	const faults: Fault[] = [];
	const hooks = { onFault: (fault: Fault) => void faults.push(fault) };
	const chain = await openRelayChain({ hooks: { [victim]: hooks } });
	undo.push(() => chain.close());
	const healthy = await openLoopbackReceiver();
	undo.push(() => healthy.close());
	const proxy = chain[victim];
	inject(proxy, victim === 'server' ? (chain.settings.port ?? 0) : chain.clientPort);
	const doomed = sendFiles([inMemory('a.bin', content)], chain.settings);
	undo.push(async () => {
		doomed.abort('over');
		await doomed.ended;
	});
	const other = sendFiles([inMemory('b.bin', content)], healthy.settings);
	const { problem } = await proxy.closed;
	expect(problem).toMatchObject({ code: 'internal', facts: { why: expect.stringMatching(/^fault in/) } });
	expect(faults).toEqual([{ error: expect.any(Error), groupId: undefined }]);
	const end = await other.ended;
	expect(outcomes(end.results)).toEqual([expect.stringContaining('received')]);
	expect(Buffer.compare(healthy.files.get('b.bin') as Uint8Array, content)).toBe(0);
	expect(await proxy.stop('again')).toEqual({ problem });
}

const CORE_CALLS: readonly [string, number][] = [
	['handle', 0],
	['handle', 9],
	['handleTimeout', 0],
	['pollTransmit', 0],
	['pollTransmit', 3],
	['pollTimeout', 0],
	['pollTimeout', 5],
	['pollRequest', 0],
	['pollRequest', 3],
	['pollEvent', 0],
	['pollEvent', 4],
];
const SOCKET_CALLS: readonly [string, number][] = [
	['onReadable', 0],
	['receive', 0],
	['receive', 4],
	['relay', 0],
];

describe('a proxy that meets a fault ends with a problem, and nothing else does:', () => {
	it.each(CORE_CALLS)('in %s, call %d, of a server proxy', async (name, call) => {
		await faultOf({ victim: 'server', inject: () => sabotage(ServerProxy.prototype, name, call) });
	});

	it.each(CORE_CALLS)('in %s, call %d, of a client proxy', async (name, call) => {
		await faultOf({ victim: 'client', inject: () => sabotage(GatheringProxy.prototype, name, call) });
	});

	it.each(SOCKET_CALLS)('in %s, call %d, of its socket', async (name, call) => {
		await faultOf({
			victim: 'server',
			inject: (_, port) => sabotage(sockets, name, call, (socket) => (socket as DatagramSocket).local.port === port),
		});
	});

	it.each(['server', 'client'] as const)('in a listener of the events of a %s proxy', async (victim) => {
		await faultOf({
			victim,
			inject: (proxy) =>
				proxy.events.on(({ kind }) => {
					if (kind === 'heartbeatAnswered') throw new Error('fault in a listener');
				}),
		});
	});

	it('in a listener that answers later', async () => {
		await faultOf({
			victim: 'server',
			inject: (proxy) => proxy.events.on(() => Promise.reject(new Error('fault in a late listener'))),
		});
	});

	it('in what it is stopped with: the sockets are closed all the same', async () => {
		const faults: Fault[] = [];
		const chain = await openRelayChain({ hooks: { server: { onFault: (fault) => void faults.push(fault) } } });
		undo.push(() => chain.close());
		sabotage(ServerProxy.prototype, 'abort', 0);
		expect(await chain.server.stop('over')).toEqual({ problem: undefined });
		expect(faults).toHaveLength(1);
	});
});
