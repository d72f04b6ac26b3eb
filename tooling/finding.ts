/** What checks of the repository look at, and what they return. */

/** One thing that is out of place, with what to do instead. */
export interface Finding {
	path: string;
	/** From 1; 0 speaks of the whole file or folder. */
	line: number;
	what: string;
}

/** A tracked text file: its path from the top of the repository, with slashes. */
export interface TidyFile {
	path: string;
	text: string;
}
