/** The version of this program, which both wires carry; a test keeps it the same as the Python half's. */
export const VERSION = "0.1.0";
