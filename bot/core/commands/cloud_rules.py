"""What the command lines of clouds, hosted platforms, package managers and monitoring do. The form: `program_rules`.

Command lines of the shape `cloud group verb name` are read by their words; `~delete` and its like make sure that a
thing named `list` or `show` cannot hide a verb.
"""

RULES = r"""
aws = wide
  values: --region --profile --output --query --endpoint-url --filters --no-cli-pager --max-items --page-size
  read: ? describe-*, ? list-*, ? get-*, ? batch-get-*, ? head-*, ? lookup-*, ? search-*, ? filter-*, ? scan, ? query
  read: s3 ls, sts get-caller-identity, logs filter-log-events, help, ? wait, ? estimate-*, ? check-*, ? test-*
  read: configure list, --version, logs tail, cloudformation validate-template, ? select-*
  endless: logs tail --follow, sts wait
  secrets: secretsmanager get-secret-value, ssm get-parameter, ssm get-parameters, ssm get-parameters-by-path
  secrets: ecr get-login-password, ecr get-login, sts get-session-token, kms get-*, iam get-credential-report
  secrets: eks get-token, ecr get-authorization-token, ec2 get-password-data, sts get-federation-token
  secrets: secretsmanager batch-get-secret-value, sso get-role-credentials, apigateway get-api-keys, s3 presign
  secrets: cognito-identity get-*, redshift get-cluster-credentials*, codeartifact get-authorization-token
  secrets: configure get
  secrets: lightsail get-instance-access-details, connect get-federation-token, ssm get-parameter-history
  secrets: ecr-public get-*, gamelift get-compute-access, redshift-serverless get-credentials, ssm get-access-token
  secrets: emr get-cluster-session-credentials
  wide: apigateway test-invoke-*, stepfunctions test-state, ? test-failover, elasticache test-failover
  public: kms get-key-policy, kms get-key-rotation-status, kms get-public-key
  file-write: s3api get-object, eks update-kubeconfig, glacier get-job-output, s3api select-object-content
  file-write: s3api get-object-torrent
  medium: ec2 reboot-instances, ec2 start-instances
  wide: ~--force
gcloud = wide
  values: --project --zone --region --format --filter --limit --account --cluster --instance --freshness --order-by
  values: --location --configuration
  read: ? list, ? ? list, ? ? ? list, ? describe, ? ? describe, ? ? ? describe, logging read, info, version
  read: config get-value, config list, config get, auth list, ? ? ? ? list, ? ? ? ? describe
  read: ? ? get-health, ? ? get-iam-policy, ? get-iam-policy, ? ? get-server-config, ? ? get-status, projects list
  read: compute instances get-serial-port-output, compute instance-groups managed list-instances, ? ? list-*
  read: ? ? ? list-*
  read: container get-server-config, container clusters list, ? operations list, app logs read, functions logs read
  read: run services logs read, logging logs list, compute ssl-certificates list, organizations list
  endless: logging tail, app logs tail, beta logging tail
  secrets: secrets versions access, auth print-access-token, auth print-identity-token, auth application-default
  secrets: ? ? reset-windows-password, sql generate-login-token, iam service-accounts keys create
  file-write: container clusters get-credentials, config set, config configurations activate, components install
  wide: ~destroy, ~terminate, ~remove, ~invalidate-cdn-cache, ~replace, ~abandon, ~rotate, ~submit, ~apply
  wide: ~delete, ~create, ~update, ~ssh, ~scp, ~reset, ~stop, ~start, ~restart, ~failover, ~patch, ~resize, ~import
  wide: ~deploy
  wide: ~add-iam-policy-binding, ~remove-iam-policy-binding, ~set-iam-policy, ~attach-disk, ~detach-disk, ~move
  wide: ~enable
  wide: ~disable, ~rollback, ~cancel, ~promote-replica, ~drain, ~suspend, ~resume, ~clone, ~restore-backup, ~upgrade
  wide: ~execute, ~purge, ~seek, ~ack, ~call, ~publish, ~undelete, ~set-tags, ~set-machine-type, ~recreate-instances
  read: run revisions list, run services list, run services describe, run jobs list, run revisions describe
az = wide
  values: -g --resource-group -n --name --subscription -o --output --query -l --vault-name --cluster-name --resource
  values: --location --workspace-name --server-name -s --metric
  read: ? list, ? ? list, ? ? ? list, ? show, ? ? show, ? ? ? show, version, ? ? get-instance-view, ? list-*
  read: ? ? list-*
  read: ? get-instance-view, ? get-upgrades, ? get-versions, account list-locations, ? check-health, ? exists
  read: vm get-instance-view, aks nodepool list, aks check-acr, acr repository show-tags, monitor metrics list
  read: ? ? exists
  read: monitor log-analytics query, graph query, acr check-health, ? ? show-*, ? ? ? ? list, ? ? ? ? show
  secrets: keyvault secret show, ? keys list, ? ? keys list, ? ? list-keys, account get-access-token, ? list-keys
  secrets: ? ? list-connection-strings, ? ? show-connection-string, storage account keys list, acr credential show
  secrets: ? ? show-credentials, ? ? list-credentials, acr login, keyvault secret download, ? ? ? keys list
  secrets: ? list-connection-strings, ? show-connection-string, webapp config connection-string list
  secrets: ? ? list-publishing-*
  secrets: webapp config appsettings list, functionapp config appsettings list, webapp deployment list-publishing-*
  secrets: ad sp create-for-rbac, ? ? regenerate-key, iot hub connection-string show, ? ? get-credentials
  endless: webapp log tail, containerapp logs show --follow
  file-write: aks get-credentials, account set, aks install-cli
  wide: ~delete, ~create, ~update, ~restart, ~deallocate, ~start, ~stop, ~scale, ~purge, ~failover, ~redeploy
  wide: ~run-command, ~upgrade, ~rotate-certs, ~import, ~invoke, ~add, ~remove, ~reset, ~regenerate, ~swap, ~enable
  wide: ~disable
doctl = wide
  values: --context -o --output --format -t
  credentials: --access-token
  read: ? list, ? ? list, ? ? ? list, ? ls, ? ? ls, ? get, ? ? get, ? ? ? get, version, account ratelimit, ? ? ? ls
  secrets: databases connection, databases get, databases user list, databases user get
  secrets: kubernetes cluster kubeconfig show
  secrets: databases get-ca
  file-write: kubernetes cluster kubeconfig save
  wide: ~delete, ~create, ~update, ~rm, ~reboot, ~power-off, ~resize, ~recycle, ~upgrade, ~restart, ~remove, ~restore
  endless: apps logs --follow, apps logs -f
oci, ibmcloud, linode-cli, hcloud, scw, openstack, aliyun, exo, vultr-cli, civo = wide
  values: --compartment-id -o --output --region --profile --project -p --os-cloud -f --format -c --column
  read: ? list, ? ? list, ? ? ? list, ? show, ? ? show, ? get, ? ? get, ? ? ? get, ? describe, ? ? describe, version
  wide: ~delete, ~create, ~update, ~reboot, ~rebuild, ~remove, ~set, ~unset, ~terminate, ~action, ~rm, ~add, ~stop
  wide: ~start
  wide: ~poweroff, ~reset, ~shutdown, ~resize, ~migrate, ~evacuate, ~attach, ~detach, ~enable, ~disable
  secrets: secret get, secrets get, ? secret get, credential show, ec2 credentials list, token issue, ? kubeconfig get
  wide: ~ssh
heroku = wide
  values: -a --app -r --remote -n --num -d -p --ps
  read: ps, ps:type, status, releases, releases:info, apps, apps:info, addons, addons:info, domains, logs, pg:info
  read: pg:diagnose, pg:ps, pg:locks, pg:long-running-queries, pg:bloat, pg:cache-hit, pg:index-usage, pg:backups
  read: redis:info
  read: maintenance, features, access, certs, certs:info, pipelines, auth:whoami, drains, pg:table-size, pg:seq-scans
  endless: logs --tail, logs -t
  secrets: config, config:get, pg:credentials:url, redis:credentials, auth:token
  restart: restart, ps:restart, dyno:restart
  medium: maintenance:on, maintenance:off
fly, flyctl = wide
  values: -a --app
  read: status, apps list, list, releases, checks list, ips list, regions list, version, machine list
  read: machine status, info
  read: volumes list, volumes show, certs list, certs show, scale show, services list, secrets list, dig, ping
  read: history
  endless: logs
  secrets: tokens create, auth token, config env
  restart: apps restart, machine restart
cf = wide
  read: apps, app, services, service, routes, events, target, orgs, spaces, buildpacks, domains, logs --recent, quotas
  endless: logs
  secrets: env, service-key, oauth-token
  restart: restart, restage, restart-app-instance
vercel, netlify, wrangler = wide
  read: ls, list, inspect, whoami, status, logs, deployments list, versions list, deployments status
  endless: tail, logs --follow
pd, pagerduty, opsgenie = wide
  read: incident list, incident get, incident:list, service list, schedule list, incident log, list, get, view
  read: service:list
  read: schedule:list, schedule:oncall, incident:log, alert list, oncall list
logcli, mimirtool, cortextool = wide
  values: --addr --from --to --limit --org-id --address --id
  read: query, instant-query, labels, series, volume, stats, rules list, rules get, rules print, rules check
  read: rules lint
  read: alertmanager get, alertmanager verify, version, --version, analyze prometheus, analyze grafana
  endless: query --tail, query -f
influxd, telegraf, prometheus, alertmanager, grafana-cli, loki, thanos = wide
  most: 0
  read: version, --version, plugins ls, plugins list-versions, tools bucket ls, tools bucket inspect, --test
apt, apt-get, apt-cache, yum, dnf, apk, snap, brew, zypper, pacman = wide
  read: list, search, show, info, policy, repolist, list-installed, check-update, depends, rdepends, madison, showpkg
  read: updateinfo list, list-updates, provides, deplist, version, outdated, services list, changes, history list
  read: --version
  read: lr, lu, se, if, -Q, -Qi, -Qs, -Qu, -Ss, -Si
  most: 9
  wide: ~install, ~remove, ~purge, ~upgrade, ~update, ~clean, ~autoremove, ~reinstall, ~erase, ~downgrade, ~refresh
rpm, dpkg, dpkg-query = wide
  most: 9
  read: -q, -qa, -qi, -ql, -qf, -l, -L, -s, -S, --query, --list, --status, -V, -Va, --verify, -qR, -qc, -qpl, -qip
  wide: -e, -U, -F, -r, -P, --install, --erase, --upgrade, --remove, --purge, --configure, --unpack, --rebuilddb
  wide: -ivh, -Uvh, --initdb, --import, --freshen, --eval, -E, --pipe, --clear-avail, --set-selections
pip, pip3, npm, yarn, gem, go, cargo, poetry, bundle, composer = wide
  read: list, show, freeze, version, --version, ls, outdated, view, why, -v, env, audit, info, -V
  most: 0
  wide: ~install, ~uninstall, ~update, ~publish, ~fix, ~add, ~remove, ~run, ~exec, -w, -u
promtool, amtool = wide
  values: --alertmanager.url --http.config.file --config.file -o --output
  read: check, query, alert, alert query, silence query, cluster, config show, config routes, test, alert show
  read: silence
  read: tsdb analyze, tsdb list, debug metrics-names, silence $, check-config, cluster show, template render, alert $
  read: --version, tsdb dump
  medium: silence add, silence expire, silence update
  wide: tsdb create-blocks-from, push, alert add, silence import, config routes --delete
sentry-cli, newrelic, datadog-agent = wide
  read: status, health, version, check-config, projects list, issues list, events list, info, --version, diagnose
  read: configcheck
  read: releases list, hostname, tagger-list, workload-list
jenkins-cli = wide
  read: list-jobs, get-job, console, who-am-i, version, list-plugins, list-builds
sops, age, gpg, pass, op, bw, lpass = wide
  most: 9
  secrets: -d, --decrypt, show, get, read, item get, list, ls, --export, --export-secret-keys
  read: --version, --list-keys, whoami, status, -k
"""
