/** How many layers an image may be packed into. */

/** The fewest: the kernel's, one more, and one that the rest share. */
export const LEAST_LAYERS = 3;
