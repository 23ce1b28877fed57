"""What common programs do, as a table: which of their subcommands and flags read, change, delete or never end.

Form: `program, program = verdict otherwise`, then indented lines `verdict: entries`. An entry is one or more leading
words (`client list`; * matches any characters, `?` any one word), a flag (`--set`), or `*x` for a switch x merged
anywhere into short flags; `$` ends an entry that must be the whole. `values:` are flags that take a value; `bare:` is
the verdict without any word; a flag makes a read only beside up to `most:` words (0). Verdicts stand in `nested`.
What is not listed here is unknown, and unknown is high.
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
echo, printf, true, false, test, [, [[, sleep, pwd, cd, id, whoami, groups, uname, arch, nproc, uptime, free, cal = read
date = read
  wide: -s, --set
pushd, popd, export, unset, local, declare, readonly, shift, wait, return, exit, type, which, whereis = read
hash, umask, tty, who, w, last, lastlog, users, getent, locale, lscpu, lsblk, lspci, lsusb, lsmod, blkid = read
ps, pgrep, pidof, pstree, pmap, vmstat, iostat, mpstat, sar, nstat, numastat, lsof, findmnt, modinfo, pidstat = read
  unknown: --kill, *K
top, htop, atop, glances = endless
  most: 9
  read: *b
hostname = wide
  bare: read
hostnamectl, timedatectl, localectl = wide
  bare: read
  read: status, show
dmesg = read
  wide: *C, *c, --clear, --read-clear, -n, -D, -E
  endless: *w, --follow
journalctl = read
  values: -u --unit -n --lines -S --since -U --until -p --priority -o --output -t -g --grep -b -M -D
  endless: *f, --follow
  wide: --rotate, --flush, --vacuum-size, --vacuum-time, --vacuum-files, --sync
nslookup, dig, host, traceroute, tracepath, whois, drill = read
ss, netstat = read
  wide: *K, --kill
  endless: --continuous, -c, --events, *E
resolvectl, systemd-resolve = wide
  bare: read
  read: status, query, statistics, dns, --status, --statistics
ethtool = wide
  most: 1
  read: ? $, -i, -S, -k, -g, -a, -c, -l, -T, -n, -x, --statistics, --driver
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
  read: addr $, address $, a $, link $, l $, route $, r $, neigh $, n $, rule $, ? show, ? list, ? ls, route get, r get
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
ifconfig, route = wide
  bare: read
  read: -n, -a, -e
curl, wget, find, sed, awk, gawk, mawk, psql, mysql, mariadb, tar, mongosh, mongo, cqlsh, sqlite3 = unknown
clickhouse-client, clickhouse, influx = unknown
openssl = unknown
  most: 9
  read: x509, s_client, verify, version, ciphers, crl
  file-write: -out
jstack, jps, jstat, jinfo = read
  wide: -flag
jcmd = wide
  bare: read
  read: ? Thread.print, ? VM.flags, ? VM.version, ? VM.uptime, ? VM.system_properties, ? VM.command_line, ? VM.info
  read: ? VM.native_memory, ? GC.heap_info, ? GC.class_histogram, ? help, -l
jmap = file-write
  most: 9
  read: -histo, -heap
kill, pkill, killall, xkill, skill = wide
  most: 9
  read: -0, -l, -L
fdisk, crontab = wide
  most: 9
  read: -l
haproxy = wide
  most: 9
  read: -c, -v, -vv
ulimit = wide
  most: 0
  read: -a, -n, -u, -c, -s, -v
chronyc = wide
  read: tracking, sources, sourcestats, activity, ntpdata, serverstats
ntpq, ntpstat = read
  wide: -i
certbot = wide
  read: certificates, plugins
tcpdump = endless
  most: 99
  read: *c
  file-write: -w, *w
  unknown: -z, *z
zkServer.sh = wide
  read: status, version
zkCli.sh = wide
  values: -server -timeout
  read: ls, get, stat, getAcl
  bare: interactive
kubeadm = wide
  read: version, token list, certs check-expiration, config print, upgrade plan
reboot, shutdown, halt, poweroff, init, telinit, mkfs, mkfs.ext4, parted, wipefs, mkswap, swapoff, swapon = wide
umount, rsync, lvextend, lvremove = wide
resize2fs, xfs_growfs, fsck, chown, chmod, chgrp, chattr, setfacl, mv = wide
ln, install, scp, sftp, cp, patch, useradd, userdel, usermod, passwd, chpasswd, visudo, modprobe, rmmod = wide
insmod, renice = wide
dd, sync, tc, logrotate, at, update-rc.d, ufw, firewall-cmd, setenforce, pt-kill, varnishd = wide
touch, mkdir, fallocate, tee, split, csplit, mkfifo, mktemp, gzip, gunzip, bzip2, xz, zip, unzip = file-write
rm, rmdir, unlink, shred, truncate, srm = files
env, printenv = secrets
history, fc = secrets
less, more, vi, vim, nano, emacs, view, screen, tmux, script, fg = interactive
perf, strace, ltrace, bpftrace, gdb = unknown
pg_isready, pg_config, pg_controldata, mysqlshow, clickhouse-benchmark, pgbadger = read
mysqladmin = wide
  values: -h -P -u -p -S --host --port --user --socket
  read: ping, status, extended-status, processlist, variables, version
pg_ctl, pg_resetwal, pg_restore, mysqlimport, repmgr, patronictl, pg_ctlcluster, pg_repack = wide
  read: status, list, show-config, topology, cluster show, node status, history, -l, version
pg_dump, pg_dumpall, mysqldump, mongodump, pg_basebackup = secrets
  file-write: -f, --file, --result-file, --out, -o, -D
redis-cli, valkey-cli, keydb-cli = wide
  values: -h -p -a -n -u -s -r -i -t --user --pass --tls-port --cacert --cert --key --sni -D -d --rdb --functions-rdb
  bare: interactive
  read: ping, info, dbsize, get, mget, getrange, strlen, exists, ttl, pttl, type, object, dump, touch, randomkey, time
  read: llen, lrange, lindex, hget, hgetall, hmget, hlen, hkeys, hvals, hexists, scard, smembers, sismember, srandmember
  read: zcard, zcount, zrange, zrevrange, zrangebyscore, zscore, zrank, xlen, xrange, xinfo, xpending, keys, scan, sscan
  read: hscan, zscan, memory usage, memory stats, memory doctor, client list, client info, client getname, client id
  read: config get, slowlog get, slowlog len, latency latest, latency doctor, latency history, latency graph, role
  read: cluster info, cluster nodes, cluster slots, cluster shards, cluster myid, command, lastsave, echo, pubsub, help
  read: sentinel masters, sentinel master, sentinel replicas, sentinel slaves, sentinel get-master-addr-by-name
  read: module list, acl whoami, bitcount, pfcount, sentinel ckquorum, sentinel sentinels, lolwut, debug object
  read: --bigkeys, --memkeys, --hotkeys, --scan, --version
  secrets: acl list, acl getuser, config get *pass*, config get masterauth, config get \*
  endless: monitor, subscribe, psubscribe, --stat, --latency, --latency-history, --latency-dist, blpop, brpop, replica
  cache: flushdb, del, unlink, client kill, memory purge, script flush, expire, pexpire, hdel, client unpause
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
  most: 9
  read: -t, -T, -v, -V, *t, *T
  wide: -s
  medium: -s reload, -s reopen
apachectl, apache2ctl, httpd = wide
  most: 9
  read: -t, -S, -v, -V, -M, configtest, status, fullstatus
service = wide
  read: ? status, --status-all
  medium: ? restart, ? reload
systemctl = wide
  values: -n --lines -H --host -M -p --property -t --type --state -o --output
  bare: read
  read: status, show, is-active, is-enabled, is-failed, list-units, list-unit-files, list-timers, list-jobs, cat, help
  read: list-dependencies, list-sockets, get-default, is-system-running
  medium: restart, reload, try-restart, reload-or-restart, reset-failed, start, daemon-reload
supervisorctl = wide
  values: -c -s -u -p
  bare: interactive
  read: status, pid, avail, version, maintail, tail
  medium: restart, start, signal
pm2 = wide
  read: list, ls, status, show, describe, info, prettylist, jlist
  endless: logs, monit
  medium: restart, reload
docker, podman, nerdctl, crictl, ctr = wide
  values: -H --host -c --context -n --namespace -r --runtime-endpoint -i --image-endpoint -f --format --filter --tail
  read: ps, images, image ls, image list, inspect, info, version, stats --no-stream, port, diff, history, network ls
  read: network inspect, volume ls, volume inspect, system df, container ls, container inspect, pods, inspectp, inspecti
  read: node ls, service ls, service ps, stack ls, stack ps, search, imagefsinfo, logs, top, events --since, compose ps
  read: container logs, containers ls, tasks ls, node ps, swarm ca, imagefsinfo, compose logs, compose config
  endless: -f, --follow, events, stats, attach, wait
  medium: restart, container restart, compose restart, start, unpause
helm = wide
  values: -n --namespace --kube-context --kubeconfig -o --output --revision --version -f --values --set --max
  read: list, ls, status, history, hist, show, search, version, template, lint, repo list, env, diff, get manifest
  read: get notes, get hooks, get metadata, plugin list, dependency list, verify, inspect
  secrets: get values, get all
  file-write: pull, repo add, repo update, package, create, dependency update, dependency build
git = wide
  values: -C -c
  read: status, log, diff, show, branch -a, branch -r, remote -v, blame, rev-parse, ls-files, ls-remote, describe
  read: fetch, shortlog, reflog, config --get, config --list, grep, cat-file, rev-list, stash list, tag -l, name-rev
  file-write: clone, pull, checkout, switch, add, commit, stash, worktree, init
terraform, tofu, terragrunt = wide
  read: plan, show, validate, version, state list, output, providers, graph, workspace list, workspace show, fmt -check
  secrets: state pull, state show
  file-write: init, fmt, get
ansible, ansible-playbook = wide
  most: 9
  values: -i -m -a -u -e -l -f
  read: --list-hosts, --list-tasks, --syntax-check
istioctl, linkerd = wide
  read: proxy-status, ps, proxy-config, pc, analyze, version, x describe, experimental describe, check, stat, viz stat
  read: viz edges, edges, endpoints, diagnostics, validate, top
  wide: proxy-config log, pc log
  endless: dashboard, viz tap, viz dashboard, tap
argocd = wide
  read: app list, app get, app diff, app history, app manifests, app resources, app logs, cluster list, cluster get
  read: repo list, proj list, proj get, version, account list, context, app wait
  medium: app sync
flux = wide
  read: get, check, logs, stats, tree, version, events, trace, export, diff
  medium: reconcile, suspend, resume
vault = wide
  read: status, version, secrets list, auth list, policy list, token capabilities, operator raft list-peers, print
  read: operator raft autopilot, kv list, list, path-help
  secrets: read, kv get, token lookup, policy read
consul = wide
  read: members, info, catalog, operator raft list-peers, kv get, version, monitor, validate, rtt, snapshot inspect
nomad = wide
  read: status, job status, node status, alloc status, alloc logs, server members, version, job plan, eval status
etcdctl, etcdutl = wide
  values: --endpoints --cacert --cert --key --user -w --write-out --dial-timeout --command-timeout
  read: endpoint, member list, alarm list, version, snapshot status, user list, role list, get
  secrets: get /registry/secrets*
  endless: watch, elect, lock
  file-write: snapshot save
  medium: defrag, alarm disarm, compact, compaction
  wide: del, put
kafka-topics.sh, kafka-topics, kafka-configs.sh, kafka-configs, kafka-acls.sh, kafka-acls = wide
  most: 9
  read: --list, --describe
  wide: --delete, --create, --alter, --add, --remove
kafka-consumer-groups.sh, kafka-consumer-groups = wide
  most: 9
  read: --list, --describe
  wide: --delete, --reset-offsets, --delete-offsets
kafka-broker-api-versions.sh, kafka-log-dirs.sh, kafka-log-dirs, kafka-get-offsets.sh, kafkacat, kcat = read
  wide: -P
kafka-console-consumer.sh, kafka-console-consumer = endless
  most: 9
  read: --max-messages, --timeout-ms
rabbitmqctl, rabbitmq-diagnostics = wide
  values: -n -p -t --node --vhost --timeout
  read: status, cluster_status, list_*, node_health_check, report, environment, ping, check_*, memory_breakdown
  read: version, server_version, listeners, alarms, list
rabbitmqadmin = wide
  values: -H -P -u -p -V
  read: list, show
nodetool = wide
  values: -h -p -u -pw
  read: status, info, tpstats, ring, compactionstats, cfstats, tablestats, netstats, gossipinfo, describecluster
  read: version, proxyhistograms, tablehistograms, statusbinary, statusgossip, gcstats, describering, failuredetector
aws = wide
  values: --region --profile --output --query --endpoint-url --filters --no-cli-pager
  read: ? describe-*, ? list-*, ? get-*, ? batch-get-*, ? head-*, ? lookup-*, ? search-*, ? filter-*, ? scan, ? query
  read: s3 ls, sts get-caller-identity, logs filter-log-events, help, ? wait, ? estimate-*, ? check-*, ? test-*
  endless: logs tail
  secrets: secretsmanager get-secret-value, ssm get-parameter, ssm get-parameters, ssm get-parameters-by-path
  secrets: ecr get-login-password, ecr get-login, sts get-session-token, kms get-*, iam get-credential-report
  secrets: eks get-token, ecr get-authorization-token, ec2 get-password-data, sts get-federation-token
gcloud = wide
  values: --project --zone --region --format --filter --limit --account --cluster --instance
  read: ? list, ? ? list, ? ? ? list, ? describe, ? ? describe, ? ? ? describe, logging read, info, version
  read: config get-value, config list
  read: ? ? get-health, ? ? get-iam-policy, ? get-iam-policy, ? ? get-server-config, ? ? get-status, projects list
  secrets: secrets versions access, auth print-access-token, auth print-identity-token
az = wide
  values: -g --resource-group -n --name --subscription -o --output --query -l
  read: ? list, ? ? list, ? ? ? list, ? show, ? ? show, ? ? ? show, version, ? ? get-instance-view, ? list-*, ? ? list-*
  secrets: keyvault secret show, ? keys list, ? ? keys list, ? ? list-keys, account get-access-token
apt, apt-get, apt-cache, yum, dnf, apk, snap, brew = wide
  read: list, search, show, info, policy, repolist, list-installed, check-update
rpm, dpkg, dpkg-query = wide
  most: 9
  read: -q, -qa, -qi, -ql, -qf, -l, -L, -s, -S, --query, --list, --status
pip, pip3, npm, yarn, gem, go, cargo = wide
  read: list, show, freeze, version, --version, ls, outdated, view
promtool, amtool = wide
  values: --alertmanager.url
  read: check, query, alert, alert query, silence query, cluster, config show, config routes, test, alert show
  medium: silence add, silence expire
lua, node, python, python2, python3, perl, ruby, php, java, sqlplus, sqlcmd = unknown
  most: 0
  read: --version, -version, -V
eval, source, ., set, alias, trap, parallel, make, expect = unknown
"""
