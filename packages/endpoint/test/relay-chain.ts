/** A sender's network and a receiver's, joined by a server and a client proxy: all of it on the loopback interface. */
import { openSocket } from '@uftp/transport';
import { openProxy, type ProxyHooks, type RunningProxy, type SendSettings } from '../src/index.ts';
import { type LoopbackReceiver, openLoopbackReceiver } from './loopback-receiver.ts';

export interface RelayChain {
	readonly server: RunningProxy;
	readonly client: RunningProxy;
	readonly clientPort: number;
	readonly receiver: LoopbackReceiver;
	/** For `sendFiles`: to this receiver by way of the proxies. */
	readonly settings: SendSettings;
	close(): Promise<void>;
}

/** A port that nobody has at the moment. */
export async function freePort(): Promise<number> {
	const probe = await openSocket({ family: 4 });
	const { port } = probe.local;
	probe.close();
	return port;
}

/** Settings that keep a proxy on the loopback interface. */
export const onLoopback = { interfaces: ['lo'], outgoingInterface: 'lo', allowsLoopbackUid: true } as const;

let proxies = 0;

/** Opens both proxies and the receiver. */
export async function openRelayChain(
	more: { readonly hooks?: { readonly server?: ProxyHooks; readonly client?: ProxyHooks } } = {},
): Promise<RelayChain> {
	const receiver = await openLoopbackReceiver();
	const { publicAddress = '', port: receiverPort = 0 } = receiver.settings;
	const [port, clientPort] = [await freePort(), await freePort()];
	const uid = 0x7f002000 + 2 * proxies++;
	// Nobody answers them: they wake the proxies up where no session does.
	const heartbeats = { to: [{ host: '127.0.0.1', port: 9 }], intervalMs: 100 };
	const common = { ...onLoopback, publicAddress: [publicAddress], heartbeats };
	const client = await openProxy(
		{ ...common, mode: 'client', uid, port: clientPort, receiverPort },
		more.hooks?.client,
	);
	const site = { kind: 'address', endpoint: { host: '127.0.0.1', port: clientPort } } as const;
	const server = await openProxy({ ...common, mode: 'server', uid: uid + 1, port, sites: [site] }, more.hooks?.server);
	return {
		server,
		client,
		clientPort,
		receiver,
		settings: { ...receiver.settings, port, receivers: [receiver.id], proxies: [uid] },
		close: async () => {
			await Promise.all([server.stop('over'), client.stop('over')]);
			receiver.close();
		},
	};
}
