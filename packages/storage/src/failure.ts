/** What the operating system says, as the end of a sentence for a person. */

const meanings: Record<string, string> = {
	EACCES: 'permission denied; check the owner and the mode of the file and of the directories above it',
	EPERM: 'the operating system does not permit it',
	ENOENT: 'it does not exist',
	ENOTDIR: 'a part of its path is not a directory',
	EISDIR: 'it is a directory',
	ELOOP: 'a symbolic link stands in its path',
	EEXIST: 'it exists already',
	ENOTEMPTY: 'the directory is not empty',
	ENOSPC: 'the disk is full; free some space',
	EDQUOT: 'the disk quota is used up; free some space or raise the quota',
	EFBIG: 'the file is larger than the file system allows',
	EROFS: 'the file system is mounted read-only',
	EIO: 'the disk reported an input/output error; check the kernel log',
	EMFILE: 'this process has too many files open; raise its limit (ulimit -n)',
	ENFILE: 'the machine has too many files open',
	ENAMETOOLONG: 'a name is longer than the file system allows',
	EBUSY: 'it is in use (a mount point?)',
	ENXIO: 'it is a pipe or device without a partner',
	ESTALE: 'the network file system lost it',
};

/** The error code ("ENOENT") of a failed system call, or "". */
export function codeOf(error: unknown): string {
	const code = (error as { code?: unknown } | null)?.code;
	return typeof code === 'string' ? code : '';
}

/** Why a system call failed: "the disk is full; free some space (ENOSPC)". */
export function because(error: unknown): string {
	const code = codeOf(error);
	const meaning = meanings[code];
	if (meaning !== undefined) return `${meaning} (${code})`;
	if (code !== '') return `the operating system answered ${code}`;
	return error instanceof Error ? error.message : String(error);
}
