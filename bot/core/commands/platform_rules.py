"""What the tools of platforms do: containers, clusters, deployment, version control, brokers, storage, job queues.

The form is that of `program_rules`. A kubectl plugin stands here under the name that kubectl looks for: `kubectl-argo`.
"""

RULES = r"""
docker, podman, nerdctl, crictl = wide
  values: -H --host -c --context -n --namespace -r --runtime-endpoint -i --image-endpoint -f --format --filter --tail
  values: --address --since --until --last
  credentials: --tlscert --tlskey --tlscacert
  read: ps, images, image ls, image list, inspect, info, version, stats --no-stream, port, diff, history
  read: network ls, network inspect, volume ls, volume inspect, system df, container ls, container list, top
  read: container inspect, container top, container port, container diff, container stats --no-stream, image inspect
  read: image history, pods, inspectp, inspecti, search, imagefsinfo, logs, container logs, events --since, statsp
  read: node ls, node inspect, node ps, service ls, service ps, service inspect, service logs, stack ls, stack ps
  read: stack services, compose ps, compose ls, compose top, compose logs, compose images, compose port
  read: manifest inspect, compose version, config ls, secret ls, plugin ls, context ls, pod ps, pod ls, pod inspect
  read: pod stats, pod top, buildx ls, buildx du
  endless: logs -f, logs --follow, container logs -f, compose logs -f, compose logs --follow, service logs -f, events
  endless: stats, attach, wait, system events, compose events, container stats, service logs --follow, container wait
  secrets: compose config, secret inspect, config inspect
  file-write: pull, image pull, images pull, compose pull, save, export, image save, container export, manifest create
  restart: restart, container restart, compose restart, start, unpause, container start, compose start
  restart: compose unpause
ctr = wide
  values: -n --namespace -a --address --timeout
  read: version, info, images ls, images list, images check, containers ls, containers list, containers info, tasks ls
  read: tasks list, tasks ps, tasks metrics, snapshots ls, snapshots list, content ls, namespaces ls, plugins ls, c ls
  read: i ls, image ls, container ls, task ls, t ls
  endless: events, tasks attach
docker-compose, podman-compose = wide
  values: -f --file -p --project-name --env-file --profile -H --host --tail --project-directory
  read: ps, top, images, port, version, logs, ls
  secrets: config
  endless: logs -f, logs --follow, events
  file-write: pull
  restart: restart, start, unpause
helm = wide
  values: -n --namespace --kube-context --kubeconfig -o --output --revision --version -f --values --set --max
  values: --set-string --timeout --post-renderer
  read: list, ls, status, history, hist, show, search, version, template, lint, repo list, env, diff, get manifest
  read: get notes, get hooks, get metadata, plugin list, dependency list, verify, inspect, upgrade --dry-run
  read: install --dry-run, rollback --dry-run, uninstall --dry-run, dep list, upgrade --install --dry-run
  read: upgrade -i --dry-run, upgrade --dry-run=server, upgrade --dry-run=client, get $
  secrets: get values, get all
  file-write: pull, repo add, repo update, package, create, dependency update, dependency build, --output-dir, fetch
  unknown: --post-renderer
helmfile = wide
  values: -e --environment -f --file -l --selector
  read: list, diff, lint, status, template, version, deps, show-dag
  unknown: --post-renderer
kustomize = wide
  read: build, version, cfg tree, cfg count
  file-write: -o, --output
  unknown: --enable-exec, --enable-alpha-plugins
git = wide
  values: -C -c --git-dir --work-tree
  read: status, log, diff, show, branch -a $, branch -r $, branch --list, branch $, branch -vv $
  read: remote -v $, remote $, remote show, blame, rev-parse, ls-files, ls-tree, ls-remote, describe, shortlog, reflog $
  read: reflog show, config --get, config --list, config -l, grep, cat-file, rev-list, stash list, stash show, tag -l
  read: name-rev, diff-tree, merge-base, for-each-ref, show-ref, whatchanged, tag --list, tag $, worktree list
  read: version
  read: cherry, count-objects, check-ignore, range-diff, symbolic-ref $, bisect log, submodule status, help, var
  file-write: clone, pull, fetch, checkout, switch, add, commit, stash, worktree, init, bisect, cherry-pick, submodule
  file-write: branch, tag, restore, apply, am, merge, --output
  read: branch -v $, branch --all $
  wide: branch --unset-upstream, branch -m, branch -u, branch -f, branch -M, branch --edit-description
  wide: push, stash drop, stash clear, stash pop, branch -d, branch -D, tag -d, restore --worktree, worktree remove
  wide: -D, --delete, --force, --hard, --mirror, --prune, --force-with-lease, worktree prune, checkout --force
  unknown: *O, -c, --exec-path, --upload-pack, --receive-pack, --exec, -O, --open-files-in-pager, --ext-diff, --textconv
  unknown: -x, submodule foreach, bisect run, --config-env, filter-branch
gh, glab = wide
  values: -R --repo -L --limit -q --jq -t --template --json --branch -b -w --workflow
  read: run list, run view, run watch, pr list, pr view, pr diff, pr checks, pr status, issue list, issue view, status
  read: repo view, repo list, release list, release view, workflow list, workflow view, search, version, auth status
  read: issue status, label list, cache list, gist list, gist view, ruleset list, org list, ci list, ci view, mr list
  read: mr view, mr diff, ci status, ci trace, variable list, secret list, project list
  secrets: auth token, auth status --show-token, auth status -t
  file-write: repo clone, pr checkout, run download, release download
  medium: run rerun, run cancel, issue comment, pr comment, issue create, ci retry, issue close
terraform, tofu, terragrunt = wide
  values: -var -var-file -target
  read: plan, show, validate, version, state list, providers, graph, workspace list, workspace show, fmt -check
  read: output
  read: run-all plan, run-all validate, run --all plan, hclfmt --terragrunt-check, metadata, -version, --version
  secrets: state pull, state show, output -json, output -raw, show -json
  file-write: init, fmt, get, -out, -generate-config-out, hclfmt
pulumi = wide
  values: -s --stack -C --cwd
  read: preview, stack ls, whoami, version, about, plugin ls, stack $, stack history, logs
  secrets: config, stack export, stack output, config get, --show-secrets
  wide: config set, config rm
packer = wide
  read: validate, inspect, version, fmt -check
ansible, ansible-playbook = wide
  most: 9
  values: -i -m -a -u -e -l -f
  read: --list-hosts, --list-tasks, --syntax-check, --list-tags, --version
ansible-inventory, ansible-doc, ansible-lint = read
  file-write: --output
salt, salt-call = wide
  values: -t --timeout
  read: ? test.ping, ? test.version, ? status.uptime, ? disk.usage, ? grains.items, ? grains.get, ? service.status
  read: ? status.loadavg, ? pkg.version, ? network.ip_addrs, test.ping
knife = wide
  read: node list, node show, search, status, client list, environment list, environment show, role list, role show
puppet = wide
  read: agent --noop, --version, config print, module list, resource $
istioctl, linkerd = wide
  values: -n --namespace -i --istioNamespace -o --output --context
  read: proxy-status, ps, proxy-config, pc, analyze, version, x describe, experimental describe, check, stat, viz stat
  read: viz edges, edges, endpoints, diagnostics, validate, viz top, x precheck, x check-inject, x authz check, routes
  read: viz routes, viz list, viz check, tag list, x injector list, authz, multicluster gateways, identity
  read: profile list
  secrets: proxy-config secret -o, pc secret -o, pc s -o
  wide: proxy-config log --level, pc log --level, proxy-config log --reset, pc log --reset, --level, --reset, -r
  endless: dashboard, viz tap, viz dashboard, tap, d, top, viz top
cilium, hubble = wide
  values: -n --namespace --pod -o --output
  read: status, version, config $, endpoint list, endpoint get, service list, bpf * list, node list, identity list
  read: policy get, policy trace, policy selectors, connectivity perf, list nodes, observe, config view
  read: map list, map get, metrics list, bgp peers, bgp routes, clustermesh status, encryption status, health status
  endless: monitor, hubble ui, observe -f, observe --follow
calicoctl = wide
  values: -o --output -n --namespace -c --config
  read: get, node status, version, ipam show, ipam check, node diags, node checksystem, cluster diags
argocd = wide
  values: --server --auth-token --grpc-web-root-path -o --output --context --core --revision --resource --label -l
  read: app list, app get, app diff, app history, app manifests, app resources, app logs, cluster list, cluster get
  read: repo list, repo get, proj list, proj get, version, account list, app wait, account can-i, account get
  read: context $, account get-user-info, appset list, appset get, app sync --dry-run, app get-resource
  read: proj windows list
  read: cert list, gpg list, app actions list
  secrets: account generate-token, account bcrypt, cluster get-credentials
  endless: app logs -f, app logs --follow
  medium: app sync, app terminate-op, app get --refresh, app get --hard-refresh, --refresh, --hard-refresh
  wide: --prune, --force, --replace, --all, app sync -l, app sync --selector, --local
flux = wide
  values: -n --namespace --context --kubeconfig --timeout
  read: get, check, logs, stats, tree, version, events, trace, export, diff, debug helmrelease, list
  secrets: --with-credentials, --export-secret-values, debug helmrelease --show-values, --show-values, --show-vars
  endless: logs -f, logs --follow, get --watch, get -w, events --watch
  medium: reconcile, suspend, resume
  wide: --all, --force, --reset
kubectl-argo = wide
  values: -n --namespace -o --output --timeout
  read: rollouts get, rollouts list, rollouts status, rollouts version, rollouts lint, list, get, logs
  endless: rollouts get -w, rollouts get --watch, rollouts dashboard, logs -f, watch
  medium: rollouts pause, rollouts retry
argo = wide
  values: -n --namespace -o --output
  read: list, get, logs, cron list, cron get, template list, template get, lint, version, archive list, archive get
  endless: logs -f, watch, logs --follow
  secrets: auth token
kubectl-neat, kubectl-tree, kubectl-who-can, kubectl-images, kubectl-df-pv = read
kubectl-view-utilization, kubectl-score = read
kubectl-outdated, kubectl-popeye, kubectl-deprecations, kubectl-lineage, kubectl-blame, kubectl-access-matrix = read
kubectl-rbac-lookup, kubectl-rbac-tool, kubectl-get-all, kubectl-resource-capacity, kubectl-node-resource = read
kubectl-sick-pods, kubectl-unused-volumes, kubectl-np-viewer, popeye, kubent, pluto, kubeconform = read
kubeval, kube-score = read
  file-write: --save, --output-file
stern, kubectl-stern, kail, kubetail = endless
  most: 9
  read: --no-follow
kubectl-krew = wide
  read: list, search, info, version
kubectl-ctx, kubectl-ns, kubectx, kubens = wide
  bare: read
  read: -c, --current
kubectl-cnpg = wide
  values: -n --namespace
  read: status, version, report, psql-version, fio-status
  medium: reload, restart
kubectl-cert-manager, cmctl = wide
  values: -n --namespace
  read: status, check, inspect, version
  secrets: inspect secret
  medium: renew
  wide: --all
velero = wide
  values: -n --namespace -o --output
  read: backup get, backup describe, backup logs, restore get, restore describe, restore logs, schedule get, version
  read: backup-location get, snapshot-location get, schedule describe, plugin get, get, describe, repo get
  medium: backup create
  file-write: backup download, debug
kind, minikube, k3d = wide
  read: get, status, version, profile list, node list, service list, ip, cluster list, addons list, logs
  secrets: get kubeconfig
k3s, rke2, microk8s = wide
  read: --version, status, version, check-config, etcd-snapshot ls, etcd-snapshot list
k9s, lazydocker, octant, lens, kubie, ctop = interactive
eksctl = wide
  values: --cluster --region -r --name --profile -o
  read: get, version, utils describe-stacks, info
  file-write: utils write-kubeconfig
kops = wide
  values: --name --state
  read: get, validate, version, toolbox dump
  secrets: get secrets, export kubeconfig, get keypairs
kubelet, kube-proxy, kube-apiserver, containerd, dockerd, etcd, coredns = wide
  most: 0
  read: --version, -version, --validate
vault = wide
  values: -address -namespace -format -field
  credentials: -ca-cert -client-cert -client-key
  read: status, version, secrets list, auth list, policy list, token capabilities, operator raft list-peers, kv list
  read: operator raft autopilot state, operator raft autopilot get-config, list, path-help, audit list, plugin list
  read: operator members, namespace list, kv metadata get, operator key-status, operator usage
  secrets: read, kv get, token lookup, policy read, print, unwrap, operator raft snapshot save
consul = wide
  values: -datacenter -http-addr -namespace
  credentials: -ca-file -client-cert -client-key -token -token-file
  read: members, info, catalog, operator raft list-peers, kv get, version, validate, rtt, snapshot inspect
  read: services list
  read: operator autopilot get-config, operator autopilot state, acl policy list, acl role list, intention list
  read: intention check, intention get, config list, config read, peering list, connect ca get-config, kv export
  secrets: acl token list, acl token read, keyring -list
  endless: monitor, watch, lock
  file-write: snapshot save
  medium: reload
nomad = wide
  values: -address -namespace -region
  credentials: -ca-cert -client-cert -client-key -token
  read: status, job status, node status, alloc status, alloc logs, server members, version, job plan, eval status
  read: plan
  read: job history, job inspect, job deployments, job allocs, deployment status, deployment list, volume status, ui
  read: operator raft list-peers, operator autopilot get-config, node config, agent-info, alloc fs, eval list
  read: quota list
  read: namespace list, service list, service info, scaling policy list, job validate, validate, inspect
  read: operator metrics, job scaling-events, acl policy list, plugin status
  secrets: acl token list, acl token self, var get
  endless: monitor, operator debug, alloc logs -f
  medium: alloc restart, job restart
etcdctl, etcdutl = wide
  values: --endpoints -w --write-out --dial-timeout --command-timeout
  credentials: --cacert --cert --key --user --password
  read: endpoint, member list, alarm list, version, snapshot status, user list, role list, lease list, get
  read: lease timetolive, user get, role get, auth status
  secrets: get /registry/secrets*, get --prefix, get --from-key, get --prefix=true
  read: get --prefix --keys-only, get --from-key --keys-only, get --keys-only, get --count-only
  read: get --prefix --count-only
  endless: watch, elect, lock
  file-write: snapshot save
  medium: defrag, alarm disarm, compact, compaction
  wide: del, put, defrag --cluster
kafka-topics.sh, kafka-topics, kafka-configs.sh, kafka-configs, kafka-acls.sh, kafka-acls = wide
  most: 9
  read: --list, --describe, --version
  wide: --delete, --create, --alter, --add, --remove, --force
kafka-consumer-groups.sh, kafka-consumer-groups, kafka-share-groups.sh, kafka-streams-groups.sh = wide
  most: 9
  read: --list, --describe, --export, --dry-run
  wide: --delete, --delete-offsets, --execute
kafka-reassign-partitions.sh, kafka-reassign-partitions = wide
  most: 9
  read: --verify, --generate, --list
  wide: --execute, --cancel
kafka-broker-api-versions.sh, kafka-broker-api-versions, kafka-log-dirs.sh, kafka-log-dirs = read
kafka-get-offsets.sh = read
kafka-get-offsets, kafka-replica-verification.sh, kafka-dump-log.sh, kafka-dump-log, kafka-cluster.sh = read
  wide: unregister
kafka-metadata-quorum.sh, kafka-metadata-quorum, kafka-features.sh, kafka-transactions.sh = wide
  values: --bootstrap-server --bootstrap-controller --command-config
  read: describe, list, find-hanging, describe-producers
  wide: upgrade, downgrade, abort
kafka-run-class.sh, kafka-run-class = unknown
  values: --broker-list --topic --time --bootstrap-server --partitions
  read: kafka.tools.getoffsetshell, org.apache.kafka.tools.getoffsetshell, kafka.tools.dumplogsegments
kafka-console-producer.sh, kafka-console-producer, kafka-leader-election.sh, kafka-leader-election = wide
kafka-preferred-replica-election.sh, kafka-delete-records.sh, kafka-delete-records, kafka-server-stop.sh = wide
kafka-server-start.sh, kafka-storage.sh, kafka-producer-perf-test.sh, kafka-mirror-maker.sh = wide
kcat, kafkacat = wide
  most: 9
  read: *L, *C, *Q
  wide: *P, *G
kafka-console-consumer.sh, kafka-console-consumer = endless
  most: 9
  read: --max-messages, --timeout-ms
rpk = wide
  values: --brokers -X --profile
  read: cluster info, cluster health, cluster status, topic list, topic describe, group list, group describe, version
  read: cluster config status, cluster partitions list, cluster maintenance status, redpanda admin brokers list
  read: cluster config get, cluster logdirs describe
rabbitmqctl, rabbitmq-diagnostics, rabbitmq-queues, rabbitmq-streams, rabbitmq-plugins = wide
  values: -n -p -t --node --vhost --timeout
  read: status, cluster_status, list_*, node_health_check, report, environment, ping, check_*, memory_breakdown
  read: version, server_version, listeners, alarms, list, quorum_status, erlang_version, is_running, is_booting
  read: check_if_node_is_quorum_critical, runtime_thread_stats, resolve_hostname, cipher_suites, certificates, help
  read: list_unresponsive_queues, schema_info, discover_peers, maybe_stuck, await_startup, log_tail
  endless: observer, log_tail_stream, consume_event_stream, remote_shell
  secrets: export_definitions, list_parameters
  medium: rotate_logs
rabbitmqadmin = wide
  values: -H -P -u -p -V
  read: list, show, --version
nats = wide
  values: -s --server --context --creds
  read: stream ls, stream info, stream report, consumer ls, consumer info, consumer report, server report, server list
  read: server info, account info, rtt, kv ls, kv status, stream view, server check, stream subjects
  endless: sub, events, server watch
pulsar-admin = wide
  read: brokers list, brokers healthcheck, clusters list, tenants list, namespaces list, topics list, topics stats
  read: topics partitioned-stats, topics stats-internal, namespaces policies, topics subscriptions, broker-stats *
nodetool = wide
  values: -h -p -u -pw
  read: status, info, tpstats, ring, compactionstats, cfstats, tablestats, netstats, gossipinfo, describecluster
  read: version, proxyhistograms, tablehistograms, statusbinary, statusgossip, gcstats, describering, failuredetector
  read: listsnapshots, getcompactionthroughput, getcompactionthreshold, getstreamthroughput, getendpoints
  read: getlogginglevels
  read: getsstables, gettimeout, gettraceprobability, viewbuildstatus, statushandoff, statusbackup, toppartitions
  read: statusautocompaction, compactionhistory, rangekeysample, repair_admin list, getseeds, cfhistograms
  read: profileload
  read: getconcurrency, getconcurrentcompactors, getinterdcstreamthroughput, clientstats, repair_admin $
  medium: flush, snapshot
ceph = wide
  values: -c --conf -n --name -f --format --cluster
  credentials: -k --keyring
  read: status, -s, health $, health detail $, df, osd tree, osd df, osd status, osd stat, osd pool ls, osd pool stats
  read: osd dump, osd perf
  read: pg stat, pg dump, pg ls, mon stat, mon dump, mds stat, fs ls, fs status, quorum_status, mgr stat, versions
  read: osd pool get, osd find, osd metadata, pg dump_stuck, pg ? query, crash ls, crash info, device ls, features
  read: log last
  read: osd crush tree, osd crush rule ls, orch ls, orch ps, orch status, orch host ls, osd blocked-by
  read: time-sync-status
  read: osd ok-to-stop, osd safe-to-destroy, config get, config dump, osd utilization, osd pool autoscale-status
  endless: -w, --watch
  secrets: auth get, auth ls, auth list, auth print-key, auth get-key, config-key get, config-key dump
  bare: interactive
rados, rbd, cephfs = wide
  values: -p --pool -n
  read: df, lspools, ls, stat, info, status, du, snap ls, showmapped, listomapkeys, list-inconsistent-pg
  read: mirror pool status, mirror image status, trash ls, children
gluster = wide
  read: volume status, volume info, volume list, peer status, pool list, volume heal ? info, volume top
  read: volume profile ? info
  bare: interactive
zpool, zfs = wide
  read: status, list, get, iostat, history, holds, events
btrfs, xfs_info, tune2fs = wide
  most: 1
  read: filesystem show, filesystem df, filesystem usage, device stats, subvolume list, scrub status, fi show, fi df
  read: fi usage, -l
mc = wide
  read: ls, stat, du, admin info, admin heal-status, version, tree, find, diff, ping, ready
  unknown: --exec
spark-submit, flink, yarn, hdfs, hadoop = wide
  read: list, application -list, application -status, dfsadmin -report, dfs -ls, dfs -du, dfs -df, fs -ls, fs -du
  read: version
  read: node -list, dfs -count, dfs -stat, haadmin -getservicestate, fsck, dfs -test
  wide: fsck -delete, fsck -move, -kill, -move, -delete
hbase = unknown
airflow = wide
  read: dags list, dags list-runs, dags show, dags state, tasks list, tasks state, tasks states-for-dag-run, version
  read: info
  read: jobs check, pools list, providers list, dags list-import-errors, db check, dags details
  secrets: connections list, connections get, variables get, config list, config get-value, connections export
  medium: dags trigger, dags pause, dags unpause
celery = wide
  values: -A --app
  read: status, inspect ping, inspect active, inspect stats, inspect reserved, inspect scheduled, inspect registered
  read: report
  read: inspect active_queues, inspect query_task
  endless: events
  wide: ~purge, ~control
sidekiqctl = wide
  read: status
"""
