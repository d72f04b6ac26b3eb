/**
 * How a node is driven.
 *
 * A sender session, a receiver node and a proxy are plain objects without sockets, clock, timers, files or randomness.
 * They have four families of methods and nothing else:
 *
 * - getters;
 * - input: `handle(now, arrival)` for each datagram that the network brought, `handleTimeout(now)` when the time of
 *   `pollTimeout()` has come;
 * - commands (`abort`, `fileOpened`, `fileDecided`, ...): what the shell decided or was asked for;
 * - output: `pollRequest()` gives the next thing that the shell must do, `pollTransmit(now, batch)` composes the next
 *   burst or returns false, `pollTimeout()` says when to call `handleTimeout` next (Infinity: never), `pollEvent()`
 *   gives the next fact for logs, metrics and people.
 *
 * The rules:
 * 1. After every input or command, drain `pollRequest`, carrying out each request (answers to it are commands), then
 *    `pollTransmit`, sending each burst, and repeat both until neither has anything; then drain `pollEvent`, read
 *    `pollTimeout` and wait until then or until a datagram comes.
 * 2. `now` is a monotonic time in milliseconds (fractions allowed). It is passed in, never read, and never decreases.
 * 3. `pollTransmit` composes into the caller's batch and keeps no reference to it. A burst that has been composed counts
 *    as sent. What belongs behind a data burst's headers, and in an encrypted session `seal`, is up to the shell before
 *    it sends the burst.
 * 4. `handle` returns what is to be done with the datagram's payload: a receiver says where it is to be written, a proxy
 *    by which way it is to be forwarded. Undefined: the datagram has been dealt with. The result is valid until the next
 *    call.
 * 5. Nothing throws on input from the network: what is malformed, unexpected or hostile is counted (`drop-reason.ts`)
 *    and dropped. What does throw is a fault of this program (`assert.ts`). Where one object holds several sessions, a
 *    fault in one of them ends that session alone, with the outcome `internal`, and is handed out as a request.
 * 6. Everything is bounded; the bounds stand in `limits.ts`. Requests are never lost: their queue is bounded because each
 *    file and session has at most a fixed number of them outstanding. Events may be left out when nobody fetches them;
 *    the counter `dropped.event-queue-full` says how many.
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
