/** What a receiving node is told at its start. */
import type { Endpoint } from './ports.ts';
import type { ReceiverSecurityConfig } from './security-config.ts';

/** The proxy that gathers this receiver's answers for its senders. */
export interface ResponseProxyConfig {
	/** Where it listens: receivers' answers and KEY_REQs go there, its own messages come from there. */
	readonly endpoint: Endpoint;
	/** The 20 bytes of the key that it must show; undefined: whichever it shows is taken. */
	readonly fingerprint?: Uint8Array | undefined;
}

export interface ReceiverConfig {
	/** This receiver's id; unique in the group. */
	readonly receiverId: number;
	/** 64-bit instance id in two halves, random per start: travels in the plain REGISTER's unused random field. */
	readonly instance: readonly [number, number];
	/** How long a session rides out a silent sender. At least the protocol's own max(1 s, robust * GRTT) is always granted. */
	readonly graceMs: number;
	/** Sessions at the same time; C's limit is 100. */
	readonly sessionsMax: number;
	/** Cap for the block bitmaps of all sessions together. */
	readonly bitmapBytesMax: number;
	/** Keys, and whom to accept; undefined: everybody, and only in the clear. */
	readonly security?: ReceiverSecurityConfig | undefined;
	/** Undefined: answers go to the senders. See `Receiver.setResponseProxy`. */
	readonly responseProxy?: ResponseProxyConfig | undefined;
}

export const RECEIVER_DEFAULTS = {
	graceMs: 30_000,
	sessionsMax: 100,
	bitmapBytesMax: 64 * 1024 * 1024,
} as const;
