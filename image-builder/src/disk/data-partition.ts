/** The ext4 file system for data that outlives updates, empty and the same every time. */
import { truncate, writeFile } from 'node:fs/promises';

import type { Scratch } from '@cocon-os/qemu';

import { runTool } from '../run-tool.ts';
import type { UuidSource } from './uuid.ts';

/** How the running system finds it. At most 16 bytes. */
export const DATA_LABEL = 'cocon-data';

/** mke2fs takes zero for "not set". */
const FIXED_TIME = '1';

/**
 * mke2fs.conf(5), in place of the host's: all that decides bytes and differs between distributions and versions. No
 * feature is newer than e2fsprogs 1.43, so a disk can be mended on any machine (DESIGN.md, "A file system of nobody's
 * defaults").
 */
export const MKE2FS_CONFIGURATION = `[defaults]
base_features = sparse_super,large_file,filetype,resize_inode,dir_index,ext_attr
default_mntopts = acl,user_xattr
undo_dir = none
fs_type = ext4
blocksize = 4096
inode_size = 256
inode_ratio = 16384
reserved_ratio = 5.0
hash_alg = half_md4
flex_bg_size = 16
errors = continue
enable_periodic_fsck = false
auto_64-bit_support = false
force_undo = false
discard = false
lazy_itable_init = false
lazy_journal_init = false

[fs_types]
ext4 = {
	features = has_journal,extent,huge_file,flex_bg,metadata_csum,64bit,dir_nlink,extra_isize
}
small = {
	inode_ratio = 4096
}
`;

/** Makes the file system in a new file `output` of `sizeBytes`. */
export async function writeDataPartition(
  output: string,
  sizeBytes: number,
  uuids: UuidSource,
  scratch: Scratch,
): Promise<void> {
  const configuration = scratch.file('mke2fs.conf');
  await writeFile(configuration, MKE2FS_CONFIGURATION);
  await writeFile(output, '');
  await truncate(output, sizeBytes);
  await runTool({
    program: 'mkfs.ext4',
    packageName: 'e2fsprogs',
    purpose: 'make the data partition',
    writes: output,
    environment: {
      MKE2FS_CONFIG: configuration,
      E2FSPROGS_FAKE_TIME: FIXED_TIME,
      SOURCE_DATE_EPOCH: FIXED_TIME,
      MKE2FS_DETERMINISTIC: '1',
    },
    args: [
      '-q',
      '-F',
      '-L',
      DATA_LABEL,
      '-U',
      uuids.text('data'),
      '-M',
      '/',
      '-E',
      // The root belongs to root, whoever builds.
      `hash_seed=${uuids.text('data hash seed')},root_owner=0:0,nodiscard`,
      output,
    ],
  });
}
