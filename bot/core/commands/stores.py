"""What a line means to stores that speak no SQL, or more than SQL: MongoDB's shell, SQLite's dots, InfluxDB's verbs.

Only single calls that are known to tell something are reads; known changes are named as such; the rest is unknown.
"""

import re
from collections.abc import Sequence

from bot.core.commands.wordlists import words

_PATH = r"db(?:\.[A-Za-z_]\w*|\.getCollection\(['\"][\w.-]+['\"]\)|\.getSiblingDB\(['\"]\w+['\"]\))*"
_TELLING = (
    "serverStatus|stats|currentOp|hostInfo|version|getCollectionNames|getCollectionInfos|printReplicationInfo|isMaster|"
    "hello|printSecondaryReplicationInfo|printSlaveReplicationInfo|getReplicationInfo|count|countDocuments|"
    "estimatedDocumentCount|getIndexes|dataSize|storageSize|totalSize|totalIndexSize|getProfilingStatus|find|findOne|"
    "distinct|getMongo|getName|serverBuildInfo|serverCmdLineOpts|isCapped|latencyStats|getShardDistribution|validate"
)
_COMMANDS = (
    "ping|replSetGetStatus|serverStatus|dbStats|collStats|listDatabases|listCollections|buildInfo|hostInfo|getLog|top|"
    "connPoolStats|isMaster|hello|currentOp|connectionStatus|listShards|balancerStatus|getDefaultRWConcern|whatsmyuri"
)
_PLAIN = r"[\w\s'\":{},.$\[\]/@+-]*"
_MONGO_READ = re.compile(
    r"\s*(?:JSON\.stringify\(|printjson\(|print\(|EJSON\.stringify\()?\s*(?:"
    rf"{_PATH}\.(?:{_TELLING})\({_PLAIN}\)"
    rf"|db(?:\.getSiblingDB\(['\"]\w+['\"]\))?\.(?:adminCommand|runCommand)\(\s*"
    rf"(?:['\"](?:{_COMMANDS})['\"]|\{{\s*['\"]?(?:{_COMMANDS})['\"]?\s*:{_PLAIN})\)"
    r"|rs\.(?:status|conf|config|isMaster|hello|printReplicationInfo|printSecondaryReplicationInfo|"
    r"printSlaveReplicationInfo)\(\)|sh\.(?:status|isBalancerRunning|getBalancerState|balancerCollectionStatus)"
    rf"\({_PLAIN}\))"
    rf"(?:\.(?:limit|sort|skip|count|size|project|projection|hint|maxTimeMS|explain|toArray|pretty|itcount)\({_PLAIN}\)"
    r"|\.\w+(?!\w*\()|\[\d+\])*\s*\)?\s*;?\s*"
)
"""One call of a method that only tells something; its arguments hold no function and no call."""

_MONGO_RUNS_CODE = re.compile(r"\$(?:where|function|accumulator|out|merge|eval)\b|=>|\bfunction\b")
_MONGO_SECRETS = re.compile(r"system\.(?:users|keys)|credentials|passw|secret", re.IGNORECASE)
_MONGO_WRITE = re.compile(
    r"\.(?:drop\w*|remove\w*|delete\w*|insert\w*|update\w*|replaceOne|save|bulkWrite|findAndModify|findOneAnd\w+|"
    r"killOp|killSessions|stepDown|shutdownServer|fsyncLock|fsyncUnlock|createIndex\w*|createCollection|renameCollection|"
    r"reconfig|initiate|add|addArb|freeze|syncFrom|setProfilingLevel|createUser|grantRolesToUser|changeUserPassword|"
    r"startBalancer|stopBalancer|setBalancerState|enableSharding|shardCollection|moveChunk|splitAt|addShard|"
    r"removeShard|mergeChunks|compact|reIndex|resync|rotateCertificates|setLogLevel)\("
)


def mongo_verdict(script: str) -> str:
    if _MONGO_READ.fullmatch(script) and not _MONGO_RUNS_CODE.search(script):
        return "secrets" if _MONGO_SECRETS.search(script) else "read"
    return "data" if _MONGO_WRITE.search(script) else "unknown"


_SQLITE_READ = re.compile(
    r"\.(?:tables|schema|indexes|indices|databases|dbinfo|show|stats|fullschema|help)(?:\s+[\w%]+)?"
)
_SQLITE_READ_ALL = re.compile(r"\.(?:dump|sha3sum)(?:\s+[\w%]+)?")


def sqlite_verdict(command: str) -> str:
    """One dot command of sqlite3; `.shell`, `.read`, `.load`, `.output` and their like stay unknown."""
    text = command.strip()
    if _SQLITE_READ.fullmatch(text):
        return "read"
    return "secrets" if _SQLITE_READ_ALL.fullmatch(text) else "unknown"


_INFLUX_READS = (
    ("ping",), ("version",), ("bucket", "list"), ("org", "list"), ("task", "list"), ("task", "log"),
    ("task", "run", "list"), ("bucket-schema", "list"), ("v1", "dbrp", "list"),
    ("telegrafs",), ("remote", "list"), ("replication", "list"),
    ("user", "list"), ("dashboards",), ("stacks",), ("server-config",), ("export", "stack"),
)  # fmt: skip
_INFLUX_CHANGES = words("delete write restore setup apply create update")


def influx_verdict(arguments: Sequence[str]) -> str:
    given = [word for word in arguments if not word.startswith("-")]
    if any(tuple(given[: len(known)]) == known for known in _INFLUX_READS):
        return "read"
    return "data" if _INFLUX_CHANGES & set(given[:2]) else "unknown"


_ADMINISTERS = re.compile(
    r"\s*(?:system\s+(?!flush\s+logs)\w+|kill|optimize|attach|detach|drop|undrop|exchange|stop|start|consistency|"
    r"shutdown|checkpoint|reload)\b",
    re.IGNORECASE,
)


def is_administration(text: str) -> bool:
    """A statement that steers the store itself, in words that SQL does not have."""
    return _ADMINISTERS.match(text) is not None
