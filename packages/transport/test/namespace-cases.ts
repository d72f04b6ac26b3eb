/** Cases that need interfaces of their own: run by `runInNamespace`, one per process; each prints its result as JSON. */
import { openReadiness } from '@uftp/native';
import type { SocketDriver } from '../src/datagram-socket.ts';
import { defaultInterface, findInterface } from '../src/interface-choice.ts';
import { openLinuxSocket } from '../src/linux/socket.ts';
import { block, collect, fillBurst, sendAll, until } from './loopback.ts';
import { groupsOfOthers, joinAndLeave, multicastSetting, oneSourceOnly } from './multicast-cases.ts';

const PORT = 21_077;

const cases: Record<string, (argument: string) => Promise<unknown>> = {
	async 'multicast-ipv6'(driver) {
		const networkInterface = await findInterface('uftp0', 6);
		const setting = multicastSetting(driver as SocketDriver, 6, networkInterface, ['fd77::1', 'fd77::2']);
		return {
			joinAndLeave: await joinAndLeave(setting),
			groupsOfOthers: await groupsOfOthers(setting),
			oneSourceOnly: await oneSourceOnly(setting),
		};
	},

	/** Sends bursts to a group over an interface of MTU 1500; `argument`: the IP version, and the MTU it believes in. */
	async 'beyond-mtu'(argument) {
		const [familyText, mtuText] = argument.split(' ');
		const family = familyText === '6' ? 6 : 4;
		const networkInterface = { ...(await findInterface('uftp0', family)), mtu: Number(mtuText) };
		const { readiness } = openReadiness();
		if (readiness === undefined) throw new Error('no linux-batch socket here');
		const group = family === 4 ? '230.77.2.1' : 'ff15::77:9';
		const receiver = openLinuxSocket(readiness, { family, bind: { port: PORT }, networkInterface });
		const sender = openLinuxSocket(readiness, { family, networkInterface });
		receiver.join(group, networkInterface);
		const collected = collect(receiver);
		const batch = sender.createOutgoing();
		const results = [];
		for (const payloadBytes of [1300, 8800, 1300]) {
			const before = sender.stats();
			const count = payloadBytes === 8800 ? 7 : 40;
			const sent = Array.from({ length: count }, (_, i) => block(i, payloadBytes));
			fillBurst(batch, { host: group, port: PORT }, sent);
			collected.length = 0;
			await sendAll(sender, batch);
			await until(() => collected.length === count);
			const isWhole = collected.every((each, i) => Buffer.compare(each.bytes, sent[i]) === 0);
			const { sendCalls, sendErrors } = sender.stats();
			results.push({ received: collected.length, isWhole, calls: sendCalls - before.sendCalls, errors: sendErrors });
		}
		sender.close();
		receiver.close();
		return { results, isSegmenting: [sender.isSegmenting(1324), sender.isSegmenting(8824)] };
	},

	/** Relays bursts, received on the loopback, to a group over an interface of MTU 1500. */
	async 'relay-beyond-mtu'() {
		const networkInterface = await findInterface('uftp0', 4);
		const { readiness } = openReadiness();
		if (readiness === undefined) throw new Error('no linux-batch socket here');
		const group = '230.77.2.2';
		const receiver = openLinuxSocket(readiness, { family: 4, bind: { port: PORT }, networkInterface });
		const relay = openLinuxSocket(readiness, { family: 4, bind: { port: PORT + 1 }, networkInterface });
		const sender = openLinuxSocket(readiness, { family: 4 });
		receiver.join(group, networkInterface);
		const collected = collect(receiver);
		const batch = sender.createOutgoing();
		const incoming = relay.createIncoming();
		const to = { host: group, port: PORT };
		const results = [];
		for (const payloadBytes of [1300, 8800, 8800, 1300]) {
			const count = payloadBytes === 8800 ? 7 : 40;
			const sent = Array.from({ length: count }, (_, i) => block(i, payloadBytes));
			fillBurst(batch, { host: '127.0.0.1', port: PORT + 1 }, sent);
			collected.length = 0;
			await sendAll(sender, batch);
			await until(() => relay.receive(incoming));
			const before = relay.stats();
			relay.relay(incoming, 0, incoming.count, to);
			await until(() => collected.length === count);
			const isWhole = collected.every((each, i) => Buffer.compare(each.bytes, sent[i]) === 0);
			const { sendCalls, sendErrors } = relay.stats();
			results.push({
				received: collected.length,
				isWhole,
				calls: sendCalls - before.sendCalls,
				errors: sendErrors - before.sendErrors,
			});
		}
		for (const socket of [sender, relay, receiver]) socket.close();
		return { results };
	},

	async 'default-interface'() {
		const { networkInterface, reason, ignored } = defaultInterface(4, '230.4.4.1');
		const byNetwork = await findInterface('10.77.0.0/24', 4);
		return { name: networkInterface.name, reason, ignored, byNetwork: byNetwork.name };
	},
};

const [, , name, argument = ''] = process.argv;
console.log(JSON.stringify(await cases[name](argument)));
