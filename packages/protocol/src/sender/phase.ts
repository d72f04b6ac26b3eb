/** One phase of a sending session. The session routes to the current phase; `isOver` tells it to go on. */
import type { Complete, FileInfoAck, Status } from '@uftp/wire';
import type { SenderFailure } from '../events.ts';
import type { PhasesByRole } from '../message-rules.ts';
import type { OutgoingBatch } from '../ports.ts';
import type { ProxyPeer } from './proxies/proxy.ts';
import type { Member } from './roster.ts';

export interface Phase {
	/** As the table of messages knows it. */
	readonly name: PhasesByRole['sender'];
	readonly isOver: boolean;
	/** Why the session has to end here. */
	readonly failure?: readonly [SenderFailure, string] | undefined;
	onTimeout(now: number): void;
	/** When `onTimeout` is needed next. */
	deadline(now: number): number;
	/** A member left, was lost or came back: look again whether there is still something to wait for. */
	onRosterChange(now: number): void;
	onRegister?(now: number, member: Member): void;
	/** Encrypted sessions: the receiver or proxy has acknowledged the group key. */
	onKeyed?(now: number, peer: Member | ProxyPeer): void;
	onFileInfoAck?(now: number, member: Member, message: FileInfoAck): void;
	onStatus?(now: number, member: Member, message: Status): void;
	/** A proxy reports what any of its receivers misses. */
	onProxyStatus?(now: number, proxy: ProxyPeer, message: Status): void;
	onComplete?(now: number, member: Member, message: Complete): void;
	/** Composes a data burst whose headers take the sequence numbers from `sequence` on; false when there is none now. */
	compose?(now: number, batch: OutgoingBatch, sequence: number): boolean;
}
