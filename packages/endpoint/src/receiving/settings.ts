/** What `openReceiver` needs to know. */
import type { PrivateKey } from '@uftp/crypto';
import type {
	AllowedSender,
	BlockSink,
	Endpoint,
	ReceiverEvent,
	ReceiverSecurityConfig,
	ResponseProxyConfig,
} from '@uftp/protocol';
import type { FileSinkOptions } from '@uftp/storage/receiving';
import type { LateBlockSink } from '@uftp/transport';
import type { Family } from '@uftp/wire';
import type { Cryptography, WrapperLegacy } from '../identity/index.ts';
import type { OnFault } from '../running/index.ts';
import { MILLISECONDS, type NumberRules, UID, whole } from '../running/number-rules.ts';
import type { OpenWriter } from './function-sink.ts';
import { PORT_NUMBERS, type PortSettings } from './port-settings.ts';
import type { ReceiverPort } from './receiver-port.ts';

/** Keys of a receiver, and whom it accepts. */
export interface ReceiverSecuritySettings {
	/** The name of a library, or one that is open already; default: the best that works here. */
	readonly cryptography?: string | Cryptography | undefined;
	/** The node's keys, the preferred one first. Default: that of `keyFile`, else one that is made once and kept. */
	readonly keys?: readonly PrivateKey[] | undefined;
	/** A file with the private key (PEM); it must be there. */
	readonly keyFile?: string | undefined;
	/**
	 * Finds a key for a sender whose key none of the node's fits. 'none': such senders are refused. Default: makes one in
	 * memory, of which `onKeyMade` is told.
	 */
	readonly keyFor?: NonNullable<ReceiverSecurityConfig['keyFor']> | 'none' | undefined;
	/** Is given each key that was made in memory, and its kind. */
	readonly onKeyMade?: ((key: PrivateKey, kind: string) => void) | undefined;
	/** Take part in encrypted sessions only; default false. */
	readonly encryptedOnly?: boolean | undefined;
}

/** `close`: all sessions are over, and nothing is written any more. */
export type ClosableSink = (BlockSink | LateBlockSink) & { close?(): void };

/** What a receiver is to do, and where. Times are in milliseconds. */
export interface ReceiverSettings extends PortSettings {
	/** The folder that files are stored under, or how in detail. One of `destination`, `sink` and `blockSink` is needed. */
	readonly destination?: string | FileSinkOptions | undefined;
	/** Takes the bytes of each file in place of a folder. */
	readonly sink?: OpenWriter | undefined;
	/** A sink of any other kind, for each address family: nodes number their files by themselves. */
	readonly blockSink?: ((family: Family) => ClosableSink) | undefined;
	/** Ports that are open already and shared with other receivers, in place of the `PortSettings`. */
	readonly ports?: readonly ReceiverPort[] | undefined;
	/**
	 * This receiver's id, unique in the group. 'address': from the first interface's address, as the C programs do.
	 * Default: from the address if that is unique, else made up once and kept in `stateDirectory`.
	 */
	readonly uid?: number | 'address' | undefined;
	/** What tells several receivers of one host apart in the state directory; default: the folder that they store under. */
	readonly name?: string | undefined;
	/** Folder for what is kept between two starts: keys and ids; by default `uftp` in the user's folder for state. */
	readonly stateDirectory?: string | undefined;
	/** A key file and a UID that other programs of this user left, to be taken over. */
	readonly legacy?: WrapperLegacy | undefined;
	/** 64 bits in two halves that tell this start from others; random by default. */
	readonly instance?: readonly [number, number] | undefined;
	/** Undefined: encrypted sessions with a key that is made and kept. 'none': sessions in the clear only, and no key. */
	readonly security?: ReceiverSecuritySettings | 'none' | undefined;
	/** The senders that are accepted; undefined: all. With source-specific groups only their packets are asked for. */
	readonly senders?: readonly AllowedSender[] | undefined;
	/** The proxy that gathers this receiver's answers. */
	readonly responseProxy?: ResponseProxyConfig | undefined;
	/** Proxies that are sent a heartbeat every `intervalMs`. */
	readonly heartbeats?: { readonly to: readonly Endpoint[]; readonly intervalMs: number } | undefined;
	/** How long a session rides out a silent sender, in milliseconds; default 30,000. */
	readonly graceMs?: number | undefined;
	/** Sessions at the same time, 1 to 100; default 100. */
	readonly sessionsMax?: number | undefined;
	/** Milliseconds that an asynchronous hook or sink may take for one answer. Default and maximum `HOOK_MS_MAX`. */
	readonly hookMsMax?: number | undefined;
	/** For laboratories: the share (0 to 1) of datagrams to throw away, and where chance comes from. */
	readonly loss?: { readonly share: number; readonly random: () => number } | undefined;
}

/** 100 sessions are the most that a receiver has places for (`RECEIVER_DEFAULTS`). */
export const RECEIVER_NUMBERS: NumberRules = {
	...PORT_NUMBERS,
	uid: UID,
	graceMs: MILLISECONDS,
	sessionsMax: whole(1, 100),
	hookMsMax: MILLISECONDS,
};

/** What the application wants to be called for. */
export interface ReceiverHooks {
	/**
	 * Every event from the very first on, after it has been acted on; also for an endpoint with several address families.
	 * What it throws, rejects with, or does not finish within `HOOK_MS_MAX` ends the event's session as `internal`.
	 */
	readonly onEvent?: ((event: ReceiverEvent, family: Family) => void | Promise<void>) | undefined;
	/** A heartbeat has been sent. */
	readonly onHeartbeat?: ((to: Endpoint) => void) | undefined;
	/** Each fault once, for the log; without it they go to the error output. */
	readonly onFault?: OnFault | undefined;
}
