/** Assertions about this program itself: the same as in every package below. */
export { AssertionError, assert, fail } from '@uftp/wire';
