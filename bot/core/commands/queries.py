"""Is this SQL text a plain read? A small judgement for `psql -c` and `mysql -e`, not a parser.

Only a single SELECT, SHOW or EXPLAIN without comments, without words that write and with well-known functions passes;
everything else is treated as a write or as unknown.
"""

import re

from bot.core.commands.wordlists import words

_READS = re.compile(r"\s*(?:select|show|explain|describe|desc|table|values|with)\b", re.IGNORECASE)
_META_READ = re.compile(r"\s*\\(?:d[a-zA-Z]*\+?|l\+?|conninfo|dt\+?|z|sf|sv|encoding|timing)(?:\s+[\w.*\"]+)?\s*")
_VERTICAL = re.compile(r"\\[gG]\s*;?\s*\Z")
"""mysql's `\\G` and psql's `\\g` at the very end: only how the answer is printed."""

_STRING = re.compile(r"'(?:[^'\\]|'')*'")
_STRANGE = re.compile(r"--|/\*|#|\$\w*\$|\\|`|@@?\w+\s*:=|'")
_WORD = re.compile(r"[a-z_][a-z0-9_$.]*", re.IGNORECASE)
_CALL = re.compile(r"([a-z_][a-z0-9_.]*)\s*\(", re.IGNORECASE)
_SECRETS = re.compile(r"pg_shadow|pg_authid|mysql\.user|passw|secret|credential|\btokens?\b|api_key", re.IGNORECASE)

_WRITES = words(
    """insert update delete merge replace upsert truncate drop alter create grant revoke vacuum reindex cluster
    copy call do execute prepare lock set reset kill flush shutdown load handler rename optimize repair
    refresh reassign import into outfile dumpfile analyze checkpoint discard notify listen begin commit
    rollback start stop change purge install pg_terminate_backend pg_cancel_backend pg_reload_conf
    pg_switch_wal pg_promote pg_rotate_logfile setval nextval set_config pg_create_restore_point
    pg_stat_reset pg_drop_replication_slot"""
)
_HARMLESS_CALLS = words(
    """count sum min max avg now coalesce nullif round floor ceil abs extract age date_trunc to_char to_timestamp
    date current_setting pg_size_pretty pg_database_size pg_total_relation_size pg_relation_size
    pg_table_size pg_indexes_size pg_is_in_recovery pg_last_wal_receive_lsn pg_last_wal_replay_lsn
    pg_last_xact_replay_timestamp pg_wal_lsn_diff pg_current_wal_lsn pg_current_wal_insert_lsn
    pg_blocking_pids pg_backend_pid version current_database current_user user database length lower upper
    concat concat_ws substring substr left right trim replace_text split_part cast format row_number rank
    over filter partition unix_timestamp from_unixtime timestampdiff ifnull if greatest least in exists and
    or not any all as values on using from where array_agg string_agg json_agg group_concat
    pg_postmaster_start_time inet_server_addr interval time_to_sec distinct epoch regclass sec_to_time
    json_extract json_object tostring tostartofhour todate todatetime formatreadablesize uniq toyyyymm
    curdate curtime datediff pg_get_indexdef pg_get_viewdef obj_description having when then"""
)


def is_read(text: str) -> bool:
    """True only for one statement that is known to read."""
    if _META_READ.fullmatch(text):
        return True
    bare = _VERTICAL.sub("", _STRING.sub("x", text)).strip().removesuffix(";")
    if not _READS.match(bare) or ";" in bare or _STRANGE.search(bare):
        return False
    if any(word in _WRITES for word in _names(bare)):
        return False
    return all(call.lower().rpartition(".")[2] in _HARMLESS_CALLS for call in _CALL.findall(bare))


def is_write(text: str) -> bool:
    """True when a word that writes stands outside of strings."""
    return any(word in _WRITES for word in _names(_STRING.sub("x", text)))


def shows_secrets(text: str) -> bool:
    return _SECRETS.search(text) is not None


def _names(text: str) -> list[str]:
    return [part for name in _WORD.findall(text.lower()) for part in (name, name.rpartition(".")[2])]
