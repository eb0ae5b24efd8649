/** The environment of a host that means ill: what changes the output of tools that are called, here or anywhere. */
import { join } from 'node:path';

/**
 * Variables with their values, one a line; `~` is a directory that holds configuration files of all who look there. Each is
 * documented by the tools that its name tells of.
 */
const VARIABLES = `
HOME=~
XDG_CONFIG_HOME=~/.config
TZ=Pacific/Kiritimati
LANG=tr_TR.UTF-8
LC_ALL=tr_TR.UTF-8
LANGUAGE=de
SOURCE_DATE_EPOCH=1
FORCE_SOURCE_DATE=1
POSIXLY_CORRECT=1
COLUMNS=1
TERM=dumb
BLOCKSIZE=1
BLOCK_SIZE=human-readable
DF_BLOCK_SIZE=1
DU_BLOCK_SIZE=1
MKE2FS_CONFIG=~/mke2fs.conf
MKE2FS_DEVICE_SECTSIZE=4096
MKE2FS_DEVICE_PHYS_SECTSIZE=4096
MKE2FS_FIRST_META_BG=1
MKE2FS_SYNC=1
E2FSPROGS_FAKE_TIME=12345
E2FSPROGS_UNDO_DIR=~
E2FSCK_TIME=5
MTOOLSRC=~/.mtoolsrc
MTOOLS_LOWER_CASE=1
MTOOLS_NO_VFAT=1
MTOOLS_DOTTED_DIR=1
MTOOLS_NAME_NUMERIC_TAIL=0
MTOOLS_SKIP_CHECK=0
MTOOLS_NFATS=1
MTOOLS_DIR_LEN=16
BLKID_CONF=~/blkid.conf
TAR_OPTIONS=--mtime=2000-01-01
GZIP=-1
XZ_OPT=-0
XZ_DEFAULTS=-0
BZIP2=-1
ZSTD_CLEVEL=1
ZSTD_NBTHREADS=4
BASH_ENV=/nowhere
ENV=/nowhere
GIT_DIR=~
GIT_CONFIG_COUNT=1
GIT_CONFIG_KEY_0=tar.umask
GIT_CONFIG_VALUE_0=0777
RUSTFLAGS=-Cdebuginfo=2
RUSTC=false
RUSTC_WRAPPER=false
CARGO_BUILD_TARGET=none
CARGO_TARGET_DIR=~
MAKEFLAGS=-k
CC=false
CXX=false
CFLAGS=-O0
LDFLAGS=-s
CONFIG_SHELL=/bin/false
PKG_CONFIG_PATH=~
LD_LIBRARY_PATH=~
NODE_OPTIONS=--no-warnings
NODE_ENV=production
MALLOC_PERTURB_=85
`;

/** The variables, with `home` in place of `~`. */
export function hostileEnvironment(home: string): Readonly<Record<string, string>> {
  const lines = VARIABLES.split('\n').filter((line) => line !== '');
  return Object.fromEntries(
    lines.map((line) => {
      const [name = '', value = ''] = line.split(/=(.*)/);
      return [name, value.startsWith('~') ? join(home, value.slice(1)) : value];
    }),
  );
}
