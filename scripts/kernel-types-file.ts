/** Where the declaration of the kernel's symbols lies, which the compiler and editors read. */
import { join } from 'node:path';

export const KERNEL_TYPES = join(import.meta.dirname, '../slices/linux/generated/kernel-symbols.d.ts');
