/** The private groups that a proxy is in for its sessions. */
import { assert } from '@uftp/protocol';
import { addressFamily, type Family } from '@uftp/wire';
import type { DatagramSocket } from '../datagram-socket.ts';
import type { NetworkInterface } from '../interfaces.ts';

interface Membership {
	readonly group: string;
	/** The only address that packets are wanted from; undefined: any. */
	readonly source: string | undefined;
}

export class GroupMemberships {
	readonly #sockets: readonly DatagramSocket[];
	readonly #interfaces: (family: Family) => readonly NetworkInterface[];
	readonly #bySession = new Map<number, Membership>();

	constructor(sockets: readonly DatagramSocket[], interfaces: (family: Family) => readonly NetworkInterface[]) {
		this.#sockets = sockets;
		this.#interfaces = interfaces;
	}

	/** Joins a session's group on all interfaces of its family. A sentence if that is not possible. */
	join(groupId: number, group: string, source: string | undefined): string | undefined {
		this.leave(groupId);
		const family = addressFamily(group);
		const socket = this.#sockets.find((each) => each.family === family);
		const interfaces = this.#interfaces(family);
		if (socket === undefined || interfaces.length === 0) {
			return `cannot join ${group}: this proxy listens on no interface with IPv${family}`;
		}
		assert(!this.#bySession.has(groupId), 'a session is in one group');
		this.#bySession.set(groupId, { group, source });
		try {
			for (const networkInterface of interfaces) socket.join(group, networkInterface, source);
			return undefined;
		} catch (error) {
			return `cannot join ${group}: ${(error as Error).message}`;
		}
	}

	leave(groupId: number): void {
		const membership = this.#bySession.get(groupId);
		if (membership === undefined) return;
		this.#bySession.delete(groupId);
		const { group, source } = membership;
		const family = addressFamily(group);
		const socket = this.#sockets.find((each) => each.family === family);
		for (const networkInterface of this.#interfaces(family)) socket?.leave(group, networkInterface, source);
	}

	leaveAll(): void {
		for (const groupId of [...this.#bySession.keys()]) this.leave(groupId);
		assert(this.#bySession.size === 0, 'all groups have been left');
	}
}
