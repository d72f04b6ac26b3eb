/** The backends of this machine, by name. One that does not work here fails the tests: none is left out in silence. */
import { BACKEND_NAMES, openBackend } from '../src/backends/index.ts';
import type { Backend } from '../src/index.ts';

export const BACKENDS: readonly Backend[] = BACKEND_NAMES.map((name) => {
	const opened = openBackend(name);
	if (typeof opened === 'string') throw new Error(opened);
	return opened.backend;
});

export function backendsWith(has: (backend: Backend) => boolean): Backend[] {
	return BACKENDS.filter(has);
}
