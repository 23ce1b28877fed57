"""kubectl's flags as data: which verb takes which, and which of them choose a cluster or an identity.

From `kubectl VERB --help` and `kubectl options` of 1.32. It must not know what a verb does.
"""

from collections.abc import Mapping

from bot.core.commands import flags
from bot.core.commands.wordlists import words

IDENTITY = words(
    """as as-group as-uid as-user-extra token user username password client-key client-certificate auth-provider
    auth-provider-arg server insecure-skip-tls-verify certificate-authority tls-server-name proxy-url"""
)
"""Flags that choose who acts or which server is believed."""

CONNECTION = IDENTITY | {"kubeconfig", "context", "cluster"}
"""The operator's settings choose cluster and identity; a runbook never does."""

GLOBAL = flags.table(
    """namespace/n= request-timeout= v/v= vmodule= cache-dir= disable-compression log-flush-frequency=
    match-server-version profile= profile-output= warnings-as-errors
    as= as-group= as-uid= as-user-extra= token= user= username= password= client-key= client-certificate=
    auth-provider= auth-provider-arg= server/s= insecure-skip-tls-verify certificate-authority= tls-server-name=
    proxy-url= kubeconfig= context= cluster= help/h"""
)

HARMLESS = words(
    """request-timeout v vmodule disable-compression log-flush-frequency match-server-version warnings-as-errors
    chunk-size ignore-not-found show-kind label-columns server-print allow-missing-template-keys
    show-managed-fields no-headers prefix max-log-requests pod-running-timeout quiet show-events wait
    ignore-errors record field-manager template-keys save-config"""
)
"""Flags that change how a thing is printed or waited for, not what is touched."""

_PRINT = "output/o= template= allow-missing-template-keys show-managed-fields no-headers"
_FILES = "filename/f= kustomize/k= recursive/R"
_MARKS = "field-selector= all overwrite list local resource-version= dry-run? record"
_WIDE = "selector/l= all-namespaces/A"

VERBS: Mapping[str, flags.Table] = {
    verb: {**GLOBAL, **flags.table(text)}
    for verb, text in {
        "get": f"""{_PRINT} {_FILES} {_WIDE} field-selector= sort-by= show-labels show-kind label-columns/L= chunk-size=
            ignore-not-found watch/w watch-only output-watch-events raw= subresource= server-print export""",
        "describe": f"{_FILES} {_WIDE} show-events chunk-size=",
        "logs": """container/c= all-containers all-pods follow/f previous/p selector/l= since= since-time= tail=
            timestamps prefix limit-bytes= max-log-requests= pod-running-timeout= ignore-errors
            insecure-skip-tls-verify-backend""",
        "exec": "container/c= stdin/i tty/t quiet/q pod-running-timeout= filename/f=",
        "delete": f"""{_FILES} {_WIDE} all force grace-period= now cascade? wait ignore-not-found timeout=
            field-selector= dry-run? output/o= raw= interactive/i""",
        "rollout restart": f"{_PRINT} {_FILES} selector/l= field-manager= all-namespaces/A dry-run?",
        "rollout undo": f"{_PRINT} {_FILES} selector/l= to-revision= dry-run?",
        "rollout status": f"{_FILES} selector/l= timeout= revision= watch/w",
        "rollout history": f"{_PRINT} {_FILES} selector/l= revision=",
        "scale": f"""{_PRINT} {_FILES} selector/l= all replicas= current-replicas= resource-version= timeout= dry-run?
            record""",
        "cordon": "selector/l= dry-run?",
        "uncordon": "selector/l= dry-run?",
        "drain": """selector/l= dry-run? ignore-daemonsets delete-emptydir-data delete-local-data force grace-period=
            timeout= pod-selector= disable-eviction skip-wait-for-delete-timeout= chunk-size=""",
        "top": """selector/l= all-namespaces/A containers sort-by= no-headers use-protocol-buffers field-selector= sum
            show-capacity""",
        "config view": "raw flatten minify merge output/o= template= allow-missing-template-keys",
        "version": "client output/o= short",
        "events": f"{_PRINT} all-namespaces/A for= types= watch/w chunk-size=",
        "explain": "recursive api-version= output/o=",
        "api-resources": "api-group= namespaced verbs= output/o= sort-by= no-headers categories= cached",
        "api-versions": "",
        "cluster-info": "",
        "auth can-i": "all-namespaces/A list subresource= no-headers quiet/q",
        "auth whoami": f"{_PRINT}",
        "wait": f"{_PRINT} {_FILES} {_WIDE} field-selector= for= timeout= all",
        "label": f"{_PRINT} {_FILES} {_WIDE} {_MARKS}",
        "annotate": f"{_PRINT} {_FILES} {_WIDE} {_MARKS}",
        "taint": f"{_PRINT} selector/l= all overwrite validate? dry-run?",
        "patch": f"{_PRINT} {_FILES} type= patch/p= patch-file= subresource= local dry-run? record",
        "rollout pause": f"{_PRINT} {_FILES} selector/l= dry-run?",
        "rollout resume": f"{_PRINT} {_FILES} selector/l= dry-run?",
        "autoscale": f"{_PRINT} {_FILES} name= min= max= cpu-percent= dry-run? record",
        "expose": f"""{_PRINT} {_FILES} port= target-port= protocol= name= type= selector= labels/l= external-ip=
            load-balancer-ip= session-affinity= cluster-ip= overrides= override-type= dry-run? record""",
        "set image": f"{_PRINT} {_FILES} selector/l= all local dry-run? record",
        "set env": f"""{_PRINT} {_FILES} selector/l= all local env/e= containers/c= from= prefix= keys= list resolve
            overwrite dry-run? record""",
        "set resources": f"{_PRINT} {_FILES} selector/l= all local containers/c= limits= requests= dry-run? record",
    }.items()
}

OTHER: flags.Table = {
    **GLOBAL,
    **flags.table(
        f"""{_PRINT} {_FILES} {_WIDE} all force grace-period= dry-run? container/c= stdin/i tty/t image= type= patch/p=
        patch-file= overwrite list local resource-version= subresource= for= timeout= replicas= min= max= cpu-percent=
        port= target-port= name= protocol= from= from-literal= from-file= from-env-file= ignore-daemonsets
        delete-emptydir-data delete-local-data disable-eviction pod-selector= skip-wait-for-delete-timeout= server-side
        force-conflicts prune validate? field-manager= cascade? save-config raw= verb= resource= serviceaccount= group=
        restart= rm command env/e= labels= annotations= target= copy-to= share-processes profile= retries= no-preserve
        types= watch/w quiet/q minify flatten api-group= namespaced verbs= field-selector= sort-by= address= edit
        windows record limits= requests= containers= schedule= clusterrole= role= server-print to-revision= now
        show-token show-server show-console show-context resolve keys= containers= no-tty/T shell= unit/u= role="""
    ),
}
"""For verbs that are recognised and judged but not run: every flag that a runbook may meet."""
