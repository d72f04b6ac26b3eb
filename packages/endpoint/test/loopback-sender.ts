/** What a receiver on the loopback interface of this machine is opened with, and a sender that reaches it. */
import {
	type ReceiverSettings,
	type RunningReceiver,
	type Sending,
	type SendSettings,
	sendFiles,
} from '../src/index.ts';
import { inMemory, pattern } from './loopback-receiver.ts';

let groups = 0;

/** A group and a port of its own, and the clear. */
export function loopbackSettings(): ReceiverSettings & { readonly publicAddress: readonly string[] } {
	groups = (groups + 1) % 250;
	return {
		publicAddress: [`230.4.7.${groups + 1}`],
		port: 0,
		interfaces: ['lo'],
		uid: 0x7f002000 + groups,
		security: 'none',
		graceMs: 2000,
	};
}

/** For `sendFiles`: fast, and to these receivers only. */
export function reaching(receivers: readonly RunningReceiver[], more: SendSettings = {}): SendSettings {
	const [{ ports }] = receivers;
	groups = (groups + 1) % 250;
	return {
		publicAddress: ports[0].groups[0],
		privateAddress: `230.5.7.${groups + 1}`,
		port: ports[0].port,
		interface: 'lo',
		receivers: receivers.map(({ uid }) => uid),
		rateBytesPerSecond: 20_000_000,
		grttMs: { initial: 20, min: 10, max: 1000 },
		...more,
	};
}

/** Sends one file of this name, whose bytes follow from its length. */
export function sendOne(
	name: string,
	receivers: readonly RunningReceiver[],
	length = 200_001,
	more: SendSettings = {},
): Sending {
	return sendFiles([inMemory(name, pattern(1, length))], reaching(receivers, more));
}
