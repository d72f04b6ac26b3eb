/** Where received files go, by an entry point of its own: a sender starts sooner without it. */
export { movingFault } from './backup.ts';
export { FileSink, type FileSinkOptions } from './file-sink.ts';
export { cleanTemporaries } from './temporary-names.ts';
