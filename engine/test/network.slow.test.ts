/** What the device makes of leases and of ip= on the kernel command line, with one card and with several. */
import { describe, expect, test } from 'vitest';

import { DeviceNetwork } from './device-network.ts';

const SCRIPT = '/etc/udhcpc/default.script';
const RESOLV = 'cat /run/resolv.conf';
const ADDRESSES = `ip -4 addr | sed -n 's/^ *inet \\([^ ]*\\).* \\([^ ]*\\)$/\\2 \\1/p' | grep -v '^lo' | sort`;
const DEFAULTS = `ip route | sed -n 's/^default via \\([^ ]*\\) dev \\([^ ]*\\) .*/\\2 \\1/p'`;

/** Runs udhcpc as the service does, but in the background. */
const client = (card: string) =>
  `udhcpc -f -i ${card} -t 3 -T 1 -A 1 -O search -O staticroutes -O msstaticroutes -O mtu >/run/${card}.log 2>&1 & echo $! >/run/${card}.pid`;

function device(commandLine = ''): Promise<DeviceNetwork> {
  return DeviceNetwork.start({ slices: ['base-files'], commandLine });
}

/** A device with cards that has had one lease each, by udhcpc's words. */
async function leased(...leases: readonly string[]): Promise<DeviceNetwork> {
  const network = await device();
  for (const card of ['eth0', 'eth1']) network.addCard(card);
  for (const lease of leases)
    expect(network.run(`${lease} ${SCRIPT} bound`)).toEqual({ output: '', status: 0 });
  return network;
}

describe('leases of a DHCP server', () => {
  test('of two cards stand beside each other, come back unbroken, and go alone', async () => {
    const network = await device();
    for (const card of ['eth0', 'eth1']) network.addCard(card);
    const dns = [
      'router 192.0.2.1',
      'dns 192.0.2.53 192.0.2.54',
      'domain one.example',
      'search a.example b.example',
    ];
    await network.serve('eth0', { first: '192.0.2.10', options: dns });
    await network.serve('eth1', { first: '198.51.100.10' });
    network.begin(`${client('eth0')}; ${client('eth1')}; wait`);
    await network.until(`[ "$(${ADDRESSES} | wc -l)" = 2 ] && grep -q 192.0.2.54 /run/resolv.conf`);
    const first = 'search a.example b.example\nnameserver 192.0.2.53\nnameserver 192.0.2.54\n';
    expect(network.run(RESOLV).output).toBe(first);
    expect(network.run(DEFAULTS).output).toBe('eth0 192.0.2.1\n');

    const changes = await network.watchAddresses();
    const inode = network.run('stat -c %i /run/resolv/resolv.conf').output;
    network.run('kill -USR1 $(cat /run/eth0.pid) $(cat /run/eth1.pid)');
    for (const card of ['eth0', 'eth1'])
      await network.until(`[ "$(grep -c 'lease of .* obtained' /run/${card}.log)" = 2 ]`);
    await network.serve('eth1', {
      first: '198.51.100.10',
      options: ['router 198.51.100.1', 'dns 198.51.100.53'],
    });
    network.run('kill -USR1 $(cat /run/eth1.pid)');
    await network.until('grep -q 198.51.100.53 /run/resolv.conf');
    expect(changes()).toBe('');
    expect(network.run(RESOLV).output).toBe(`${first}nameserver 198.51.100.53\n`);
    expect(network.run(DEFAULTS).output).toBe('eth0 192.0.2.1\neth1 198.51.100.1\n');
    expect(network.run('stat -c %i /run/resolv/resolv.conf').output).not.toBe(inode);

    network.run('kill -USR2 $(cat /run/eth0.pid)');
    await network.until(`! grep -q 192.0.2.53 /run/resolv.conf`);
    expect(network.run(RESOLV).output).toBe('nameserver 198.51.100.53\n');
    expect(network.run(ADDRESSES).output).toMatch(/^eth1 198\.51\.100\.1\d\/24\n$/);
    expect(network.run(DEFAULTS).output).toBe('eth1 198.51.100.1\n');
  });

  test('that is refused on renewal gives way to another, on its card alone', async () => {
    const network = await leased('interface=eth1 ip=203.0.113.9 mask=24 dns=203.0.113.53');
    await network.serve('eth0', { first: '192.0.2.10', options: ['lease 60', 'dns 192.0.2.53'] });
    network.begin(`${client('eth0')}; wait`);
    await network.until('grep -q 192.0.2.53 /run/resolv.conf');
    await network.serve('eth0', { first: '198.51.100.10', options: ['lease 60', 'dns 198.51.100.53'] });
    network.run('kill -USR1 $(cat /run/eth0.pid); sleep 1; kill -USR1 $(cat /run/eth0.pid)');
    await network.until('grep -q 198.51.100.53 /run/resolv.conf');
    expect(network.run(RESOLV).output).toBe('nameserver 198.51.100.53\nnameserver 203.0.113.53\n');
    expect(network.run(ADDRESSES).output).toMatch(/^eth0 198\.51\.100\.\d+\/24\neth1 203\.0\.113\.9\/24\n$/);
  });

  test('with classless routes takes those, and the router only if it is among them', async () => {
    const network = await device();
    network.addCard('eth0');
    const routes = 'staticroutes 10.0.0.0/8 192.0.2.9, 0.0.0.0/0 192.0.2.8';
    await network.serve('eth0', { first: '192.0.2.10', options: ['router 192.0.2.1', routes, 'mtu 1400'] });
    network.begin(`${client('eth0')}; wait`);
    await network.until('ip route | grep -q "^10.0.0.0/8 via 192.0.2.9 dev eth0"');
    expect(network.run(DEFAULTS).output).toBe('eth0 192.0.2.8\n');
    expect(network.run('ip link show eth0').output).toContain(' mtu 1400 ');
    network.run('kill -USR2 $(cat /run/eth0.pid)');
    await network.until('[ -z "$(ip route)" ]');
    expect(network.run('ip link show eth0').output).toContain(' mtu 1500 ');
  });
});

describe('the script of a lease', () => {
  const ONE = 'interface=eth0 ip=192.0.2.10 mask=24 router=192.0.2.1 dns="192.0.2.53 192.0.2.54"';
  const TWO = 'interface=eth1 ip=198.51.100.10 mask=24 router=198.51.100.1 dns="192.0.2.53 198.51.100.53"';

  test('has the first card first, whichever lease was first, and names nothing twice', async () => {
    const network = await leased(TWO, ONE);
    expect(network.run(RESOLV).output).toBe(
      'nameserver 192.0.2.53\nnameserver 192.0.2.54\nnameserver 198.51.100.53\n',
    );
    expect(network.run(DEFAULTS).output).toBe('eth0 192.0.2.1\neth1 198.51.100.1\n');
    // What both have said stays when one goes.
    network.run(`interface=eth0 ${SCRIPT} deconfig`);
    expect(network.run(RESOLV).output).toBe('nameserver 192.0.2.53\nnameserver 198.51.100.53\n');
  });

  test.for(['leasefail', 'nak', 'unheard-of'])('takes nothing away at "%s"', async (step) => {
    const network = await leased(ONE);
    const before = network.run(`${ADDRESSES}; ${RESOLV}; ip route`).output;
    network.run(`interface=eth0 ${SCRIPT} ${step}`);
    expect(network.run(`${ADDRESSES}; ${RESOLV}; ip route`).output).toBe(before);
  });

  test('leaves alone what it has not brought', async () => {
    const network = await leased();
    network.run(
      'ip addr add 10.1.1.1/24 dev eth0; ip route add 10.2.0.0/16 via 10.1.1.2; ip addr add fd00::1/64 dev eth0',
    );
    network.run(
      `interface=eth0 ${SCRIPT} deconfig; ${ONE} ${SCRIPT} bound; interface=eth0 ${SCRIPT} deconfig`,
    );
    expect(network.run('ip addr show eth0').output).toMatch(/inet 10\.1\.1\.1\/24[^]*inet6 fd00::1\/64/);
    expect(network.run('ip route').output).toContain('10.2.0.0/16 via 10.1.1.2 dev eth0');
  });

  test('gives another address of one network before it takes the old one', async () => {
    const network = await leased(ONE);
    const changes = await network.watchAddresses();
    network.run(`${ONE.replace('.10', '.11')} ${SCRIPT} renew`);
    await expect
      .poll(changes)
      .toMatch(/^\d+: eth0 +inet 192\.0\.2\.11\/24 .*\nDeleted \d+: eth0 +inet 192\.0\.2\.10\/24 /);
    expect(network.run(ADDRESSES).output).toBe('eth0 192.0.2.11/24\n');
    expect(network.run(DEFAULTS).output).toBe('eth0 192.0.2.1\n');
  });

  test('follows a router that has changed, and puts back routes that went with the link', async () => {
    const network = await leased(ONE);
    network.run(`${ONE.replace('router=192.0.2.1', 'router=192.0.2.2')} ${SCRIPT} renew`);
    expect(network.run(DEFAULTS).output).toBe('eth0 192.0.2.2\n');
    network.run('ip link set eth0 down; ip link set eth0 up');
    expect(network.run(DEFAULTS).output).toBe('');
    network.run(`${ONE} ${SCRIPT} renew`);
    expect(network.run(DEFAULTS).output).toBe('eth0 192.0.2.1\n');
  });

  test('reaches the router of a network of one address', async () => {
    const network = await leased('interface=eth0 ip=192.0.2.10 mask=32 router=198.51.100.1');
    expect(network.run('ip route').output).toMatch(
      /^default via 198\.51\.100\.1 dev eth0 [^]*^198\.51\.100\.1 dev eth0 /m,
    );
  });

  test('keeps two cards of one network apart', async () => {
    const network = await leased(ONE, 'interface=eth1 ip=192.0.2.11 mask=24 router=192.0.2.1');
    network.run(`interface=eth0 ${SCRIPT} deconfig`);
    expect(network.run(ADDRESSES).output).toBe('eth1 192.0.2.11/24\n');
    expect(network.run('ip route').output).toMatch(
      /^default via 192\.0\.2\.1 dev eth1 [^\n]*\n192\.0\.2\.0\/24 dev eth1 /,
    );
  });

  test('writes nothing into resolv.conf that a server made up', async () => {
    const network = await leased(
      `${ONE} search='good.example bad -n a;b \nnameserver\n6.6.6.6/\n* x\\ty' domain=other.example ntpsrv=192.0.2.123`,
    );
    expect(network.run(RESOLV).output).toBe(
      'search good.example nameserver\nnameserver 192.0.2.53\nnameserver 192.0.2.54\n',
    );
    expect(network.run('grep ntp /run/cocon/network/eth0').output).toBe('ntp 192.0.2.123\n');
  });

  test.for(['bound', 'renew', 'deconfig'])('takes nothing away at "%s" when /run is full', async (step) => {
    const network = await device();
    network.addCard('eth0');
    network.run('mount -t tmpfs -o size=64k tmpfs /run');
    network.run(`${ONE} ${SCRIPT} bound; dd if=/dev/zero of=/run/full bs=4k`);
    const before = network.run(RESOLV).output;
    expect(before).toBe('nameserver 192.0.2.53\nnameserver 192.0.2.54\n');
    const { output, status } = network.run(`${ONE.replace('192.0.2.54', '192.0.2.55')} ${SCRIPT} ${step}`);
    if (step === 'deconfig') {
      expect(network.run(ADDRESSES).output).toBe('');
      return;
    }
    expect({ output, status }).toEqual({
      output: expect.stringContaining('eth0: its lease is not noted') as unknown,
      status: 1,
    });
    expect(network.run(ADDRESSES).output).toBe('eth0 192.0.2.10/24\n');
    expect(network.run(RESOLV).output).toBe(before);
    // With room again, the next renewal changes what this one could not.
    network.run(`rm /run/full; ${ONE.replace('192.0.2.54', '192.0.2.55')} ${SCRIPT} renew`);
    expect(network.run(RESOLV).output).toBe('nameserver 192.0.2.53\nnameserver 192.0.2.55\n');
  });

  test.for(['68', '1279', '99999', 'x', '-1'])('takes no MTU of %s', async (mtu) => {
    const network = await leased();
    network.run(`mtu=${mtu} ${ONE} ${SCRIPT} bound`);
    expect(network.run('ip link show eth0').output).toContain(' mtu 1500 ');
    expect(network.run(ADDRESSES).output).toBe('eth0 192.0.2.10/24\n');
  });
});

describe('the service network', () => {
  const SERVICE = '/etc/cocon/services.d/network';

  test.for([
    ['ip=192.0.2.7::192.0.2.1:255.255.255.0:gate:eth0:off:192.0.2.53:192.0.2.54', '192.0.2.7/24'],
    ['ip=10.0.0.7::::gate:eth0', '10.0.0.7/8'],
    ['quiet ip=172.16.0.7:172.16.0.2::255.255.240.0:gate::none', '172.16.0.7/20'],
  ] as const)('gives what %s says, once and for all', async ([commandLine, address]) => {
    const network = await device(commandLine);
    network.addCard('eth0');
    const console = network.begin(SERVICE);
    await network.until(`${ADDRESSES} | grep -q .`);
    await expect.poll(console).toContain(`cocon: network: eth0 has ${address.replace(/\/.*/, '')} by ip=\n`);
    expect(network.run(ADDRESSES).output).toBe(`eth0 ${address}\n`);
    const router = commandLine.includes('192.0.2.1:');
    expect(network.run(DEFAULTS).output).toBe(router ? 'eth0 192.0.2.1\n' : '');
    expect(network.run(RESOLV).output).toBe(router ? 'nameserver 192.0.2.53\nnameserver 192.0.2.54\n' : '');
    expect(network.run('hostname; cat /run/hosts').output).toMatch(/^gate\n[^]*127\.0\.1\.1\tgate\n$/);
    expect(network.run('pidof udhcpc').status).toBe(1);
  });

  test('leaves an address of the kernel alone, finds the card by it, and gives the others DHCP', async () => {
    const network = await device('ip=192.0.2.7::192.0.2.1:255.255.255.0::');
    for (const card of ['eth0', 'eth1']) network.addCard(card);
    await network.serve('eth0', { first: '198.51.100.10', options: ['router 198.51.100.1'] });
    network.run('ip addr add 192.0.2.7/24 dev eth1; ip route add default via 192.0.2.1 dev eth1');
    const changes = await network.watchAddresses();
    network.begin(SERVICE);
    await network.until(`${ADDRESSES} | grep -q eth0`);
    expect(network.run(ADDRESSES).output).toMatch(/^eth0 198\.51\.100\.\d+\/24\neth1 192\.0\.2\.7\/24\n$/);
    expect(changes()).not.toContain('eth1');
    // What the command line says comes first.
    expect(network.run(DEFAULTS).output).toBe('eth1 192.0.2.1\neth0 198.51.100.1\n');
    expect(network.run('pgrep -f "udhcpc.* eth1"').status).toBe(1);
  });

  test.for([
    ['ip=off', []],
    ['ip=:::::eth0:off', ['eth1']],
    ['ip=dhcp', ['eth0', 'eth1']],
    ['ip=:::::eth0:dhcp', ['eth0', 'eth1']],
    ['', ['eth0', 'eth1']],
  ] as const)('with "%s" gives DHCP to %j', async ([commandLine, cards]) => {
    const network = await device(commandLine);
    for (const card of ['eth0', 'eth1']) network.addCard(card);
    network.begin(SERVICE);
    await network.until('[ -e /run/cocon/network.cards/eth1 ]');
    const { output } = network.run('cd /run/cocon/network.cards; grep -Lx ip= *');
    expect(output).toBe(cards.map((card) => `${card}\n`).join(''));
  });

  test.for([
    'ip=192.0.2.7::x',
    'ip=[fd00::7]:::64::eth0:off',
    'ip=192.0.2.7:::::eth0:bootp',
    'ip=1.2.3.4:::::$(id)',
    'ip=*',
  ])('reports %s, which it does not understand', async (word) => {
    const network = await device(`a ${word} b`);
    network.addCard('eth0');
    const console = network.begin(SERVICE);
    await network.until('[ -e /run/cocon/network.cards/eth0 ] && pidof udhcpc');
    await expect.poll(console).toBe(`cocon: network: ${word} is not understood and passed over\n`);
  });

  test('starts no second client for a card when it cannot note the first, because /run is full', async () => {
    const network = await device();
    network.addCard('eth0');
    network.run('mount -t tmpfs -o size=64k tmpfs /run');
    network.begin(
      `sed -i s/LOOK_SECONDS=5/LOOK_SECONDS=1/ ${SERVICE}; dd if=/dev/zero of=/run/full bs=4k 2>/dev/null; ${SERVICE}`,
    );
    await network.until('[ -e /run/cocon/network.cards/eth0 ]');
    network.run('sleep 4');
    expect(network.run('pidof udhcpc | wc -w').output).toMatch(/^[01]\n$/);
    network.run('rm /run/full');
    await network.until('[ "$(cat /run/cocon/network.cards/eth0)" = "$(pidof udhcpc)" ]');
  });

  test('serves a card that appears later, starts a client again, and forgets a card that is gone', async () => {
    const network = await device();
    network.addCard('eth0');
    await network.serve('eth0', { first: '192.0.0.10', options: ['dns 192.0.0.53'] });
    network.begin(`sed -i s/LOOK_SECONDS=5/LOOK_SECONDS=1/ ${SERVICE}; ${SERVICE}`);
    await network.until('grep -q 192.0.0.53 /run/resolv.conf');
    network.addCard('eth1');
    await network.serve('eth1', { first: '192.0.1.10', options: ['dns 192.0.1.53'] });
    await network.until('grep -q 192.0.1.53 /run/resolv.conf');
    network.removeCard('eth1');
    await network.until('! grep -q 192.0.1.53 /run/resolv.conf');
    expect(network.run('ps').output).not.toContain('-i eth1');
    // A cable that comes back: the lease is still good for days, and the client asks again at once.
    await network.serve('eth0', { first: '192.0.0.10', options: ['dns 192.0.0.54'] });
    network.run('cd /sys/class/net/eth0; echo 0 >carrier; sleep 2; echo 1 >carrier');
    await network.until('grep -q 192.0.0.54 /run/resolv.conf');
    const old = network.run('cat /run/cocon/network.cards/eth0').output;
    network.run('kill -KILL $(cat /run/cocon/network.cards/eth0)');
    await network.until(`[ "$(cat /run/cocon/network.cards/eth0)" != ${old.trim()} ]`);
    await network.until('grep -q 192.0.0.54 /run/resolv.conf');
  });
});
