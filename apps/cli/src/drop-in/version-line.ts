/** The first line of both logs: which UFTP this is like, and which program it is. */
import packageJson from '../../package.json' with { type: 'json' };

export const VERSION_LINE = `UFTP version 4.10.2 compatible: uftp ${packageJson.version} for Bun`;
