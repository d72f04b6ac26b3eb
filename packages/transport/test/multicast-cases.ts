import type { Family } from '@uftp/wire';
import type { DatagramSocket, SocketDriver, SocketOptions } from '../src/datagram-socket.ts';
import type { NetworkInterface } from '../src/interfaces.ts';
import { openSocket } from '../src/open-socket.ts';
import { collect, pattern, sendEach, settle, until } from './loopback.ts';

/**
 * What is tried of multicast with either driver: as a test on the loopback interface for IPv4, and in a private network
 * namespace for IPv6, since Linux routes no IPv6 multicast through the loopback.
 */
export interface MulticastSetting {
	readonly driver: SocketDriver;
	readonly family: Family;
	readonly networkInterface: NetworkInterface;
	/** Two groups. */
	readonly groups: readonly [string, string];
	/** A source-specific group, and the addresses of a sender that is wanted and of one that is not. */
	readonly sourceGroup: string;
	readonly sources: readonly [string, string];
}

const GROUPS = {
	4: { groups: ['230.77.1.1', '230.77.1.2'], sourceGroup: '232.77.1.1' },
	6: { groups: ['ff15::77:1', 'ff15::77:2'], sourceGroup: 'ff35::77:1' },
} as const;

export function multicastSetting(
	driver: SocketDriver,
	family: Family,
	networkInterface: NetworkInterface,
	sources: readonly [string, string],
): MulticastSetting {
	return { driver, family, networkInterface, sources, ...GROUPS[family] };
}

/** Lengths of what came while the group was joined, and in all after it was left; `[[100], [100]]`. */
export async function joinAndLeave(setting: MulticastSetting): Promise<number[][]> {
	return withSockets(setting, async (open) => {
		const receiver = await open({ reuseAddress: true });
		const sender = await open({ bind: { address: setting.sources[0] } });
		const collected = collect(receiver);
		const [group] = setting.groups;
		receiver.join(group, setting.networkInterface);
		const to = { host: group, port: receiver.local.port };
		await sendEach(sender, to, [pattern(1, 100)]);
		await until(() => collected.length === 1);
		const joined = collected.map((each) => each.bytes.length);
		receiver.leave(group, setting.networkInterface);
		await sendEach(sender, to, [pattern(2, 110)]);
		await settle();
		return [joined, collected.map((each) => each.bytes.length)];
	});
}

/** Lengths of what two sockets of one port got, each of which joined another group; `[[50], [60]]`. */
export async function groupsOfOthers(setting: MulticastSetting): Promise<number[][]> {
	return withSockets(setting, async (open) => {
		const first = await open({ reuseAddress: true });
		const second = await open({ reuseAddress: true, bind: { port: first.local.port } });
		const sender = await open({ bind: { address: setting.sources[0] } });
		const [atFirst, atSecond] = [collect(first), collect(second)];
		const [groupA, groupB] = setting.groups;
		first.join(groupA, setting.networkInterface);
		second.join(groupB, setting.networkInterface);
		await sendEach(sender, { host: groupA, port: first.local.port }, [pattern(1, 50)]);
		await sendEach(sender, { host: groupB, port: first.local.port }, [pattern(2, 60)]);
		await until(() => atFirst.length > 0 && atSecond.length > 0);
		await settle();
		return [atFirst.map((each) => each.bytes.length), atSecond.map((each) => each.bytes.length)];
	});
}

/** Lengths of what a group joined for one source brought, when another source sent as well; `[[40]]`. */
export async function oneSourceOnly(setting: MulticastSetting): Promise<number[][]> {
	return withSockets(setting, async (open) => {
		const receiver = await open({ reuseAddress: true });
		const [wanted, unwanted] = setting.sources;
		receiver.join(setting.sourceGroup, setting.networkInterface, wanted);
		const wrong = await open({ bind: { address: unwanted } });
		const right = await open({ bind: { address: wanted } });
		const collected = collect(receiver);
		const to = { host: setting.sourceGroup, port: receiver.local.port };
		await sendEach(wrong, to, [pattern(1, 30)]);
		await sendEach(right, to, [pattern(2, 40)]);
		await until(() => collected.length > 0);
		await settle();
		return [collected.map((each) => each.bytes.length)];
	});
}

async function withSockets<T>(
	setting: MulticastSetting,
	use: (open: (options: Partial<SocketOptions>) => Promise<DatagramSocket>) => Promise<T>,
): Promise<T> {
	const sockets: DatagramSocket[] = [];
	const { driver, family, networkInterface } = setting;
	try {
		return await use(async (options) => {
			const socket = await openSocket({ family, driver, networkInterface, ...options });
			sockets.push(socket);
			return socket;
		});
	} finally {
		for (const socket of sockets) socket.close();
	}
}
