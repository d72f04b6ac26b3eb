/** File id of messages about the session itself. */
export const SESSION_FILE_ID = 0;
