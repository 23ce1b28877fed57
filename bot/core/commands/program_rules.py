"""What the programs of a host and its stores do: which of their subcommands and flags read, change or never end.

Form: `program, program = verdict otherwise`, then indented lines `verdict: entries`. An entry is one or more leading
words (`client list`; * matches any characters, `?` any one word), a flag (`--set`), or `*x` for a switch x merged
anywhere into short flags; `~word` counts wherever it stands and never makes anything milder; `$` ends an entry that
must be the whole. `values:` are flags that take a value, `credentials:` such whose value the program uses and does not
show; `bare:` is the verdict without any word; a flag makes a read only beside up to `most:` words (0). Verdicts stand
in `nested`. What is not listed here or in `platform_rules` is unknown, and unknown is high.
"""

RULES = r"""
df, du, ls, stat, wc, file, readlink, realpath, basename, dirname, md5sum, sha1sum, sha256sum, cksum, nl = read
tree = read
  file-write: -o
cat, zcat, head, tac, grep, egrep, fgrep, zgrep, cut, tr, diff, comm, paste, join, strings, column, fold = read
od, cmp, rev, base64, seq, expr, jq, yq, hexdump = read
  file-write: -i, --inplace, --in-place
tail = read
  endless: *f, *F, --follow
uniq, xxd, sysctl = read
  most: 1
sort = read
  file-write: *o, --output
  unknown: --compress-program
echo, printf, true, false, test, [, [[, sleep, pwd, cd, id, whoami, groups, uname, arch, nproc = read
uptime, free, cal = read
date = wide
  values: -d --date -r --reference -f --file
  bare: read
  read: +*, *u, *R, *I, --utc, --universal, --iso-8601, --rfc-3339, --rfc-email, --date, -d, -r
  wide: -s, --set
pushd, popd, export, unset, local, declare, readonly, shift, wait, return, exit, type, which, whereis = read
hash, umask, tty, who, w, last, lastlog, users, getent, locale, lscpu, lsblk, lspci, lsusb, lsmod, blkid = read
ps, pgrep, pidof, pstree, pmap, vmstat, iostat, mpstat, nstat, numastat, lsof, findmnt, modinfo = read
  unknown: --kill, *K
sar, pidstat, sadf = read
  file-write: *o
  unknown: *e
pvs, vgs, lvs, pvdisplay, vgdisplay, lvdisplay, pvscan, dmidecode, lshw, blockdev, lslocks = read
  wide: --cache, --setro, --setra, --flushbufs, --rereadpt, --setrw
zgrep, zcat, bzcat, xzcat, lz4cat, bzgrep, xzgrep, look, numfmt, tsort, shuf, hd, iconv, envsubst, factor = read
  file-write: -o, --output
nproc, logname, pathchk, getconf, locate, runlevel, lsns, lsipc, lsfd, ausearch, aureport = read
iotop, iftop, nethogs, nload, bmon, slabtop, dstat, vmtouch = endless
  most: 9
  read: *b, -t, -o, -n
top, htop, atop, glances = endless
  most: 9
  read: *b
hostname = wide
  bare: read
  read: -f, -s, -i, -I, -A, -d, -y, --fqdn, --short, --long, --ip-address, --all-ip-addresses
hostnamectl, timedatectl, localectl, loginctl, networkctl = wide
  bare: read
  read: status, show, list-timezones, timesync-status, list-sessions, list-users, session-status, list, --no-pager
dmesg = read
  wide: *C, *c, --clear, --read-clear, -n, -D, -E
  endless: *w, --follow
journalctl = read
  values: -u --unit -n --lines -S --since -U --until -p --priority -o --output -t -g --grep -b -M -D
  endless: *f, --follow
  wide: --rotate, --flush, --vacuum-size, --vacuum-time, --vacuum-files, --sync, --update-catalog, --setup-keys
  wide: --relinquish-var, --smart-relinquish-var
nslookup, dig, host, traceroute, tracepath, whois, drill = read
ss, netstat = read
  wide: *K, --kill
  file-write: -D, --diag
  endless: --continuous, -c, --events, *E
resolvectl, systemd-resolve = wide
  bare: read
  read: status, query, statistics, dns, --status, --statistics, --no-pager
ethtool = wide
  most: 1
  read: ? $, -i, -S, -k, -g, -a, -c, -l, -T, -n, -x, --statistics, --driver
  wide: -s, -K, -G, -A, -C, -L, -X, -f, -E, -r, -t, -p, -N, -U, -W, --change, --offload, --reset, --flash
arp = read
  wide: -s, -d, -f, --set, --delete
ping, ping6 = endless
  most: 9
  read: *c, -c, *w
mtr = interactive
  most: 9
  read: *r, --report, -r
nc, ncat, netcat, telnet = interactive
  most: 9
  read: *z
  unknown: -e, -c, -l, *l, --exec, --sh-exec
ip = wide
  values: -n -netns
  bare: read
  read: addr $, address $, a $, link $, l $, route $, r $, neigh $, n $, rule $, ? show, ? list, ? ls, route get
  read: r get
iptables, ip6tables = wide
  most: 9
  read: -L, -S, *L, *S, --list, --list-rules
  wide: -F, -X, -Z, -A, -D, -I, -R, -P, -N, *Z, *F
nft = wide
  read: list
ipvsadm = wide
  most: 9
  read: -L, -l, *L, *l
sysctl = read
  wide: -w, --write, -p, --load, --system, *w, *p, *=*
mount = wide
  bare: read
  values: -t --types
  read: -l, -v, --show-labels
ifconfig, route = wide
  bare: read
  read: -n, -a, -e, -s, -v, *n, *e
curl, wget, find, sed, awk, gawk, mawk, psql, mysql, mariadb, tar, mongosh, mongo, cqlsh, sqlite3 = unknown
clickhouse-client, clickhouse, influx = unknown
openssl = unknown
  most: 9
  public: x509, verify, version, ciphers, crl, req -noout, dgst, crl2pkcs7, asn1parse, list, errstr
  read: s_client, speed, s_time
  secrets: rsa, pkey, ec, dsa, pkcs12, enc, rand
  file-write: -out, -keyout, genrsa, genpkey, req, -writerand
step = unknown
  public: certificate inspect, certificate verify, certificate fingerprint, certificate lint, version
keytool = wide
  public: -list, -printcert
  most: 9
ssh-keyscan = read
jstack, jps, jstat, jinfo = read
  wide: -flag
jcmd = wide
  bare: read
  read: ? Thread.print, ? VM.flags, ? VM.version, ? VM.uptime, ? VM.system_properties, ? VM.command_line, ? VM.info
  read: ? VM.native_memory, ? GC.heap_info, ? GC.class_histogram, ? help, -l, ? Thread.dump_to_file, ? JFR.check
  file-write: ? GC.heap_dump, ? JFR.dump, ? JFR.start, ? JFR.stop, ? Thread.dump_to_file
  medium: ? GC.run
py-spy, rbspy = unknown
  most: 9
  read: dump
  file-write: record
jmap = file-write
  most: 9
  read: -histo, -heap
kill, pkill, killall, xkill, skill, snice = wide
  most: 9
  read: -0, -l, -L
fdisk, crontab = wide
  most: 9
  read: -l
  wide: *r, *e, *i
haproxy = wide
  most: 9
  read: -c, -v, -vv
  wide: -sf, -st, -x, -D
ulimit = wide
  most: 0
  read: -a, -n, -u, -c, -s, -v
chronyc = wide
  read: tracking, sources, sourcestats, activity, ntpdata, serverstats
ntpq, ntpstat = read
  wide: -i
certbot, certbot-auto = wide
  read: certificates, plugins
  medium: renew --dry-run
tcpdump = endless
  most: 99
  read: *c
  file-write: -w, *w
  unknown: -z, *z
zkServer.sh = wide
  read: status, version
zkCli.sh = wide
  values: -server -timeout
  read: ls, ls2, get, stat, getAcl, version, history
  bare: interactive
  endless: -w
kubeadm = wide
  values: --kubeconfig --config
  read: version, certs check-expiration, config print, upgrade plan, config images list
  secrets: token list
fuser = read
  wide: *k, --kill
smartctl = wide
  most: 9
  read: -a, -i, -H, -A, -x, -l, --all, --info, --health, --attributes, --xall, --scan
  wide: -t, --test, -s, -o, -S, -X, --set, --smart, --offlineauto, --saveauto
mdadm = wide
  most: 9
  read: --detail, -D, --examine, -E, --query, -Q
  wide: --fail, --remove, --add, --stop, --create, --grow, --assemble, --manage, -f, -r, -a, -S, -C, -G, -A
  endless: --monitor
multipath = wide
  most: 9
  read: -ll, -l, -t
nvidia-smi = wide
  bare: read
  most: 9
  read: -L, -q, -l, --query-gpu, --format, --list-gpus, dmon, pmon, topo
  endless: -l, --loop, dmon, pmon
  wide: -r, --gpu-reset, -pm, -pl, -mig, -e, -c, -lgc, -rgc
ipmitool = wide
  values: -H -U -P -I -L -f
  read: sel list, sel elist, sel info, sensor list, sensor, sdr, sdr list, chassis status, power status, mc info, fru
  read: chassis power status, lan print, sdr elist
snmpwalk, snmpget, snmpbulkwalk, snmptable, fping, httping = read
  endless: *l
conntrack = wide
  most: 9
  read: -L, -S, -C, -G, --dump, --stats, --count, --get
  wide: -D, -F, -U, -I, --delete, --flush, --update, --create
  endless: -E, --event
bpftool = wide
  read: prog list, prog show, map list, map show, net show, ? list, ? show
tc = wide
  values: -n
  read: qdisc show, class show, filter show, qdisc ls, -s qdisc show, -s class show
reboot, shutdown, halt, poweroff, init, telinit, mkfs, mkfs.ext4, parted, wipefs, mkswap, swapoff, swapon = wide
umount, rsync, lvextend, lvremove = wide
resize2fs, xfs_growfs, fsck, chown, chmod, chgrp, chattr, setfacl, mv = wide
ln, install, scp, sftp, cp, patch, useradd, userdel, usermod, passwd, chpasswd, visudo, modprobe, rmmod = wide
insmod, renice = wide
logrotate = wide
  most: 9
  read: -d, --debug
  wide: -f, --force, *f
dd, sync, at, update-rc.d, ufw, firewall-cmd, setenforce, pt-kill, varnishd, postsuper = wide
touch, mkdir, fallocate, tee, split, csplit, mkfifo, mktemp, gzip, gunzip, bzip2, xz, zip, unzip = file-write
rm, rmdir, unlink, shred, truncate, srm = files
env, printenv = secrets
history, fc = secrets
less, more, zless, zmore, man, most = pager
  file-write: -o, -O, --log-file, --LOG-FILE
  unknown: -P, --pager, -k, --lesskey-file, --lesskey-content
vi, vim, nano, emacs, view, screen, tmux, script, fg = interactive
perf, strace, ltrace, bpftrace, gdb = unknown
pg_isready, pg_config, pg_controldata, mysqlshow, pg_waldump, pg_amcheck, pg_test_timing = read
innochecksum, myisamchk = read
  wide: *r, --recover, --force, -o, --safe-recover, -f
pgbadger, pt-query-digest, pt-summary, pt-mysql-summary, pg_gather = file-write
pt-heartbeat = wide
  read: --check
  most: 9
pgmetrics, pg_activity, pgcenter, pg_top, innotop, mytop = endless
mysqldumpslow = read
mysqladmin = wide
  values: -h -P -u -p -S --host --port --user --socket
  read: ping, status, extended-status, processlist, variables, version
  wide: ~shutdown, ~kill, ~drop, ~create, ~password, ~reload, ~refresh, ~start-slave, ~stop-slave, ~flush-hosts
  wide: ~start-replica, ~stop-replica, ~flush-logs, ~flush-privileges, ~flush-status, ~flush-tables, ~flush-threads
  wide: ~debug, ~old-password
  credentials: --ssl-key --ssl-cert --ssl-ca
pg_ctl, pg_resetwal, mysqlimport, repmgr, patronictl, pg_ctlcluster, pg_repack, pg_auto_failover, stolonctl = wide
  values: -D -f -c --config-file -l -t -o -k --pgdata
  read: status, list, show-config, topology, cluster show, node status, history, version, node check, show state
  read: cluster crosscheck, cluster matrix, ? status
  secrets: dsn
pg_lsclusters, pg_dirtyread = read
pg_restore = wide
  most: 9
  read: -l, --list
  wide: -d, --dbname, *c, --clean
pgbackrest, barman, wal-g, wal-e, pgbouncer, mydumper, xtrabackup, mariabackup = wide
  values: --stanza --config -c
  read: info, check, list-server, list-backup, show-backup, show-server, status, backup-list, wal-show, version, -V
  read: --version, wal-verify
  most: 0
pg_dump, pg_dumpall, mysqldump, mongodump, pg_basebackup = secrets
  file-write: -f, --file, --result-file, --out, -o, -D
redis-cli, valkey-cli, keydb-cli = wide
  values: -h -p -a -n -u -s -r -i -t --user --pass --pattern --count --type --tls-port --sni -D -d --rdb --functions-rdb
  bare: interactive
  read: ping, info, dbsize, get, mget, getrange, strlen, exists, ttl, pttl, type, object, dump, touch, randomkey, time
  read: cluster countkeysinslot, cluster keyslot, cluster getkeysinslot, cluster links, cluster replicas
  read: script exists
  read: object encoding, object idletime, object freq, object refcount, function list, function stats, acl cat
  read: acl log
  read: geopos, geodist, zrevrank, zrangebylex, zmscore, hrandfield, hstrlen, lpos, smismember, xrevrange, config help
  read: readonly, select, hello, auth, wait, memory malloc-stats, expiretime, sort_ro, bitpos, getbit
  read: client trackinginfo
  read: llen, lrange, lindex, hget, hgetall, hmget, hlen, hkeys, hvals, hexists, scard, smembers, sismember
  read: srandmember
  read: zcard, zcount, zrange, zrevrange, zrangebyscore, zscore, zrank, xlen, xrange, xinfo, xpending, keys, scan
  read: sscan
  read: hscan, zscan, memory usage, memory stats, memory doctor, client list, client info, client getname, client id
  read: config get, slowlog get, slowlog len, latency latest, latency doctor, latency history, latency graph, role
  read: cluster info, cluster nodes, cluster slots, cluster shards, cluster myid, command, lastsave, echo, pubsub
  read: help
  read: sentinel masters, sentinel master, sentinel replicas, sentinel slaves, sentinel get-master-addr-by-name
  read: module list, acl whoami, bitcount, pfcount, sentinel ckquorum, sentinel sentinels, lolwut, debug object
  read: --bigkeys, --memkeys, --hotkeys, --scan, --version
  secrets: acl list, acl getuser, config get *pass*, config get masterauth, config get \*, config get *auth*
  credentials: --cacert --cert --key --cacertdir
  endless: monitor, subscribe, psubscribe, --stat, --latency, --latency-history, --latency-dist, ssubscribe, sync
  endless: psync
  endless: --intrinsic-latency
  cache: flushdb, del, unlink, client kill, memory purge, script flush, expire, pexpire, hdel, client unpause
  cache: slowlog reset, latency reset, config resetstat, expireat, pexpireat, getdel
  medium: bgsave, bgrewriteaof, persist
  cache-all: flushall
  wide: --eval, --pipe, --rdb, --cluster, --functions-rdb, --replica, -x
  read: --cluster check, --cluster info
memcached-tool = unknown
  read: ? stats, ? display, ? settings, ? sizes
varnishadm = wide
  values: -T -S -t -n
  read: status, ping, backend.list, ban.list, vcl.list, param.show, banner, storage.list, panel.show, panic.show
  cache: ban, ban.url
  bare: interactive
varnishstat = interactive
  most: 9
  read: -1, -j, -x
varnishlog, varnishtop, varnishncsa = endless
nginx, openresty = wide
  values: -c -p -e
  read: -t, -T, -v, -V, *t, *T
  medium: reload -s, reopen -s
  unknown: -g
apachectl, apache2ctl, httpd, apache2 = wide
  most: 9
  read: -t, -S, -v, -V, -M, configtest, status, fullstatus
  wide: -k, -D, -C, -c, -E
  medium: graceful, -k graceful
php-fpm, uwsgi, gunicorn = wide
  most: 0
  read: -t, -tt, -v, -i, -m, --version, --check-config, *t
passenger-status, passenger-memory-stats, mailq = read
squidclient = wide
  values: -h -p
  read: mgr:info, mgr:menu, mgr:counters, mgr:5min, mgr:60min, mgr:utilization, mgr:mem, mgr:storedir, mgr:ipcache
  read: mgr:client_list, mgr:active_requests, mgr:filedescriptors, mgr:server_list, mgr:io
postqueue = wide
  most: 9
  read: -p, -j
  wide: -f, -i, -s
postcat, postconf = read
  wide: -e, -X, -M, -F
exim, exim4 = wide
  most: 9
  read: -bp, -bpc, -bP, -bV, -bt
  wide: *M, -qf, -qff, -R, -S, -q
varnishadm = wide
service, rc-service = wide
  read: ? status, --status-all
  restart: ? restart, ? reload, ? force-reload, ? start, ? condrestart, ? try-restart
systemctl = wide
  values: -n --lines -H --host -M -p --property -t --type --state -o --output
  bare: read
  read: status, show, is-active, is-enabled, is-failed, list-units, list-unit-files, list-timers, list-jobs, cat, help
  read: list-dependencies, list-sockets, get-default, is-system-running, list-machines, show-environment, --failed, -a
  read: --all, --no-pager, -l, --full, --no-legend, --plain, -q, --quiet, --version, --user, -r
  restart: restart, reload, try-restart, reload-or-restart, start, condrestart, force-reload, try-reload-or-restart
  medium: reset-failed, daemon-reload
  wide: --force, -ff
supervisorctl = wide
  values: -c -s -u -p
  bare: interactive
  read: status, pid, avail, version, maintail, tail
  restart: restart, start
  wide: ~all
monit = wide
  read: status, summary, report, validate-config, -t
  restart: restart, start, monitor
initctl, sv = wide
  read: status, list, version
  restart: restart, start, reload
pm2 = wide
  read: list, ls, status, show, describe, info, prettylist, jlist, env, --version
  endless: logs, monit
  restart: restart, reload
lua, node, python, python2, python3, perl, ruby, php, java, sqlplus, sqlcmd = unknown
  most: 0
  read: --version, -version, -V
set = unknown
  most: 0
  read: -e, -x, -u, -eu, -ex, -euo, -eux, +x, +e, -o
eval, source, ., alias, trap, parallel, make, expect = unknown
"""
