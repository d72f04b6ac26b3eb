/**
 * How a node is driven.
 *
 * A sender session, a receiver node and a proxy are plain objects without sockets, clock, timers, files or randomness.
 * What all three have stands here; what each adds is in `sender/sender-session.ts`, `receiver-port.ts` and
 * `proxy/proxy-port.ts`. Their methods are:
 *
 * - getters and questions, which change nothing: `counters`, `end` of a sender session, `groupOf(handle)` of a receiver,
 *   `destinations(way)` of a proxy;
 * - input: `handle(now, arrival)` for each datagram that the network brought, `handleTimeout(now)` when the time of
 *   `pollTimeout()` has come;
 * - commands (`abort`, `fileOpened`, `fileDecided`, ...): what the shell decided or was asked for;
 * - output: `pollRequest()` gives the next thing that the shell must do, `pollTransmit(now, batch)` composes the next
 *   burst or returns false, `pollTimeout()` says when to call `handleTimeout` next (Infinity: never), `pollEvent()`
 *   gives the next fact for logs, metrics and people;
 * - `seal(batch)` of a sender session, which works on the caller's memory (rule 3).
 *
 * The rules:
 * 1. After an input or a command, at the latest after the datagrams of one receive call, drain `pollRequest`, carrying
 *    out each request (answers to it are commands, at once or later), then `pollEvent`. Then call `pollTransmit`, send
 *    the burst, and begin again with the requests, until there is no burst. Then read `pollTimeout` and wait until that
 *    time or the next datagram. A receiver's driver drains after every datagram without a placement, so that what a
 *    hook does at one event comes before what the next message leads to.
 * 2. `now` is a monotonic time in milliseconds (fractions allowed). It is passed in, never read, and never decreases.
 * 3. `pollTransmit` composes into the caller's batch and keeps no reference to it. A burst that has been composed counts
 *    as sent. A data burst (`batch.file >= 0`) has headers only: the shell puts the file's bytes behind them, calls
 *    `seal`, and sends it. `seal` does nothing in the clear; in an encrypted session it must come before the next
 *    `pollTransmit`. If the bytes cannot be had, call `fileFailed` instead and do not send the burst: this ends the
 *    session.
 * 4. `handle` returns what is to be done with the datagram's payload: a receiver says where it is to be written, a proxy
 *    by which way it is to be forwarded. Undefined: the datagram has been dealt with. The object is valid until the next
 *    call, the bytes that it points to until the batch is filled again. A placement is written before the next request
 *    is carried out: the call that returns the last block of a file may have queued its `finishFile`.
 * 5. Sealed datagrams are opened in place. Where several nodes are given the same bytes (`arrival.isShared`), the driver
 *    of receivers hands each node a copy; a sender session makes one itself; a proxy has its port for itself.
 * 6. A sender session is over when `end` is defined and `pollTransmit` returns false: its last messages are sent first.
 *    Receivers and proxies have no end; a receiver reports `sessionEnded` for each of its sessions.
 * 7. Nothing throws on input from the network: what is malformed, unexpected or hostile is counted (`drop-reason.ts`)
 *    and dropped. What does throw is a fault of this program (`assert.ts`). Where one object holds several sessions, a
 *    fault in one of them ends that session alone, with the outcome `internal`, and is handed out as a request. After a
 *    call has thrown nevertheless, only `abort` and the polls may be called, each guarded: they may throw, too.
 * 8. Everything is bounded; the bounds stand in `limits.ts` and the `*-limits.ts` of the folders. Requests are never
 *    lost: their queue is bounded because each file and session has at most a fixed number of them outstanding. Only
 *    faults beyond `FAULTS_WAITING_MAX` are not handed out. Events may be left out when they are not fetched. The
 *    counter `dropped.event-queue-full` says how many of either.
 */
import type { Arrival } from './arrival.ts';
import type { OutgoingBatch } from './ports.ts';

/** `Request`: what the shell must do. `Event`: what it may want to know. `Result`: what becomes of a payload. */
export interface Session<Request, Event, Result> {
	handle(now: number, arrival: Arrival): Result | undefined;
	handleTimeout(now: number): void;
	pollRequest(): Request | undefined;
	pollTransmit(now: number, batch: OutgoingBatch): boolean;
	pollTimeout(): number;
	pollEvent(): Event | undefined;
}

/** Where a receiver wants a payload written: bytes[at .. at+length) at byte `offset` of the file with this handle. */
export interface Placement {
	readonly handle: number;
	readonly offset: number;
	readonly bytes: Uint8Array;
	readonly at: number;
	readonly length: number;
	/** The bytes were decrypted and nobody else needs what stands around them: they may be moved. */
	readonly isMovable: boolean;
}
