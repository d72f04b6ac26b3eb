/**
 * The public facts that sessions report to the shell: the only things that logs, metrics, the bus and the commands
 * know of a session. Times are the `now` of the call that caused the event.
 */
import type { DropReason } from './drop-reason.ts';
import type { BlockMap, CatalogueEntry, CompleteStatus, Endpoint, IncomingFile } from './ports.ts';
import type { Problem } from './problem.ts';

/** What became of one receiver for one file, or for the whole session. */
export type Outcome =
	| 'received'
	| 'overwritten'
	| 'skipped'
	| 'rejected'
	/** Never registered. */
	| 'mute'
	/** Registered, then no answer any more. */
	| 'lost'
	/** Sent an ABORT, or was aborted. */
	| 'aborted';

/** One receiver's outcome for one file. */
export interface FileResult {
	readonly receiverId: number;
	/** The proxy that said so. */
	readonly viaProxyId?: number;
	readonly outcome: Outcome;
	/** Milliseconds from the file's first FILEINFO to the receiver's COMPLETE; 0 when it did not complete. */
	readonly elapsedMs: number;
	readonly reason?: string;
	/** Free bytes at the receiver, for a free-space request only. */
	readonly freeSpaceBytes?: number;
}

/** One receiver's sum over a session. */
export interface ReceiverResult {
	readonly receiverId: number;
	readonly outcome: Outcome;
	/** Behind a proxy: the proxy's. */
	readonly address: Endpoint | undefined;
	/** The proxy through which it answered last. */
	readonly viaProxyId?: number;
	readonly reason?: string;
	readonly isOurs: boolean;
	readonly rttMs: number;
	/** Files by outcome. */
	readonly filesReceived: number;
	readonly filesOverwritten: number;
	readonly filesSkipped: number;
	readonly filesRejected: number;
	readonly filesMissing: number;
	readonly bytes: number;
}

/** What a sending session reports. Times are in milliseconds, sizes in bytes. */
export type SenderEvent =
	| { readonly kind: 'announced'; readonly attempt: number; readonly grttMs: number }
	| {
			readonly kind: 'registered';
			readonly receiverId: number;
			readonly address: Endpoint;
			readonly rttMs: number;
			readonly isOurs: boolean;
			readonly viaProxyId: number | undefined;
			/** The 20 bytes of the key that it has proved to own; undefined without client authentication. */
			readonly fingerprint?: Uint8Array | undefined;
	  }
	/** Encrypted sessions: the receiver has the group key and has proved it (KEYINFO_ACK). Not of those behind a proxy. */
	| { readonly kind: 'keyed'; readonly receiverId: number }
	/** A proxy is in the session. `registered` follows for each receiver that it named, and for those that it names later. */
	| {
			readonly kind: 'proxyRegistered';
			readonly proxyId: number;
			readonly address: Endpoint;
			readonly rttMs: number;
			readonly isOurs: boolean;
			/** As in `registered`. */
			readonly fingerprint?: Uint8Array | undefined;
	  }
	/** Encrypted sessions: the proxy has the group key, and passes it on to the receivers behind it. */
	| { readonly kind: 'proxyKeyed'; readonly proxyId: number }
	/** The proxy has left the session, and with it all its receivers (`receiverAborted` for each). */
	| { readonly kind: 'proxyAborted'; readonly proxyId: number; readonly reason: string }
	/** A receiver whose proxy was not heard any more answers through another one, or (undefined) by itself. */
	| {
			readonly kind: 'receiverMoved';
			readonly receiverId: number;
			readonly fromProxyId: number;
			readonly viaProxyId: number | undefined;
			readonly address: Endpoint;
	  }
	| { readonly kind: 'registrationEnded'; readonly registered: readonly number[]; readonly mute: readonly number[] }
	| { readonly kind: 'fileStarted'; readonly file: number; readonly fileId: number; readonly entry: CatalogueEntry }
	/** The longest time that the transfer of the file may take, where there is a limit. */
	| { readonly kind: 'transferLimited'; readonly file: number; readonly maxSeconds: number }
	| { readonly kind: 'passStarted'; readonly file: number; readonly pass: number; readonly blocks: number }
	/** A section went out completely in this pass. */
	| { readonly kind: 'sectionSent'; readonly file: number; readonly section: number; readonly pass: number }
	| {
			readonly kind: 'nakReceived';
			readonly file: number;
			/** With `isProxy` the id of the proxy that reports what any of its receivers misses. */
			readonly receiverId: number;
			readonly section: number;
			readonly missing: number;
			readonly isProxy?: true;
	  }
	| { readonly kind: 'fileCompletedBy'; readonly file: number; readonly result: FileResult }
	| {
			readonly kind: 'fileEnded';
			readonly file: number;
			readonly results: readonly FileResult[];
			readonly elapsedMs: number;
	  }
	/** A receiver does not answer; the session goes on without it and comes back to it within the grace. */
	| { readonly kind: 'receiverAway'; readonly receiverId: number }
	| { readonly kind: 'receiverReturned'; readonly receiverId: number }
	| { readonly kind: 'receiverLost'; readonly receiverId: number; readonly reason: string }
	| { readonly kind: 'receiverAborted'; readonly receiverId: number; readonly reason: string }
	/** The session's limits have ended it for this receiver. */
	| { readonly kind: 'receiverDropped'; readonly receiverId: number; readonly reason: string }
	| {
			readonly kind: 'duplicateUid';
			readonly receiverId: number;
			readonly first: Endpoint;
			readonly second: Endpoint;
			/** The proxies that they are behind, if any. */
			readonly firstProxyId?: number;
			readonly secondProxyId?: number;
	  }
	| { readonly kind: 'rateChanged'; readonly rateBytesPerSecond: number; readonly reason: string }
	| { readonly kind: 'dropped'; readonly reason: DropReason; readonly from: Endpoint }
	/** `message` names no setting; a program that has words for its settings makes a better sentence of `problem`. */
	| { readonly kind: 'warning'; readonly message: string; readonly problem: Problem<SenderProblem> }
	| { readonly kind: 'ended'; readonly end: SenderEnd };

/** What a sending session warns about; ids stand in the facts as text ("0x0A630002"). */
export type SenderProblem =
	/** A file is left out: it cannot be read, or has more blocks than the protocol can number. */
	| 'file-skipped'
	/** A receiver refuses to take part. */
	| 'receiver-refuses'
	/** A proxy registers with the id of a receiver. */
	| 'proxy-is-receiver'
	/** A proxy is not on the list of proxies, which a closed group needs. */
	| 'proxy-unlisted'
	/** A proxy names as a receiver behind it who is a proxy. */
	| 'receiver-is-proxy'
	/** The key of a receiver behind a listed proxy is checked by that proxy, if at all. */
	| 'key-checked-by-proxy'
	/** The key of a receiver behind a proxy that is not listed cannot be checked: list the proxy. */
	| 'key-behind-unlisted-proxy'
	/** No keys can be agreed upon with a receiver. */
	| 'no-agreement'
	/** A receiver's CLIENT_KEY proves nothing, or the wrong thing. */
	| 'client-key-invalid'
	/** A receiver's KEYINFO_ACK does not fit the handshake. */
	| 'key-info-ack-invalid'
	/** A clear message came in an encrypted session. */
	| 'clear-message'
	/** A proxy of 4.x breaks reports for congestion control: use a fixed rate, or another proxy. */
	| 'reports-corrupted-by-proxy';

/** What the shell of a sending session must do. `file` is an index in the catalogue. */
export type SenderRequest =
	/** Open the file and answer with `fileOpened` or `fileUnavailable`. */
	| { readonly kind: 'openFile'; readonly file: number }
	/** Close the file, which was open: its round is over. */
	| { readonly kind: 'closeFile'; readonly file: number };

/** How a sending session ended. `failure` is undefined when it ran to its end, whatever the receivers' outcomes. */
export interface SenderEnd {
	readonly failure?: { readonly code: SenderFailure; readonly message: string };
	readonly results: readonly ReceiverResult[];
	readonly elapsedMs: number;
	readonly bytesSent: number;
	readonly packetsSent: number;
	readonly repairBytesSent: number;
}
export type SenderFailure =
	| 'nobodyRegistered'
	| 'nobodyAnsweredFileInfo'
	| 'allLost'
	| 'quitOnError'
	/** A file took longer than the limit allows. */
	| 'timeExceeded'
	| 'interrupted'
	| 'fileChanged'
	| 'allFilesUnavailable';

/** A snapshot of a sending session, for progress lines. */
export interface SenderProgress {
	readonly phase: 'announce' | 'file' | 'transfer' | 'catchUp' | 'completion' | 'ended';
	readonly file: number;
	readonly pass: number;
	/** Bytes of the current file that the pass has covered / that the pass covers in all. */
	readonly passBytes: number;
	readonly passBytesTotal: number;
	/** Bytes of all files whose sending is over, and of all files. */
	readonly filesBytesDone: number;
	readonly filesBytesTotal: number;
	readonly rateBytesPerSecond: number;
	/** Messages of this session that came from receivers and proxies, whatever was in them. */
	readonly answersHandled: number;
	readonly receivers: readonly {
		readonly receiverId: number;
		readonly state: 'mute' | 'registered' | 'active' | 'naked' | 'done' | 'away' | 'lost' | 'aborted';
		/** Blocks that its latest STATUSes reported missing in the current file. */
		readonly missingBlocks: number;
	}[];
}

/** How an encrypted session is secured, as its receiver sees it. */
export interface SessionSecurityFacts {
	/** "ecdh_ecdsa, aes256-gcm, sha256, authenc". */
	readonly suite: string;
	/** The 20 bytes of the sender's key. */
	readonly senderFingerprint: Uint8Array;
	/** The fingerprint stands in this receiver's list: the sender is known to be who it says. */
	readonly isPinned: boolean;
	/** The 20 bytes of the own key that is shown to the sender; undefined if none is asked for. */
	readonly ownFingerprint: Uint8Array | undefined;
}

/** What a receiver warns of that a setting cures. */
export type ReceiverProblem =
	/** Another receiver seems to have the same UID: facts `host` (of the KEYINFO) and `uid`. */
	'uid-shared';

/** What a receiver reports. Times are in milliseconds, sizes in bytes. */
export type ReceiverEvent =
	| {
			readonly kind: 'sessionStarted';
			readonly groupId: number;
			readonly groupInstance: number;
			readonly senderId: number;
			readonly sender: Endpoint;
			/** undefined in unicast mode. */
			readonly privateGroup: string | undefined;
			readonly blockBytes: number;
			readonly isOpenGroup: boolean;
			/** The private group is joined for packets from this address only; undefined: from anywhere. */
			readonly source?: string | undefined;
			/** Answers go to this response proxy, and its messages come by the private group, too. */
			readonly proxy?: Endpoint | undefined;
			/** Undefined in the clear. */
			readonly security?: SessionSecurityFacts | undefined;
	  }
	| { readonly kind: 'registered'; readonly groupId: number; readonly grttMs: number }
	| { readonly kind: 'fileOffered'; readonly file: IncomingFile }
	/** `presentBlocks` of it are here from an earlier run of the session. */
	| { readonly kind: 'fileStarted'; readonly file: IncomingFile; readonly presentBlocks?: number }
	/** All blocks are here. */
	| { readonly kind: 'fileComplete'; readonly file: IncomingFile }
	/** A COMPLETE for the file has been sent for the first time. */
	| {
			readonly kind: 'fileEnded';
			readonly file: IncomingFile;
			readonly status: CompleteStatus;
			readonly reason: string | undefined;
			readonly elapsedMs: number;
	  }
	/** The file will not be completed. `arrived`: what a resumed session need not send again. */
	| {
			readonly kind: 'fileDiscarded';
			readonly file: IncomingFile;
			readonly reason: string;
			readonly arrived?: BlockMap;
	  }
	| {
			readonly kind: 'sessionEnded';
			readonly groupId: number;
			readonly senderId: number;
			/**
			 * `proxyLost`: its response proxy died, and no answer of this receiver's can be read by anybody else. `internal`: this
			 * program failed.
			 */
			readonly outcome: 'completed' | 'aborted' | 'timedOut' | 'unconfirmed' | 'interrupted' | 'proxyLost' | 'internal';
			readonly reason: string;
			readonly filesReceived: number;
			readonly privateGroup: string | undefined;
	  }
	/** A KEY_REQ is sent to the response proxy. */
	| { readonly kind: 'proxyKeyRequested'; readonly proxy: Endpoint }
	/** The response proxy has shown its key (its 20 bytes); `isOther`: another one than before. */
	| {
			readonly kind: 'proxyKeyReceived';
			readonly proxy: Endpoint;
			readonly fingerprint: Uint8Array;
			readonly isOther: boolean;
	  }
	/** The response proxy of a session is lost: its answers go to another one, or (undefined) to the sender. */
	| {
			readonly kind: 'sessionMoved';
			readonly groupId: number;
			readonly from: Endpoint;
			readonly to: Endpoint | undefined;
	  }
	/** An announcement that this receiver does not take, and why (closed group without it, too many sessions, ...). */
	| { readonly kind: 'announceIgnored'; readonly groupId: number; readonly senderId: number; readonly reason: string }
	| { readonly kind: 'dropped'; readonly reason: string; readonly from: Endpoint }
	/** `problem`: where a setting cures it, which each program calls by its own name. */
	| { readonly kind: 'warning'; readonly message: string; readonly problem?: Problem<ReceiverProblem> };
