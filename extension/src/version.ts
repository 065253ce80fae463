/**
 * The version this front end was built as. Names travel: it is compared with what the server says
 * it is, because a page can outlive an upgrade. A test keeps it equal to package.json's.
 */
export const VERSION = '0.1.0';
