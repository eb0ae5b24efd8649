/** The version of this toolkit: of all its packages and programs (a test holds package.json against it). */
export const VERSION = '0.1.0';
