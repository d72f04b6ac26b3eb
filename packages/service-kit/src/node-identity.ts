/** Who a node is on the bus: its role, its id, and this start of it. */
import { hostname } from 'node:os';
import type { Role } from '@uftp/bus';

/** Version of the program, as heartbeats show it. */
export const version = '0.1.0';

export interface NodeIdentity {
	readonly role: Role;
	readonly id: string;
	/** 16 hex digits, drawn at the start. */
	readonly instance: string;
	/** The same 64 bits in two halves, as UFTP messages of a receiver carry them. */
	readonly instanceBits: readonly [number, number];
	readonly host: string;
	readonly startedAt: string;
}

/** A new start of a node. */
export function newIdentity(role: Role, id: string): NodeIdentity {
	const [high, low] = crypto.getRandomValues(new Uint32Array(2)) as unknown as [number, number];
	const hex = (value: number) => value.toString(16).padStart(8, '0');
	return {
		role,
		id,
		instance: hex(high) + hex(low),
		instanceBits: [high, low],
		host: hostname(),
		startedAt: new Date().toISOString(),
	};
}

/** A host name as a node id: what the grammar of subjects does not take becomes "-". */
export function idFromHost(): string {
	return (
		hostname()
			.replace(/[^A-Za-z0-9_-]/g, '-')
			.slice(0, 64) || 'node'
	);
}
