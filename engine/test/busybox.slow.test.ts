/** What people type on a device, and expect to work as everywhere else. */
import { describe, expect, test } from 'vitest';

import { deviceShell } from './device-shell.ts';

describe('busybox', () => {
  test.for([
    ['ls -ld /data | cut -d " " -f 3-', /^ +\d+ root +root /],
    ['touch /data/x; ls -l /data', /^-rw-r--r-- +1 root +root +0 .* x$/m],
    ['stat -c "%U:%G" /data', /^root:root$/m],
    ['stat /data', /Uid: \( +0\/ +root\)/],
    ['ps', /^ +\d+ root +\d+ S +bwrap/m],
    ['whoami; id -un; id -gn; groups', /^root\nroot\nroot\nroot\n$/],
    ['touch /data/x; chown root:root /data/x; ls -l /data/x', / root +root /],
    ['touch /data/x; tar -c -C /data x | tar -tv', /^-rw-r--r-- root\/root +0 .* x$/m],
    ['touch /data/x; find /data -user root -group root -name x', /^\/data\/x$/m],
    [
      'sleep 1; touch /data/x; find /data -type f -mtime -1 -newer /etc/passwd -perm 644 -path "*/x" -empty',
      /^\/data\/x$/m,
    ],
    ['touch /data/x /data/y; find /data \\( -name x -o -name y \\) -delete; ls /data', /^$/],
    ['mkdir /data/a; touch /data/a/x; find /data -name a -prune -o -print', /^\/data\n$/],
    ['find / -maxdepth 1 -name tmp -exec ls -d {} +', /^\/tmp$/m],
    ['df -h /data', /^Filesystem +Size +Used Available Use% Mounted on\n\S+ +[\d.]+[KMG] /],
    ['df -i /data', /Inodes/],
    ['head -c 8192 /dev/zero >/data/x; sync; du /data/x', /^8\t/m],
    ['printf "b 2\\na 10\\n" | sort -k 2 -n', /^b 2\na 10\n$/],
    ['echo x | xargs -I {} echo a{}b', /^axb$/m],
    ['cd /data; echo x >x; tar -cz x >x.tgz; rm x; tar -xf x.tgz; cat x', /^x$/m],
    ['sleep 0.1; timeout 0.1 sleep 5; echo $?', /^143$/m],
    ['date -d @0 -u +%F; date -Is', /^1970-01-01\n\d{4}-\d\d-\d\dT/],
    ['netstat -tlnp', /PID\/Program name/],
  ] as const)('%s', async ([script, says]) => {
    const device = await deviceShell({ slices: ['base-files'] });
    const { output } = await device.run(script);
    expect(output).toMatch(says);
  });
});
