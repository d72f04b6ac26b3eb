/** What the operating system says, as the end of a sentence for a person. */

const meanings: Record<string, string> = {
	EACCES: 'permission denied; check the owner and the mode of the file and of the directories above it',
	EPERM: 'the operating system does not permit it; is it marked immutable or append-only (lsattr)?',
	ENOENT: 'it does not exist',
	ENOTDIR: 'a part of its path is not a directory',
	EISDIR: 'it is a directory',
	ELOOP: 'a symbolic link stands in its path',
	EEXIST: 'it exists already',
	ENOTEMPTY: 'the directory is not empty',
	ENOSPC: 'the disk is full; free some space',
	EDQUOT: 'the disk quota is used up; free some space or raise the quota',
	EFBIG: 'the file is larger than the file system allows',
	EIO: 'the disk reported an input/output error; check the kernel log',
	EMFILE: 'this process has too many files open; raise its limit (ulimit -n)',
	ENFILE: 'the machine has too many files open',
	ENAMETOOLONG: 'a name is longer than the file system allows',
	EBUSY: 'it is in use; is something mounted on it?',
	ENXIO: 'it is a pipe or device without a partner',
	ETXTBSY: 'it is a program that is running; stop it first',
	EXDEV: 'it would have to move to another file system; is something mounted in between?',
	EINVAL: 'the file system does not take such a name, size or time',
	EILSEQ: 'the file system does not take the bytes of the name',
	EOVERFLOW: 'a size or time is larger than the file system can hold',
	EOPNOTSUPP: 'the file system cannot do that',
	ENOTSUP: 'the file system cannot do that',
	ENOSYS: 'the file system cannot do that',
	EMLINK: 'the file system allows no more links to it',
	ENODEV: 'the device is gone; check that it is connected and mounted',
	ENOMEDIUM: 'there is no medium in the device',
	ENOMEM: 'the machine has no memory left',
	ENOLCK: 'the machine or the file server has no locks left',
	EPIPE: 'who was to read it has gone',
	EAGAIN: 'it is not ready at the moment; try again',
	EINTR: 'the call was interrupted; try again',
	EBADF: 'it was closed already: this is an error of this program',
	EROFS: 'the file system is mounted read-only',
	ESTALE: 'the network file system lost it; mount it again',
	ENOTCONN: 'the server of the network file system is not connected; mount it again',
	ENOKEY: 'the key of the encrypted directory is not loaded',
	EKEYEXPIRED: 'the key or ticket for the file system has expired',
	EREMOTEIO: 'the device or the file server reported an error',
	EHOSTDOWN: 'the file server is down',
	EHOSTUNREACH: 'the file server cannot be reached',
	ENETUNREACH: 'there is no route to the file server',
	ECONNREFUSED: 'the file server refuses the connection',
	ECONNRESET: 'the file server closed the connection',
	ETIMEDOUT: 'the file server or device does not answer',
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
