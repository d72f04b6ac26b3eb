import type { ProxyEvent } from '@uftp/protocol';
import { describe, expect, it } from 'vitest';
import { ProxyDriver, type ProxyDriverOptions } from '../../src/proxy/proxy-driver.ts';
import { loopback, pattern, sendEach, until } from '../loopback.ts';
import { faults, kept, marked, onFault, type Stage, stage } from './proxy-stage.ts';

describe('a proxy in which something is thrown', () => {
	const SESSION: ProxyEvent = {
		kind: 'sessionStarted',
		...{ groupId: 7, groupInstance: 0, senderId: 1, isEncrypted: false },
		...{ sender: { host: '10.0.0.1', port: 1 }, privateGroup: '230.5.5.5' },
	};

	async function faulty(changes: Partial<ProxyDriverOptions> = {}): Promise<Stage & { faulty: ProxyDriver }> {
		const made = await stage('portable', 4);
		made.driver.close();
		const { proxy, listener } = made;
		const driver = kept(
			new ProxyDriver({
				...{ proxy, sockets: [listener], interfaces: () => [loopback()], onEvent() {}, onFault },
				...changes,
			}),
		);
		driver.start();
		return { ...made, faulty: driver };
	}

	it('at the hook of a session lets that session fail, and the others go on', async () => {
		const error = new Error('the hook is broken');
		const { proxy, sender, listener, sites } = await faulty({
			onEvent: () => {
				throw error;
			},
		});
		proxy.handleByte = 7;
		proxy.ways.set(1, [sites[0].socket.local]);
		proxy.onHandled = () => proxy.events.push(SESSION);
		await sendEach(
			sender,
			{ host: '127.0.0.1', port: listener.local.port },
			[7, 1].map((way) => marked(way, 1, 60)[0]),
		);
		await until(() => sites[0].got.length === 1);
		expect(proxy.failed).toEqual([{ groupId: 7, error }]);
		expect(faults.splice(0)).toEqual([{ groupId: 7, error, endsNode: false }]);
	});

	it.each(['in the first turn', 'by a datagram', 'by the timer', 'by a socket'])(
		'%s ends it once, after it has said so, and nothing escapes',
		async (when) => {
			const error = new Error(`thrown ${when}`);
			const fail = (): never => {
				throw error;
			};
			const made = await stage('portable', 4);
			made.driver.close();
			const { proxy, listener, sender, sites } = made;
			proxy.handleByte = 7;
			proxy.ways.set(1, [sites[0].socket.local]);
			const broken = new Proxy(listener, {
				get(target, name) {
					if (name === 'relay' && when === 'by a socket') return fail;
					const value = Reflect.get(target, name, target);
					return typeof value === 'function' ? value.bind(target) : value;
				},
			});
			proxy.onHandled = fail;
			proxy.onAbort = () => proxy.transmits.push({ to: sites[1].socket.local, bytes: pattern(1, 70) });
			if (when === 'in the first turn') proxy.events.push({ kind: 'keyRequested', from: sender.local });
			const driver = kept(
				new ProxyDriver({
					...{ proxy, sockets: [broken], interfaces: () => [loopback()], onFault },
					onEvent: fail,
				}),
			);
			if (when === 'by the timer') {
				proxy.onTimeout = fail;
				proxy.deadline = performance.now() + 20;
			}
			driver.start();
			if (when === 'by a datagram' || when === 'by a socket') {
				const way = when === 'by a socket' ? 1 : 7;
				await sendEach(sender, { host: '127.0.0.1', port: listener.local.port }, marked(way, 1, 60));
			}
			await until(() => faults.length > 0 && sites[1].got.length > 0);
			expect(faults.splice(0)).toEqual([{ groupId: undefined, error, endsNode: true }]);
			expect(proxy.aborts).toHaveLength(1);
			driver.flush();
			expect(proxy.aborts).toHaveLength(1);
		},
	);

	it('hands out what the core has contained, and goes on', async () => {
		const { proxy, faulty: driver } = await faulty();
		const error = new Error('an assertion');
		proxy.requests.push({ kind: 'fault', groupId: 3, error });
		driver.flush();
		expect(faults.splice(0)).toEqual([{ groupId: 3, error, endsNode: false }]);
		expect(proxy.aborts).toEqual([]);
	});
});
