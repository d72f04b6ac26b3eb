import type { RandomBytes } from '../ports.ts';

/** Random bytes of the operating system: what real sessions are given; simulations are given a seeded source. */
export const systemRandom: RandomBytes = (length) => crypto.getRandomValues(new Uint8Array(length));
