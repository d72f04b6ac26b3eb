/** One phase of a sending session. The session routes to the current phase; `isOver` tells it to go on. */
import type { Complete, FileInfoAck, Status } from '@uftp/wire';
import type { SenderFailure } from '../events.ts';
import type { PhasesByRole } from '../message-rules.ts';
import type { OutgoingBatch } from '../ports.ts';
import type { Member, ProxyPeer } from './membership/members.ts';

export interface Phase {
	/** As the table of messages knows it. */
	readonly name: PhasesByRole['sender'];
	readonly isOver: boolean;
	/** Why the session has to end here. */
	readonly failure?: readonly [SenderFailure, string] | undefined;
	onTimeout(now: number): void;
	/** When `onTimeout` is needed next. */
	deadline(now: number): number;
	/** Members left, were lost or came back: look again whether there is still something to wait for. */
	onRosterChange(now: number, member?: Member): void;
	onRegister?(now: number, member: Member): void;
	/** Encrypted sessions: the receiver or proxy has acknowledged the group key. */
	onKeyed?(now: number, peer: Member | ProxyPeer): void;
	onFileInfoAck?(now: number, member: Member, message: FileInfoAck): void;
	onStatus?(now: number, member: Member, message: Status): void;
	/** A proxy reports what any of its receivers misses. */
	onProxyStatus?(now: number, proxy: ProxyPeer, message: Status): void;
	/** False when the message is not about what this phase is for. */
	onComplete?(now: number, member: Member, message: Complete): boolean;
	/** Composes a data burst whose headers take the sequence numbers from `sequence` on; false when there is none now. */
	compose?(now: number, batch: OutgoingBatch, sequence: number): boolean;
}
