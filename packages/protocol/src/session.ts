/**
 * How a session is driven.
 *
 * A sender session and a receiver node are plain objects without sockets, clock, timers, files or randomness. They have
 * four families of methods and nothing else:
 *
 * - getters;
 * - `handle*`: input. `handleDatagram(now, from, bytes, at, length)` for what the network brought,
 *   `handleTimeout(now)` when the time of `pollTimeout()` has come;
 * - commands (`abort`, `fileOpened`, `fileDecided`, ...): what the shell decided or was asked for;
 * - `poll*`: output. `pollTransmit(now, batch)` composes the next burst or returns false, `pollTimeout()` says when to
 *   call `handleTimeout` next (Infinity: never), `pollEvent()` gives the next fact for the shell or undefined.
 *
 * The rules:
 * 1. After every `handle*` or command, drain `pollEvent`, acting on each event, then drain `pollTransmit`, sending each
 *    burst, then read `pollTimeout` and wait until then or until a datagram comes.
 * 2. `now` is a monotonic time in milliseconds (fractions allowed). It is passed in, never read, and never decreases.
 * 3. `pollTransmit` composes into the caller's batch and keeps no reference to it. A burst that has been composed counts as sent.
 * 4. Nothing throws on input from the network: what is malformed, unexpected or hostile is counted and dropped.
 * 5. Everything is bounded; the bounds stand in `limits.ts`.
 */
import type { Endpoint, OutgoingBatch } from './ports.ts';

export interface Session<Event> {
	handleDatagram(now: number, from: Endpoint, bytes: Uint8Array, at: number, length: number): void;
	handleTimeout(now: number): void;
	pollTransmit(now: number, batch: OutgoingBatch): boolean;
	pollTimeout(): number;
	pollEvent(): Event | undefined;
}
