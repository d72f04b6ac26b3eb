import os from 'node:os';
import { expect, it } from 'vitest';
import { because } from '../src/failure.ts';

/** What calls on files, folders, mounts and network file systems fail with, as their manual pages list it. */
const codes = [
	...['EACCES', 'EAGAIN', 'EBADF', 'EBUSY', 'EDQUOT', 'EEXIST', 'EFBIG', 'EILSEQ', 'EINTR', 'EINVAL', 'EIO', 'EISDIR'],
	...['ELOOP', 'EMFILE', 'EMLINK', 'ENAMETOOLONG', 'ENFILE', 'ENODEV', 'ENOENT', 'ENOLCK', 'ENOMEM', 'ENOSPC'],
	...['ENOSYS', 'ENOTCONN', 'ENOTDIR', 'ENOTEMPTY', 'ENOTSUP', 'ENXIO', 'EOPNOTSUPP', 'EOVERFLOW', 'EPERM', 'EPIPE'],
	...['EROFS', 'ESTALE', 'ETIMEDOUT', 'ETXTBSY', 'EXDEV', 'ECONNREFUSED', 'ECONNRESET', 'EHOSTUNREACH', 'ENETUNREACH'],
];

it.each(codes)('%s is put into words, with the code behind them', (code) => {
	expect(os.constants.errno).toHaveProperty(code);
	expect(because(Object.assign(new Error(`${code}: raw text`), { code }))).toMatch(
		new RegExp(`^(?!the operating system answered)[a-z].{9,} \\(${code}\\)$`),
	);
});
