/** Cryptography libraries for the core, chosen by self-test. Random bytes of the system come from here, too. */
export { OFFERS } from './offers.ts';
export { BACKEND_NAMES, openBackend, type SelectedBackend, selectBackend } from './select.ts';
export { systemRandom } from './system-random.ts';
